"""The site keys behind the badges: the one in use, and those before it for 90 days after each change.

The first is made from ``site_key`` in the settings. Later ones stand in ``site-keys.toml`` in the folder of keys, each with a
copy that only an agent with the key before can read: so agents get a new key with their next list, and no agent need be
paired again. A key that is over is forgotten; badges nobody held to a reader in all that time are lent anew.
"""

import fcntl
import json
import os
import secrets
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from server.audit import service as audit
from server.db import writing
from server.domain.refusals import Refusal
from server.jobs import service as jobs
from server.machines.keys import make_folder, write_secret
from server.settings import Settings
from wire.messages import WrappedKey
from wire.tokens import wrap

KEPT_FOR = timedelta(days=90)
_HEAD = """\
# The site keys after the first, newest first. Written by `prolab site-key rotate`; keep a copy apart from the backups.
"""


class SiteKeysError(Refusal):
    """The file of the later keys is damaged or not ours to read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class SiteKey:
    """``until``: when it is over, None for the newest. ``key`` is empty once it was forgotten."""

    id: str
    key: bytes
    made_at: datetime | None = None
    until: datetime | None = None
    under: str = ""
    wrapped: str = ""

    def is_live(self, now: datetime) -> bool:
        return bool(self.key) and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Ring:
    """``live``: newest first, never empty."""

    live: tuple[SiteKey, ...]
    wrapped: tuple[WrappedKey, ...] = ()

    @property
    def newest(self) -> SiteKey:
        return self.live[0]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(key.id for key in self.live)


def ring(settings: Settings, now: datetime) -> Ring:
    """The keys as they count now, for every process anew: one of them may just have been changed. Raises SiteKeysError."""
    known = _read(settings)
    wrapped = tuple(WrappedKey(key.id, key.under, key.wrapped) for key in known if key.wrapped)
    return Ring(tuple(key for key in known if key.is_live(now)), wrapped)


def rotate(settings: Settings, *, actor: str, now: datetime) -> SiteKey:
    """A new key from now on. Agents have it with their next list, and each badge is known by it from its next tap on."""
    make_folder(settings.keys_dir)
    with _alone(settings):
        known = _read(settings)
        made = _made_after(known, now)
        with writing():
            audit.record(actor, "rotate", "site_key", made.id, {"id": made.under}, {"id": made.id}, "", now)
            jobs.announce("access", f"site_key:{made.id}", now)
            _write(settings, [made, *_ended(known, now)])
    return made


def forget_old(settings: Settings, now: datetime) -> list[str]:
    """Those that are over are no longer written anywhere. Returns their names. The first is in the settings: it stays
    there, for what else it seals, and counts for no badge any more. Raises SiteKeysError, and OSError where the file cannot
    be written."""
    if not _file(settings).exists():
        return []
    with _alone(settings):
        known = _read(settings)
        over = [key.id for key in known[:-1] if key.key and not key.is_live(now)]
        if over:
            _write(settings, _forgotten(known, now))
    return over


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Nobody else changes the keys meanwhile. The folder itself is locked: a file for it would be one more to own."""
    folder = os.open(settings.keys_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _made_after(known: Sequence[SiteKey], now: datetime) -> SiteKey:
    newest = known[0]
    if newest.made_at is not None and now < newest.made_at:
        raise Refusal("The clock is behind the last change of the site key.")
    name, key = _next_name(known), secrets.token_bytes(32)
    return SiteKey(name, key, now, None, newest.id, wrap(key, name, newest.key))


def _ended(known: Sequence[SiteKey], now: datetime) -> list[SiteKey]:
    return _forgotten([replace(known[0], until=now + KEPT_FOR), *known[1:]], now)


def _forgotten(known: Iterable[SiteKey], now: datetime) -> list[SiteKey]:
    return [key if key.is_live(now) else replace(key, key=b"") for key in known]


def _next_name(known: Sequence[SiteKey]) -> str:
    taken = {key.id for key in known}
    return next(name for number in range(2, len(taken) + 3) if (name := f"k{number}") not in taken)


def _file(settings: Settings) -> Path:
    return settings.keys_dir / "site-keys.toml"


def _read(settings: Settings) -> list[SiteKey]:
    """All that were ever in use, newest first; the last is the one of the settings."""
    file = _file(settings)
    try:
        plain = tomllib.loads(file.read_text())
        later = [_key(row) for row in plain.get("key", [])]
        first = SiteKey(settings.site_key_id, settings.badge_key, until=_moment(plain.get("first_until")))
        _refuse_without_newest([*later, first][0])
    except FileNotFoundError:
        return [SiteKey(settings.site_key_id, settings.badge_key)]
    except OSError as error:
        raise SiteKeysError(
            "%(file)s cannot be read (%(error)s). Let it belong to who runs prolab, as with: sudo chown -R prolab %(folder)s",
            file=file,
            error=error.strerror,
            folder=file.parent,
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SiteKeysError(
            "%(file)s is damaged (%(error)s). Bring it back from your copy: badges known by a later key open nothing"
            " without it.",
            file=file,
            error=error,
        ) from None
    return [*later, first]


def _key(row: dict[str, Any]) -> SiteKey:
    key = bytes.fromhex(row.get("key", ""))
    made_at, until = _moment(row["made_at"]), _moment(row.get("until"))
    return SiteKey(str(row["id"]), key, made_at, until, str(row["under"]), str(row["wrapped"]))


def _refuse_without_newest(newest: SiteKey) -> None:
    if not newest.key or newest.until is not None:
        raise ValueError("the newest key is missing")


def _moment(plain: Any) -> datetime | None:
    if plain is not None and not (isinstance(plain, datetime) and plain.tzinfo is not None):
        raise ValueError(f"{plain} is no moment")
    return plain


def _write(settings: Settings, known: Sequence[SiteKey]) -> None:
    first = known[-1]
    lines = [_HEAD] + ([f"first_until = {first.until.isoformat()}\n"] if first.until else [])
    write_secret(_file(settings), "".join([*lines, *map(_table, known[:-1])]).encode())


def _table(key: SiteKey) -> str:
    texts = {"id": key.id, "under": key.under, "wrapped": key.wrapped} | ({"key": key.key.hex()} if key.key else {})
    moments = {"made_at": key.made_at, "until": key.until}
    lines = [f"{name} = {json.dumps(text)}" for name, text in texts.items()]
    lines += [f"{name} = {moment.isoformat()}" for name, moment in moments.items() if moment is not None]
    return "\n[[key]]\n" + "\n".join(lines) + "\n"
