"""One session at a time from the relay to its charge. The first break is the answer; what comes after is not looked at."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from server.demo.evidence import Charge, Ended, Evidence, Pin, Session
from server.demo.findings import Fate, Mismatch, Station, Walked
from server.demo.secondhand import Expected, expected_charge

CHECKPOINT_S = 30
_SAME_MOMENT_MS = 1000


def pair(evidence: Evidence) -> tuple[list[tuple[Pin, Ended]], list[Mismatch]]:
    """Each stretch of current with the session an agent told of it: the one that overlaps it most."""
    told: dict[str, list[Ended]] = defaultdict(list)
    for ended in evidence.ended:
        told[ended.machine].append(ended)
    pairs, lone = [], []
    for pin in evidence.pins:
        best = max(told[pin.machine], key=lambda ended: _overlap_ms(pin, ended), default=None)
        if best is None or _overlap_ms(pin, best) <= 0:
            lone.append(Mismatch(Station.PIN, name_of(pin), "no agent told of this current"))
        else:
            told[pin.machine].remove(best)
            pairs.append((pin, best))
    lone += [Mismatch(Station.EVENT, one.session, "told by an agent, but no current flowed") for one in _all(told)]
    return pairs, lone


def _overlap_ms(pin: Pin, ended: Ended) -> int:
    return min(pin.down_ms, ended.ended_ms) - max(pin.up_ms, ended.started_ms)


def _all(told: dict[str, list[Ended]]) -> Iterator[Ended]:
    for rest in told.values():
        yield from rest


def walk(pin: Pin, told: Ended, evidence: Evidence, month: str, zone: ZoneInfo) -> Walked | Mismatch:
    seconds = kept_seconds(pin)
    if told.occupied_s != seconds or abs(told.started_ms - pin.up_ms) >= _SAME_MOMENT_MS:
        return Mismatch(Station.PIN, name_of(pin), f"{seconds} s of current, the event says {told.occupied_s} s")
    session = evidence.sessions.get(told.session)
    if session is None:
        return Mismatch(Station.EVENT, told.session, "not in the ledger")
    if (difference := _differs(told, session)) is not None:
        return Mismatch(Station.EVENT, told.session, difference)
    fate = _fate(session, evidence, month, zone)
    expected = expected_charge(session, evidence.prices) if fate is not Fate.INTERNAL else None
    charge = evidence.charges.get(session.id)
    if (difference := _charged_wrongly(session, fate, expected, charge, evidence)) is not None:
        return Mismatch(Station.CHARGE, session.id, difference)
    return Walked(pin, session, fate, expected)


def _differs(told: Ended, session: Session) -> str | None:
    if session.state != "ended" or session.ended is None:
        return f"the ledger has it {session.state}"
    event = (told.machine, told.holder, told.payer, told.occupied_s, told.started_ms, told.ended_ms)
    started_ms, ended_ms = (round(at.timestamp() * 1000) for at in (session.started, session.ended))
    ledger = (session.machine, session.holder, session.payer, session.occupied_s, started_ms, ended_ms)
    return None if event == ledger else f"the event says {event}, the ledger {ledger}"


def _fate(session: Session, evidence: Evidence, month: str, zone: ZoneInfo) -> Fate:
    if session.kind == "internal":
        return Fate.INTERNAL
    if session.ended is not None and f"{session.ended.astimezone(zone):%Y-%m}" > month:
        return Fate.NEXT_MONTH
    return Fate.HELD if session.bill_to in evidence.held else Fate.INVOICED


def _charged_wrongly(
    session: Session, fate: Fate, expected: Expected | None, charge: Charge | None, evidence: Evidence
) -> str | None:
    if fate is not Fate.INVOICED:
        return None if charge is None else f"charged, although {fate}"
    if charge is None or expected is None:
        return "not charged" if charge is None else "charged without a price"
    category, rate_bp = evidence.vat[session.treatment]
    right: tuple[Any, ...] = (session.bill_to, session.occupied_s, expected.billed_s, expected.cents_per_hour)
    right += (expected.fee_cents, expected.net_cents, category, rate_bp)
    found: tuple[Any, ...] = (charge.establishment, charge.occupied_s, charge.billed_s, charge.cents_per_hour)
    found += (charge.fee_cents, charge.net_cents, charge.category, charge.rate_bp)
    return None if found == right else f"charged {found}, by the price list {right}"


def name_of(pin: Pin) -> str:
    return f"{pin.machine} at {pin.up_ms // 1000}"


def kept_seconds(pin: Pin) -> int:
    """What the ledger should have of this current: all of it, or whole checkpoints where the agent died."""
    return pin.seconds - pin.seconds % CHECKPOINT_S if pin.died else pin.seconds
