"""A frozen document as rows: itself and its charges, written the same way when it is issued and when it is adopted."""

import hashlib
import json
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select

from server.billing.models import Charge, Document, Tariff
from server.db import db
from server.machines.models import Machine
from server.people.models import Payer

SAME = (
    *("subject", "round", "kind", "occupied_s", "counted_s", "free", "continues", "billed_s", "priced", "nature"),
    *("net_cents", "vat_category", "rate_bp"),
)  # of a charge: written alike in the document and in its row
_SUMS = ("net_cents", "vat_cents", "gross_cents")


class Ids(NamedTuple):
    """What documents name by code, as database ids; and the tariffs there are."""

    payers: dict[str, int]
    machines: dict[str, int]
    tariffs: dict[int, dict[str, Any]]  # id → rule


def load_ids() -> Ids:
    """Inside ``reading()`` or ``writing()``."""
    return Ids(
        payers=dict(db.session.execute(select(Payer.code, Payer.id)).all()),
        machines=dict(db.session.execute(select(Machine.code, Machine.id)).all()),
        tariffs=dict(db.session.execute(select(Tariff.id, Tariff.rule)).all()),
    )


def canonical(content: dict[str, Any]) -> str:
    """The one way in which a document is written down: what its hash and its file are made of."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def document_row(content: dict[str, Any], text: str, establishment_id: int) -> Document:
    """The row of a frozen document: numbered, and not rendered yet."""
    return Document(
        number=content["number"],
        series=content["series"],
        sequence=content["sequence"],
        kind=content["kind"],
        month=content["month"],
        establishment_id=establishment_id,
        issued_on=date.fromisoformat(content["issued_on"]),
        due_on=date.fromisoformat(content["due_on"]),
        specimen=content["specimen"],
        frozen=text,
        frozen_sha256=sha256(text.encode()),
        **{name: content[name] for name in _SUMS},
    )


def charge_rows(content: dict[str, Any], ids: Ids) -> list[dict[str, Any]]:
    """Its charges, but for the id of the document. KeyError names a payer or machine that is not there."""
    return [_charge_row(charge, ids) for charge in content["charges"]]


def add(document: Document, charges: list[dict[str, Any]]) -> None:
    """Write both, inside ``writing()``."""
    db.session.add(document)
    db.session.flush()
    if charges:
        db.session.execute(insert(Charge), [{**charge, "document_id": document.id} for charge in charges])


def _charge_row(charge: dict[str, Any], ids: Ids) -> dict[str, Any]:
    """Of a tariff that says something else by now, the price stands in the charge."""
    tariff, machine = charge["tariff"], charge["machine"]
    known = tariff is not None and ids.tariffs.get(tariff) == charge["priced"].get("rule")
    return {
        "payer_id": ids.payers[charge["payer"]],
        "machine_id": None if machine is None else ids.machines[machine],
        "tariff_id": tariff if known else None,
        "started_at": _moment(charge["started_at"]),
        "ended_at": _moment(charge["ended_at"]),
        "day": None if charge["day"] is None else date.fromisoformat(charge["day"]),
        **{name: charge[name] for name in SAME},
    }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
