"""Holds everything against everything: relay against event, session, charge, invoice line, VAT and total.

Each session is walked from the pin to the invoice. The first break is reported and the walk of that session stops; sums
over a machine or a document are looked at only where all their sessions are whole. So one wrong value is one mismatch.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from server.demo.evidence import Ended, Evidence, Pin
from server.demo.findings import Fate, Mismatch, Result, Station, Walked
from server.demo.paper import documents
from server.demo.walk import kept_seconds, pair, walk


def reconcile(evidence: Evidence, month: str, zone: ZoneInfo) -> Result:
    pairs, mismatches = pair(evidence)
    steps = [walk(pin, told, evidence, month, zone) for pin, told in pairs]
    walked = tuple(step for step in steps if isinstance(step, Walked))
    mismatches += [step for step in steps if isinstance(step, Mismatch)]
    mismatches += _unexplained(evidence, pairs)
    in_doubt = _establishments_in_doubt(evidence, walked)
    mismatches += _machines(evidence, walked)
    mismatches += _readers(evidence)
    mismatches += _held(evidence, walked, in_doubt)
    mismatches += documents(evidence, in_doubt)
    return Result(tuple(mismatches), walked)


def _establishments_in_doubt(evidence: Evidence, walked: Iterable[Walked]) -> set[int]:
    """Those with a session that is not whole: nothing can be said of their sums."""
    whole = {one.session.id for one in walked}
    doubt = {session.bill_to for session in evidence.sessions.values() if session.id not in whole}
    return doubt | {charge.establishment for charge in evidence.charges.values() if charge.session not in whole}


def _unexplained(evidence: Evidence, pairs: Iterable[tuple[Pin, Ended]]) -> Iterator[Mismatch]:
    told = {ended.session for _, ended in pairs}
    for session_id in evidence.sessions.keys() - told:
        yield Mismatch(Station.SESSION, session_id, "in the ledger, but no agent told of its end")
    for session_id in evidence.charges.keys() - evidence.sessions.keys():
        yield Mismatch(Station.CHARGE, session_id, "charged, but not in the ledger")


def _machines(evidence: Evidence, walked: Iterable[Walked]) -> Iterator[Mismatch]:
    """A machine's seconds in the ledger against its relay's, less what was cut off where an agent died."""
    relay: dict[str, int] = defaultdict(int)
    ledger: dict[str, int] = defaultdict(int)
    for pin in evidence.pins:
        relay[pin.machine] += kept_seconds(pin)
    for session in evidence.sessions.values():
        ledger[session.machine] += session.occupied_s
    for machine in sorted((relay.keys() | ledger.keys()) - _machines_in_doubt(evidence, walked)):
        if relay[machine] != ledger[machine]:
            text = f"{relay[machine]} s at the relay, {ledger[machine]} s in the ledger"
            yield Mismatch(Station.MACHINE, machine, text)


def _machines_in_doubt(evidence: Evidence, walked: Iterable[Walked]) -> set[str]:
    """Those with a current or a session that is not whole."""
    pins = Counter(pin.machine for pin in evidence.pins)
    sessions = Counter(session.machine for session in evidence.sessions.values())
    whole = Counter(one.pin.machine for one in walked)
    return {machine for machine in pins | sessions if not pins[machine] == sessions[machine] == whole[machine]}


def _readers(evidence: Evidence) -> Iterator[Mismatch]:
    """14 bytes a frame, all of them read, and every tap told by an agent."""
    for machine, reader in evidence.readers.items():
        if not 14 * reader.frames == reader.bytes_written == reader.bytes_read:
            text = f"{reader.frames} frames, {reader.bytes_written} bytes written, {reader.bytes_read} read"
            yield Mismatch(Station.READER, machine, text)
        elif reader.taps != (told := evidence.taps_told.get(machine, 0)):
            yield Mismatch(Station.READER, machine, f"{reader.taps} taps, the agent told of {told}")


def _held(evidence: Evidence, walked: Iterable[Walked], in_doubt: set[int]) -> Iterator[Mismatch]:
    """Held are the tenants whose VAT nobody decided, and those who owe nothing; nobody else."""
    used: dict[int, int] = defaultdict(int)
    for one in walked:
        if one.fate in (Fate.HELD, Fate.INVOICED) and one.expected is not None:
            used[one.session.bill_to] += one.expected.net_cents
    right = {payer for payer, net in used.items() if net == 0 or payer in evidence.expected_held}
    for establishment in sorted((evidence.held ^ right) - in_doubt):
        text = "held without need" if establishment in evidence.held else "not held"
        yield Mismatch(Station.DOCUMENT, f"of establishment {establishment}", text)
