"""The form of a price: everything a rule can say, in fields whose names are flat, so that a plain form can send them.

The simple case is one part with one price. ``p2_…`` is the second part, ``p1_h3_…`` the third line of hours of the first,
``p1_t2_…`` its second tier. How many of them stand on the page is told by ``parts``, ``p1_hours`` and ``p1_tiers``.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import Field, IntegerField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from server.domain.nights import ALL_DAYS, END_OF_DAY, Hours, bands_of, hours_of
from server.domain.tariffs import Basis, Cap, Of, Part, Rule, Span, Tier, odd
from server.pages.machines.words import time_of_day, weekday
from server.pages.prices.rule_fields import (
    HOUR_LINES,
    HOUR_S,
    HOURS,
    PARTS,
    POSITIVE,
    TIER_LINES,
    USUAL_STEP_S,
    Clock,
    fields_of,
    give_fields,
    more_of,
)
from server.web.forms import Cents, Form

CAPS = {  # the fields of caps
    "cap_day_person": (Span.DAY, Of.PERSON),
    "cap_month_person": (Span.MONTH, Of.PERSON),
    "cap_day_tenant": (Span.DAY, Of.TENANT),
    "cap_month_tenant": (Span.MONTH, Of.TENANT),
}


class RuleForm(Form):
    """See the module. Parts, hours and tiers are added to the class below."""

    parts = IntegerField(default=1, validators=[Optional()], widget=HiddenInput())
    fee = Cents(lazy_gettext("For each session"), [Optional(), POSITIVE])
    day_fee = Cents(lazy_gettext("For each person and day"), [Optional(), POSITIVE])
    least = Cents(lazy_gettext("A session costs at least"), [Optional(), POSITIVE])
    cap_day_person = Cents(lazy_gettext("At most a day and person"), [Optional(), POSITIVE])
    cap_month_person = Cents(lazy_gettext("At most a month and person"), [Optional(), POSITIVE])
    cap_day_tenant = Cents(lazy_gettext("At most a day and tenant"), [Optional(), POSITIVE])
    cap_month_tenant = Cents(lazy_gettext("At most a month and tenant"), [Optional(), POSITIVE])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        days = [(number, weekday(number, "abbreviated")) for number in ALL_DAYS]
        for part in range(1, PARTS + 1):
            for line in range(1, HOURS + 1):
                self[f"p{part}_h{line}_days"].choices = days

    # --- what stands on the page --------------------------------------------------------------------------------------

    def shown_parts(self) -> list[int]:
        last = max((part for part in range(1, PARTS + 1) if self._is_typed(part)), default=1)
        return list(range(1, min(PARTS, max(self.parts.data or 1, last)) + 1))

    def shown_hours(self, part: int) -> list[str]:
        return self._shown(part, "hours", HOUR_LINES[part])

    def shown_tiers(self, part: int) -> list[str]:
        return self._shown(part, "tiers", TIER_LINES[part])

    def add(self, what: str) -> bool:
        """One more of what a button asked for: ``parts``, ``p1_hours``, ``p2_tiers``. False where there is no such thing."""
        if what not in _COUNTS:
            return False
        field = self[what]
        if what == "parts":
            shown = len(self.shown_parts())
        else:
            part = int(what[1])
            shown = len(self.shown_hours(part) if what.endswith("hours") else self.shown_tiers(part))
        field.raw_data, field.data = None, shown + 1
        return True

    def has_more(self, part: int) -> bool:
        """Whether a part says, or is wrong about, more than a price, its unit, its steps and the least time."""
        asked = self[f"p{part}_hours"].data or self[f"p{part}_tiers"].data
        is_plain = self[f"p{part}_basis"].data in {None, "", Basis.OCCUPIED.value}
        others = (self[name] for name in more_of(part) if name != f"p{part}_least")
        return bool(asked) or not is_plain or bool(self[f"p{part}_basis"].errors) or any(map(_holds, others))

    def has_limits(self) -> bool:
        return any(_holds(self[name]) for name in ("day_fee", "least", *CAPS))

    # --- what it says -------------------------------------------------------------------------------------------------

    def validate(self, extra_validators: Any = None) -> bool:
        is_right = super().validate(extra_validators)
        wrong = self._wrong()
        for name, sentence in wrong:
            if not self[name].errors:
                self.refuse(name, sentence)
        return is_right and not wrong

    def look(self) -> None:
        """Say what is wrong about the rule alone: nobody has been asked for a day and a reason yet."""
        for name in RULE_FIELDS:
            self[name].validate(self)
        for name, sentence in self._wrong():
            if not self[name].errors:
                self.refuse(name, sentence)

    def says_a_rule(self) -> bool:
        """Whether what stands in it is one; nothing is said about it."""
        own = [self[name] for name in RULE_FIELDS]
        is_typed_well = not any(field.process_errors or field.errors for field in own)
        is_positive = all(field.data is None or field.data >= 0 for field in own if isinstance(field, Cents))
        return is_typed_well and is_positive and not self._wrong() and odd(self.rule()) is None

    def rule(self) -> Rule:
        """Once it is valid."""
        return Rule(
            parts=tuple(self._part(part) for part in range(1, PARTS + 1) if self._is_typed(part)),
            session_fee_cents=self.fee.data or 0,
            day_fee_cents=self.day_fee.data or 0,
            minimum_cents=self.least.data or 0,
            caps=tuple(Cap(*of, self[name].data) for name, of in CAPS.items() if self[name].data is not None),
        )

    def _part(self, part: int) -> Part:
        def of(name: str) -> Any:
            return self[f"p{part}_{name}"].data

        return Part(
            basis=Basis(of("basis") or Basis.OCCUPIED),
            cents=of("cents"),
            per_s=of("per") or HOUR_S,
            step_s=of("step") or USUAL_STEP_S,
            free_s=of("free") or 0,
            minimum_s=of("least") or 0,
            bands=bands_of(self._hours(part)),
            tiers=tuple(self._tiers(part)),
            tiers_over=Span(of("over") or Span.SESSION),
        )

    def _hours(self, part: int) -> Iterator[Hours]:
        for line in self._typed(HOUR_LINES[part]):
            days = tuple(self[f"{line}_days"].data or ()) or ALL_DAYS
            yield Hours(days, self[f"{line}_from"].at, self[f"{line}_to"].at, self[f"{line}_cents"].data)

    def _tiers(self, part: int) -> Iterator[Tier]:
        for line in self._typed(TIER_LINES[part]):
            yield Tier(self[f"{line}_after"].data, self[f"{line}_cents"].data)

    def _wrong(self) -> list[tuple[str, str]]:
        """What no field by itself can know, each with the field at which it is said."""
        wrong = [one for part in range(1, PARTS + 1) for one in self._wrong_in(part)]
        fees = (self.fee, self.day_fee, self.least)
        if not any(self._is_typed(part) for part in range(1, PARTS + 1)) and not any(map(_holds, fees)):
            wrong.append(("p1_cents", gettext("Type the price, such as 12,50; 0 where it costs nothing.")))
        return wrong

    def _wrong_in(self, part: int) -> Iterator[tuple[str, str]]:
        if not self._is_typed(part):
            return
        if self[f"p{part}_cents"].data is None:
            yield f"p{part}_cents", gettext("Type the price, such as 12,50; 0 where it costs nothing.")
        if self[f"p{part}_basis"].data in {self[f"p{one}_basis"].data for one in range(1, part) if self._is_typed(one)}:
            yield f"p{part}_basis", gettext("This time has a price above: put the two into one.")
        hours, tiers = self._typed(HOUR_LINES[part]), self._typed(TIER_LINES[part])
        yield from self._wrong_hours(hours)
        yield from self._wrong_tiers(tiers)
        if hours and tiers:
            yield f"{tiers[0]}_after", gettext("A price goes by the hours of the day or by the length, not by both.")

    def _wrong_hours(self, lines: list[str]) -> Iterator[tuple[str, str]]:
        for line in lines:
            yield from self._lacking(line, ("from", "to", "cents"), gettext("Type from when to when, and the price."))
            if not _is_span(self[f"{line}_from"], self[f"{line}_to"]):
                yield f"{line}_to", gettext("It ends when it begins. For the whole day type 0:00 to 24:00.")

    def _wrong_tiers(self, lines: list[str]) -> Iterator[tuple[str, str]]:
        for line in lines:
            yield from self._lacking(line, ("after", "cents"), gettext("Type after what time, and the price."))
        for before, line in pairwise(lines):
            if (self[f"{before}_after"].data or 0) >= (self[f"{line}_after"].data or _NEVER):
                yield f"{line}_after", gettext("Each one begins later than the one above.")

    def _lacking(self, line: str, names: tuple[str, ...], sentence: str) -> Iterator[tuple[str, str]]:
        lacks = [f"{line}_{name}" for name in names if self[f"{line}_{name}"].data is None]
        if lacks and not any(self[f"{line}_{name}"].errors for name in names):
            yield lacks[0], sentence

    def _is_typed(self, part: int) -> bool:
        return any(_holds(self[name]) for name in (f"p{part}_cents", *more_of(part)))

    def _typed(self, lines: list[str]) -> list[str]:
        return [line for line in lines if any(_holds(self[name]) for name in fields_of(line))]

    def _shown(self, part: int, count: str, lines: list[str]) -> list[str]:
        typed = self._typed(lines)
        last = lines.index(typed[-1]) + 1 if typed else 0
        return lines[: max(self[f"p{part}_{count}"].data or 0, last)]


def rule_data(rule: Rule) -> Mapping[str, Any]:
    """What the form shows for a rule: every field there is, so that what the rule does not say is empty."""
    data: dict[str, Any] = dict.fromkeys(_FIELDS)
    data |= {"fee": rule.session_fee_cents or None, "day_fee": rule.day_fee_cents or None}
    data |= {"least": rule.minimum_cents or None}
    of_caps = {(cap.over, cap.of): cap.cents for cap in rule.caps}
    data |= {name: of_caps.get(of) for name, of in CAPS.items()}
    for part in range(1, PARTS + 1):
        data |= _part_data(part, rule.parts[part - 1] if part <= len(rule.parts) else None)
    return data if rule != Rule() else data | {"p1_cents": 0}


def stored_data(rule: Rule) -> Mapping[str, Any]:
    """The same for the page about two editors, which a browser tells nothing of parts that are not there."""
    absent = range(max(1, len(rule.parts)) + 1, PARTS + 1)
    return {**rule_data(rule), **{f"p{part}_{name}": None for part in absent for name in ("per", "step")}}


def _part_data(number: int, part: Part | None) -> dict[str, Any]:
    start = f"p{number}"
    if part is None:
        usual = {"per": HOUR_S, "step": USUAL_STEP_S, "basis": Basis.OCCUPIED.value, "over": Span.SESSION.value}
        return {f"{start}_{name}": value for name, value in usual.items()}
    data: dict[str, Any] = {
        f"{start}_basis": part.basis.value,
        f"{start}_cents": part.cents,
        f"{start}_per": part.per_s,
        f"{start}_step": part.step_s,
        f"{start}_free": part.free_s or None,
        f"{start}_least": part.minimum_s or None,
        f"{start}_over": part.tiers_over.value,
    }
    for line, hours in zip(HOUR_LINES[number], hours_of(part.bands), strict=False):
        days = None if hours.weekdays == ALL_DAYS else list(hours.weekdays)
        data |= {f"{line}_days": days, f"{line}_from": time_of_day(hours.begins), f"{line}_to": time_of_day(hours.ends)}
        data |= {f"{line}_cents": hours.cents}
    for line, tier in zip(TIER_LINES[number], part.tiers, strict=False):
        data |= {f"{line}_after": tier.after_s, f"{line}_cents": tier.cents}
    return data


def _holds(field: Field) -> bool:
    """Whether something stands in it, or something wrong was typed."""
    return field.data not in (None, "", []) or bool(field.errors)


def _is_span(begins: Clock, ends: Clock) -> bool:
    if begins.data is None or ends.data is None:
        return True
    return begins.at not in {ends.at, END_OF_DAY}


_NEVER = 10**9
_COUNTS = {"parts", *(f"p{part}_{what}" for part in range(1, PARTS + 1) for what in ("hours", "tiers"))}
_FIELDS = [
    name
    for part in range(1, PARTS + 1)
    for name in (f"p{part}_cents", *more_of(part), f"p{part}_over", f"p{part}_step", f"p{part}_per", f"p{part}_basis")
]
RULE_FIELDS = (*_FIELDS, "fee", "day_fee", "least", *CAPS)
give_fields(RuleForm)
