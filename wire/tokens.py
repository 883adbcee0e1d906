"""What leaves the agent instead of a card id: a keyed fingerprint that cannot be turned back into a badge."""

import hashlib
import hmac

FINGERPRINT_BYTES = 16
PIN_DIGITS = 4


def fingerprint(card_id: str, site_key: bytes) -> str:
    """The 128-bit HMAC-SHA-256 of a card id as 32 hex digits.

    ``card_id`` names the technology and the number, ``em4100:62E3086CED``, so that two kinds of card
    with one number stay two tokens. ``site_key`` has at least 16 bytes (RFC 2104 asks for no less than half
    the hash; 32 are made by ``prolab init``). Raises ValueError for a shorter key.
    """
    if len(site_key) < 16:
        raise ValueError("site key shorter than 16 bytes")
    return hmac.new(site_key, card_id.encode(), hashlib.sha256).digest()[:FINGERPRINT_BYTES].hex()


def pin_digest(holder: int, pin: str, site_key: bytes) -> str:
    """The keyed digest of a master badge's PIN, bound to its holder. Raises ValueError for a short key or a bad PIN.

    Four digits are no secret to whoever holds the site key: the PIN keeps a found badge from being enough.
    """
    if not (len(pin) == PIN_DIGITS and set(pin) <= set("123456789")):
        raise ValueError(f"a PIN has {PIN_DIGITS} digits of 1 to 9: each is a number of presses")
    return fingerprint(f"pin:{holder}:{pin}", site_key)


def wrap(key: bytes, key_id: str, under: bytes) -> str:
    """A new site key of 32 bytes as hex digits that only who has the key before, ``under``, can read."""
    stream = hmac.digest(under, f"prolab: wrap {key_id}".encode(), hashlib.sha256)
    hidden = bytes(one ^ other for one, other in zip(key, stream, strict=True))
    return (hidden + _wrap_tag(hidden, key_id, under)).hex()


def unwrap(wrapped: str, key_id: str, under: bytes) -> bytes | None:
    """The site key ``key_id``, None where it was not wrapped under this key or was changed on the way."""
    try:
        whole = bytes.fromhex(wrapped)
    except ValueError:
        return None
    hidden, tag = whole[:32], whole[32:]
    if len(hidden) != 32 or not hmac.compare_digest(tag, _wrap_tag(hidden, key_id, under)):
        return None
    stream = hmac.digest(under, f"prolab: wrap {key_id}".encode(), hashlib.sha256)
    return bytes(one ^ other for one, other in zip(hidden, stream, strict=True))


def _wrap_tag(hidden: bytes, key_id: str, under: bytes) -> bytes:
    return hmac.digest(under, f"prolab: wrapped {key_id}".encode() + hidden, hashlib.sha256)[:16]
