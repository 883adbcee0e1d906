"""After how many months a tenant wants its people instructed again."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from server.audit import service as audit
from server.db import db, expect_version, writing
from server.domain.intervals import USUAL, Months
from server.instruction.models import Interval
from server.people.models import Tenant
from server.people.rows import tenant_by_code


def intervals(codes: Iterable[str]) -> dict[str, tuple[Months, int | None]]:
    """By tenant's code, with the version of what it has decided (None: nothing, the usual holds); inside ``reading()``."""
    wanted = select(Tenant.code, Interval).outerjoin(Interval, Interval.tenant_id == Tenant.id)
    rows = db.session.execute(wanted.where(Tenant.code.in_(set(codes))))
    return {
        code: (Months(row.months, row.months_minor), row.version) if row is not None else (USUAL, None)
        for code, row in rows
    }


def set_interval(code: str, months: Months, *, version: int | None = None, actor: str, now: datetime) -> None:
    with writing() as session:
        tenant = tenant_by_code(code, changing=True)
        row = session.get(Interval, tenant.id)
        before = USUAL if row is None else Months(row.months, row.months_minor)
        if row is None:
            session.add(Interval(tenant_id=tenant.id, months=months.adults, months_minor=months.minors))
        else:
            expect_version(row, version)
            row.months, row.months_minor = months.adults, months.minors
        was, is_now = ({"months": one.adults, "months_minor": one.minors} for one in (before, months))
        audit.record(actor, "interval", "tenant", code, was, is_now, "", now)
