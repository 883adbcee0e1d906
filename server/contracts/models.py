"""What tenants have agreed with the lab: hours, credit and discounts, packs paid ahead, budgets, order numbers.

No person stands in any of these. Days are days of the lab; ``valid_until`` is the first day on which something no longer holds.
"""

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model, Utc


class Contract(Model):
    """Something included each month, or a discount, from a day on. A change is another row of the same root: it goes on with
    what the one before has left."""

    __tablename__ = "contract"
    id: Mapped[int] = mapped_column(primary_key=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("contract.id"), index=True)  # None: it is the first itself
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # None: all cost centres, pooled
    name: Mapped[str] = mapped_column(String(120))
    gives: Mapped[str] = mapped_column(String(12))  # hours, credit, discount
    amount: Mapped[int] = mapped_column(BigInteger)  # seconds or cents a month, or hundredths of a percent
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)  # empty: at all machines
    carry_months: Mapped[int | None]  # 0: nothing goes over, None: as long as it holds
    carry_most: Mapped[int | None] = mapped_column(BigInteger)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Pack(Model):
    """Hours or credit paid ahead. It is a single-purpose voucher: one nature, and the VAT treatment of the day of its sale."""

    __tablename__ = "pack"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    payer_id: Mapped[int] = mapped_column(ForeignKey("payer.id"))  # whose bill it stands on
    pooled: Mapped[bool]  # whether the tenant's other cost centres may use it, too
    name: Mapped[str] = mapped_column(String(120))
    unit: Mapped[str] = mapped_column(String(12))  # seconds, cents
    amount: Mapped[int] = mapped_column(BigInteger)
    price_cents: Mapped[int] = mapped_column(BigInteger)  # net
    nature: Mapped[str] = mapped_column(String(30))  # of what it pays for
    treatment: Mapped[str] = mapped_column(String(30))  # of the establishment it is sold to
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)
    bought_on: Mapped[date]
    valid_until: Mapped[date | None]
    taken_back_at: Mapped[datetime | None] = mapped_column(Utc)  # before it was billed
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class Budget(Model):
    """How much may be spent at most, in net cents: by month, or in all between two days."""

    __tablename__ = "budget"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"), index=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # None: of all its cost centres together
    cents: Mapped[int] = mapped_column(BigInteger)
    monthly: Mapped[bool]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    by_lab: Mapped[bool]  # set by the lab: the tenant's own people do not change it
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class BudgetCrossing(Model):
    """A budget was used to 80 or 100 %, which is told once: for these days, at this amount."""

    __tablename__ = "budget_crossing"
    __table_args__ = (UniqueConstraint("budget_id", "span_from", "percent", "cents"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    budget_id: Mapped[int] = mapped_column(ForeignKey("budget.id"))
    span_from: Mapped[date]
    percent: Mapped[int]
    cents: Mapped[int] = mapped_column(BigInteger)  # the budget then
    spent_cents: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Utc)


class PurchaseOrder(Model):
    """A number that a customer wants on its invoices, with its days and its ceiling."""

    __tablename__ = "purchase_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"), index=True)
    payer_id: Mapped[int | None] = mapped_column(ForeignKey("payer.id"))  # None: for all that is billed there
    number: Mapped[str] = mapped_column(String(60))
    ordered_on: Mapped[date | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    ceiling_cents: Mapped[int | None] = mapped_column(BigInteger)  # net
    reason: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}


class OrderRule(Model):
    """What an establishment asks of its invoices: an order on each, one document for each order."""

    __tablename__ = "order_rule"
    establishment_id: Mapped[int] = mapped_column(ForeignKey("establishment.id"), primary_key=True, autoincrement=False)
    required: Mapped[bool]
    one_each: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
