"""What credit notes have given back for good, so that it counts on no budget: what is let be invoiced anew counts there anyway."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from server.billing.models import Charge, Document
from server.db import db
from server.domain.period import Period
from server.people.models import Payer


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Cents, of one session or item (its reference) or of an amount, to a cost centre (its code), by the day of supply."""

    payer: str
    subject: str
    day: date
    cents: int


def given_back(period: Period, specimen: bool) -> list[GivenBack]:
    """Of what was supplied in the month, whenever it was credited. Inside ``reading()``."""
    ended = (Charge.ended_at >= period.start) & (Charge.ended_at < period.end)
    supplied = ended | Charge.day.between(period.first_day, period.last_day)
    of_amount = Charge.ended_at.is_(None) & Charge.day.is_(None) & (Document.month == period.month)
    wanted = (
        select(Charge, Payer.code)
        .join(Payer, Payer.id == Charge.payer_id)
        .join(Document, Document.id == Charge.document_id)
        .where(Charge.kind == "credit", Document.specimen.is_(specimen), supplied | of_amount)
    )
    return [
        GivenBack(payer, row.priced["corrects"], _day(row, period), -row.net_cents)
        for row, payer in db.session.execute(wanted)
        if not row.priced.get("reopens")
    ]


def last_given_back() -> int | None:
    """Changes with every credit note."""
    return db.session.scalar(select(func.max(Charge.id)).where(Charge.kind == "credit"))


def _day(row: Charge, period: Period) -> date:
    if row.day is not None:
        return row.day
    return period.last_day if row.ended_at is None else period.day_of(row.ended_at)  # no day of an amount is known
