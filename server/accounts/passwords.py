"""Passwords: which are good enough, and how they are kept (argon2id), two at most being worked on at a time.

A hash takes a tenth of a second and 32 MiB on purpose. Without a limit a handful of logins would take both from the
machines' pages.
"""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from server.accounts.errors import AccountError

SHORTEST = 12
LONGEST = 200
_AT_ONCE = BoundedSemaphore(2)
_PATIENCE_S = 10.0
_HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)  # above what OWASP asks for argon2id
_FEWEST_DIFFERENT = 5  # letters: "aaaaaaaaaaaa" is long, too
_GUESSED_FIRST = """
    123456789012 1234567890123 12345678901234 123456123456 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc abcdefghijkl
    abcdefgh1234 abcd12345678 administrateur administrator azertyuiop12 azertyuiop123 azertyuiopqs azerty123456
    bienvenue123 bonjour12345 changeme1234 geheim123456 hallo1234567 iloveyou1234 letmein12345 motdepasse12
    motdepasse123 motdepasse1234 passwort1234 passwort12345 password1234 password12345 password123456 passw0rd1234
    q1w2e3r4t5y6 qwertyuiop12 qwertyuiop123 qwertyuiopas qwerty123456 qwertz123456 qwertzuiop12 soleil123456
    trustno12345 welcome12345 willkommen12 willkommen123 zxcvbnm12345
"""
_COMMON = frozenset(_GUESSED_FIRST.split())


def check(password: str, email: str) -> None:
    """Refuse what is guessed first. No rules about digits and signs: they make passwords worse, length makes them better."""
    plain, name = password.casefold(), email.casefold()
    if len(password) < SHORTEST:
        raise AccountError("Type at least %(count)s characters; four words in a row do well.", count=SHORTEST)
    if len(password) > LONGEST:
        raise AccountError("Type at most %(count)s characters.", count=LONGEST)
    if plain in _COMMON or len(set(plain)) < _FEWEST_DIFFERENT:
        raise AccountError("This password is among the first that are guessed. Choose another one.")
    if name and (plain in name or name in plain):
        raise AccountError("The password is the mail address. Choose another one.")


def hashed(password: str) -> str:
    with _Turn():
        return _HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether this is the password behind the hash. Without one it takes as long, so that nobody learns who is known."""
    with _Turn():
        try:
            return _HASHER.verify(stored or _nobodys(), password[: LONGEST + 1]) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than ours are now."""
    return _HASHER.check_needs_rehash(stored)


class _Turn:
    """One of the two places where a hash may be worked on."""

    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_PATIENCE_S):
            raise AccountError("Too many people are logging in at once. Try again in a few seconds.")

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()


@cache
def _nobodys() -> str:
    """Compared with what is typed for those who are not known."""
    return _HASHER.hash("nobody's password")
