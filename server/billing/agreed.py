"""What each tenant can use of its contracts and packs in a month: what was agreed, less what other months have used of it.

Of months that are billed that stands on their charges. What of a month is not billed yet is rated here, the oldest month
first, for each uses what the one before has left.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Text, cast, func, or_, select

from server.billing.models import Charge, Document
from server.billing.stands import ADJUSTS, Stand, stands_of, unsettled_in
from server.billing.uses import FINISHED, load_month, rated_as, reopened
from server.contracts.service import Agreed, agreed
from server.db import db
from server.domain import rating
from server.domain.allowances import Covered, Terms
from server.domain.contracts import after, first_of, months
from server.domain.period import Period, day_start, month_of, period_of
from server.domain.rating import RatedSession
from server.domain.tariffs import PriceBook, Tariff
from server.people.models import Payer, Tenant
from server.usage.models import UsageSession

_Used = dict[tuple[str, str], int]  # reference, month → seconds or cents


def terms_of(
    period: Period, specimen: bool, tariffs: Sequence[Tariff], tenant_id: int | None = None
) -> dict[str, Terms]:
    """By the tenant's code, inside ``reading()``; of all tenants that have agreed something, or of one."""
    known = agreed(None if tenant_id is None else [tenant_id])
    used = used_before(known, period, specimen, tariffs)
    return {one.tenant: one.terms(period.month, used[one.tenant_id]) for one in known.values()}


def used_before(
    known: Mapping[int, Agreed], period: Period, specimen: bool, tariffs: Sequence[Tariff]
) -> dict[int, _Used]:
    """What tenants have used, by their id: in months before the period, and in later ones as far as they are billed."""
    since = {number: day for number, one in known.items() if (day := one.looks_back_to(period.month)) is not None}
    used: dict[int, _Used] = defaultdict(dict)
    for tenant_id, month, one in _charged(since, period, specimen):
        _add(used[tenant_id], month, one)
    if since:
        book = PriceBook(tariffs)
        for month in months(min(since.values()), period.month)[:-1]:
            whom = [number for number, day in since.items() if f"{day:%Y-%m}" <= month]
            for tenant_id, covered in _unsettled(known, used, period_of(month, period.zone), specimen, whom, book):
                for key in [key for key in used[tenant_id] if key[1] == month]:
                    del used[tenant_id][key]
                for one in covered:
                    _add(used[tenant_id], month, one)
    return used


def _add(used: _Used, month: str, one: Covered) -> None:
    used[one.ref, month] = used.get((one.ref, month), 0) + (one.seconds or one.cents)


def _charged(since: Mapping[int, date], period: Period, specimen: bool) -> Iterator[tuple[int, str, Covered]]:
    """What charges and adjustments say was covered, by tenant and the month in which the session ended; but for those taken
    back."""
    if not since:
        return
    begins, again = day_start(min(since.values()), period.zone), reopened()
    written = cast(Charge.priced, Text)  # most charges say nothing of the kind: those need not be read
    wanted = (
        select(Payer.tenant_id, Charge.subject, Charge.round, Charge.ended_at, Charge.priced)
        .join(Payer, Payer.id == Charge.payer_id)
        .join(Document, Document.id == Charge.document_id)
        .where(
            Charge.kind == "session",
            Document.specimen.is_(specimen),
            Payer.tenant_id.in_(since),
            Charge.ended_at >= begins,
        )
        .where(written.contains('"covered"') | written.contains('"credit"'))
    )
    adjusted = _adjusted(since, begins, specimen)
    for tenant_id, subject, number, ended_at, priced in db.session.execute(wanted):
        if number >= again.get(subject, 0) and subject not in adjusted:
            yield from ((tenant_id, month_of(ended_at, period.zone), one) for one in _covered(priced))
    for tenant_id, stand in adjusted.values():
        if stand is not None and not stand.is_open and stand.charge.ended_at is not None:
            month = month_of(stand.charge.ended_at, period.zone)
            yield from ((tenant_id, month, one) for one in _covered(stand.steps))


def _adjusted(since: Mapping[int, date], begins: datetime, specimen: bool) -> dict[str, tuple[int, Stand | None]]:
    """The sessions that something came to be known of after they were charged, with their tenant and as they stand now."""
    wanted = select(Payer.tenant_id, Charge.subject).join(Payer, Payer.id == Charge.payer_id)
    wanted = wanted.join(Document, Document.id == Charge.document_id).where(Document.specimen.is_(specimen))
    wanted = wanted.where(Charge.kind == "adjust", Payer.tenant_id.in_(since), Charge.ended_at >= begins)
    owners = {subject.partition(ADJUSTS)[0]: tenant_id for tenant_id, subject in db.session.execute(wanted)}
    stands = stands_of(set(owners.values()), begins) if owners else {}
    return {name: (tenant_id, stands.get(name)) for name, tenant_id in owners.items()}


def _covered(priced: Mapping[str, object]) -> Iterator[Covered]:
    """As ``domain.proof.steps_of`` writes it."""
    parts: object = priced.get("parts", [])
    for part in parts if isinstance(parts, list) else []:
        yield from (Covered(ref, seconds, cents) for ref, seconds, cents in part.get("covered", []))
    credit = priced.get("credit", [])
    for ref, cents in credit if isinstance(credit, list) else []:
        yield Covered(ref, 0, cents)


def _unsettled(
    known: Mapping[int, Agreed],
    used: dict[int, _Used],
    period: Period,
    specimen: bool,
    whom: Collection[int],
    book: PriceBook,
) -> Iterator[tuple[int, list[Covered]]]:
    """What a month uses of which something stands on no bill yet, or otherwise than it is: all of it is rated anew, for who
    comes first takes first, and what stands on bills follows."""
    waiting = {*_waiting(period, specimen, whom), *unsettled_in(period, whom)}
    uses = load_month(period, *_of(specimen, waiting)) if waiting else []
    for tenant_id, group in groupby(uses, key=lambda use: use.tenant_id):
        terms = known[tenant_id].terms(period.month, used[tenant_id])
        sessions = [rated_as(use, period.zone) for use in group]
        rated = rating.rate_month(sessions, book, terms, period.zone)
        yield tenant_id, [one for each in rated if isinstance(each, RatedSession) for one in each.covered]


def _waiting(period: Period, specimen: bool, whom: Collection[int]) -> list[int]:
    """The tenants among these with sessions of a month that no charge stands for."""
    unbilled = ~select(Charge.id).where(Charge.subject == UsageSession.id, Charge.kind == "session").exists()
    taken_back = UsageSession.id.in_(list(reopened()))
    wanted = select(Payer.tenant_id).join(UsageSession, UsageSession.payer_id == Payer.id).distinct()
    ended = (UsageSession.ended_at >= period.start) & (UsageSession.ended_at < period.end)
    wanted = wanted.where(ended, UsageSession.state.in_(FINISHED), *_of(specimen, whom))
    return list(db.session.scalars(wanted.where(or_(unbilled, taken_back))))


def _of(specimen: bool, whom: Collection[int]) -> list[ColumnElement[bool]]:
    payers = select(Payer.id).where(Payer.tenant_id.in_(whom))
    return [UsageSession.simulated.is_(specimen), UsageSession.payer_id.in_(payers)]


def billed_until(tenant: str) -> date | None:
    """The last day of the last month of which a tenant has a bill; inside ``reading()``."""
    own = select(Payer.id).join(Tenant, Tenant.id == Payer.tenant_id).where(Tenant.code == tenant)
    wanted = select(func.max(Document.month)).join(Charge, Charge.document_id == Document.id)
    month = db.session.scalar(wanted.where(Charge.payer_id.in_(own)))
    return None if month is None else first_of(after(month)) - timedelta(days=1)
