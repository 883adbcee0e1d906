"""What one session comes to now, with every step: rated within its tenant's whole month, as the invoice will be.

Nothing is stored. Of a session that is still open it is what its time up to a moment comes to.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import select

from server.billing import facts
from server.billing.drafting import rate_uses
from server.billing.models import Charge, Document
from server.billing.uses import Use, in_force, load_use
from server.db import db, reading
from server.domain.money import vat_on
from server.domain.period import day_of, month_of, period_of
from server.domain.rating import Rated, RatedSession
from server.domain.vat import Cell, Customer, MissingCell, Nature, customer, decide


@dataclass(frozen=True, slots=True)
class Priced:
    """``vat`` and ``billed_to`` are None where no establishment pays; ``document`` is the number of the one it stands on."""

    month: str
    rated: Rated
    vat: Cell | MissingCell | None
    billed_to: str | None
    document: str | None

    @property
    def is_with_vat(self) -> bool:
        """Whether whoever pays is told what it costs with VAT: a private person."""
        return isinstance(self.vat, Cell) and customer(self.vat.treatment) is Customer.PRIVATE

    @property
    def vat_cents(self) -> int | None:
        """Of this session alone; on the document VAT is taken once, on the sum."""
        if isinstance(self.vat, Cell) and isinstance(self.rated, RatedSession):
            return vat_on(self.rated.net_cents, self.vat.rate_bp)
        return None


def priced(session_id: str, until: datetime, zone: tzinfo) -> Priced | None:
    """``until``: the moment up to which an open session is counted. None where there is no such session."""
    with reading():
        own = load_use(session_id, until)
        if own is None:
            return None
        period = period_of(month_of(own.ended_at, zone), zone)
        known = facts.load(period, own.simulated, own.tenant_id)
        document = select(Document.number).join(Charge, Charge.document_id == Document.id)
        own_charge = Charge.subject == session_id
        number = db.session.scalar(document.where(own_charge).order_by(Charge.round.desc()).limit(1))
    others = [use for use in known.uses if use.id != session_id]
    known.uses[:] = sorted([*others, own], key=lambda use: (use.started_at, use.id))
    rated = next(rated for use, rated in rate_uses(known, zone) if use.id == session_id)
    return Priced(period.month, rated, *_billed(known, own, zone), number)


def _billed(known: facts.Facts, own: Use, zone: tzinfo) -> tuple[Cell | MissingCell | None, str | None]:
    day = day_of(own.started_at, zone)
    establishment = in_force(known.bill_to.get(own.tenant_id, []), day)
    if establishment is None:
        return None, None
    issuer = in_force(known.issuers, day)
    regime, treatment = issuer.regime if issuer else "", in_force(known.treatments.get(establishment, []), day)
    vat = decide(known.cells, regime, treatment, Nature.MACHINE_USE, day)
    return vat, known.buyers[establishment].legal_name
