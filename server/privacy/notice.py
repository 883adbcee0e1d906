"""Who answers for the data, and which edition of the notice at the reader this is."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, reading, writing
from server.privacy.errors import PrivacyError
from server.privacy.models import Controller
from server.privacy.rules import rules

CNIL = "CNIL, 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex 07, www.cnil.fr"
_THE_ROW = 1


@dataclass(frozen=True, slots=True)
class Answerable:
    """As the notice says it. ``officer`` and ``informed`` may be empty."""

    name: str
    address: str
    contact: str
    officer: str = ""
    authority: str = CNIL
    informed: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """Every decision about times or about who answers makes another edition; ``at`` is None before the first."""

    number: int
    at: datetime | None


def answerable() -> tuple[Answerable | None, int]:
    """Who answers, None before somebody has said; and the version of that."""
    with reading() as session:
        row = session.get(Controller, _THE_ROW)
        if row is None:
            return None, 0
        return Answerable(row.name, row.address, row.contact, row.officer, row.authority, row.informed), row.version


def say_who_answers(who: Answerable, *, version: int | None = None, actor: str, now: datetime) -> None:
    """Write down who answers. Stale when somebody else has since it was read."""
    if not (who.name.strip() and who.address.strip() and who.contact.strip()):
        raise PrivacyError("The notice needs a name, an address and a way to reach you.")
    with writing() as session:
        row = session.get(Controller, _THE_ROW, with_for_update=True)
        before = None
        if row is None:
            row = Controller(id=_THE_ROW)
            db.session.add(row)
        else:
            expect_version(row, version)
            before = {"name": row.name}
        for name, text in asdict(who).items():
            setattr(row, name, text.strip())
        row.changed_at, row.changed_by = now, actor
        audit.record(actor, "say", "controller", "lab", before, {"name": who.name.strip()}, "", now)


def edition() -> Edition:
    with reading() as session:
        row = session.execute(select(Controller.version, Controller.changed_at)).one_or_none()
        decided = [one for one in rules().values() if one.decided_at is not None]
    versions = sum(one.version for one in decided) + (row.version if row else 0)
    moments = [one.decided_at for one in decided if one.decided_at] + ([row.changed_at] if row else [])
    return Edition(max(versions, 1), max(moments, default=None))
