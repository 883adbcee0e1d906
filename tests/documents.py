"""Frozen contents of every kind of document, as drafts and documents hold them: format 2, plain JSON, sums worked out.

``CASES`` has one for each case of the law, by name. ``content()`` builds others from lines; nothing here needs a database.
"""

from collections.abc import Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

from server.domain.mentions import Said, Steps, sentences
from server.domain.money import Net, totals

Line = dict[str, Any]
Group = dict[str, Any]
Content = dict[str, Any]

SELLER: dict[str, Any] = {
    "trade_name": "Halle Zéro",
    "legal_name": "Halle Zéro SAS",
    "capital": "50 000 €",
    "street": "7, quai de la Locomotive",
    "postcode": "68100",
    "city": "Mulhouse",
    "country": "FR",
    "siren": "900000001",
    "siret": "90000000100017",
    "rcs": "Mulhouse 900 000 001",
    "vat_id": "FR68900000001",
    "iban": "FR7630006000011234567890189",
    "bic": "EXEMFRPPXXX",
    "vat_on_debits": False,
    "payment_days": 30,
    "payment_days_public": 30,
    "payment_days_private": 14,
    "late_rate": "trois fois le taux d’intérêt légal",
    "regime": "normal",
    "mode": "issue",
    "email": "atelier@halle-zero.example",
    "phone": "+33 3 89 00 00 00",
}
SMALL_SELLER = SELLER | {"regime": "franchise", "vat_id": ""}

FRENCH: dict[str, Any] = {
    "tenant": "orvelin",
    "tenant_kind": "company",
    "customer": "business",
    "treatment": "fr_business",
    "legal_name": "Orvelin Mécatronique SAS",
    "street": "14, rue du Volant",
    "postcode": "68200",
    "city": "Mulhouse",
    "country": "FR",
    "siren": "900000019",
    "siret": "90000001900018",
    "vat_id": "FR25900000019",
    "service_code": "",
    "email": "compta@orvelin.example",
    "wants_einvoice": False,
}
GERMAN = FRENCH | {
    "tenant": "nordwerk",
    "treatment": "eu_business",
    "legal_name": "Nordwerk Feinmechanik GmbH",
    "street": "Hebelstraße 12",
    "postcode": "79098",
    "city": "Freiburg im Breisgau",
    "country": "DE",
    "siren": None,
    "siret": None,
    "vat_id": "DE136695976",
    "email": "rechnung@nordwerk.example",
}
GERMAN_UPSTAIRS = GERMAN | {
    "treatment": "fr_establishment",
    "legal_name": "Nordwerk Feinmechanik GmbH, établissement de Mulhouse",
    "street": "7, quai de la Locomotive",
    "postcode": "68100",
    "city": "Mulhouse",
    "country": "FR",
    "siren": "900000027",
    "siret": "90000002700017",
    "vat_id": "FR49900000027",
}
BELGIAN = GERMAN | {
    "tenant": "maas",
    "legal_name": "Maas Ateliers SRL",
    "street": "Rue des Forges 3",
    "postcode": "4000",
    "city": "Liège",
    "country": "BE",
    "vat_id": "BE0428759497",
    "email": "compta@maas.example",
}
SWISS = GERMAN | {
    "tenant": "bergzeug",
    "treatment": "non_eu_business",
    "legal_name": "Bergzeug AG",
    "street": "Werkhofstrasse 8",
    "postcode": "4057",
    "city": "Basel",
    "country": "CH",
    "vat_id": "CHE-107.787.577 MWST",
    "email": "buchhaltung@bergzeug.example",
}
PRIVATE = FRENCH | {
    "tenant": "martin",
    "tenant_kind": "freelancer",
    "customer": "private",
    "treatment": "private",
    "legal_name": "Camille Martin",
    "siren": None,
    "siret": None,
    "vat_id": None,
    "email": "camille@martin.example",
}
SWISS_PRIVATE = PRIVATE | {
    "legal_name": "Urs Keller",
    "street": "Rheingasse 20",
    "postcode": "4058",
    "city": "Basel",
    "country": "CH",
}
PUBLIC = FRENCH | {
    "tenant": "lycee",
    "tenant_kind": "public",
    "customer": "public",
    "treatment": "fr_public",
    "legal_name": "Lycée des métiers du Rebberg",
    "siren": "900000035",
    "siret": "90000003500014",
    "vat_id": "FR73900000035",
    "service_code": "ATELIER-2",
    "email": "intendance@rebberg.example",
}

TAXED: dict[str, Any] = {"category": "S", "rate_bp": 2000}
REDUCED: dict[str, Any] = {"category": "S", "rate_bp": 550}
REVERSED: dict[str, Any] = {"category": "AE", "rate_bp": 0}
OUTSIDE: dict[str, Any] = {"category": "O", "rate_bp": 0}
EXEMPT: dict[str, Any] = {"category": "E", "rate_bp": 0}

REVERSE_WORDS = "Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE"
OUTSIDE_WORDS = "TVA non applicable – art. 259-1 du CGI"
SMALL_WORDS = "TVA non applicable, art. 293 B du CGI"
TRAINING_WORDS = "Exonération de TVA – art. 261, 4, 4° a du CGI"


def line(what: str, net_cents: int, **changed: Any) -> Line:
    """One row; all that is not said is empty, at 20 %."""
    empty: Line = {
        "what": what,
        "machine": "",
        "label": "",
        "basis": None,
        "nature": "machine_use",
        "sessions": 0,
        "measured_s": 0,
        "billed_s": 0,
        "covered_s": 0,
        "quantity": "1",
        "unit": "session",
        "unit_cents": "0",
        "net_cents": net_cents,
        "early": [],
        "free": None,
        "reason": "",
    }
    return empty | TAXED | changed


def hours(machine: str, sessions: int, measured_s: int, billed_s: int, cents: int, **changed: Any) -> Line:
    """The time at one machine at ``cents`` an hour; what is covered costs nothing."""
    paid = Decimal(billed_s - changed.get("covered_s", 0)) / 3600
    said = {
        "machine": machine,
        "basis": "occupied",
        "sessions": sessions,
        "measured_s": measured_s,
        "billed_s": billed_s,
        "quantity": f"{paid:.4f}".rstrip("0").rstrip("."),
        "unit": "h",
        "unit_cents": str(cents),
    }
    return line("time", round(paid * cents), **(said | changed))


def item(label: str, quantity: str, unit: str, unit_cents: str, net_cents: int, **changed: Any) -> Line:
    """Anything beside sessions."""
    said = {"label": label, "quantity": quantity, "unit": unit, "unit_cents": unit_cents}
    return line("item", net_cents, **(said | {"nature": "material_in_service"} | changed))


def group(cost_centre: str, *lines: Line, order: str = "", on_behalf_of: str = "") -> Group:
    sums = ("measured_s", "billed_s", "covered_s", "net_cents")
    return {
        "on_behalf_of": on_behalf_of,
        "cost_centre": cost_centre,
        "order": order,
        "sessions": sum(one["sessions"] for one in lines if one["what"] == "time"),
        **{key: sum(one[key] for one in lines) for key in sums},
        "lines": list(lines),
    }


def content(groups: Sequence[Group], **changed: Any) -> Content:
    """An invoice for October 2026 with its number and dates, unless said otherwise. ``vat_words``: of its VAT cells."""
    rows = [Net(one["net_cents"], one["category"], one["rate_bp"]) for each in groups for one in each["lines"]]
    sums = totals(rows)
    vat = [
        {
            "category": row.category,
            "rate_bp": row.rate_bp,
            "net_cents": row.net_cents,
            "vat_cents": row.vat_cents,
        }
        for row in sums.vat
    ]
    vat_words = changed.pop("vat_words", "")
    said: Content = {
        "format": 2,
        "kind": "invoice",
        "specimen": False,
        "month": "2026-10",
        "period": ["2026-10-01", "2026-10-31"],
        "language": "fr",
        "prefix": "F",
        "seller": SELLER,
        "buyer": FRENCH,
        "order": None,
        "corrects": [],
        "part": "",
        "groups": list(groups),
        "days": [],
        "allowances": [],
        "vat": vat,
        "net_cents": sums.net_cents,
        "vat_cents": sums.vat_cents,
        "gross_cents": sums.gross_cents,
        "mentions": [],
        "charges": [],
        "number": "F-2026-0417",
        "series": "F-2026",
        "sequence": 417,
        "issued_on": "2026-11-03",
        "due_on": "2026-12-03",
    }
    said |= changed
    said["mentions"] = said["mentions"] or _mentions(said, vat_words)
    return deepcopy(said)


def _mentions(said: Content, vat_words: str) -> list[str]:
    rows = [one for each in said["groups"] for one in each["lines"]]
    timed = [one["machine"] for one in rows if one["what"] == "time"]
    law = Said(
        language=said["language"],
        kind=said["kind"],
        customer=said["buyer"]["customer"],
        natures=frozenset(one["nature"] for one in rows),
        vat=frozenset((row["category"], vat_words) for row in said["vat"] if row["category"] != "S"),
        late_rate=said["seller"]["late_rate"],
        vat_on_debits=said["seller"]["vat_on_debits"],
        machines={Steps(900, 0): timed} if timed else {},
    )
    return list(sentences(law))


def draft(issued: Content) -> Content:
    """The same before it has a number and dates."""
    given = ("number", "series", "sequence", "issued_on", "due_on")
    return {key: value for key, value in deepcopy(issued).items() if key not in given}


def design_office() -> Group:
    return group(
        "4100 Bureau d’études",
        hours("Fraiseuse 5 axes", 6, 51720, 54000, 3600),
        hours("Fraiseuse 3 axes", 4, 27060, 27900, 2400),
        hours("FDM XL", 9, 148320, 151200, 400, covered_s=36000),
        item("Filament technique", "173", "g", "10", 1730),
        order="BC-25-118",
    )


def pilot_line() -> Group:
    return group(
        "4200 Production pilote",
        hours("Laser CO2 A", 11, 31620, 34200, 2400),
        hours("Pose CMS", 5, 43380, 44100, 1200),
        hours("Frittage SLS", 3, 70800, 72000, 2200),
        item("Résine standard", "620", "ml", "9", 5580),
    )


def busy_days() -> list[list[Any]]:
    """Seconds measured and billed on each day of October 2026 on which anybody came."""
    worked = [day for day in range(1, 32) if (day + 2) % 7 < 5]
    return [[f"2026-10-{day:02}", 9000 + 3600 * (day * 7 % 5), 9900 + 3600 * (day * 7 % 5)] for day in worked]


def _only(*lines: Line) -> list[Group]:
    return [group("Atelier", *lines)]


def _mill(**vat: Any) -> Line:
    return hours("Fraiseuse 5 axes", 3, 27900, 28800, 3600, **vat)  # 8 h at 36.00: 288.00


def french_company() -> Content:
    """The one on the picture: two cost centres, included hours, material, an order."""
    left = {"label": "Contrat, heures de FDM", "unit": "seconds", "used": 36000, "left": 7200, "until": "2026-12-31"}
    return content(
        [design_office(), pilot_line()],
        order={"number": "BC-25-118", "day": "2026-09-12"},
        days=busy_days(),
        allowances=[left],
    )


def small_business() -> Content:
    return content(_only(_mill(**EXEMPT)), seller=SMALL_SELLER, vat_words=SMALL_WORDS)


def german_reverse_charge() -> Content:
    return content(_only(_mill(**REVERSED)), buyer=GERMAN, language="de", vat_words=REVERSE_WORDS)


def german_upstairs() -> Content:
    return content(_only(_mill()), buyer=GERMAN_UPSTAIRS, language="de")


def german_open_course() -> Content:
    course = item("Grundkurs Fräsen, offen für alle", "2", "person", "9000", 18000, nature="open_course")
    return content(_only(course), buyer=GERMAN, language="de")


def belgian() -> Content:
    return content(_only(_mill(**REVERSED)), buyer=BELGIAN, vat_words=REVERSE_WORDS)


def swiss_outside() -> Content:
    return content(_only(_mill(**OUTSIDE)), buyer=SWISS, language="de", part="O", vat_words=OUTSIDE_WORDS)


def swiss_plate() -> Content:
    plate = item("Aluminiumplatte 300 × 200 mm", "1", "piece", "4250", 4250, nature="goods")
    return content(_only(plate), buyer=SWISS, language="de", part="S", number="F-2026-0418", sequence=418)


def swiss_private() -> Content:
    return content(_only(_mill()), buyer=SWISS_PRIVATE, language="de")


def private_person() -> Content:
    return content(
        _only(_mill(), line("fee", 250, machine="Fraiseuse 5 axes", label="forfait par session", unit_cents="250")),
        buyer=PRIVATE,
    )


def public_body() -> Content:
    return content(
        _only(_mill()), buyer=PUBLIC, order={"number": "EJ-2026-00471", "day": "2026-09-01"}, part="EJ-2026-00471"
    )


def exempt_training() -> Content:
    course = item("Formation fraisage, 7 h", "1", "day", "64000", 64000, nature="tenant_training", **EXEMPT)
    return content(_only(course), vat_words=TRAINING_WORDS)


def mixed_rates() -> Content:
    book = item("Manuel d’atelier", "3", "piece", "1500", 4500, nature="goods", **REDUCED)
    return content(_only(_mill(), book))


def _turned(groups: Sequence[Group]) -> list[Group]:
    """The same rows as a credit note holds them: amounts below zero."""
    turned = deepcopy(list(groups))
    for each in turned:
        each["net_cents"] = -each["net_cents"]
        for one in each["lines"]:
            one["net_cents"] = -one["net_cents"]
    return turned


def credit_note(groups: Sequence[Group], reason: str, **changed: Any) -> Content:
    corrected = [{"number": "F-2026-0417", "issued_on": "2026-11-03", "reason": reason}]
    said: Content = {"kind": "credit_note", "corrects": corrected, "prefix": "A", "issued_on": "2026-11-12"}
    given = {"number": "A-2026-0009", "series": "A-2026", "sequence": 9, "due_on": "2026-11-12"}
    return content(_turned(groups), **(said | given | changed))


def full_credit_note() -> Content:
    return credit_note([design_office(), pilot_line()], "Facture adressée au mauvais établissement")


def partial_credit_note() -> Content:
    cut = hours("Laser CO2 A", 1, 3600, 3600, 2400, reason="Panne de l’extraction pendant la session")
    return credit_note(
        [group("4200 Production pilote", cut)], "Une session du 14 octobre n’aurait pas dû être facturée"
    )


def statement() -> Content:
    return content(
        [design_office(), pilot_line()],
        kind="statement",
        seller=SELLER | {"mode": "statement"},
        days=busy_days(),
        number="R-2026-10-orvelin",
        series="R-2026-10",
        sequence=1,
        prefix="R",
    )


def every_unit() -> Content:
    """All that can stand beside sessions, each in its unit."""
    return content(
        _only(
            item("Filament PLA", "173.5", "g", "2.5", 434),
            item("Résine standard", "620", "ml", "9", 5580),
            item("Profilé aluminium", "2.40", "m", "850", 2040),
            item("Poudre PA12", "48", "cm3", "32", 1536),
            item("Contreplaqué 5 mm", "3", "sheet", "1290", 3870),
            item("Fraise 6 mm", "1", "piece", "2400", 2400, nature="goods"),
            item("Technicien", "1.5", "h", "5785", 8678, nature="operator_service"),
            item("Abonnement atelier", "1", "month", "9000", 9000, nature="subscription"),
            item("Réservation non honorée", "1", "session", "1500", 1500, nature="fee"),
            item("Établi réservé", "4", "day", "2500", 10000, nature="machine_use_with_room"),
            item("Initiation laser", "2", "person", "4500", 9000, nature="open_course"),
            item("Carnet de 10 h", "1", "piece", "18000", 18000, nature="voucher"),
        )
    )


def caps_and_discounts() -> Content:
    """Fees, a minimum, a cap, a discount, credit and what is free, each on a row of its own."""
    return content(
        _only(
            hours("Laser CO2 A", 4, 13200, 14400, 2400),
            line(
                "fee",
                1000,
                machine="Laser CO2 A",
                label="forfait par session",
                sessions=4,
                quantity="4",
                unit_cents="250",
            ),
            line(
                "day_fee",
                500,
                machine="Laser CO2 A",
                label="forfait journalier",
                quantity="2",
                unit="day",
                unit_cents="250",
            ),
            line("minimum", 120, machine="Laser CO2 A", label="complément au montant minimum", sessions=1),
            line("cap", -1600, machine="Laser CO2 A", label="au-delà du plafond"),
            line("discount", -962, label="remise de 10 %"),
            line("credit", -3000, label="crédit inclus ou prépayé"),
            hours("Fraiseuse 3 axes", 1, 4200, 0, 0, free="machine_fault", reason="Broche bloquée"),
            hours("Frittage SLS", 1, 126000, 126900, 2200, early=[["2026-09-30", "2026-10-02"]]),
        )
    )


def long_invoice(rows: int = 400) -> Content:
    """Many machines over four cost centres."""
    lines = [hours(f"Machine {number:03}", 2, 3300 + number, 3600, 1200 + number) for number in range(rows)]
    centres = [lines[start::4] for start in range(4)]
    return content(
        [group(f"{4100 + 100 * at} Équipe {at + 1}", *own) for at, own in enumerate(centres)], days=busy_days()
    )


CASES = {
    case.__name__: case
    for case in (
        *(french_company, small_business, german_reverse_charge, german_upstairs, german_open_course, belgian),
        *(swiss_outside, swiss_plate, swiss_private, private_person, public_body, exempt_training, mixed_rates),
        *(full_credit_note, partial_credit_note, statement, every_unit, caps_and_discounts, long_invoice),
    )
}
