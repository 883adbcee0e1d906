"""What a finished month comes to, as figures for people and for programs."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from server.demo.bridge import Bridge, in_words
from server.demo.evidence import DATABASE, Evidence
from server.demo.findings import Mismatch

FILE = "summary.json"


@dataclass(frozen=True, slots=True)
class Tally:
    """What only the run itself can tell. ``sent``: event messages that reached the server, repeats included.

    ``problems``: what the lab's own check of its books found.
    """

    sent: int
    duplicates: int
    broker_kills: int
    agent_kills: int
    restores: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    tenants: int
    machines: int
    sessions: int
    taps: int
    refused_by_reason: dict[str, int]
    events_sent: int
    events_stored: int
    duplicates_dropped: int
    broker_kills: int
    agent_kills: int
    restores: int
    relay_seconds: int
    ledger_seconds: int
    billed_seconds: int
    net_cents: int
    vat_cents: int
    gross_cents: int
    invoices: int
    mismatches: int
    seconds: float

    def write(self, directory: Path) -> None:
        (directory / FILE).write_text(self.as_json() + "\n")

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2)


def read(directory: Path) -> Summary:
    """Raises OSError where no month was finished."""
    return Summary(**json.loads((directory / FILE).read_text()))


def summarise(directory: Path, evidence: Evidence, bridge: Bridge, tally: Tally, found: int, seconds: float) -> Summary:
    with closing(sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)) as books:
        tenants, stored = (
            books.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("tenant", "event")
        )
        refused = Counter(reason for (reasons,) in books.execute(_REFUSED) for reason in json.loads(reasons))
    return Summary(
        tenants=tenants,
        machines=len(evidence.machines),
        sessions=len(evidence.sessions),
        taps=sum(reader.taps for reader in evidence.readers.values()),
        refused_by_reason=dict(sorted(refused.items())),
        events_sent=tally.sent,
        events_stored=stored,
        duplicates_dropped=tally.duplicates,
        broker_kills=tally.broker_kills,
        agent_kills=tally.agent_kills,
        restores=tally.restores,
        relay_seconds=bridge.relay_s,
        ledger_seconds=bridge.ledger_s,
        billed_seconds=bridge.billed_s,
        net_cents=sum(document.net_cents for document in evidence.documents),
        vat_cents=sum(document.vat_cents for document in evidence.documents),
        gross_cents=sum(document.gross_cents for document in evidence.documents),
        invoices=len(evidence.documents),
        mismatches=found,
        seconds=round(seconds, 1),
    )


def not_injected(summary: Summary) -> list[str]:
    """Faults that a month must have, and this one had not."""
    counts = {
        "duplicates": summary.duplicates_dropped,
        "broker kills": summary.broker_kills,
        "agent kills": summary.agent_kills,
        "boots without a clock": summary.refused_by_reason.get("clock_not_set", 0),
        "restores": summary.restores,
    }
    return [f"no {name}" for name, count in counts.items() if count == 0]


_REFUSED = "SELECT reasons FROM denial"


def judged_again(summary: Summary, found: int, seconds: float) -> Summary:
    return replace(summary, mismatches=found, seconds=round(seconds, 1))


def in_text(summary: Summary, bridge: Bridge, found: tuple[Mismatch, ...]) -> str:
    lines = [f"{name.replace('_', ' '):>20}  {_shown(value)}" for name, value in asdict(summary).items()]
    lines += ["", "from relay to invoice:", in_words(bridge), ""]
    return "\n".join(lines + [f"MISMATCH {mismatch}" for mismatch in found])


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return f"{value:,}"
