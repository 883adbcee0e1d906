"""How often a login was tried in vain, and how long to wait before the next try.

Kept in the memory of the web process: there is one (``server/deploy/gunicorn_conf.py`` says why), a try costs no write,
and no address of anybody is stored. A restart forgets it; nobody outside can cause one.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

FREE_FOR_AN_ACCOUNT = 5
FREE_FOR_AN_ADDRESS = 20  # a whole lab may sit behind one address
FREE_MAILS = 10
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
_MOST_KEYS = 10_000
NO_WAIT = timedelta()


@dataclass(frozen=True, slots=True)
class Key:
    """What tries are counted by: the mail address that was typed, or the network address it was typed at."""

    text: str
    free: int


def account(email: str) -> Key:
    return Key(f"account {email}", FREE_FOR_AN_ACCOUNT)


def address(remote: str | None) -> Key:
    return Key(f"address {network(remote)}", FREE_FOR_AN_ADDRESS)


def mails_to(remote: str | None) -> Key:
    """By whom letters about a forgotten password are asked for."""
    return Key(f"mails {network(remote)}", FREE_MAILS)


def network(remote: str | None) -> str:
    """Of an IPv6 address its first half: whoever has one has all that begin so."""
    return ":".join((remote or "").split(":")[:4])


@dataclass(slots=True)
class _Count:
    tries: int
    at: datetime


class Tries:
    """Every try counts as one in vain when it begins, so that a hundred at once are a hundred; success takes it back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def begin(self, keys: Iterable[Key], now: datetime) -> timedelta:
        """Note a try. Returns how long to wait instead; nothing is noted then."""
        with self._lock:
            wanted = list(keys)
            wait = max(self._wait(key, now) for key in wanted)
            if wait <= NO_WAIT:
                for key in wanted:
                    self._add(key.text, 1, now)
            return wait

    def succeeded(self, who: Key, at: Key, now: datetime) -> None:
        """Forget what the account's owner mistyped. The address keeps its failures: it may have tried others, too."""
        with self._lock:
            self._counts.pop(who.text, None)
            self._add(at.text, -1, now)

    def take_back(self, at: Key, now: datetime) -> None:
        """It was no try in vain, and none that succeeded either."""
        with self._lock:
            self._add(at.text, -1, now)

    def _wait(self, key: Key, now: datetime) -> timedelta:
        count = self._counts.get(key.text)
        if count is None or now - count.at >= FORGOTTEN_AFTER:
            self._counts.pop(key.text, None)
            return NO_WAIT
        beyond = count.tries - key.free
        if beyond < 0:
            return NO_WAIT
        return min(FIRST_WAIT * 2 ** min(beyond, 10), LONGEST_WAIT) - (now - count.at)

    def _add(self, text: str, tries: int, now: datetime) -> None:
        count = self._counts.setdefault(text, _Count(0, now))
        count.tries, count.at = max(0, count.tries + tries), now
        self._counts.move_to_end(text)
        if len(self._counts) > _MOST_KEYS:
            self._counts.popitem(last=False)
