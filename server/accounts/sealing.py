"""Small secrets kept at rest: whoever steals a backup but not the settings reads nothing.

Encrypted under keys derived from the site key, with what the standard library has: a key stream from HMAC-SHA-256 over a
random nonce (32 bytes are enough for a secret of 20), and an HMAC over all of it, so that nothing can be exchanged.
"""

import hmac
import secrets

_NONCE, _TAG = 16, 16
LONGEST = 32  # bytes: one block of the key stream


class Unsealable(ValueError):  # noqa: N818 — not ours to repair
    """It was sealed under another site key, for somebody else, or was changed."""


def seal(site_key: bytes, whose: str, plain: bytes) -> bytes:
    """``whose`` is part of the seal: opened for anybody else it is refused."""
    if len(plain) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes")
    nonce = secrets.token_bytes(_NONCE)
    hidden = nonce + _mixed(site_key, nonce, plain)
    return hidden + _tag(site_key, whose, hidden)


def unseal(site_key: bytes, whose: str, sealed: bytes) -> bytes:
    """Raises Unsealable."""
    hidden, tag = sealed[:-_TAG], sealed[-_TAG:]
    if len(hidden) < _NONCE or not hmac.compare_digest(tag, _tag(site_key, whose, hidden)):
        raise Unsealable("this was not sealed here")
    return _mixed(site_key, hidden[:_NONCE], hidden[_NONCE:])


def _mixed(site_key: bytes, nonce: bytes, data: bytes) -> bytes:
    stream = hmac.digest(hmac.digest(site_key, b"prolab: sealing", "sha256"), nonce, "sha256")
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))


def _tag(site_key: bytes, whose: str, hidden: bytes) -> bytes:
    key = hmac.digest(site_key, b"prolab: seals", "sha256")
    return hmac.digest(key, whose.encode() + b"\0" + hidden, "sha256")[:_TAG]
