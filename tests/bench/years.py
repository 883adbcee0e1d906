"""Three years of a busy lab, written straight into the tables: what pages are measured on.

Sessions with the events they came from, refusals, charges on issued documents, decisions, and the journal. Two months are
billed by the services themselves, so that what is copied to the months before has the size it really has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, select, update

from server.audit.models import AuditEntry
from server.db import db, reading, writing
from server.machines.models import Agent, Machine, MachineLive
from server.people.models import Membership, Payer, Person, Tenant, Token
from server.usage.models import SessionDecision, UsageSession
from tests.bench.crowd import _uuid, add_rows
from tests.bench.years_billed import bill_years
from tests.bench.years_evidence import Place, Use, Who, write_evidence

DAYS = 3 * 365
DECISIONS = 3_000
ENTRIES = 40_000
_FAMILIES = (
    *("Meyer", "Schmitt", "Klein", "Weber", "Muller", "Keller", "Fischer", "Wolf"),
    *("Huber", "Frey", "Roth", "Baumann", "Lang", "Gross", "Braun", "Simon"),
)


@dataclass(frozen=True, slots=True)
class Years:
    """What is in the books, for whoever asks for pages about it: rows by table, a busy holder, one of his sessions that is
    on an invoice, a machine that runs, the tenant with the most hours, a month all paid and one that waits."""

    rows: dict[str, int]
    holder: int
    session: str
    machine: str
    tenant: str
    paid: str
    waiting: str


def add_years(count: int, now: datetime) -> Years:
    """Fill the books of a lab that stands, up to ``now``."""
    random = Random("years")
    _make_room()
    with reading():
        people, places = _people(), _places()
    uses = sorted(_uses(random, count, people, places, now), key=lambda use: use.began)
    with writing():
        _name_the_crowd(random)
        add_rows(UsageSession, [_row(use) for use in uses])
        write_evidence(random, uses, places, people, now)
        _decide(random, uses)
        _stand(uses, now)
        _fill_journal(random, now)
    paid, waiting = bill_years(uses, now)
    return _told(uses, paid, waiting, now)


def _told(uses: list[Use], paid: str, waiting: str, now: datetime) -> Years:
    of_month = next(use for use in uses if use.ended and use.began.isoformat().startswith(paid) and use.began.day > 9)
    running = next(use.place.code for use in uses[::-1] if use.ended is None)
    tenant = select(Payer.tenant_id, func.count()).join(UsageSession, UsageSession.payer_id == Payer.id)
    with reading() as session:
        busiest = tenant.group_by(Payer.tenant_id).order_by(func.count().desc()).limit(1)
        code = session.scalar(select(Tenant.code).where(Tenant.id == session.scalar(busiest)))
        rows = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.metadata.sorted_tables
        }
    return Years(rows, of_month.who.holder, of_month.id, running, code or "", paid, waiting)


def _make_room() -> None:
    """Ids are random: with its usual two megabytes SQLite would write every page of their indexes again and again. The one
    connection there is goes back to the pool with it."""
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for pragma in ("cache_size=-600000", "synchronous=OFF"):
            driver.execute(f"PRAGMA {pragma}")


def _people() -> list[Who]:
    wanted = (
        select(Token.holder_number, Token.fingerprint, Payer.id, Payer.code, Payer.tenant_id)
        .join(Membership, Membership.holder_number == Token.holder_number)
        .join(Payer, Payer.id == Membership.payer_id)
        .order_by(Token.holder_number)
    )
    return list({row[0]: Who(*row) for row in db.session.execute(wanted)}.values())


def _places() -> list[Place]:
    return [Place(*row) for row in db.session.execute(select(Machine.id, Machine.code, Machine.agent_id))]


def _uses(random: Random, count: int, people: list[Who], places: list[Place], now: datetime) -> Iterator[Use]:
    """One after the other at each machine, by day; the last ones go on."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    for place in places:
        for day in range(DAYS):
            so_far, before = (count * (number + 1) // (DAYS * len(places)) for number in (day, day - 1))
            yield from _day(random, place, first + timedelta(days=day), so_far - before, people, now)


def _day(random: Random, place: Place, day: datetime, count: int, people: list[Who], now: datetime) -> Iterator[Use]:
    slot_s = 86_400 // max(1, count)
    phase_s = slot_s * (place.machine % 8) // 8  # so that some are running at any moment of the day
    for number in range(count):
        began = day + timedelta(seconds=phase_s + number * slot_s + random.randrange(slot_s // 8))
        if began >= now:
            return
        seconds = random.randrange(300, slot_s * 3 // 4)
        ended = began + timedelta(seconds=seconds)
        yield Use(_uuid(random), place, random.choice(people), began, seconds, ended if ended < now else None)


def _row(use: Use) -> dict[str, Any]:
    seconds = use.seconds if use.ended else 0
    return {
        "id": use.id,
        "machine_id": use.place.machine,
        "holder_number": use.who.holder,
        "payer_id": use.who.payer,
        "state": "ended" if use.ended else "open",
        "started_at": use.began,
        "ended_at": use.ended,
        "occupied_s": seconds,
        "powered_s": seconds,
        "end_reason": "holder" if use.ended else None,
        "time_quality": "synced",
        "revision": 1,
        "taps": 1,
        "simulated": True,  # a demo's books bill nothing else
    }


def _name_the_crowd(random: Random) -> None:
    """They share one family name; a search must have something to choose from."""
    numbers = db.session.scalars(select(Person.id).where(Person.family_name == "Personne")).all()
    names = [{"id": one, "family_name": "-".join(random.sample(_FAMILIES, 2))} for one in numbers]
    db.session.execute(update(Person), names)


def _decide(random: Random, uses: list[Use]) -> None:
    decided = random.sample([use for use in uses if use.ended], DECISIONS)
    rows = [
        {"session_id": use.id, "at": use.ended, "actor": "account:1", "free": "goodwill", "reason": "Essai manqué"}
        for use in decided
    ]
    add_rows(SessionDecision, rows)


def _stand(uses: list[Use], now: datetime) -> None:
    """What agents last said: all are there, and run what has not ended."""
    running = {use.place.machine: use for use in uses if use.ended is None}
    db.session.execute(update(Agent).values(online=True, last_seen_at=now, version="1.0", synced=True))
    rows: list[dict[str, Any]] = [
        {
            "machine_id": number,
            "state": "running" if number in running else "idle",
            "since": running[number].began if number in running else now,
            "session": running[number].id if number in running else None,
            "latched": False,
            "faults": [],
            "seen_at": now,
        }
        for number in db.session.scalars(select(Machine.id))
    ]
    add_rows(MachineLive, rows)


def _fill_journal(random: Random, now: datetime) -> None:
    """What founding the lab wrote, again and again over the years."""
    known = [dict(row) for row in db.session.execute(select(AuditEntry.__table__).limit(2_000)).mappings()]
    moments = sorted(now - timedelta(seconds=random.randrange(DAYS * 86_400)) for _ in range(ENTRIES))
    rows = [random.choice(known) | {"id": None, "actor": "account:1", "at": moment} for moment in moments]
    for row in rows:
        del row["id"]
    add_rows(AuditEntry, rows)
