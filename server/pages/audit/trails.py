"""Who did what, as pages show it: the account's name in place of its number, a sentence in place of the picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import gettext
from sqlalchemy import select

from server.accounts.models import Account
from server.audit.service import Entry
from server.db import db, reading
from server.pages.audit.sentences import Names, coded, sentence
from server.pages.people.names import named
from server.people.models import Payer
from server.training.models import Skill

_ACCOUNT = "account:"
_HOLDER = "holder:"


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a trail."""

    at: datetime
    who: str
    text: str
    reason: str


def told(entries: Iterable[Any]) -> list[Any]:
    """The lines of a trail. As a filter of templates it leaves alone what is a line already."""
    entries = list(entries)
    kept = [entry for entry in entries if isinstance(entry, Entry)]
    accounts, names = account_names(entry.actor for entry in kept), names_of(kept)
    return [_told(entry, accounts, names) if isinstance(entry, Entry) else entry for entry in entries]


def _told(entry: Entry, accounts: dict[str, str], names: Names) -> Told:
    return Told(entry.at, who(entry.actor, accounts), sentence(entry, names), entry.reason)


def names_of(entries: Iterable[Entry]) -> Names:
    """The names of the skills and payers that some entries know by code."""
    found: dict[tuple[str, str], str] = {}
    wanted = coded(entries)
    skills, payers = ({code for name, code in wanted if name == kind} for kind in ("skill", "payer"))
    with reading():
        if skills:
            rows = db.session.execute(select(Skill.code, Skill.name).where(Skill.code.in_(skills)))
            found |= {("skill", code): name for code, name in rows}
        if payers:
            rows = db.session.execute(select(Payer.code, Payer.label).where(Payer.code.in_(payers)))
            found |= {("payer", code): label for code, label in rows}
    return found


def who(label: str, names: dict[str, str]) -> str:
    """The name behind a label of the audit; a command of the server is named as it is."""
    if label.startswith(_ACCOUNT):
        return names.get(label) or gettext("account %(number)s", number=label.removeprefix(_ACCOUNT))
    if label.startswith(_HOLDER):
        return _holder(label.removeprefix(_HOLDER))
    return label


def _holder(number: str) -> str:
    """Whoever did it at a machine, by badge."""
    with reading():
        found = named([int(number)]) if number.isdecimal() else {}
    return found[int(number)].name if found else number


def account_names(labels: Iterable[str]) -> dict[str, str]:
    """The names of the accounts among some labels."""
    numbers = {
        int(number) for label in set(labels) if (number := label.removeprefix(_ACCOUNT)) != label and number.isdigit()
    }
    if not numbers:
        return {}
    with reading():
        rows: Sequence[Any] = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(numbers))).all()
    return {f"{_ACCOUNT}{number}": name for number, name in rows}


def name_of(label: str) -> str:
    """The name behind one label, for lists that show a few of them again and again."""
    seen: dict[str, str] = g.setdefault("names_of_accounts", {})
    if label not in seen:
        seen[label] = who(label, account_names([label]))
    return seen[label]
