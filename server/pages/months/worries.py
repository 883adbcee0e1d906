"""What somebody must look at before a month is issued, as lines: what it is, why in one sentence, how much, and the way on.

First what holds an invoice and can only be put right; then what looks odd and may be kept as it is.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from flask_babel import gettext, lazy_gettext, ngettext

from server.billing.outside import Outside
from server.dashboard import words as floor
from server.domain.holds import Why
from server.domain.oddities import ESTIMATED_ENDS, Odd
from server.domain.roles import Verb
from server.pages.months import norm
from server.pages.months.reads import MonthFacts, OpenRow
from server.pages.prices import words as prices
from server.web import formats
from server.web.needs import allowed


@dataclass(frozen=True, slots=True)
class Way:
    """Where something is put right."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Worry:
    """One line. ``kind`` and ``subject`` are what a note is kept under; without them it cannot be kept."""

    icon: str
    title: str
    day: date | None
    about: str
    sentence: str
    amount: str
    seconds: int | None
    way: Way | None
    kind: str = ""
    subject: str = ""


TITLES = {
    Odd.PROVISIONAL: lazy_gettext("Provisional end"),
    Odd.ESTIMATED: lazy_gettext("Estimated end"),
    Odd.LONG: lazy_gettext("Over 12 hours"),
    Odd.TWO_AT_ONCE: lazy_gettext("Two machines at once"),
    Odd.UNUSUAL: lazy_gettext("Unusual month"),
    Odd.ORDER: lazy_gettext("Order used up"),
    Odd.POWER: lazy_gettext("Power without session"),
    Odd.SILENT_AGENT: lazy_gettext("Silent agent"),
}
_ICONS = {
    Odd.PROVISIONAL: "unplug",
    Odd.ESTIMATED: "timer-off",
    Odd.LONG: "hourglass",
    Odd.TWO_AT_ONCE: "copy",
    Odd.UNUSUAL: "trending-up",
    Odd.ORDER: "receipt-text",
    Odd.POWER: "zap",
    Odd.SILENT_AGENT: "wifi-off",
}


def worries_of(facts: MonthFacts, now: datetime) -> tuple[list[Worry], list[Worry]]:
    """What is open, and what somebody has kept."""
    notes = {(note.kind, note.subject) for note in facts.kept}
    month = facts.period.month
    lines = [*(_odd(odd, month) for odd in facts.oddities), *map(_outside, facts.outside)]
    kept = [line for line in lines if (line.kind, line.subject) in notes]
    odd = [line for line in lines if (line.kind, line.subject) not in notes]
    silent = [_silent(one, month) for one in facts.open if one.silent]
    return [*_holds(facts), *_unplaced(facts), *silent, *odd], kept


_IN_FEW_WORDS = {
    Why.NOT_MEASURED: lazy_gettext("time not measured"),
    Why.ITEM_PRICE: lazy_gettext("no price for an item"),
    Why.VAT_CELL: lazy_gettext("VAT not decided"),
    Why.TREATMENT: lazy_gettext("no VAT treatment"),
    Why.VAT_ID: lazy_gettext("VAT id missing"),
    Why.SIREN: lazy_gettext("SIREN missing"),
    Why.PROOF: lazy_gettext("no proof of status"),
    Why.SERVICE_CODE: lazy_gettext("service code missing"),
    Why.ORDER: lazy_gettext("order number missing"),
    Why.ORDER_USED_UP: lazy_gettext("order used up"),
    Why.REFUSED: lazy_gettext("refused by the payer"),
    Why.EINVOICE: lazy_gettext("electronic invoice not valid"),
    Why.MIXED: lazy_gettext("inside and outside the scope of VAT"),
    Why.ORIGINAL: lazy_gettext("number of the corrected invoice missing"),
    Why.NOTHING: lazy_gettext("it comes to 0"),
}


def reason(hold: dict[str, Any], machines: dict[str, str]) -> str:
    """Why a draft is held, in a few words."""
    if hold["why"] == Why.PRICE:
        return gettext("no price for %(machine)s", machine=machines.get(hold["machine"], hold["machine"]))
    return str(_IN_FEW_WORDS.get(hold["why"], hold["why"]))


def _holds(facts: MonthFacts) -> Iterator[Worry]:
    """The same gap holds many documents: one line for each gap."""
    held: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    for draft in facts.held:
        for hold in draft.reasons:
            own = draft.tenant if hold["why"] not in {Why.PRICE, Why.VAT_CELL} else ""
            key = (hold["why"], hold["machine"], hold["tenant_kind"], hold["treatment"], hold["nature"], own)
            held[key].append((draft, hold))
    for group in held.values():
        yield _hold(group, facts)


def _hold(group: list[Any], facts: MonthFacts) -> Worry:
    draft, hold = group[0]
    days = [date.fromisoformat(one["day"]) for _, one in group if one["day"]]
    names = [one.name for one, _ in group]
    about = names[0] if len(names) == 1 else ngettext("%(num)d document waits", "%(num)d documents wait", len(names))
    icon, title, sentence, way = _gap(hold, draft.tenant, facts.machines, min(days, default=None))
    cents = sum(one["cents"] or draft.net_cents for draft, one in group)
    amount = gettext("no price") if hold["why"] == Why.PRICE else formats.money(cents)
    seconds = sum(one["seconds"] for _, one in group) or None
    return Worry(icon, title, min(days, default=None), about, sentence, amount, seconds, way)


def _gap(
    hold: dict[str, Any], tenant: str, machines: dict[str, str], day: date | None
) -> tuple[str, str, str, Way | None]:
    """Icon, title, sentence and way on of one gap."""
    match hold["why"]:
        case Why.PRICE:
            sentence = gettext(
                "%(machine)s: no price for tenants of the kind “%(kind)s” on %(day)s. It holds the document.",
                machine=machines.get(hold["machine"], hold["machine"]),
                kind=prices.kind(hold["tenant_kind"]),
                day=formats.day(day),
            )
            what = f"category:{hold['category']}"
            href = url_for("tariffs.new", what=what, kind=hold["tenant_kind"])
            return "tag", gettext("Missing price"), sentence, _way(Verb.SET_PRICES, gettext("Set it"), href)
        case Why.VAT_CELL:
            sentence = gettext(
                "%(nature)s: nobody has decided the VAT of “%(treatment)s” on %(day)s. It holds the document.",
                nature=prices.NATURES.get(hold["nature"], hold["nature"]),
                treatment=prices.treatment(hold["treatment"]),
                day=formats.day(day),
            )
            return (
                "percent",
                gettext("VAT not decided"),
                sentence,
                _way(
                    Verb.SET_PRICES,
                    gettext("Decide"),
                    url_for("vat.new", treatment=hold["treatment"], nature=hold["nature"], regime=hold["regime"]),
                ),
            )
        case Why.EINVOICE:
            found = norm.findings_of(hold)
            return "file-warning", gettext("Invoice not valid"), norm.sentence(found), _way(*norm.way(found, tenant))
        case Why.ORDER | Why.ORDER_USED_UP:
            way = _way(Verb.SET_CONTRACTS, gettext("Add an order"), url_for("orders.new", code=tenant))
            return "receipt-text", gettext("Order number"), _no_order(hold, day), way
        case Why.ORIGINAL:
            sentence = gettext(
                "A credit note names the invoice it corrects: type in the number of the one that your own system made of %(number)s.",
                number=hold["label"],
            )
            way = _way(Verb.COLLECT, gettext("Type in"), url_for("documents.show", number=hold["label"]))
            return "receipt-text", gettext("Number of your invoice"), sentence, way
        case Why.REFUSED:
            sentence = gettext("Its payer refused a session of %(day)s. It holds the document.", day=formats.day(day))
            way = _way(Verb.CORRECT_SESSIONS, gettext("Answer"), url_for("refusals.listed"))
            return "message-square-warning", gettext("Refused charge"), sentence, way
        case _:
            way = _way(Verb.EDIT_TENANTS, gettext("Complete"), f"/tenants/{tenant}")
            return "file-warning", gettext("Document held"), _papers_missing(hold, day), way


def _no_order(hold: dict[str, Any], day: date | None) -> str:
    if hold["why"] == Why.ORDER:
        return gettext(
            "The customer refuses invoices without an order, and none holds on %(day)s. It holds the document.",
            day=formats.day(day),
        )
    return gettext("This document goes over what order %(number)s allows. It is held.", number=hold["label"])


_OF_PAPERS = {
    Why.VAT_ID: lazy_gettext("Reverse charge needs the VAT id of the buyer."),
    Why.SIREN: lazy_gettext("A French business is billed with its SIREN, and none is on record."),
    Why.PROOF: lazy_gettext(
        "It is billed without VAT as a business abroad, and nobody has seen a proof of that within twelve months: "
        "a reply of VIES, an extract of a register."
    ),
    Why.SERVICE_CODE: lazy_gettext("It refuses invoices without its service code, and none is on record."),
    Why.MIXED: lazy_gettext("What is outside the scope of VAT cannot stand on one document with the rest."),
}


def _papers_missing(hold: dict[str, Any], day: date | None) -> str:
    if hold["why"] == Why.TREATMENT:
        return gettext("This address has no VAT treatment on %(day)s.", day=formats.day(day))
    return str(_OF_PAPERS.get(hold["why"]) or reason(hold, {}))


def _unplaced(facts: MonthFacts) -> Iterator[Worry]:
    for one in facts.unplaced:
        day = date.fromisoformat(one["day"])
        sentence = gettext("No address is on record to send documents to on %(day)s.", day=formats.day(day))
        way = _way(Verb.EDIT_TENANTS, gettext("Complete"), f"/tenants/{one['tenant']}")
        yield Worry("building-2", gettext("Nobody pays"), day, one["name"], sentence, "", None, way)


def _outside(one: Outside) -> Worry:
    """What no session tells of: nothing is billed for it, and somebody may know why."""
    if one.kind is Odd.POWER:
        sentence = ngettext(
            "It drew power while nobody used it: told %(num)d time.",
            "It drew power while nobody used it: told %(num)d times.",
            one.times,
        )
        day = one.day.isoformat() if one.day else None
        href = url_for("sessions.listed", since=day, until=day)
        way = _way(Verb.SEE_SESSIONS, gettext("Look"), href)
    else:
        sentence = gettext(
            "Nothing was heard of it since %(moment)s: sessions may be missing.", moment=formats.moment(one.since)
        )
        way = _way(Verb.EDIT_MACHINES, gettext("Look"), url_for("agents.listed"))
    title = str(TITLES[one.kind])
    return Worry(_ICONS[one.kind], title, one.day, one.name, sentence, "", None, way, one.kind, one.subject)


def _silent(one: OpenRow, month: str) -> Worry:
    sentence = gettext("Open, and nothing was heard of it since %(moment)s.", moment=formats.moment(one.last_known_at))
    seconds = int((one.last_known_at - one.started_at).total_seconds())
    way = _way(
        Verb.CORRECT_SESSIONS, gettext("Correct"), url_for("sessions.correct_end", session_id=one.id, month=month)
    )
    return Worry("clock-alert", gettext("Open session"), one.started_at.date(), one.machine, sentence, "", seconds, way)


def _odd(odd: dict[str, Any], month: str) -> Worry:
    kind = Odd(odd["kind"])
    about = " · ".join([", ".join(odd["machines"]), odd["tenant"]] if odd["machines"] else [odd["tenant"]])
    return Worry(
        _ICONS[kind],
        str(TITLES[kind]),
        date.fromisoformat(odd["day"]) if odd["day"] else None,
        about,
        _sentence(kind, odd),
        gettext("no price") if odd["cents"] is None else formats.money(odd["cents"]),
        odd["seconds"],
        _way_of(kind, odd, month),
        kind,
        odd["subject"],
    )


def _sentence(kind: Odd, odd: dict[str, Any]) -> str:
    match kind:
        case Odd.PROVISIONAL:
            return gettext("The agent has not said how it ended. The last known second serves as its end.")
        case Odd.ESTIMATED if odd["why"] in ESTIMATED_ENDS:
            return _power_loss(odd)
        case Odd.ESTIMATED:
            return gettext("The agent’s clock was not set: beginning and end are a guess.")
        case Odd.LONG:
            return gettext(
                "Usually %(usual)s at this machine; %(how)s.",
                usual=formats.duration(odd["usual"]),
                how=floor.end(odd["why"]),
            )
        case Odd.TWO_AT_ONCE:
            return gettext(
                "The same badge, %(time)s in common, at two machines that must be watched.",
                time=formats.duration(odd["seconds"]),
            )
        case Odd.ORDER:
            ceiling = formats.money(odd["usual"])
            return gettext(
                "With this document, order %(number)s goes over %(ceiling)s.", number=odd["why"], ceiling=ceiling
            )
        case _:
            times = formats.number(round(odd["cents"] / odd["usual"], 1))
            usual = formats.money(odd["usual"])
            return gettext("%(times)s times its usual month of %(usual)s.", times=times, usual=usual)


def _power_loss(odd: dict[str, Any]) -> str:
    """With the hour only for those who may see when people are there."""
    if not allowed(Verb.SEE_SESSIONS):
        return gettext("Power cut. The last checkpoint serves as its end.")
    at = formats.clock(datetime.fromisoformat(odd["until"]))
    return gettext("Power cut. The last checkpoint, at %(time)s, serves as its end.", time=at)


def _way_of(kind: Odd, odd: dict[str, Any], month: str) -> Way | None:
    """From the page of a session that was reached from here, one step leads back to the month."""
    if kind is Odd.UNUSUAL:
        return _way(Verb.SEE_MONEY, gettext("Open"), f"drafts/{odd['subject']}")
    if kind is Odd.ORDER:
        return None
    if kind is Odd.TWO_AT_ONCE:
        there = url_for("sessions.show", session_id=odd["sessions"][1], month=month)
        return _way(Verb.SEE_SESSIONS, gettext("Look"), there)
    there = url_for("sessions.show", session_id=odd["sessions"][0], month=month)
    return _way(Verb.CORRECT_SESSIONS, gettext("Correct"), there)


def _way(verb: Verb, label: str, href: str) -> Way | None:
    return Way(label, href) if allowed(verb) else None
