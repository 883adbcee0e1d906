"""Tables about money: documents, their lines and VAT, charges, payments by rate, open items, reminders."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select

from server.billing.models import Charge, Document
from server.collecting.models import Allocation, DocumentReminder, Payment
from server.collecting.open_items import open_accounts
from server.domain.journal import buyer_label
from server.domain.payments import shares_of
from server.exports.papers import conditions, papers_of
from server.exports.tables import As, Asked, Table, batches
from server.machines.models import Machine
from server.people.models import Payer, Tenant

Row = Sequence[Any]


def _documents(asked: Asked) -> Iterator[Row]:
    for paper in papers_of(asked):
        said = paper.content
        days = (date.fromisoformat(said["issued_on"]), date.fromisoformat(said["due_on"]))
        buyer = said["buyer"]
        sums = (said["net_cents"], said["vat_cents"], said["gross_cents"])
        order = (said.get("order") or {}).get("number")
        corrects = ", ".join(one["number"] for one in said.get("corrects") or ())
        yield (
            *(paper.number, paper.kind, paper.month, *days, buyer["tenant"], buyer_label(buyer), buyer["country"]),
            *(buyer.get("vat_id"), order, corrects, *sums, paper.paid_on, paper.pdf_sha256),
            *(paper.external_number, paper.external_on),
        )


def _lines(asked: Asked) -> Iterator[Row]:
    for paper in papers_of(asked):
        for group in paper.content["groups"]:
            for line in group["lines"]:
                yield (
                    *(paper.number, paper.content["buyer"]["tenant"], group["on_behalf_of"], group["cost_centre"]),
                    *(line.get("what"), line["machine"], line.get("label"), line.get("nature"), line["sessions"]),
                    *(line["measured_s"], line["billed_s"], line.get("covered_s", 0)),
                    *(_number(line.get("quantity")), line.get("unit"), line["net_cents"]),
                    *(line["category"], line["rate_bp"], line.get("free")),
                )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _vat(asked: Asked) -> Iterator[Row]:
    for paper in papers_of(asked):
        for row in paper.content["vat"]:
            share = (row["category"], row["rate_bp"], row["net_cents"], row["vat_cents"])
            yield (paper.number, paper.kind, date.fromisoformat(paper.content["issued_on"]), *share)


def _charges(asked: Asked) -> Select[*tuple[Any, ...]]:
    """What each session or item came to; no holder, and no time of day."""
    return (
        select(
            *(Charge.id, Document.number, Document.month, Charge.kind, Tenant.code, Payer.code, Machine.code),
            *(Charge.nature, Charge.day, Charge.occupied_s, Charge.billed_s, Charge.free, Charge.net_cents),
            *(Charge.vat_category, Charge.rate_bp),
        )
        .join(Document, Document.id == Charge.document_id)
        .join(Payer, Payer.id == Charge.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .outerjoin(Machine, Machine.id == Charge.machine_id)
        .where(*conditions(asked))
    )


def _payments(asked: Asked) -> Select[*tuple[Any, ...]]:
    stretch = asked.stretch
    return (
        select(
            *(Payment.id, Payment.id, Payment.received_on, Tenant.code, Payment.cents, Payment.means),
            *(Payment.reference, Payment.reverses_id, Payment.reason),
        )
        .join(Tenant, Tenant.id == Payment.tenant_id)
        .where(Payment.specimen.is_(asked.specimen), Payment.received_on.between(stretch.first, stretch.last))
    )


def _allocations(asked: Asked) -> Select[*tuple[Any, ...]]:
    within = Allocation.given_on.between(asked.stretch.first, asked.stretch.last)
    return (
        select(Allocation.id, Payment.id, Allocation.given_on, Payment.means, Document.number, Allocation.shares)
        .join(Payment, Payment.id == Allocation.payment_id)
        .join(Document, Document.id == Allocation.document_id)
        .where(*(conditions(asked) if asked.by_month else (Payment.specimen.is_(asked.specimen), within)))
    )


def _by_rate(asked: Asked) -> Iterator[Row]:
    """What was paid of each document, by VAT rate."""
    for *facts, kept in batches(_allocations, Allocation.id)(asked):
        for share in shares_of(kept):
            yield (*facts, share.category, share.rate_bp, share.net_cents, share.vat_cents, share.gross_cents)


def _open(asked: Asked) -> Iterator[Row]:
    """At the end of the stretch, or today where that is still to come."""
    day = min(asked.stretch.last, asked.today)
    for account in open_accounts(day, asked.specimen):
        for item in account.items:
            facts = (account.code, item.number, item.kind, item.issued_on, item.due_on)
            yield (day, *facts, item.gross_cents, item.paid_cents, item.open_cents, item.days_late)
        if account.credit_cents:
            yield (day, account.code, "", "credit", None, None, 0, account.credit_cents, -account.credit_cents, 0)


def _reminders(asked: Asked) -> Select[*tuple[Any, ...]]:
    row = DocumentReminder
    facts = (row.step, row.sent_on, row.open_cents, row.interest_cents, row.indemnity_cents)
    wanted = select(row.id, Document.number, *facts).join(Document, Document.id == row.document_id)
    within = row.sent_on.between(asked.stretch.first, asked.stretch.last)
    return wanted.where(*(conditions(asked) if asked.by_month else (Document.specimen.is_(asked.specimen), within)))


_SHARE = (("category", As.TEXT), ("rate", As.PERCENT), ("net", As.EUROS), ("vat", As.EUROS))
TABLES = (
    Table(
        "documents",
        (
            *(("document", As.TEXT), ("kind", As.TEXT), ("month", As.TEXT), ("issued_on", As.DAY), ("due_on", As.DAY)),
            *(("tenant", As.TEXT), ("buyer", As.TEXT), ("country", As.TEXT), ("vat_id", As.TEXT), ("order", As.TEXT)),
            *(("corrects", As.TEXT), ("net", As.EUROS), ("vat", As.EUROS), ("gross", As.EUROS), ("paid_on", As.DAY)),
            *(("pdf_sha256", As.TEXT), ("own_invoice", As.TEXT), ("own_invoice_on", As.DAY)),
        ),
        _documents,
    ),
    Table(
        "lines",
        (
            *(("document", As.TEXT), ("tenant", As.TEXT), ("on_behalf_of", As.TEXT), ("cost_centre", As.TEXT)),
            *(("what", As.TEXT), ("machine", As.TEXT), ("label", As.TEXT), ("nature", As.TEXT)),
            *(("sessions", As.NUMBER), ("measured_h", As.HOURS), ("billed_h", As.HOURS), ("covered_h", As.HOURS)),
            *(("quantity", As.NUMBER), ("unit", As.TEXT), ("net", As.EUROS), ("category", As.TEXT)),
            *(("rate", As.PERCENT), ("free", As.TEXT)),
        ),
        _lines,
    ),
    Table("vat", (("document", As.TEXT), ("kind", As.TEXT), ("issued_on", As.DAY), *_SHARE), _vat),
    Table(
        "charges",
        (
            *(("document", As.TEXT), ("month", As.TEXT), ("kind", As.TEXT), ("tenant", As.TEXT), ("payer", As.TEXT)),
            *(("machine", As.TEXT), ("nature", As.TEXT), ("day", As.DAY), ("measured_h", As.HOURS)),
            *(
                ("billed_h", As.HOURS),
                ("free", As.TEXT),
                ("net", As.EUROS),
                ("category", As.TEXT),
                ("rate", As.PERCENT),
            ),
        ),
        batches(_charges, Charge.id),
    ),
    Table(
        "payments",
        (
            *(("payment", As.NUMBER), ("received_on", As.DAY), ("tenant", As.TEXT), ("amount", As.EUROS)),
            *(("means", As.TEXT), ("reference", As.TEXT), ("takes_back", As.NUMBER), ("reason", As.TEXT)),
        ),
        batches(_payments, Payment.id),
    ),
    Table(
        "payments_by_rate",
        (
            *(("payment", As.NUMBER), ("counts_from", As.DAY), ("means", As.TEXT), ("document", As.TEXT), *_SHARE),
            ("gross", As.EUROS),
        ),
        _by_rate,
    ),
    Table(
        "open_items",
        (
            *(("on", As.DAY), ("tenant", As.TEXT), ("document", As.TEXT), ("kind", As.TEXT), ("issued_on", As.DAY)),
            *(
                ("due_on", As.DAY),
                ("gross", As.EUROS),
                ("paid", As.EUROS),
                ("open", As.EUROS),
                ("days_late", As.NUMBER),
            ),
        ),
        _open,
    ),
    Table(
        "reminders",
        (
            *(("document", As.TEXT), ("step", As.NUMBER), ("sent_on", As.DAY), ("open", As.EUROS)),
            *(("interest", As.EUROS), ("indemnity", As.EUROS)),
        ),
        batches(_reminders, DocumentReminder.id),
    ),
)
