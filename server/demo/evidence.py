"""All that a finished run left behind, read for the reconciler: pin edges, taps, events, sessions, charges, documents.

Read from the files and by plain SQL, on purpose: nothing that computed the figures helps to read them.
"""

import hashlib
import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DATABASE, BOARD, DOCUMENTS, READERS = "prolab.db", "board", "documents", "readers.json"


@dataclass(frozen=True, slots=True)
class Pin:
    """One stretch of current through a relay, from the board's own record. ``died``: nobody opened it, its agent died."""

    machine: str
    up_ms: int
    down_ms: int
    died: bool

    @property
    def seconds(self) -> int:
        return (self.down_ms - self.up_ms) // 1000


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: taps presented, bytes that should have been written, and bytes the agent took out of the line."""

    taps: int
    frames: int
    bytes_written: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A session as the agent told it, from the bytes of its event."""

    session: str
    machine: str
    holder: int
    payer: str
    started_ms: int
    ended_ms: int
    occupied_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the ledger has it. ``kind`` is the tenant's, ``bill_to`` the establishment that pays."""

    id: str
    machine: str
    category: str
    holder: int
    payer: str
    cost_centre: str
    on_behalf_of: str  # the tenant's name where another one's establishment pays
    kind: str
    bill_to: int
    treatment: str
    state: str
    started: datetime
    ended: datetime | None
    occupied_s: int


@dataclass(frozen=True, slots=True)
class Charge:
    session: str
    document: str
    establishment: int
    occupied_s: int
    billed_s: int
    cents_per_hour: int
    fee_cents: int
    net_cents: int
    category: str
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Document:
    """One invoice: the frozen words that left the house, and what the books say of it. ``problems``: files that differ."""

    number: str
    sequence: int
    establishment: int
    frozen: dict[str, Any]
    net_cents: int
    vat_cents: int
    gross_cents: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    id: int
    machine: str | None
    category: str | None
    kind: str | None
    since: datetime
    until: datetime | None
    cents_per_hour: int
    step_s: int
    minimum_s: int
    fee_cents: int


@dataclass(frozen=True, slots=True)
class Evidence:
    pins: tuple[Pin, ...]
    readers: dict[str, Reader]
    ended: tuple[Ended, ...]
    taps_told: dict[str, int]  # by machine: refused, started, and counted within sessions
    sessions: dict[str, Session]
    charges: dict[str, Charge]
    documents: tuple[Document, ...]
    held: frozenset[int]  # establishments whose document was held
    expected_held: frozenset[int]  # those the demo's lab left undecided
    prices: tuple[Price, ...]
    machines: dict[str, str]  # code → name
    vat: dict[str, tuple[str, int]]  # treatment → category, rate


def read_evidence(directory: Path, month: str) -> Evidence:
    """Raises OSError or sqlite3.Error where the run is not there, or not finished."""
    books = sqlite3.connect(f"file:{directory / DATABASE}?mode=ro", uri=True)
    books.row_factory = sqlite3.Row
    try:
        events = [(row["kind"], json.loads(row["payload"])["body"]) for row in books.execute(_EVENTS)]
        return Evidence(
            pins=_pins(directory / BOARD / "edges.jsonl"),
            readers=_readers(directory),
            ended=tuple(_ended(body) for kind, body in events if kind == "session_ended"),
            taps_told=_taps_told(events),
            sessions={row["id"]: _session(row) for row in books.execute(_SESSIONS)},
            charges={row["session"]: Charge(**row) for row in map(dict, books.execute(_CHARGES))},
            documents=tuple(_document(row, directory / DOCUMENTS) for row in books.execute(_DOCUMENTS, (month,))),
            held=frozenset(row[0] for row in books.execute(_HELD, (month,))),
            expected_held=frozenset(row[0] for row in books.execute(_UNDECIDED)),
            prices=tuple(_price(row) for row in books.execute(_PRICES)),
            machines=dict(books.execute("SELECT code, name FROM machine").fetchall()),
            vat={row[0]: (row[1], row[2]) for row in books.execute(_VAT)},
        )
    finally:
        books.close()


_EVENTS = "SELECT kind, payload FROM event JOIN event_payload ON event_id = event.id ORDER BY event.id"
_SESSIONS = """
    SELECT s.id, m.code machine, m.category, s.holder_number holder, p.code payer, p.cost_centre,
           CASE e.tenant_id WHEN t.id THEN '' ELSE t.name END on_behalf_of, t.kind,
           s.state, s.started_at, s.ended_at, s.occupied_s, b.establishment_id bill_to, x.treatment
    FROM usage_session s JOIN machine m ON m.id = s.machine_id JOIN payer p ON p.id = s.payer_id
    JOIN tenant t ON t.id = p.tenant_id
    JOIN bill_to b ON b.tenant_id = t.id
     AND b.valid_from <= date(s.started_at) AND (b.valid_until IS NULL OR b.valid_until > date(s.started_at))
    JOIN establishment e ON e.id = b.establishment_id
    JOIN tax_treatment x ON x.establishment_id = b.establishment_id
     AND x.valid_from <= date(s.started_at) AND (x.valid_until IS NULL OR x.valid_until > date(s.started_at))"""
_CHARGES = """
    SELECT c.subject session, d.number document, d.establishment_id establishment, c.occupied_s, c.billed_s,
           json_extract(c.priced, '$.rule.parts[0].cents') cents_per_hour,
           coalesce(json_extract(c.priced, '$.fee_cents'), 0) fee_cents, c.net_cents, c.vat_category category, c.rate_bp
    FROM charge c JOIN document d ON d.id = c.document_id WHERE c.kind = 'session'"""
_DOCUMENTS = "SELECT * FROM document WHERE month = ? ORDER BY series, sequence"
_HELD = "SELECT establishment_id FROM draft WHERE month = ? AND held <> ''"
_UNDECIDED = """
    SELECT establishment_id FROM tax_treatment WHERE treatment NOT IN
    (SELECT treatment FROM vat_cell WHERE nature = 'machine_use')"""
_PRICES = "SELECT t.*, m.code machine FROM tariff t LEFT JOIN machine m ON m.id = t.machine_id"
_VAT = "SELECT treatment, category, rate_bp FROM vat_cell WHERE nature = 'machine_use'"


def _pins(file: Path) -> tuple[Pin, ...]:
    """Every rise with the fall that follows it at the same machine."""
    up: dict[str, int] = {}
    pins = []
    for line in file.read_text().splitlines():
        edge = json.loads(line)
        if edge["level"]:
            up[edge["machine"]] = edge["t_ms"]
        elif edge["machine"] in up:
            machine = edge["machine"]
            pins.append(Pin(machine, up.pop(machine), edge["t_ms"], edge["why"] != "pin"))
    pins += [Pin(machine, since, since, False) for machine, since in up.items()]  # still closed: fits no session
    return tuple(pins)


def _readers(directory: Path) -> dict[str, Reader]:
    """``readers.json`` says how many bytes each agent took out of its lines; what was presented stands in the taps."""
    taps: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in (directory / BOARD / "taps.jsonl").read_text().splitlines():
        tap = json.loads(line)
        taps[tap["machine"]].append(tap)
    read: dict[str, int] = json.loads((directory / READERS).read_text())
    return {
        machine: Reader(
            len(taps[machine]),
            sum(tap["frames"] for tap in taps[machine]),
            sum(tap["bytes"] for tap in taps[machine]),
            read.get(machine, 0),
        )
        for machine in sorted({*taps, *read})
    }


def _ended(body: dict[str, Any]) -> Ended:
    started, ended = body["started"]["wall_ms"], body["ended"]["wall_ms"]
    what = {name: body[name] for name in ("session", "machine", "holder", "payer", "occupied_s", "reason")}
    return Ended(started_ms=started, ended_ms=ended, **what)


def _taps_told(events: list[tuple[str, dict[str, Any]]]) -> dict[str, int]:
    """Starts, refusals, and what a session counted until its end; a refusal at a busy machine is among the latter."""
    told: dict[str, int] = defaultdict(int)
    for kind, body in events:
        match kind:
            case "session_started":
                told[body["machine"]] += 1
            case "session_ended":
                told[body["machine"]] += body["taps"]
            case "access_denied" if "in_use" not in body["reasons"] and body["enforced"]:
                told[body["machine"]] += 1
    return dict(told)


def _session(row: sqlite3.Row) -> Session:
    started = _moment(row["started_at"])
    ended = _moment(row["ended_at"]) if row["ended_at"] else None
    same = {name: value for name, value in dict(row).items() if name not in ("started_at", "ended_at")}
    return Session(started=started, ended=ended, **same)


def _price(row: sqlite3.Row) -> Price:
    """The demo's prices have one part each, for the time a machine is occupied."""
    rule = json.loads(row["rule"])
    (part,) = rule["parts"]
    return Price(
        row["id"],
        row["machine"],
        row["category"],
        row["tenant_kind"],
        _moment(row["valid_from"]),
        _moment(row["valid_until"]) if row["valid_until"] else None,
        part["cents"],
        part.get("step_s", 60),
        part.get("minimum_s", 0),
        rule.get("session_fee_cents", 0),
    )


def _document(row: sqlite3.Row, documents: Path) -> Document:
    text = (documents / f"{row['number']}.json").read_bytes()
    pdf = documents / f"{row['number']}.pdf"
    problems = []
    if hashlib.sha256(text).hexdigest() != row["frozen_sha256"]:
        problems.append("its JSON is not what was frozen")
    if not pdf.exists() or hashlib.sha256(pdf.read_bytes()).hexdigest() != row["pdf_sha256"]:
        problems.append("its PDF is not what was issued")
    money = {name: row[name] for name in ("net_cents", "vat_cents", "gross_cents")}
    identity = row["number"], row["sequence"], row["establishment_id"]
    return Document(*identity, json.loads(text), **money, problems=tuple(problems))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
