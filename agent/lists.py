"""Access lists as they arrive: which is taken, what it asks of each machine, and what of it must survive a restart."""

import gc
from collections.abc import Container, Sequence

from agent import access
from agent.access import Index, InForce
from agent.config import Config, SiteKey
from agent.reports import LinkTrouble, ListArrived
from agent.state import State, Transaction
from agent.stimuli import Wished
from agent.tokens import key_ring
from wire.messages import (
    CARD_STAYS,
    PRESS_TO_START,
    Revocation,
    RevocationsInForce,
    Stamp,
    WireError,
    decode_access_list,
)

NEEDS_A_PART = frozenset({PRESS_TO_START, CARD_STAYS})  # of rules that would permit too much without theirs
REVOCATIONS_AN_EVENT = 200  # so that the event stays well below what the server reads


def read(payload: bytes) -> Index:
    """A list laid out for look-up. Raises WireError.

    It stays for hours, so the garbage collector is told to leave it alone: to look through ten thousand holders takes it
    40 ms on a desktop computer and several times that on a Pi, and no badge gets in meanwhile.
    """
    gc.collect()  # quick: all older lists are left alone
    gc.disable()
    try:
        return access.index(decode_access_list(payload))
    finally:
        gc.freeze()
        gc.enable()


def fits(index: Index, config: Config) -> LinkTrouble | None:
    """What is wrong with a list that could be read, or None."""
    if index.agent != config.name:
        return LinkTrouble("list_foreign", f"it is for {index.agent}")
    ours = [key.id for key in key_ring(config.site_keys, index.keys)]
    if index.key_id not in ours:
        return LinkTrouble("list_wrong_key", f"its badges are keyed with {index.key_id}, ours with {', '.join(ours)}")
    return None


def keys(in_force: InForce | None, config: Config) -> tuple[SiteKey, ...]:
    """Every site key this agent can use, the newest first."""
    return key_ring(config.site_keys, () if in_force is None else in_force.index.keys)


def tokens(in_force: InForce | None) -> Container[str]:
    """The badges that the list knows, by their fingerprints."""
    return () if in_force is None else in_force.index.holders


def revision(in_force: InForce | None) -> int:
    return 0 if in_force is None else in_force.index.revision


def wish(in_force: InForce, machine: str, parts: frozenset[str]) -> Wished | None:
    """What staff want of a machine; None where the list does not know it. ``parts``: rules that its box has the parts for."""
    rights = in_force.index.machines.get(machine)
    if rights is None:
        return None
    entry = rights.entry
    return Wished(
        risk=entry.risk,
        service=entry.service,
        update_needed=access.lacks_feature(entry),
        end_session=entry.end_session,
        clear_latch_upto=entry.clear_latch_upto,
        lacks=tuple(sorted((NEEDS_A_PART & set(entry.requires)) - parts)),
        bypass=entry.bypass,
    )


def keep(arrived: ListArrived, now: Stamp, transaction: Transaction) -> Sequence[int]:
    """Store the list, and with it the report of revocations that were not reported before."""
    transaction.put_list(now, arrived.payload)
    fresh = transaction.unreported(arrived.index.revoked)
    parts = [fresh[at : at + REVOCATIONS_AN_EVENT] for at in range(0, len(fresh), REVOCATIONS_AN_EVENT)]
    return [transaction.append(_report(part, arrived.index, now)) for part in parts]


def restore(state: State, config: Config) -> InForce | None:
    """The list that was in force before a restart, if it still fits."""
    stored = state.stored_list()
    if stored is None:
        return None
    try:
        index = read(stored.payload)
    except WireError:  # written by a newer version of this program: the server sends it again at the next connect
        return None
    return None if fits(index, config) else InForce(index, stored.received)


def _report(revoked: tuple[Revocation, ...], index: Index, now: Stamp) -> RevocationsInForce:
    return RevocationsInForce(index.revision, revoked, now)
