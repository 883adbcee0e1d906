"""Tables for the end of a year, and of what came back: what is used and not invoiced, what is paid ahead, that no number is
missing, what platforms have said, what tenants contest.

They are told as they stand at the end of the stretch; what is not invoiced as it stands now.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from server.billing.agreed import terms_of
from server.billing.models import Dispute, Document, Draft, PlatformState, Series
from server.billing.tariffs import load_tariffs
from server.contracts.models import Pack
from server.db import db, reading
from server.domain.journal import buyer_label
from server.domain.money import whole_cents
from server.domain.period import day_start, month_of, period_of
from server.exports.tables import As, Asked, Table, batches
from server.people.models import Payer, Tenant

Row = Sequence[Any]


def _not_invoiced(asked: Asked) -> Iterator[Row]:
    """Drafts of the stretch and of months before it: *factures à établir*. ``as_of``: when they were worked out last."""
    wanted = select(Draft).where(Draft.month <= asked.stretch.months[-1]).order_by(Draft.month, Draft.id)
    with reading():
        rows = list(db.session.scalars(wanted))
    for row in rows:
        said = row.content
        if said["specimen"] == asked.specimen and row.net_cents:
            buyer = said["buyer"]
            sums = (row.net_cents, row.vat_cents, row.gross_cents)
            yield (row.month, buyer["tenant"], buyer_label(buyer), said["kind"], *sums, row.held, row.built_at)


def _paid_ahead(asked: Asked) -> Iterator[Row]:
    """Packs and what is left of them when the stretch is over: *produits constatés d'avance*, in proportion."""
    after = asked.stretch.last + timedelta(days=1)
    sold = select(Pack, Tenant.code).join(Tenant, Tenant.id == Pack.tenant_id).where(Pack.taken_back_at.is_(None))
    with reading():
        packs = db.session.execute(sold.where(Pack.bought_on < after).order_by(Pack.id)).all()
        period = period_of(month_of(day_start(after, asked.zone), asked.zone), asked.zone)
        known = terms_of(period, asked.specimen, load_tariffs())
    left = {one.ref: one.left for terms in known.values() for one in terms.allowances}
    for pack, tenant in packs:
        is_over = pack.valid_until is not None and pack.valid_until <= after
        rest = 0 if is_over else left.get(f"pack:{pack.id}", 0)
        worth = whole_cents(Decimal(pack.price_cents) * rest / pack.amount)
        sums = (pack.price_cents, pack.unit, pack.amount, rest, worth)
        yield (asked.stretch.last, pack.id, tenant, pack.name, pack.bought_on, pack.valid_until, *sums)


def _series(asked: Asked) -> Iterator[Row]:
    """Each series up to the end of the stretch: first and last number, how many, how many are missing (none), and a SHA-256 over
    its numbers, days and sums, by which two of these tables are compared."""
    with reading():
        all_series = db.session.execute(
            select(Series.name, Series.last_sequence, Series.last_date).order_by(Series.name)
        ).all()
    for name, given, last_day in all_series:
        own = select(Document.number, Document.sequence, Document.issued_on, Document.gross_cents)
        own = own.where(Document.series == name, Document.specimen.is_(asked.specimen))
        with reading():
            rows = db.session.execute(
                own.where(Document.issued_on <= asked.stretch.last).order_by(Document.sequence)
            ).all()
        if rows:
            text = "".join(f"{row.number} {row.issued_on} {row.gross_cents}\n" for row in rows)
            is_whole = last_day is not None and last_day <= asked.stretch.last  # then the series knows its last number
            missing = (given if is_whole else rows[-1].sequence) - len(rows)
            sums = (len(rows), missing, rows[0].issued_on, rows[-1].issued_on)
            yield (name, rows[0].number, rows[-1].number, *sums, hashlib.sha256(text.encode()).hexdigest())


def _platform(asked: Asked) -> Select[*tuple[Any, ...]]:
    row = PlatformState
    wanted = select(row.id, Document.number, row.day, row.state, row.words).join(
        Document, Document.id == row.document_id
    )
    within = row.day.between(asked.stretch.first, asked.stretch.last)
    return wanted.where(Document.specimen.is_(asked.specimen), within)


def _contested(asked: Asked) -> Select[*tuple[Any, ...]]:
    """By the month of the line, without the words: people name people in them."""
    return (
        select(
            *(Dispute.id, Dispute.id, Dispute.month, Tenant.code, Payer.code, Document.number, Dispute.net_cents),
            *(Dispute.raised_at, Dispute.answer_by, Dispute.answered_at, Dispute.outcome),
        )
        .join(Payer, Payer.id == Dispute.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(Document, Document.id == Dispute.document_id)
        .where(Dispute.month.in_(asked.stretch.months))
    )


TABLES = (
    Table(
        "not_invoiced",
        (
            *(("month", As.TEXT), ("tenant", As.TEXT), ("buyer", As.TEXT), ("kind", As.TEXT)),
            *(("net", As.EUROS), ("vat", As.EUROS), ("gross", As.EUROS), ("held", As.TEXT), ("as_of", As.MOMENT)),
        ),
        _not_invoiced,
    ),
    Table(
        "paid_ahead",
        (
            *(("on", As.DAY), ("pack", As.NUMBER), ("tenant", As.TEXT), ("name", As.TEXT), ("bought_on", As.DAY)),
            *(("valid_until", As.DAY), ("price", As.EUROS), ("unit", As.TEXT), ("amount", As.NUMBER)),
            *(("left", As.NUMBER), ("paid_ahead", As.EUROS)),
        ),
        _paid_ahead,
    ),
    Table(
        "series",
        (
            *(("series", As.TEXT), ("first", As.TEXT), ("last", As.TEXT), ("documents", As.NUMBER)),
            *(("missing", As.NUMBER), ("first_on", As.DAY), ("last_on", As.DAY), ("sha256", As.TEXT)),
        ),
        _series,
    ),
    Table(
        "platform_states",
        (("document", As.TEXT), ("day", As.DAY), ("state", As.TEXT), ("words", As.TEXT)),
        batches(_platform, PlatformState.id),
    ),
    Table(
        "contested_lines",
        (
            *(("line", As.NUMBER), ("month", As.TEXT), ("tenant", As.TEXT), ("payer", As.TEXT), ("document", As.TEXT)),
            *(("net", As.EUROS), ("contested_at", As.MOMENT), ("answer_by", As.DAY)),
            *(("answered_at", As.MOMENT), ("outcome", As.TEXT)),
        ),
        batches(_contested, Dispute.id),
    ),
)
