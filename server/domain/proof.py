"""Every step of a session's price as plain values, and the same worked out again from the rule and what was measured.

What a charge says of itself is believed only where it has to be: how much an allowance or a cap left is known from all
charges together, and is checked there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from server.domain.allowances import Allowance, Unit
from server.domain.priced import PartPrice, Sum, part_price
from server.domain.rating import RatedSession
from server.domain.rule_text import from_plain
from server.domain.tariffs import Basis, Part, Rule

_SUMS = ("fee_cents", "day_fee_cents", "added_cents", "cut_cents", "discount_cents", "waived_cents")


def steps_of(rated: RatedSession, rule: dict[str, Any] | None, zone: tzinfo) -> dict[str, Any]:
    """``rule``: that of its tariff, as ``rule_text.to_plain`` writes it. Amounts of nothing are left out; the lab's clock
    and day stand there where the price depends on them."""
    said: dict[str, Any] = {} if rule is None or rated.tariff is None else _asked(rated, rated.tariff.rule, rule, zone)
    if rated.parts:
        said["parts"] = [_part(part) for part in rated.parts]
    said |= {name: cents for name in _SUMS if (cents := getattr(rated, name))}
    if rated.discount is not None:
        said["discount"] = [rated.discount.ref, rated.discount.basis_points]
    if rated.credit_cents:
        said["credit"] = [[one.ref, one.cents] for one in rated.covered if not one.seconds]
    return said


def _asked(rated: RatedSession, rule: Rule, plain: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    said: dict[str, Any] = {"rule": plain}
    if any(part.bands for part in rule.parts):
        said["zone"] = str(zone)
    if rule.day_fee_cents or rule.caps:
        said["day"] = rated.session.day.isoformat()
    return said


def _part(part: PartPrice) -> dict[str, Any]:
    said: dict[str, Any] = {
        "basis": part.basis.value,
        "measured_s": part.measured_s,
        "billed_s": part.billed_s,
        "runs": [list(run) for run in part.runs],
        "net_cents": part.net_cents,
    }
    if part.covered:
        said["covered"] = [[one.ref, one.seconds, one.cents] for one in part.covered]
    return said | ({"before_s": part.before_s} if part.before_s else {})


def covered_in(steps: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What allowances took over, as these steps say: seconds, or cents of credit."""
    for part in steps.get("parts", []):
        yield from ((ref, seconds) for ref, seconds, _ in part.get("covered", []))
    yield from ((ref, cents) for ref, cents in steps.get("credit", []))


@dataclass(frozen=True, slots=True)
class Charged:
    """What a charge says, as far as its price goes."""

    started_at: datetime
    occupied_s: int
    counted_s: int | None
    free: str | None
    continues: bool
    billed_s: int
    net_cents: int
    priced: dict[str, Any]


def faults(charged: Charged) -> Iterator[str]:
    """What does not follow, in words; the first is enough to look."""
    said = charged.priced
    if charged.free is not None:
        if charged.net_cents or charged.billed_s or "parts" in said:
            yield "it is not charged, and says an amount"
        return
    rule = from_plain(said.get("rule", {}))
    parts = said.get("parts", [])
    if [part["basis"] for part in parts] != [part.basis.value for part in rule.parts]:
        yield "its steps are not those of its price"
        return
    zone = ZoneInfo(said.get("zone", "UTC"))
    priced = []
    for index, (part, own) in enumerate(zip(rule.parts, parts, strict=True)):
        worked_out = _again(charged, part, own, index, zone)
        if _part(worked_out) | {"net_cents": own["net_cents"]} != own:
            yield f"its {part.basis} time is not what its price makes of it"
            return
        priced.append(worked_out)
    billed_s = priced[0].billed_s if priced else 0
    if charged.billed_s != billed_s:
        yield f"{charged.billed_s} s are billed, its tariff says {billed_s} s"
    yield from _sums(charged, rule, priced)


def _again(charged: Charged, part: Part, own: dict[str, Any], index: int, zone: tzinfo) -> PartPrice:
    counting_s = own["measured_s"] if charged.counted_s is None else min(own["measured_s"], charged.counted_s)
    if part.basis is Basis.OCCUPIED:
        counting_s = charged.occupied_s if charged.counted_s is None else min(charged.occupied_s, charged.counted_s)
    begins = int(charged.started_at.timestamp())
    if part.basis is Basis.COOLDOWN:
        begins += charged.occupied_s if charged.counted_s is None else min(charged.occupied_s, charged.counted_s)
    covered = own.get("covered", []) if index == 0 else []
    allowances = [Allowance(ref, Unit.SECONDS, seconds) for ref, seconds, _ in covered]
    measured_s = charged.occupied_s if part.basis is Basis.OCCUPIED else own["measured_s"]
    before_s = own.get("before_s", 0)
    return part_price(part, measured_s, counting_s, charged.continues, begins, before_s, allowances, zone)


def _sums(charged: Charged, rule: Rule, priced: list[PartPrice]) -> Iterator[str]:
    said = charged.priced
    counting_s = charged.occupied_s if charged.counted_s is None else charged.counted_s
    is_billed = any(part.billed_s for part in priced) if rule.parts else counting_s > 0
    fee_cents = rule.session_fee_cents if is_billed and not charged.continues else 0
    day_fee_cents = said.get("day_fee_cents", 0)
    if fee_cents != said.get("fee_cents", 0) or day_fee_cents not in (0, rule.day_fee_cents if is_billed else 0):
        yield "its fees are not those of its price"
        return
    again = Sum(priced, fee_cents + day_fee_cents)
    shares = [part["net_cents"] for part in said.get("parts", [])]
    added = again.raise_to(rule.minimum_cents) if is_billed and not charged.continues else 0
    cut = again.cut_to([again.cents - said.get("cut_cents", 0)]) if rule.caps and said.get("cut_cents") else 0
    off = again.take_off(said["discount"][1]) if "discount" in said else 0
    worked_out = (*(part.net_cents for part in again.parts), added, cut, off)
    if worked_out != (*shares, *(said.get(name, 0) for name in ("added_cents", "cut_cents", "discount_cents"))):
        yield "its sums are not what its steps come to"
    net_cents = again.cents - sum(cents for _, cents in said.get("credit", []))
    if net_cents != charged.net_cents:
        yield f"{charged.net_cents} cents are charged, {net_cents} are due"
