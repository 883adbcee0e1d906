"""Issued documents as the tests of what follows them need: their rows written straight, without a month behind them."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, NameObject
from sqlalchemy import select

from server.billing.models import Document
from server.db import db, writing
from server.domain.money import vat_on
from server.people import service as people
from server.people.models import Establishment, Tenant, TenantKind

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "test", "now": OPENED}
SELLER = {
    "trade_name": "Halle Zéro", "legal_name": "Halle Zéro SAS", "capital": "50 000 €", "street": "7, quai de la Locomotive",
    "postcode": "68100", "city": "Mulhouse", "country": "FR", "siren": "000000001", "siret": "00000000100010",
    "rcs": "Mulhouse 000 000 001", "vat_id": "FR00000000001", "iban": "FR7630006000011234567890189", "bic": "EXEMFRPPXXX",
    "vat_on_debits": False, "payment_days": 30, "late_rate": "BCE + 10 points", "regime": "normal", "mode": "issue",
    "email": "factures@halle-zero.test", "phone": "",
}  # fmt: skip


def add_tenant(code: str, name: str, kind: TenantKind = TenantKind.COMPANY, country: str = "FR") -> None:
    with writing():
        people.add_tenant(code, name, kind, **BY)
        people.add_establishment(code, name, "1 rue", "68100", "Mulhouse", country, **BY)


def issued(
    number: str,
    tenant: str = "acme",
    rows: tuple[tuple[str, int, int], ...] = (("S", 2000, 10000),),
    issued_on: date = date(2026, 10, 3),
    *,
    kind: str = "invoice",
    customer: str = "business",
    lines: tuple[dict[str, Any], ...] = (),
    buyer: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A document with (category, rate, net) rows: its VAT is worked out. Due after 30 days. Returns its number."""
    vat: list[dict[str, Any]] = [
        {"category": c, "rate_bp": r, "net_cents": n, "vat_cents": vat_on(n, r)} for c, r, n in rows
    ]
    net, tax = (sum(row[key] for row in vat) for key in ("net_cents", "vat_cents"))
    with writing() as session:
        owner = session.scalars(select(Tenant).where(Tenant.code == tenant)).one()
        house = session.scalars(select(Establishment).where(Establishment.tenant_id == owner.id)).first()
        assert house is not None
        content: dict[str, Any] = {
            "format": 2, "kind": kind, "specimen": False, "month": f"{issued_on - timedelta(days=28):%Y-%m}",
            "period": ["2026-09-01", "2026-09-30"], "language": owner.language, "prefix": "F", "seller": SELLER,
            "buyer": {
                "tenant": tenant, "tenant_kind": owner.kind, "customer": customer, "treatment": "fr_business",
                "legal_name": house.legal_name, "street": house.street, "postcode": house.postcode, "city": house.city,
                "country": house.country, "siren": house.siren, "siret": None, "vat_id": house.vat_id,
                "service_code": "", "email": "",
            } | (buyer or {}),
            "order": None, "corrects": [], "part": "", "groups": [_group(lines or _lines(rows))], "vat": vat,
            "net_cents": net, "vat_cents": tax, "gross_cents": net + tax, "mentions": [], "charges": [],
            "number": number, "series": number.rpartition("-")[0], "sequence": int(number.rpartition("-")[2]),
            "issued_on": issued_on.isoformat(), "due_on": (issued_on + timedelta(days=30)).isoformat(),
        }  # fmt: skip
        content |= changed
        session.add(_row(content, house.id))
    return number


def _row(content: dict[str, Any], establishment_id: int) -> Document:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    same = ("number", "series", "sequence", "kind", "month", "specimen", "net_cents", "vat_cents", "gross_cents")
    return Document(
        **{name: content[name] for name in same},
        establishment_id=establishment_id,
        issued_on=date.fromisoformat(content["issued_on"]),
        due_on=date.fromisoformat(content["due_on"]),
        frozen=text,
        frozen_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def _group(lines: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    net = sum(line["net_cents"] for line in lines)
    sums = {"sessions": 1, "measured_s": 3600, "billed_s": 3600, "covered_s": 0, "net_cents": net}
    return {"on_behalf_of": "", "cost_centre": "Atelier", "order": None, **sums, "lines": list(lines)}


def _lines(rows: tuple[tuple[str, int, int], ...]) -> tuple[dict[str, Any], ...]:
    return tuple(line(net, category, rate) for category, rate, net in rows)


def line(
    net: int, category: str = "S", rate_bp: int = 2000, nature: str = "machine_use", **changed: Any
) -> dict[str, Any]:
    """One line of time at a machine, or what ``changed`` makes of it."""
    return {
        "what": "time", "machine": "Fraiseuse C1", "label": "", "basis": "occupied", "nature": nature, "sessions": 1,
        "measured_s": 3600, "billed_s": 3600, "covered_s": 0, "quantity": "1", "unit": "h", "unit_cents": str(net),
        "net_cents": net, "category": category, "rate_bp": rate_bp, "early": [], "free": None, "reason": "",
    } | changed  # fmt: skip


def carrying(xml: bytes) -> bytes:
    """A PDF with nothing on its page, which carries an invoice for programs."""
    made = PdfWriter()
    made.add_blank_page(595, 842)
    file = made.add_attachment("factur-x.xml", xml).pdf_object
    made.root_object[NameObject("/AF")] = ArrayObject([file])
    target = BytesIO()
    made.write(target)
    return target.getvalue()


def document(number: str) -> Document:
    db.session.remove()
    return db.session.scalars(select(Document).where(Document.number == number)).one()
