"""The second factor: a code from the phone, new every thirty seconds, beside the password; and ten codes on paper for
the day the phone is lost.
"""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update

from server.accounts import letters
from server.accounts.errors import AccountError
from server.accounts.models import Account, RecoveryCode
from server.accounts.rows import open_account, rows_of, store
from server.accounts.sealing import Unsealable, seal, unseal
from server.accounts.websessions import digest
from server.audit import service as audit
from server.db import db, reading, writing
from server.settings import Settings

STEP_S = 30
CODES = 10
_SECRET_BYTES = 20
_TOLERATED = (0, -1, 1)  # steps: clocks of phones are not ours, and typing takes a while
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are read for one another; five bits each
_GROUPS, _GROUP = 4, 4


def propose(account_id: int, site_key: bytes) -> str:
    """A fresh secret, sealed for this account: it may travel through the browser and back until a code confirms it."""
    return base64.urlsafe_b64encode(seal(site_key, _whose(account_id), secrets.token_bytes(_SECRET_BYTES))).decode()


def address(proposal: str, account_id: int, email: str, lab: Settings) -> str:
    """What the QR code holds: the phone's app reads lab, account and secret from it."""
    secret = _text(_opened(proposal, account_id, lab.site_key_bytes))
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=lab.lab_name)


def in_words(proposal: str, account_id: int, lab: Settings) -> str:
    """The secret in groups of four letters, for who types it."""
    secret = _text(_opened(proposal, account_id, lab.site_key_bytes))
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def confirm(account_id: int, proposal: str, code: str, lab: Settings, now: datetime) -> list[str]:
    """From now on a code is asked for at login. Returns the codes for the paper, which nobody can show again."""
    secret = _opened(proposal, account_id, lab.site_key_bytes)
    step = _step(secret, code, now)
    if step is None:
        raise AccountError("The code does not fit. Wait for the next one, and check the clock of the phone.")
    with writing():
        open_account(account_id)
        sealed = seal(lab.site_key_bytes, _whose(account_id), secret)
        store(account_id, totp_secret=sealed, totp_last_step=step)
        audit.record(_whose(account_id), "add_second_factor", "account", account_id, None, None, "", now)
        return _fresh_codes(account_id, now)


def renew_codes(account_id: int, now: datetime) -> list[str]:
    """Ten new codes; the old ones are worth nothing any more."""
    with writing():
        if open_account(account_id).totp_secret is None:
            raise AccountError("There is no second factor on this account.")
        audit.record(_whose(account_id), "renew_recovery_codes", "account", account_id, None, None, "", now)
        return _fresh_codes(account_id, now)


def remove(account_id: int, lab: Settings, reason: str = "", *, actor: str, now: datetime) -> None:
    """For a phone that is lost or replaced. Its owner is told by mail."""
    with writing():
        account = open_account(account_id)
        if account.totp_secret is None:
            raise AccountError("There is no second factor on this account.")
        store(account_id, totp_secret=None)
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        letters.send(account, letters.second_factor_removed(account, now, lab), now)
        audit.record(actor, "remove_second_factor", "account", account_id, None, None, reason, now)


def takes(account_id: int, code: str, site_key: bytes, now: datetime) -> bool:
    """Whether this code from the phone or from the paper is right; it is used up then."""
    with reading() as session:
        sealed = session.scalar(select(Account.totp_secret).where(Account.id == account_id))
    if sealed is None:
        return False
    try:
        secret = unseal(site_key, _whose(account_id), sealed)
    except Unsealable:  # the site key was changed: the paper still works
        return _takes_from_paper(account_id, code, now)
    step = _step(secret, code, now)
    return _takes_step(account_id, step) if step is not None else _takes_from_paper(account_id, code, now)


def codes_left(account_id: int) -> int:
    with reading() as session:
        unused = (RecoveryCode.account_id == account_id) & RecoveryCode.used_at.is_(None)
        return session.scalar(select(func.count()).where(unused)) or 0


def _takes_step(account_id: int, step: int) -> bool:
    """A code works once: whoever looks over a shoulder is too late."""
    newer = (Account.id == account_id) & (Account.totp_last_step < step)
    with writing() as session:
        return rows_of(session.execute(update(Account).where(newer).values(totp_last_step=step))) == 1


def _takes_from_paper(account_id: int, code: str, now: datetime) -> bool:
    plain = "".join(letter for letter in code.upper() if letter in _LETTERS)
    unused = (
        (RecoveryCode.id == digest(plain)) & (RecoveryCode.account_id == account_id) & RecoveryCode.used_at.is_(None)
    )
    with writing() as session:
        taken = rows_of(session.execute(update(RecoveryCode).where(unused).values(used_at=now))) == 1
        if taken:
            audit.record(_whose(account_id), "use_recovery_code", "account", account_id, None, None, "", now)
        return taken


def _fresh_codes(account_id: int, now: datetime) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    plain = ["".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _GROUP)) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(id=digest(code), account_id=account_id, made_at=now) for code in plain)
    return ["-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP)) for code in plain]


def _step(secret: bytes, code: str, now: datetime) -> int | None:
    """Which thirty seconds the code belongs to, of those around now."""
    typed, totp = "".join(code.split()), pyotp.TOTP(_text(secret))
    present = int(now.timestamp()) // STEP_S
    around = (present + shift for shift in _TOLERATED)
    return next((step for step in around if hmac.compare_digest(totp.generate_otp(step), typed)), None)


def _opened(proposal: str, account_id: int, site_key: bytes) -> bytes:
    try:
        return unseal(site_key, _whose(account_id), base64.urlsafe_b64decode(proposal))
    except ValueError:
        raise AccountError("The page was open for too long. Load it again.") from None


def _text(secret: bytes) -> str:
    return base64.b32encode(secret).decode()


def _whose(account_id: int) -> str:
    return f"account:{account_id}"
