"""An issued document as a booking: who owes, what was earned, which VAT. What is debited is credited, to the cent.

The accounts are the accountant's: a dated list says them. What has none is named, and nothing is exported before it has one.
Labels say numbers, months and codes, and never a person's name: where a customer may be a person, its code stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from server.domain.payments import apportion
from server.domain.vat import TAXED, Nature

EVERYBODY = "*"  # the subject of the one account that stands for all customers; each has an account of its own below it


class AccountKind(StrEnum):
    CUSTOMER = "customer"  # subject: a tenant's code, or all
    REVENUE = "revenue"  # subject: nature and category, as "machine_use:S"
    VAT = "vat"  # subject: rate in hundredths of a percent, as "2000"; owed when the document is issued
    VAT_WAITING = "vat_waiting"  # the same, owed when it is paid: services of a seller without the option for debits


@dataclass(frozen=True, slots=True)
class Rule:
    """From ``valid_from`` on this is the account, until the next rule for the same."""

    kind: AccountKind
    subject: str
    account: str
    valid_from: date


@dataclass(frozen=True, slots=True, order=True)
class NoAccount:
    """Nobody has said which account this is booked on, on that day."""

    kind: AccountKind
    subject: str
    day: date


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a booking, in cents; one of ``debit`` and ``credit`` is 0. ``below``: the customer's own account where
    one stands for all. ``axis``: the category of the machine that earned it."""

    account: str
    name: str
    debit: int
    credit: int
    below: str = ""
    below_name: str = ""
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A document as it is booked. ``piece`` is its number."""

    journal: str
    piece: str
    day: date
    label: str
    rows: tuple[Row, ...]


NAMES = {  # as the accountant reads them: the books of a French seller are kept in French
    AccountKind.CUSTOMER: "Clients",
    AccountKind.VAT: "TVA collectée",
    AccountKind.VAT_WAITING: "TVA en attente d’encaissement",
}
NATURES = {
    Nature.MACHINE_USE: "Usage de machines",
    Nature.MACHINE_USE_WITH_ROOM: "Usage de machines avec salle",
    Nature.OPEN_COURSE: "Formations ouvertes",
    Nature.TENANT_TRAINING: "Formations commandées",
    Nature.OPERATOR_SERVICE: "Prestations d’opérateur",
    Nature.GOODS: "Ventes de matériel",
    Nature.MATERIAL_IN_SERVICE: "Matière consommée",
    Nature.SUBSCRIPTION: "Abonnements",
    Nature.FEE: "Frais",
    Nature.VOUCHER: "Bons prépayés",
}
_KINDS = {"invoice": "Facture", "credit_note": "Avoir"}
BOOKED = tuple(_KINDS)  # kinds of documents that are booked; a statement is not: the operator's own invoice is
KINDS_OF_PEOPLE = frozenset({"freelancer"})


class Accounts:
    """The rules, asked for what holds on a day."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.valid_from):
            self._rules.setdefault((rule.kind, rule.subject), []).append(rule)

    def on(self, kind: AccountKind, subject: str, day: date) -> str | None:
        holding = [rule for rule in self._rules.get((kind, subject), ()) if rule.valid_from <= day]
        return holding[-1].account if holding and holding[-1].account else None

    def names_any(self, kind: AccountKind) -> bool:
        return any(of is kind for of, _ in self._rules)


def book(content: Mapping[str, Any], accounts: Accounts, axes: Mapping[str, str]) -> Booking | list[NoAccount]:
    """A frozen document as a booking, or all that has no account. ``axes``: category by a machine's name."""
    day = date.fromisoformat(content["issued_on"])
    missing: list[NoAccount] = []

    def account(kind: AccountKind, subject: str) -> str:
        found = accounts.on(kind, subject, day)
        if found is None:
            missing.append(NoAccount(kind, subject, day))
        return found or ""

    rows = [*_customer(content, accounts, day, missing)]
    earned = {key: cents for key, cents in _earned(content, axes).items() if cents}
    for (nature, category, axis), cents in sorted(earned.items()):
        name = NATURES.get(Nature(nature), nature)
        rows += _row(account(AccountKind.REVENUE, f"{nature}:{category}"), name, -cents, axis=axis)
    for kind, rate, cents in _vat(content):
        rows += _row(account(kind, str(rate)), f"{NAMES[kind]} {_percent(rate)}", -cents)
    if missing:
        return missing
    seller = content["seller"]
    label = f"{_KINDS[content['kind']]} {content['number']} {content['month']}"
    return Booking(seller.get("journal_code") or "VE", content["number"], day, label, tuple(rows))


def is_balanced(booking: Booking) -> bool:
    return sum(row.debit for row in booking.rows) == sum(row.credit for row in booking.rows)


def buyer_label(buyer: Mapping[str, Any]) -> str:
    """The customer's name where it is that of an organisation; else its code: a person's name is in no list."""
    is_person = buyer.get("customer") == "private" or buyer.get("tenant_kind") in KINDS_OF_PEOPLE
    return str(buyer["tenant"] if is_person else buyer["legal_name"])


def _customer(content: Mapping[str, Any], accounts: Accounts, day: date, missing: list[NoAccount]) -> Sequence[Row]:
    """Where one account stands for all customers, the tenant's own stands below it: its rule, or else its code."""
    buyer = content["buyer"]
    whole, own = (accounts.on(AccountKind.CUSTOMER, subject, day) for subject in (EVERYBODY, buyer["tenant"]))
    cents, name = content["gross_cents"], NAMES[AccountKind.CUSTOMER]
    if whole is None and own is None:
        subject = buyer["tenant"] if accounts.names_any(AccountKind.CUSTOMER) else EVERYBODY
        missing.append(NoAccount(AccountKind.CUSTOMER, subject, day))
        return ()
    if whole is None:
        return _row(own or "", f"{name} {buyer_label(buyer)}", cents)
    return _row(whole, name, cents, below=own or buyer["tenant"].upper(), below_name=buyer_label(buyer))


def _earned(content: Mapping[str, Any], axes: Mapping[str, str]) -> dict[tuple[str, str, str], int]:
    """Net by nature, category and axis."""
    found: dict[tuple[str, str, str], int] = {}
    for line in _lines(content):
        key = (line["nature"], line["category"], axes.get(line["machine"] or "", ""))
        found[key] = found.get(key, 0) + line["net_cents"]
    return found


def _vat(content: Mapping[str, Any]) -> Iterator[tuple[AccountKind, int, int]]:
    """VAT by account and rate. Of goods it is owed at once; of services when they are paid, without the option for debits.
    Where both stand under one rate, its VAT is shared in proportion."""
    on_debits = bool(content["seller"]["vat_on_debits"])
    for row in content["vat"]:
        if row["category"] != TAXED or not row["vat_cents"]:
            continue
        same = [line for line in _lines(content) if (line["category"], line["rate_bp"]) == (TAXED, row["rate_bp"])]
        at_once = sum(line["net_cents"] for line in same if on_debits or line["nature"] == Nature.GOODS)
        parts = apportion(row["vat_cents"], [at_once, row["net_cents"] - at_once]) if row["net_cents"] else [row["vat_cents"], 0]  # fmt: skip
        for kind, cents in zip((AccountKind.VAT, AccountKind.VAT_WAITING), parts, strict=True):
            if cents:
                yield kind, row["rate_bp"], cents


def _lines(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (line for group in content["groups"] for line in group["lines"])


def _row(account: str, name: str, cents: int, **more: str) -> list[Row]:
    """An amount on its side: above zero a debit. Nothing for nothing."""
    return [Row(account, name, max(cents, 0), max(-cents, 0), **more)] if cents else []


def _percent(rate_bp: int) -> str:
    return f"{rate_bp / 100:g} %".replace(".", ",")


def csv_rows(bookings: Iterable[Booking]) -> Iterator[tuple[str, ...]]:
    """The journal as accounting programs import it; the first row says what stands where."""
    yield ("Date", "Journal", "Compte", "Auxiliaire", "Pièce", "Libellé", "Débit", "Crédit", "Axe")
    for one in bookings:
        for row in one.rows:
            amounts = (_euros(row.debit), _euros(row.credit))
            yield (f"{one.day:%d/%m/%Y}", one.journal, row.account, row.below, one.piece, one.label, *amounts, row.axis)


FEC = (
    *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib"),
    *("PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate"),
    *("Montantdevise", "Idevise"),
)  # LPF A47 A-1


def fec_rows(bookings: Iterable[Booking]) -> Iterator[tuple[str, ...]]:
    """The same in the order of the "fichier des écritures comptables": rows of one account, whatever their axis, are one."""
    yield FEC
    for one in bookings:
        day = f"{one.day:%Y%m%d}"
        for row in _without_axis(one.rows):
            booked = (row.account, row.name, row.below, row.below_name)
            amounts = (_euros(row.debit), _euros(row.credit))
            yield (
                one.journal,
                "Ventes",
                one.piece,
                day,
                *booked,
                one.piece,
                day,
                one.label,
                *amounts,
                "",
                "",
                day,
                "",
                "",
            )


def _without_axis(rows: Iterable[Row]) -> list[Row]:
    sums: dict[tuple[str, str, str, str], int] = {}
    for row in rows:
        key = (row.account, row.name, row.below, row.below_name)
        sums[key] = sums.get(key, 0) + row.debit - row.credit
    return [one for (account, name, below, below_name), cents in sums.items()
            for one in _row(account, name, cents, below=below, below_name=below_name)]  # fmt: skip


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02}"
