"""From the seconds current flowed to the seconds on invoices: every step between them has a name, or the sum does not close."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from server.demo.evidence import Evidence
from server.demo.findings import Fate, Mismatch, Result, Station, Walked
from server.demo.walk import kept_seconds


@dataclass(frozen=True, slots=True)
class Bridge:
    """All in seconds. ``relay_s`` less what lies between, and the begun steps added, is ``billed_s``."""

    relay_s: int
    gaps_s: int  # cut off where an agent died
    ledger_s: int
    internal_s: int
    next_month_s: int
    held_s: int
    free_s: int
    steps_s: int  # rounded up to whole steps and minimum times
    billed_s: int

    @property
    def closes(self) -> bool:
        between = self.internal_s + self.next_month_s + self.held_s + self.free_s
        return self.relay_s - self.gaps_s == self.ledger_s and self.ledger_s - between + self.steps_s == self.billed_s


def build(evidence: Evidence, result: Result) -> Bridge:
    """Relay from the pins, ledger and charges from the books, what lies between from the walked sessions."""
    invoiced = [one for one in result.walked if one.fate is Fate.INVOICED and one.expected is not None]
    priced = [one for one in invoiced if one.expected is not None and not one.expected.free]
    return Bridge(
        relay_s=sum(pin.seconds for pin in evidence.pins),
        gaps_s=sum(pin.seconds - kept_seconds(pin) for pin in evidence.pins),
        ledger_s=sum(session.occupied_s for session in evidence.sessions.values()),
        internal_s=_measured(result.walked, Fate.INTERNAL),
        next_month_s=_measured(result.walked, Fate.NEXT_MONTH),
        held_s=_measured(result.walked, Fate.HELD),
        free_s=sum(one.session.occupied_s for one in invoiced) - sum(one.session.occupied_s for one in priced),
        steps_s=sum(one.expected.billed_s - one.session.occupied_s for one in priced if one.expected is not None),
        billed_s=sum(c.billed_s for c in evidence.charges.values() if c.cents_per_hour or c.fee_cents),
    )


def check(bridge: Bridge, found: tuple[Mismatch, ...]) -> tuple[Mismatch, ...]:
    """A bridge that does not close is a mismatch of its own only when nothing else explains it."""
    if found or bridge.closes:
        return found
    return (Mismatch(Station.BRIDGE, "from relay to invoice", "does not close"),)


def in_words(bridge: Bridge) -> str:
    """The bridge as a column of figures."""
    signs = {"gaps_s": "−", "internal_s": "−", "next_month_s": "−", "held_s": "−", "free_s": "−", "steps_s": "+"}
    names = {
        "relay_s": "current through relays",
        "gaps_s": "gaps (agent killed)",
        "ledger_s": "in the ledger",
        "internal_s": "internal tenants",
        "next_month_s": "ended next month",
        "held_s": "held documents",
        "free_s": "free of charge",
        "steps_s": "begun steps, minimum times",
        "billed_s": "billed",
    }
    rows = [(signs.get(f.name, "="), getattr(bridge, f.name), names[f.name]) for f in fields(bridge)]
    return "\n".join(f"  {sign} {seconds:>12,} s  {name}" for sign, seconds, name in rows)


def _measured(walked: Iterable[Walked], fate: Fate) -> int:
    return sum(one.session.occupied_s for one in walked if one.fate is fate)
