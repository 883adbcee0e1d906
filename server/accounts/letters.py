"""What we write to people about their login: short, in their language, plain text.

They are written by ``work`` and by commands, too, so they find their words without a web page around them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

from babel.dates import format_datetime

from server.accounts.models import Account
from server.mail import service as mail
from server.settings import Settings
from server.web.preferences import LANGUAGES

_LOCALE = Path(__file__).parents[1] / "locale"
_MOMENTS = {"fr": "EEEE d MMMM y, HH:mm", "de": "EEEE, d. MMMM y, HH:mm", "en": "EEEE d MMMM y, HH:mm"}


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


def send(account: Account, letter: Letter, now: datetime, recipient: str = "") -> None:
    """In the caller's ``writing()``."""
    mail.write(recipient or account.email, letter.subject, letter.text, now)


def invitation(account: Account, link: str, until: datetime, lab: Settings) -> Letter:
    gettext = _texts(_language(account)).gettext
    lines = (
        gettext("%(lab)s has opened a login for you. Choose your password here:") % {"lab": lab.lab_name},
        link,
        gettext("The link works once, until %(until)s.") % {"until": _moment(until, account, lab)},
    )
    return _letter(account, gettext("Your login at %(lab)s") % {"lab": lab.lab_name}, lines, lab)


def reset(account: Account, link: str, until: datetime, lab: Settings) -> Letter:
    gettext = _texts(_language(account)).gettext
    lines = (
        gettext("Somebody, probably you, asked for a new password. Choose it here:"),
        link,
        gettext("The link works once, until %(until)s.") % {"until": _moment(until, account, lab)},
        gettext("If it was not you, do nothing: your password stays as it is."),
    )
    return _letter(account, gettext("A new password for %(lab)s") % {"lab": lab.lab_name}, lines, lab)


def password_changed(account: Account, at: datetime, lab: Settings) -> Letter:
    gettext = _texts(_language(account)).gettext
    lines = (
        gettext("Your password was changed on %(moment)s.") % {"moment": _moment(at, account, lab)},
        gettext("If it was not you, choose a new one at once:"),
        f"{lab.web.url}/reset",
    )
    return _letter(account, gettext("Your password at %(lab)s was changed") % {"lab": lab.lab_name}, lines, lab)


def address_changed(account: Account, at: datetime, lab: Settings) -> Letter:
    """Goes to the address before."""
    gettext = _texts(_language(account)).gettext
    lines = (
        gettext("Since %(moment)s you log in with another mail address.") % {"moment": _moment(at, account, lab)},
        gettext("If it was not you, tell the lab’s manager today."),
    )
    return _letter(account, gettext("Your mail address at %(lab)s was changed") % {"lab": lab.lab_name}, lines, lab)


def second_factor_removed(account: Account, at: datetime, lab: Settings) -> Letter:
    gettext = _texts(_language(account)).gettext
    lines = (
        gettext("Since %(moment)s no code from your phone is asked for.") % {"moment": _moment(at, account, lab)},
        gettext("If it was not you, tell the lab’s manager today."),
    )
    return _letter(account, gettext("Your second factor at %(lab)s was removed") % {"lab": lab.lab_name}, lines, lab)


def letter(name: str, language: str | None, subject: str, lines: tuple[str, ...], lab: Settings) -> Letter:
    """To somebody of this name, with a login or without one."""
    gettext = texts(language)
    greeting = gettext("Hello %(name)s,") % {"name": name}
    return Letter(subject, "\n\n".join((greeting, *lines, lab.lab_name)) + "\n")


def texts(language: str | None) -> Callable[[str], str]:
    """``gettext`` of a language, where the pages speak it."""
    return _texts(language if language in LANGUAGES else LANGUAGES[0]).gettext


def moment_in_words(moment: datetime, language: str | None, lab: Settings) -> str:
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    return format_datetime(moment.astimezone(lab.zone), _MOMENTS[spoken], tzinfo=lab.zone, locale=spoken)


def _letter(account: Account, subject: str, lines: tuple[str, ...], lab: Settings) -> Letter:
    return letter(account.name, _language(account), subject, lines, lab)


def _language(account: Account) -> str:
    return account.language if account.language in LANGUAGES else LANGUAGES[0]


@cache
def _texts(language: str) -> NullTranslations:
    return translation("prolab", _LOCALE, [language])


def _moment(moment: datetime, account: Account, lab: Settings) -> str:
    return moment_in_words(moment, _language(account), lab)
