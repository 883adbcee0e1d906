"""What the audit wrote down, as sentences: "Skill renamed · name: Fraisage (before: Fraisage 5 axes)"."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext, lazy_gettext

from server.audit.service import Entry
from server.domain.roles import Role
from server.domain.rule_text import from_plain
from server.pages.account.words import ROLES
from server.pages.audit.deeds import deed
from server.pages.care.words import CHANGED, CHECKS, FOUND, HOLIDAYS
from server.pages.machines.words import MAXIMUMS, MINORS, RISKS, SERVICES
from server.pages.prices.sentences import sentence as price
from server.pages.prices.words import KINDS, treatment
from server.pages.privacy.words import UNITS
from server.people.models import TenantKind
from server.web import formats
from server.web.here import zone

RULES = {  # in seconds, as they stand in the books
    "confirm_s": lazy_gettext("time to confirm an end, s"),
    "max_s": lazy_gettext("longest session, s"),
    "on_max": lazy_gettext("after the longest time"),
    "press_s": lazy_gettext("button to start, s"),
    "removal_s": lazy_gettext("card stays in, s"),
    "idle_warn_s": lazy_gettext("warns when it stands still, s"),
    "idle_end_s": lazy_gettext("ends when it stands still, s"),
    "cooldown_s": lazy_gettext("power kept afterwards, s"),
    "takeover_s": lazy_gettext("others may take over after, s"),
    "extend_s": lazy_gettext("longer by a tap, s"),
    "extend_times": lazy_gettext("how often longer"),
    "payer_s": lazy_gettext("choice of the payer, s"),
    "continue_s": lazy_gettext("continues after a power cut, s"),
    "second_s": lazy_gettext("second person’s badge within, s"),
    "again_s": lazy_gettext("second person again every, s"),
    "supervise_s": lazy_gettext("trainer’s badge again every, s"),
}
# Only what a reader can do something with; the rest of a picture is for whoever looks into the table.
_FACTS = {
    "name": lazy_gettext("name"),
    "legal_name": lazy_gettext("legal name"),
    "kind": lazy_gettext("kind"),
    "skill": lazy_gettext("skill"),
    "skills": lazy_gettext("skills"),
    "level": lazy_gettext("how far"),
    "override": lazy_gettext("exception"),
    "needs": lazy_gettext("needs first"),
    "lasts_days": lazy_gettext("days it lasts"),
    "ends_on": lazy_gettext("day of the year it lapses"),
    "idle_days": lazy_gettext("days without use"),
    "grace_days": lazy_gettext("days with a trainer beside"),
    "service": lazy_gettext("service"),
    "risk": lazy_gettext("risk class"),
    **RULES,
    "minors": lazy_gettext("people under age"),
    "make": lazy_gettext("make"),
    "model": lazy_gettext("model"),
    "serial": lazy_gettext("serial number"),
    "replaces": lazy_gettext("in the place of"),
    "why": lazy_gettext("what was changed"),
    "by": lazy_gettext("done by"),
    "drawing": lazy_gettext("drawing"),
    "result": lazy_gettext("result"),
    "due_on": lazy_gettext("next due"),
    "holiday": lazy_gettext("holiday"),
    "category": lazy_gettext("category"),
    "year": lazy_gettext("year"),
    "keep": lazy_gettext("kept for"),
    "unit": lazy_gettext("counted in"),
    "days": lazy_gettext("days"),
    "begins": lazy_gettext("begin"),
    "ends": lazy_gettext("end"),
    "bypass_by": lazy_gettext("bridged by"),
    "bypass_until": lazy_gettext("until"),
    "until": lazy_gettext("until"),
    "shows": lazy_gettext("panels show"),
    "payer": lazy_gettext("cost centre"),
    "cost_centre": lazy_gettext("cost centre"),
    "label": lazy_gettext("label"),
    "changed": lazy_gettext("changed"),
    "language": lazy_gettext("language"),
    "shows_first_name": lazy_gettext("shows the first name"),
    "street": lazy_gettext("street"),
    "postcode": lazy_gettext("postcode"),
    "city": lazy_gettext("city"),
    "country": lazy_gettext("country"),
    "siren": "SIREN",
    "siret": "SIRET",
    "service_code": lazy_gettext("service code"),
    "needs_service_code": lazy_gettext("refuses invoices without its service code"),
    "wants_einvoice": lazy_gettext("wants electronic invoices"),
    "staff_on_site": lazy_gettext("own staff on site"),
    "dated_on": lazy_gettext("of"),
    "recheck_on": lazy_gettext("good until"),
    "vat_id": lazy_gettext("VAT id"),
    "treatment": lazy_gettext("treatment"),
    "role": lazy_gettext("role"),
    "scope": lazy_gettext("where"),
    "given_name": lazy_gettext("given name"),
    "family_name": lazy_gettext("family name"),
    "email": lazy_gettext("mail"),
    "minor_until": lazy_gettext("under age until"),
    "suspended_from": lazy_gettext("begin"),
    "decided_by": lazy_gettext("decided by"),
    "letter_on": lazy_gettext("letter of"),
    "frame_ref": lazy_gettext("declaration"),
    "frame_until": lazy_gettext("declaration until"),
    "names_since": lazy_gettext("names from"),
    "names_times": lazy_gettext("with the time of day"),
    "machines": lazy_gettext("machines"),
    "categories": lazy_gettext("categories"),
    "people": lazy_gettext("people"),
    "month": lazy_gettext("month"),
    "quantity": lazy_gettext("quantity"),
    "minutes": lazy_gettext("minutes"),
    "member_class": lazy_gettext("class"),
    "rule": lazy_gettext("price"),
    "charged": lazy_gettext("stays charged"),
    "valid_from": lazy_gettext("begin"),
    "valid_until": lazy_gettext("end"),
}
# Of something new: what tells it apart. That it begins at once goes without saying.
_OF_NEW = frozenset(
    {"name", "skill", "payer", "cost_centre", "treatment", "role", "scope", "staff_on_site", "dated_on", "recheck_on"}
    | {"suspended_from", "valid_from", "valid_until", "changed", "bypass_by", "bypass_until", "until"}
    | {"quantity", "member_class", "rule"}
    | {"make", "serial", "replaces", "why", "by", "drawing", "result", "due_on", "holiday", "year", "days"}
    | {"begins", "ends", "decided_by", "letter_on", "minor_until", "people", "month", "charged", "machines"}
)
_ENDS = frozenset({"valid_until", "ends", "minor_until", "frame_until"})
_WORDS: Mapping[str, Mapping[str, Any]] = {  # by fact: the words of a closed list, as pages say them
    "service": {word.value: said for word, said in SERVICES.items()},
    "risk": {word.value: said for word, said in RISKS.items()},
    "on_max": {word.value: said for word, said in MAXIMUMS.items()},
    "minors": {word.value: said for word, said in MINORS.items()},
    "why": {word.value: said for word, said in CHANGED.items()},
    "unit": {word.value: said for word, said in UNITS.items()},
    "result": {word.value: said for word, said in FOUND.items()},
    "kind": {word.value: said for word, said in CHECKS.items()},
    "holiday": {word.value: said for word, said in HOLIDAYS.items()},
}
_HALF_A_DAY = timedelta(hours=12)

Names = Mapping[tuple[str, str], str]  # ("skill", "milling") → its name


def sentence(entry: Entry, names: Names) -> str:
    """What was done, and what of it matters. ``names`` are those of what is kept by its code, see ``coded``."""
    return " · ".join([deed(entry.object_kind, entry.verb), *_told(entry, names)])


def coded(entries: Iterable[Entry]) -> set[tuple[str, str]]:
    """What these entries name by its code: skills and payers."""
    return {
        (name, picture[name])
        for entry in entries
        for picture in (entry.before, entry.after)
        for name in ("skill", "payer")
        if isinstance(picture.get(name), str)
    }


def _told(entry: Entry, names: Names) -> Iterator[str]:
    before, after = entry.before, entry.after
    for name, label in _FACTS.items():
        if before.get(name) is not None and name in after:
            now, was = (_value(name, picture[name], names) for picture in (after, before))
            yield gettext("%(what)s: %(now)s (before: %(before)s)", what=label, now=now, before=was)
        elif after.get(name) not in (None, "", []) and (name in before or _matters(entry, name)):
            yield gettext("%(what)s: %(now)s", what=label, now=_value(name, after[name], names))


def _matters(entry: Entry, name: str) -> bool:
    if name == "valid_from":
        begins = _moment(entry.after[name])
        return begins is not None and abs(begins - entry.at) > _HALF_A_DAY
    if name == "label":
        return "cost_centre" not in entry.after  # of a payer it says the same twice
    return name in _OF_NEW


def _value(name: str, value: Any, names: Names) -> str:
    match value:
        case None | "" | []:
            return gettext("nothing")
        case bool():
            return gettext("yes") if value else gettext("no")
        case dict():
            return price(from_plain(value)) if name == "rule" else str(value)
        case list():
            return ", ".join(str(_FACTS.get(one, one)) for one in value)
        case str():
            return names.get((name, value)) or _called(name, value) or _dated(value, name in _ENDS)
        case _:
            return str(value)


def _called(name: str, value: str) -> str:
    """The words for what stands in the audit as one of a closed list; nothing for the rest."""
    if name == "kind" and value in set(TenantKind):
        return str(KINDS[TenantKind(value)])
    if name == "role" and value in set(Role):
        return str(ROLES[Role(value)])
    if name in _WORDS:
        return str(_WORDS[name].get(value, ""))
    return treatment(value) if name == "treatment" else ""


def _dated(text: str, is_end: bool) -> str:
    """Days and moments stand in the audit as ISO 8601. What ends at midnight holds until the day before."""
    moment = _moment(text)
    if moment is None:
        return text
    local = moment.astimezone(zone())
    if local.time() != time():
        return formats.moment(moment)
    return formats.short_day(local.date() - timedelta(days=is_end))


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone())
