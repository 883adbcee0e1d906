"""Tables about the lab: use of machines, prices and VAT, what is agreed with tenants, tenants and machines themselves.

Where a tenant may be a person, its code stands for its name, as in the journal.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, case, func, or_, select

from server.billing.models import Seller, Tariff, VatCell
from server.contracts.models import Budget, Contract, Pack, PurchaseOrder
from server.db import db, reading
from server.domain.journal import KINDS_OF_PEOPLE
from server.domain.period import day_start
from server.domain.usage import SessionState
from server.domain.vat import Customer, Treatment, customer
from server.exports.models import AccountRule
from server.exports.tables import As, Asked, Privacy, Rows, Table, batches
from server.machines.models import Machine
from server.people.models import Establishment, Payer, TaxTreatment, Tenant
from server.supplies.models import Material, Noted, OneOff, Recurring
from server.usage.models import UsageSession

FINISHED = (SessionState.ENDED, SessionState.PROVISIONAL)
Columns = tuple[tuple[str, As], ...]


def _sessions(asked: Asked, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Sessions that ended in the stretch on the lab's clock."""
    first, after = (day_start(day, asked.zone) for day in (asked.stretch.first, _next(asked.stretch.last)))
    return (
        select(UsageSession.id, *columns)
        .join(Machine, Machine.id == UsageSession.machine_id)
        .join(Payer, Payer.id == UsageSession.payer_id)
        .join(Tenant, Tenant.id == Payer.tenant_id)
        .where(UsageSession.simulated.is_(asked.specimen), UsageSession.state.in_(FINISHED))
        .where(UsageSession.ended_at >= first, UsageSession.ended_at < after)
    )


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _all_sessions(asked: Asked) -> Select[*tuple[Any, ...]]:
    own = UsageSession
    return _sessions(
        asked,
        *(
            own.id,
            Machine.code,
            Machine.category,
            Tenant.code,
            Payer.code,
            own.holder_number,
            own.started_at,
            own.ended_at,
        ),
        *(own.occupied_s, own.powered_s, own.running_s, own.wh, own.end_reason, own.time_quality, own.state),
    )


def _use(asked: Asked) -> Sequence[Any]:
    """By machine and cost centre: how many, and how long. Nobody, and no day."""
    sums = (func.count(), func.sum(UsageSession.occupied_s), func.sum(UsageSession.powered_s))
    groups = (Machine.code, Machine.category, Tenant.code, Tenant.kind, Payer.code)
    wanted = _sessions(asked).with_only_columns(*groups, *sums, maintain_column_froms=True)
    with reading():
        return db.session.execute(wanted.group_by(*groups).order_by(Machine.code, Payer.code)).all()


def _plain(key: Any, *columns: Any, joins: Sequence[tuple[Any, Any]] = (), dated: Any = None) -> Rows:
    """A table as it stands in the books; ``dated``: the day by which its rows belong to a stretch."""

    def select_of(asked: Asked) -> Select[*tuple[Any, ...]]:
        wanted = select(key, *columns)
        for model, on in joins:
            wanted = wanted.outerjoin(model, on)
        return wanted if dated is None else wanted.where(dated.between(asked.stretch.first, asked.stretch.last))

    return batches(select_of, key)


_SESSION_COLUMNS: Columns = (
    *(("session", As.TEXT), ("machine", As.TEXT), ("category", As.TEXT), ("tenant", As.TEXT), ("payer", As.TEXT)),
    *(("holder", As.NUMBER), ("started_at", As.MOMENT), ("ended_at", As.MOMENT), ("occupied_h", As.HOURS)),
    *(("powered_h", As.HOURS), ("running_h", As.HOURS), ("wh", As.NUMBER), ("end", As.TEXT), ("clock", As.TEXT)),
    ("state", As.TEXT),
)
_HOLDS: Columns = (("valid_from", As.DAY), ("valid_until", As.DAY))
_SUM: Columns = (("sessions", As.NUMBER), ("occupied_h", As.HOURS), ("powered_h", As.HOURS))
_OF_PAYER = ((Payer, Payer.id == OneOff.payer_id), (Tenant, Tenant.id == Payer.tenant_id))


_PEOPLE_S = [treatment.value for treatment in Treatment if customer(treatment) is Customer.PRIVATE]
_MAY_BE_A_PERSON = or_(Tenant.kind.in_(KINDS_OF_PEOPLE), TaxTreatment.treatment.in_(_PEOPLE_S))
_IS_PRIVATE = (
    select(TaxTreatment.id)
    .join(Establishment, Establishment.id == TaxTreatment.establishment_id)
    .where(Establishment.tenant_id == Tenant.id, TaxTreatment.treatment.in_(_PEOPLE_S))
    .exists()
)


def _holding(row: Any) -> tuple[Any, Any]:
    return row.valid_from, row.valid_until


TABLES = (
    Table("sessions", _SESSION_COLUMNS, batches(_all_sessions, UsageSession.id), Privacy.TIMES),
    Table(
        "use",
        (
            ("machine", As.TEXT),
            ("category", As.TEXT),
            ("tenant", As.TEXT),
            ("kind", As.TEXT),
            ("payer", As.TEXT),
            *_SUM,
        ),
        _use,
    ),
    Table(
        "tariffs",
        (
            *(("tariff", As.NUMBER), ("machine", As.TEXT), ("category", As.TEXT), ("tenant", As.TEXT)),
            *(("tenant_kind", As.TEXT), ("member_class", As.TEXT), ("valid_from", As.MOMENT)),
            *(("valid_until", As.MOMENT), ("rule", As.TEXT), ("reason", As.TEXT)),
        ),
        _plain(
            Tariff.id,
            *(Tariff.id, Machine.code, Tariff.category, Tenant.code, Tariff.tenant_kind, Tariff.member_class),
            *(*_holding(Tariff), Tariff.rule, Tariff.reason),
            joins=((Machine, Machine.id == Tariff.machine_id), (Tenant, Tenant.id == Tariff.tenant_id)),
        ),
        dated=False,
    ),
    Table(
        "vat_cells",
        (
            *(("regime", As.TEXT), ("treatment", As.TEXT), ("nature", As.TEXT), ("category", As.TEXT)),
            *(("rate", As.PERCENT), ("mention", As.TEXT), *_HOLDS, ("reason", As.TEXT)),
        ),
        _plain(
            VatCell.id,
            *(VatCell.regime, VatCell.treatment, VatCell.nature, VatCell.category, VatCell.rate_bp, VatCell.mention),
            *(*_holding(VatCell), VatCell.reason),
        ),
        dated=False,
    ),
    Table(
        "sellers",
        (
            *(("legal_name", As.TEXT), ("siren", As.TEXT), ("vat_id", As.TEXT), ("regime", As.TEXT), ("mode", As.TEXT)),
            *(("declares", As.TEXT), ("debits", As.TEXT), *_HOLDS),
        ),
        _plain(
            Seller.id,
            *(Seller.legal_name, Seller.siren, Seller.vat_id, Seller.regime, Seller.mode, Seller.declares),
            Seller.vat_on_debits,
            *_holding(Seller),
        ),
        dated=False,
    ),
    Table(
        "tenants",
        (
            *(
                ("tenant", As.TEXT),
                ("name", As.TEXT),
                ("kind", As.TEXT),
                ("language", As.TEXT),
                ("belongs_to", As.NUMBER),
            ),
            *(("number", As.NUMBER), ("suspended_from", As.MOMENT), ("ended_at", As.MOMENT)),
        ),
        _plain(
            Tenant.id,
            *(Tenant.code, case((or_(Tenant.kind.in_(KINDS_OF_PEOPLE), _IS_PRIVATE), Tenant.code), else_=Tenant.name)),
            *(Tenant.kind, Tenant.language, Tenant.parent_id, Tenant.id),
            *(Tenant.suspended_from, Tenant.ended_at),
        ),
        dated=False,
    ),
    Table(
        "establishments",
        (
            *(
                ("tenant", As.TEXT),
                ("legal_name", As.TEXT),
                ("street", As.TEXT),
                ("postcode", As.TEXT),
                ("city", As.TEXT),
            ),
            *(("country", As.TEXT), ("siren", As.TEXT), ("vat_id", As.TEXT), ("treatment", As.TEXT), *_HOLDS),
            ("reason", As.TEXT),
        ),
        _plain(
            TaxTreatment.id,
            *(Tenant.code, case((_MAY_BE_A_PERSON, Tenant.code), else_=Establishment.legal_name)),
            *(case((_MAY_BE_A_PERSON, ""), else_=Establishment.street), Establishment.postcode, Establishment.city),
            *(Establishment.country, Establishment.siren, Establishment.vat_id, TaxTreatment.treatment),
            *(*_holding(TaxTreatment), TaxTreatment.reason),
            joins=(
                (Establishment, Establishment.id == TaxTreatment.establishment_id),
                (Tenant, Tenant.id == Establishment.tenant_id),
            ),
        ),
        dated=False,
    ),
    Table(
        "payers",
        (
            *(("payer", As.TEXT), ("tenant", As.TEXT), ("cost_centre", As.TEXT)),
            *(("valid_from", As.MOMENT), ("valid_until", As.MOMENT)),
        ),
        _plain(
            Payer.id,
            *(Payer.code, Tenant.code, Payer.cost_centre, *_holding(Payer)),
            joins=((Tenant, Tenant.id == Payer.tenant_id),),
        ),
        dated=False,
    ),
    Table(
        "machines",
        (
            *(("machine", As.TEXT), ("name", As.TEXT), ("category", As.TEXT), ("room", As.TEXT), ("risk", As.TEXT)),
            ("ended_at", As.MOMENT),
        ),
        _plain(Machine.id, Machine.code, Machine.name, Machine.category, Machine.room, Machine.risk, Machine.ended_at),
        dated=False,
    ),
    Table(
        "contracts",
        (
            *(("contract", As.NUMBER), ("tenant", As.TEXT), ("payer", As.TEXT), ("name", As.TEXT), ("gives", As.TEXT)),
            *(
                ("amount", As.NUMBER),
                ("categories", As.LIST),
                ("carry_months", As.NUMBER),
                *_HOLDS,
                ("reason", As.TEXT),
            ),
        ),
        _plain(
            Contract.id,
            *(Contract.id, Tenant.code, Payer.code, Contract.name, Contract.gives, Contract.amount),
            *(Contract.categories, Contract.carry_months, *_holding(Contract), Contract.reason),
            joins=((Tenant, Tenant.id == Contract.tenant_id), (Payer, Payer.id == Contract.payer_id)),
        ),
        dated=False,
    ),
    Table(
        "packs",
        (
            *(("pack", As.NUMBER), ("tenant", As.TEXT), ("payer", As.TEXT), ("name", As.TEXT), ("unit", As.TEXT)),
            *(
                ("amount", As.NUMBER),
                ("price", As.EUROS),
                ("nature", As.TEXT),
                ("bought_on", As.DAY),
                ("valid_until", As.DAY),
            ),
        ),
        _plain(
            Pack.id,
            *(Pack.id, Tenant.code, Payer.code, Pack.name, Pack.unit, Pack.amount, Pack.price_cents, Pack.nature),
            *(Pack.bought_on, Pack.valid_until),
            joins=((Tenant, Tenant.id == Pack.tenant_id), (Payer, Payer.id == Pack.payer_id)),
        ),
        dated=False,
    ),
    Table(
        "budgets",
        (
            *(("tenant", As.TEXT), ("payer", As.TEXT), ("amount", As.EUROS), ("monthly", As.TEXT), *_HOLDS),
            ("reason", As.TEXT),
        ),
        _plain(
            Budget.id,
            *(Tenant.code, Payer.code, Budget.cents, Budget.monthly, *_holding(Budget), Budget.reason),
            joins=((Tenant, Tenant.id == Budget.tenant_id), (Payer, Payer.id == Budget.payer_id)),
        ),
        dated=False,
    ),
    Table(
        "orders",
        (
            *(("order", As.TEXT), ("tenant", As.TEXT), ("payer", As.TEXT), ("ordered_on", As.DAY), *_HOLDS),
            *(("ceiling", As.EUROS), ("reason", As.TEXT)),
        ),
        _plain(
            PurchaseOrder.id,
            *(PurchaseOrder.number, Tenant.code, Payer.code, PurchaseOrder.ordered_on, *_holding(PurchaseOrder)),
            *(PurchaseOrder.ceiling_cents, PurchaseOrder.reason),
            joins=(
                (Establishment, Establishment.id == PurchaseOrder.establishment_id),
                (Tenant, Tenant.id == Establishment.tenant_id),
                (Payer, Payer.id == PurchaseOrder.payer_id),
            ),
        ),
        dated=False,
    ),
    Table(
        "materials_used",
        (
            *(("material", As.WORDS), ("unit", As.TEXT), ("payer", As.TEXT), ("day", As.DAY), ("quantity", As.MILLI)),
            *(("measured", As.TEXT), ("note", As.NUMBER), ("replaces", As.NUMBER)),
        ),
        _plain(
            Noted.id,
            *(Material.names, Material.unit, Payer.code, Noted.day, Noted.quantity_milli, Noted.measured),
            *(Noted.id, Noted.root_id),
            joins=((Material, Material.id == Noted.material_id), (Payer, Payer.id == Noted.payer_id)),
            dated=Noted.day,
        ),
    ),
    Table(
        "one_off_items",
        (
            *(("item", As.NUMBER), ("kind", As.TEXT), ("tenant", As.TEXT), ("payer", As.TEXT), ("day", As.DAY)),
            *(("label", As.WORDS), ("nature", As.TEXT), ("quantity", As.MILLI), ("unit", As.TEXT)),
            *(("unit_price", As.MILLI_EUROS), ("reason", As.TEXT)),
        ),
        _plain(
            OneOff.id,
            *(OneOff.id, OneOff.kind, Tenant.code, Payer.code, OneOff.day, OneOff.labels, OneOff.nature),
            *(OneOff.quantity_milli, OneOff.unit, OneOff.cents_milli, OneOff.reason),
            joins=_OF_PAYER,
            dated=OneOff.day,
        ),
    ),
    Table(
        "recurring_items",
        (
            *(("tenant", As.TEXT), ("payer", As.TEXT), ("label", As.WORDS), ("nature", As.TEXT)),
            *(("a_month", As.EUROS), *_HOLDS, ("reason", As.TEXT)),
        ),
        _plain(
            Recurring.id,
            *(Tenant.code, Payer.code, Recurring.labels, Recurring.nature, Recurring.cents),
            *(*_holding(Recurring), Recurring.reason),
            joins=((Payer, Payer.id == Recurring.payer_id), (Tenant, Tenant.id == Payer.tenant_id)),
        ),
        dated=False,
    ),
    Table(
        "accounts",
        (("kind", As.TEXT), ("subject", As.TEXT), ("account", As.TEXT), ("valid_from", As.DAY), ("reason", As.TEXT)),
        _plain(
            AccountRule.id,
            *(AccountRule.kind, AccountRule.subject, AccountRule.account, AccountRule.valid_from, AccountRule.reason),
        ),
        dated=False,
    ),
)
