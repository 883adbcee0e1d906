"""Which badge was held to the reader: its fingerprint under the newest site key, or under an older one that the list knows.

Pure. Site keys are changed now and then. For 90 days the list may know a badge by its old fingerprint; the first tap that finds
it so tells the new one, and the next list knows the badge by that.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from agent.config import SiteKey
from wire.messages import WrappedKey
from wire.tokens import fingerprint, unwrap


@dataclass(frozen=True, slots=True)
class Seen:
    """``token``: as the list knows it, or under the newest key where it knows it by none. ``rekeyed``: what it is to be known
    by from now on, None where it already is."""

    token: str
    key_id: str
    rekeyed: str | None = None


def key_ring(own: Sequence[SiteKey], newer: Sequence[WrappedKey] = ()) -> tuple[SiteKey, ...]:
    """Every key this agent can use, the newest first: its own from the settings, and those a list has brought since."""
    known = {key.id: key for key in own}
    brought: list[SiteKey] = []
    for one in reversed(newer):
        below = known.get(one.under)
        key = known.get(one.id) or (None if below is None else _read(one, below))
        if key is not None:
            known[key.id] = key
            brought.insert(0, key)
    return (*brought, *(key for key in own if key.id not in {one.id for one in newer}))


def recognise(card_id: str, keys: Iterable[SiteKey], listed: Container[str]) -> Seen:
    """The badge with this number. ``keys``: from ``key_ring``; ``listed``: the tokens of the list in force."""
    marks = [(fingerprint(card_id, key.key), key.id) for key in keys]
    newest, newest_id = marks[0]
    for mark, key_id in marks:
        if mark in listed:
            return Seen(mark, key_id, None if mark == newest else newest)
    return Seen(newest, newest_id)


def _read(one: WrappedKey, below: SiteKey) -> SiteKey | None:
    key = unwrap(one.wrapped, one.id, below.key)
    return None if key is None else SiteKey(one.id, key)
