"""The bytes themselves. The agent produces these, the server reads them, the protocol page shows them.

A file in golden/ is changed by hand and with thought: agents in the field speak the old bytes for as long as they are not
updated. New fields go to the end of a record and have a default.
"""

import json
import re
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path

import pytest

from wire import messages as m
from wire.codec import encode
from wire.tokens import wrap

GOLDEN = Path(__file__).with_name("golden")
PAGE = Path(__file__).parents[2] / "firmware_notes" / "wire-protocol.md"

OUTBOX = "6f1f0a52-3c0e-4d6e-9f0b-2a1d8f3f7c11"
SESSION = "c2a7b8de-5b64-4f0a-8a53-0d1f6c9b2e47"
LOST = "e1c60a5b-92d4-4c1f-b7a3-6f80d2c4159e"  # the session before, which a power loss ended
BOOT = "b6a3f6f0-7c1d-4a55-9c0e-5f2f1d8e4a90"
TOKEN = "7d9f2c4b8e015a63c1d4f7a2903b6e58"
TRAINER = 20957731
LESSON = "9d2c4e6f-1a3b-4c5d-8e7f-0a1b2c3d4e5f"
PIN = "4e0b7d2c9a6153f8d0e1c2b3a4958677"
STARTED = m.Stamp(BOOT, 3_600_250, 1_790_000_000_250, m.TimeQuality.SYNCED)
ENDED = m.Stamp(BOOT, 9_061_250, 1_790_005_461_250, m.TimeQuality.SYNCED)
UNSET = m.Stamp(BOOT, 12_000, 1_789_996_400_000, m.TimeQuality.ESTIMATED)
TAKEN = (
    m.Revocation(m.Taken.HOLDER, "73650214", 1_789_997_000_000),
    m.Revocation(m.Taken.OUT_OF_SERVICE, "p2", 1_789_990_000_000),
    m.Revocation(m.Taken.QUALIFICATION, "3b8f6c0d-1e2a-4b3c-9d4e-5f60718293a4", 1_789_998_000_000),
)

BODIES: tuple[m.Body, ...] = (
    m.AgentStarted("1.0.0", UNSET),
    m.SessionStarted(
        SESSION, "p1", 48211907, TOKEN, "tenant-a", False, 1_789_999_000_000, STARTED, LOST,
        supervisor=TRAINER, companion=TRAINER,
    ),
    m.SessionEnded(
        SESSION, "p1", 48211907, "tenant-a", 1_789_999_000_000,
        STARTED, ENDED, 5461, 5581, 3020, 412, m.EndReason.HOLDER, 2,
        payer_chosen=True, cooldown_s=120, gap_s=480, measured_s=4981, continues=LOST,
        supervisor=TRAINER, companion=TRAINER,
    ),
    m.AccessDenied(
        "p2", TOKEN, 48211907,
        (m.DenialReason.QUALIFICATION_EXPIRED, m.DenialReason.OUTSIDE_HOURS), 1_789_999_000_000, ENDED, "k1",
    ),
    m.Checkpoint((m.RunningSession(SESSION, "p1", 3600),), m.Stamp(BOOT, 7_200_250, 1_790_003_600_250, m.TimeQuality.SYNCED)),
    m.Fault("p1", "reader_down", "could not open port", 3, ENDED),
    m.Gap("0f4d9a31-9f5c-4b0e-8d77-3e6c1b2a4d59", "file is not a database", UNSET),
    m.RevocationsInForce(
        1_789_999_000_000,
        TAKEN, ENDED,
    ),
    m.SessionAdopted(SESSION, "p1", 480, ENDED),
    m.ProblemReported("p1", SESSION, 48211907, ENDED),
    m.LatchCleared("p1", 73650214, ENDED),
    m.ListExtended("p1", 73650214, 1_789_999_000_000, 1_790_301_400_000, ENDED),
    m.TokenRekeyed(TOKEN, "a81c03d2f56e9b7048c2d1e0f3a4b596", "k2", ENDED),
    m.SignOff("p2", TRAINER, 48211907, 1_789_999_000_000, ENDED),
    m.Unattended("p1", SESSION, 48211907, ENDED),
)  # fmt: skip

ONLINE = m.Status(
    agent="agent-1",
    online=True,
    boot=BOOT,
    version="1.0.0",
    revision=1_789_999_000_000,
    outbox=OUTBOX,
    last_n=3,
    at_ms=1_790_003_600_250,
    synced=True,
    understands=tuple(sorted(m.FEATURES)),
    machines=(
        m.MachineStatus(
            "p1", m.MachineState.RUNNING, 1_790_000_000_250, SESSION, 3600,
            running=True, proven_open_ms=1_789_995_000_000,
        ),
        m.MachineStatus(
            "p2", m.MachineState.OUT_OF_SERVICE, 1_789_990_000_000,
            latched=True, faults=("reader_down",), problem=True, lacks=(m.PRESS_TO_START,),
        ),
    ),
    disk_free_mb=11_400,
)  # fmt: skip
WILL = m.Status("agent-1", False, BOOT)

ACCESS_LIST = m.AccessList(
    agent="agent-1",
    revision=1_789_999_000_000,
    issued_ms=1_789_999_000_000,
    key_id="k1",
    payers=(
        m.PayerCard("tenant-a", "Tenant A · prototypes", {"p1": 350, "p2": 1800}, 7200),
        m.PayerCard("tenant-b", "Tenant B", {"p1": 350}, None, m.DenialReason.BUDGET_REACHED, m.Shows.TIME_LEFT),
        m.PayerCard(
            "school", "School", {"p1": 350},
            machines=("p1",), open=(m.Interval(1_790_002_800_000, 1_790_017_200_000),),
        ),
    ),
    holders=(
        m.HolderEntry(
            TOKEN, 48211907, "Ada", "fr", ("tenant-a", "tenant-b", "school"),
            rules=(m.PayerRule("school", ("p1",), 1_790_002_800_000, 1_790_017_200_000),),
        ),
        m.HolderEntry("15c0e9d83b7a42f6a8d1904e7c62f3b5", 73650214, None, "de", (), m.DenialReason.TOKEN_BLOCKED),
        m.HolderEntry("8b21f0c6d94e37a5b1c7e08f6d2a4935", 48211907, "Ada", "fr", ("tenant-a",), until_ms=1_790_028_000_000),
    ),
    machines=(
        m.MachineEntry(
            machine="p1",
            name="Printer 1",
            risk=m.RiskClass.LOW,
            valid_until_ms=1_790_258_200_000,
            requires=(
                m.CONFIRMED_END, m.MAXIMUM_WARN, m.PRESS_TO_START, m.IDLE_WARNING, m.IDLE_END, m.COOL_DOWN, m.TAKE_OVER,
                m.EXTENSION, m.PAYER_CHOICE, m.CONTINUATION, m.BOOKINGS, m.CLASSES, m.PAYER_RULES,
                m.TOKEN_ENDS,
            ),
            policy=m.Policy(
                confirm_s=5, max_s=86_400, press_s=30, idle_warn_s=1800, idle_end_s=3600, cooldown_s=120,
                takeover_s=900, extend_s=1800, extend_times=2, payer_s=180, continue_s=3600,
            ),
            may=(m.Authorisation(48211907, m.Level.ALONE, 1_793_000_000_000), m.Authorisation(TRAINER, m.Level.TRAINER)),
            may_not=(m.Refusal(73650214, (m.DenialReason.QUALIFICATION_MISSING,)),),
            staff=(73650214,),
            booked=(
                m.Booked(1_790_010_000_000, 1_790_013_600_000, 48211907),
                m.Booked(1_790_020_800_000, 1_790_024_400_000, None),
            ),
            lessons=(m.Lesson(LESSON, TRAINER, "school", 1_790_002_800_000, 1_790_010_000_000),),
            log_only_until_ms=1_792_000_000_000,
        ),
        m.MachineEntry(
            machine="p2",
            name="Mill 2",
            risk=m.RiskClass.HIGH,
            valid_until_ms=1_790_085_400_000,
            service=m.Service.OUT_AFTER_JOB,
            note="spindle bearing",
            end_session=SESSION,
            clear_latch_upto=17,
            requires=(
                m.CONFIRMED_END, m.OPENING_HOURS, m.BYPASS, m.DATED_DENIALS, m.SUPERVISION, m.TWO_PERSONS, m.TOKEN_ENDS,
            ),
            policy=m.Policy(second_s=30, again_s=900, supervise_s=1800),
            open=(m.Interval(1_790_000_000_000, 1_790_040_000_000),),
            may_not=(m.Refusal(48211907, (m.DenialReason.QUALIFICATION_EXPIRED,), 1_789_000_000_000),),
            bypass=m.Bypass("Paul, lab", 1_790_014_400_000),
            denied=(m.Dated(m.DenialReason.CHECK_OVERDUE, 1_790_035_200_000),),
        ),
    ),
    revoked=TAKEN,
    masters=(m.Master("15c0e9d83b7a42f6a8d1904e7c62f3b5", 73650214, PIN, "lab"),),
    masters_after_s=600,
    keys=(m.WrappedKey("k2", "k1", wrap(bytes(range(32)), "k2", bytes(range(32, 64)))),),
)  # fmt: skip
RECEIPT = m.Receipt({OUTBOX: 2, "0f4d9a31-9f5c-4b0e-8d77-3e6c1b2a4d59": 4711})

EVENTS = {f"event-{body.KIND}": (n, body) for n, body in enumerate(BODIES, start=1)}
MADE = {
    **{name: m.encode_event(OUTBOX, n, body, simulated=False) for name, (n, body) in EVENTS.items()},
    "status-online": encode(ONLINE),
    "status-will": encode(WILL),
    "access-list": encode(ACCESS_LIST),
    "receipt": encode(RECEIPT),
}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


@pytest.mark.parametrize("name", MADE)
def test_each_message_has_exactly_the_bytes_on_file(name: str) -> None:
    assert MADE[name] == golden(name)


@pytest.mark.parametrize("name", EVENTS)
def test_each_event_on_file_reads_as_the_record_that_made_it(name: str) -> None:
    n, body = EVENTS[name]

    envelope = m.decode_envelope(golden(name))

    assert (envelope.outbox, envelope.n, envelope.kind, envelope.simulated) == (OUTBOX, n, body.KIND, False)
    assert m.decode_body(envelope) == body


def test_the_other_messages_on_file_read_as_the_records_that_made_them() -> None:
    assert m.decode_status(golden("status-online")) == ONLINE
    assert m.decode_status(golden("status-will")) == WILL
    assert m.decode_access_list(golden("access-list")) == ACCESS_LIST
    assert m.decode_receipt(golden("receipt")) == RECEIPT


def test_every_kind_of_event_is_on_file() -> None:
    assert {body.KIND for body in BODIES} == set(m.KINDS)
    assert {path.stem for path in GOLDEN.iterdir()} == set(MADE)


def test_the_protocol_page_shows_the_messages_on_file() -> None:
    shown = {
        name: json.loads(block)
        for name, block in re.findall(r"`(\S+)\.json`\n+```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    }

    assert shown == {name: json.loads(golden(name)) for name in MADE}


@pytest.mark.parametrize(
    "kind", [m.DenialReason, m.EndReason, m.Level, m.TimeQuality, m.MachineState, m.Shows, m.OnMaximum, m.Service]
)
def test_the_protocol_page_names_every_word_of_a_closed_list(kind: type[StrEnum]) -> None:
    page = PAGE.read_text()

    assert [word for word in kind if f"`{word}`" not in page] == []


def test_the_protocol_page_names_every_feature_and_the_rule_that_asks_for_it() -> None:
    section = PAGE.read_text().partition("### Rules of a machine")[2].partition("```")[0]

    words = [*sorted(m.FEATURES), *(field.name for field in fields(m.Policy))]

    assert [word for word in words if f"`{word}`" not in section] == []


def test_the_protocol_page_explains_every_kind_of_event_under_its_name() -> None:
    page = PAGE.read_text()

    assert [kind for kind in m.KINDS if f"### {kind}\n\n" not in page] == []
    assert [kind for kind in m.KINDS if f"### {kind}\n\n`event-" in page] == ["agent_started"]  # its name says it all


def test_the_protocol_page_names_everything_that_can_be_taken_away() -> None:
    section = PAGE.read_text().partition("### revocations_in_force")[2].partition("```")[0]

    assert [word for word in m.Taken if f"`{word}`" not in section] == []


def test_an_older_agent_that_knows_none_of_the_newer_fields_is_understood() -> None:
    envelope = m.decode_envelope(golden("event-session_ended"))
    newer = {
        "payer_chosen",
        "cooldown_s",
        "gap_s",
        "measured_s",
        "continues",
        "master",
        "supervisor",
        "companion",
        "lesson",
    }
    old = replace(envelope, body={name: value for name, value in envelope.body.items() if name not in newer})

    read = m.decode_body(old)

    assert isinstance(read, m.SessionEnded)
    assert (read.payer_chosen, read.cooldown_s, read.gap_s) == (False, 0, 0)
    assert (read.measured_s, read.continues) == (None, None)
    assert newer <= set(envelope.body)  # the control: they stand in the golden message


def test_a_list_of_a_newer_server_with_fields_and_features_nobody_knows_is_understood() -> None:
    plain = json.loads(golden("access-list"))
    plain["weather"] = "fine"
    plain["machines"][0]["policy"]["hum_s"] = 3
    plain["machines"][0]["requires"].append("humming")

    read = m.decode_access_list(json.dumps(plain).encode())

    assert read.machines[0].policy == ACCESS_LIST.machines[0].policy
    assert read.machines[0].requires[-1] == "humming"
