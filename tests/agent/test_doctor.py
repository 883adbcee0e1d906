"""``prolab-agent doctor``: what is in order is said so, and each thing that is wrong is named with what to do about it."""

import importlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from gpiozero.output_devices import OutputDevice
from gpiozero.pins.mock import MockFactory

from agent.config import Broker, load
from agent.doctor import Finding, Tools, computer, examine, readers, relay_test, wiring
from agent.doctor.broker import Met, connect_packet, judge_broker, meet
from agent.doctor.computer import (
    Mount,
    Places,
    judge_clock,
    judge_mount,
    judge_outputs,
    judge_space,
    mount_of,
    time_on_disk,
)
from agent.doctor.readers import Port, judge_chip, judge_port, open_port
from agent.doctor.relay_test import Seen
from agent.doctor.service import judge_hardware_watchdog, judge_unit, seconds
from agent.hardware import MeterDown, Metered
from agent.metering import Thresholds
from agent.places import ContactKind, Inputs, MeterAt, Place, ReaderKind
from agent.state import State
from tests.agent.fakes import FakeRelay
from wire.messages import OnLoss, TimeQuality

MILL = Place("mill", "/dev/ttyAMA0", 17, OnLoss.OFF, inputs=Inputs(contact=22))
DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000
LAB = Broker("broker.lab", 8883, "agent-1", "secret", True, None)
UNIT = {
    "LoadState": "loaded",
    "Type": "notify",
    "WatchdogUSec": "10s",
    "Restart": "on-failure",
    "StartLimitIntervalUSec": "0",
    "ExecStopPost": "{ path=/opt/prolab/bin/prolab-agent ; argv[]=/opt/prolab/bin/prolab-agent safe-off ; }",
}
MOUNTS = r"""
22 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
30 22 0:25 / /var ro,noatime - overlay overlay rw
31 30 179:3 / /var/lib/prolab\040agent rw - ext4 /dev/mmcblk0p3 rw
32 22 0:26 / /tmp rw - tmpfs tmpfs rw
"""


def in_order(*findings: Finding) -> bool:
    return not any(finding.fix for finding in findings)


# --- outputs, disk, clock -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "asked", "good", "words"),
    [
        ("N\n", False, True, "lets outputs fall"),
        ("Y\n", False, False, "leaves the machine ON"),
        ("Y\n", True, False, "reboot"),
        (None, True, True, "does not say whether it heeds it"),
        (None, False, False, "strict_gpiod is not set"),
    ],
)
def test_a_kernel_that_keeps_outputs_is_named_with_the_line_that_changes_it(
    parameter: str | None, asked: bool, good: bool, words: str
) -> None:
    finding = judge_outputs(parameter, asked)

    assert in_order(finding) is good
    assert words in finding.found
    assert good or "strict_gpiod" in finding.fix


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("dtparam=strict_gpiod", True),
        ("dtparam=spi=on,strict_gpiod", True),
        ("dtparam=strict_gpiod=on", True),
        ("#dtparam=strict_gpiod", False),
        ("dtparam=strict_gpiod=off", False),
    ],
)
def test_the_line_is_looked_for_where_the_firmware_reads_it(tmp_path: Path, line: str, counts: bool) -> None:
    (tmp_path / "config.txt").write_text(f"dtparam=audio=on\n{line}\n[pi5]\n")
    places = Places(keeps_outputs=tmp_path / "nothing", firmware=(tmp_path / "config.txt",))

    assert in_order(computer.outputs(places)) is counts


def test_the_state_folders_own_file_system_is_found_whatever_lies_above_it() -> None:
    assert mount_of(Path("/var/lib/prolab agent/state"), MOUNTS) == Mount("/var/lib/prolab agent", "ext4", True)
    assert mount_of(Path("/var/lib/other"), MOUNTS) == Mount("/var", "overlay", False)
    assert mount_of(Path("/variant"), MOUNTS) == Mount("/", "ext4", True)


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (Mount("/var", "overlay", True), "in memory, not on the card"),
        (Mount("/tmp", "tmpfs", True), "in memory"),
        (Mount("/var", "ext4", False), "read-only"),
        (None, "on no file system"),
    ],
)
def test_a_state_folder_that_would_not_survive_a_power_cut_is_wrong(mount: Mount | None, words: str) -> None:
    finding = judge_mount(Path("/var/lib/prolab-agent"), mount)

    assert words in finding.found
    assert finding.fix
    assert in_order(judge_mount(Path("/var/lib/prolab-agent"), Mount("/", "ext4", True)))


def test_a_time_on_disk_that_is_ahead_of_the_right_clock_is_wrong_and_its_fix_lets_the_clock_be_believed(
    tmp_path: Path,
) -> None:
    """Once, before the network was there, the clock was years ahead. Nothing ever goes back behind that by itself."""
    ahead = State(tmp_path, simulated=True)
    ahead.write(NOW_MS + DAY_MS, lambda transaction: None)
    ahead.close()
    finding = judge_clock(TimeQuality.SYNCED, time_on_disk(tmp_path) - NOW_MS, tmp_path)
    assert "1440 min behind" in finding.found

    command = finding.fix.split("sudo ", 1)[1]
    subprocess.run(command.replace("python3", sys.executable, 1), shell=True, check=True)

    assert time_on_disk(tmp_path) == 0
    assert in_order(judge_clock(TimeQuality.SYNCED, time_on_disk(tmp_path) - NOW_MS, tmp_path))
    assert in_order(judge_clock(TimeQuality.SYNCED, 60_000, tmp_path)), (
        "a minute is put right by the network's time all day"
    )
    assert time_on_disk(tmp_path / "nowhere") == 0


def test_a_full_disk_and_a_clock_that_was_never_set_are_wrong() -> None:
    assert [in_order(judge_space(Path("/"), mb)) for mb in (199, 200)] == [False, True]
    assert [in_order(judge_clock(one)) for one in TimeQuality] == [True, False, False]


# --- systemd ------------------------------------------------------------------------------------------------------------


def test_a_unit_as_it_is_shipped_is_in_order() -> None:
    assert in_order(*judge_unit(UNIT))
    assert in_order(judge_hardware_watchdog({"RuntimeWatchdogUSec": "14s"}))


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"LoadState": "not-found"}, "service"),
        ({"WatchdogUSec": "0"}, "watchdog"),
        ({"WatchdogUSec": "infinity"}, "watchdog"),
        ({"WatchdogUSec": "2min"}, "watchdog"),
        ({"Type": "simple"}, "watchdog"),
        ({"Restart": "no"}, "restart"),
        ({"StartLimitIntervalUSec": "10s"}, "restart limit"),
        ({"ExecStopPost": ""}, "safe-off"),
    ],
)
def test_what_the_unit_lacks_is_named(changed: dict[str, str], check: str) -> None:
    wrong = [finding.check for finding in judge_unit({**UNIT, **changed}) if finding.fix]

    assert wrong == [check]


def test_spans_are_read_as_systemd_writes_them() -> None:
    spans = ["10s", "1min 30s", "250ms", "0", "infinity", ""]

    assert [seconds(span) for span in spans] == [10.0, 90.0, 0.25, None, None, None]
    assert not in_order(judge_hardware_watchdog({"RuntimeWatchdogUSec": "0"}))


# --- broker -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("met", "wrong"),
    [
        (Met(until_ms=90 * DAY_MS, refused=0), []),
        (Met(until_ms=13 * DAY_MS, refused=0), ["certificate"]),
        (Met(until_ms=90 * DAY_MS, refused=0x87), ["broker"]),
        (Met("Connection refused"), ["broker"]),
        (Met("its certificate is not believed: expired"), ["broker"]),
        (Met(until_ms=90 * DAY_MS), ["broker"]),
    ],
)
def test_the_brokers_certificate_and_its_answer_are_judged(met: Met, wrong: list[str]) -> None:
    assert [one.check for one in judge_broker(LAB, met, 0) if one.fix] == wrong


def test_a_broker_elsewhere_without_tls_is_wrong_and_one_on_this_pi_is_not() -> None:
    plain = replace(LAB, tls=False)

    assert [one.check for one in judge_broker(plain, Met(refused=0), 0) if one.fix] == ["encryption"]
    assert in_order(*judge_broker(replace(plain, host="127.0.0.1"), Met(refused=0), 0))


def test_it_says_hello_as_mqtt_5_writes_it() -> None:
    assert connect_packet("a", "b", "c") == bytes.fromhex("101400044d51545405c2001e00000161000162000163")
    assert connect_packet("a", "b", "c" * 200)[:3] == bytes((0x10, 0xDB, 0x01))


@pytest.fixture
def answering() -> Iterator[tuple[int, list[bytes]]]:
    """Somebody at a port who refuses every name."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            line, _ = listening.accept()
            with line:
                heard.append(line.recv(200))
                line.sendall(bytes.fromhex("2003008600"))

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1], heard
        thread.join()


def test_it_asks_under_a_name_of_its_own_so_that_the_running_agent_is_not_thrown_out(
    answering: tuple[int, list[bytes]],
) -> None:
    port, heard = answering

    met = meet(Broker("127.0.0.1", port, "agent-1", "wrong", False, None), "agent-1")

    assert met == Met(refused=0x86)
    assert b"agent-1-doctor" in heard[0]


# --- readers, ports, pins, meters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "kernel_line", "wrong"),
    [
        (Port("/dev/serial/by-id/one"), "", []),
        (Port("/dev/serial/by-id/one", "No such file or directory"), "", ["reader"]),
        (Port("/dev/serial/by-id/one", taken=True), "", ["reader"]),
        (Port("/dev/ttyUSB0"), "", ["reader, name"]),
        (Port("/dev/input/event3"), "", ["reader, name"]),
        (Port("/dev/ttyAMA0"), "console=ttyAMA0,115200 root=/dev/x", ["reader, console"]),
        (Port("/dev/ttyAMA0"), "console=tty1", []),
    ],
)
def test_a_port_is_there_and_ours_and_keeps_its_name(port: Port, kernel_line: str, wrong: list[str]) -> None:
    assert [one.check for one in judge_port("reader", port, kernel_line) if one.fix] == wrong


def test_a_port_that_another_program_has_is_seen_to_be_taken(tmp_path: Path) -> None:
    serial = pytest.importorskip("serial")
    meter_end, our_end = os.openpty()
    path = os.ttyname(our_end)
    free = open_port(path)

    with serial.Serial(path, exclusive=True):
        taken = open_port(path)

    assert (free, taken) == (Port(path), Port(path, taken=True))
    (tmp_path / "file").touch()
    assert open_port(str(tmp_path / "file")).trouble == "it is no device"
    os.close(meter_end)
    os.close(our_end)


def test_a_chip_is_told_by_its_name_a_missing_bus_from_a_silent_chip() -> None:
    assert in_order(judge_chip("reader", "0.1", "MFRC522 2.0", ""))
    assert "dtparam=spi=on" in judge_chip("reader", "0.1", None, "[Errno 2] No such file or directory").fix
    assert "3.3 V" in judge_chip("reader", "0.1", None, "nobody answers").fix


def test_pins_that_are_free_and_one_that_is_taken() -> None:
    factory = MockFactory()
    assert in_order(*wiring.free_pins(MILL, factory))

    relay = OutputDevice(17, pin_factory=factory)
    (finding,) = wiring.free_pins(MILL, factory)

    assert "GPIO17" in finding.found
    assert "GPIO22" not in finding.found
    assert finding.fix
    relay.close()


def test_no_driver_for_pins_is_one_finding_and_not_the_end() -> None:
    def fails() -> MockFactory:
        raise ModuleNotFoundError("No module named 'lgpio'")

    assert "python3-lgpio" in wiring.judge_driver(wiring.driver_of(fails)).fix
    assert wiring.judge_driver(wiring.driver_of(MockFactory)) == Finding("pins", "driven by MockFactory")


def test_meters_and_thresholds() -> None:
    metered = replace(MILL, meter=MeterAt("/dev/nowhere", 1))
    assert in_order(wiring.judge_meter(metered, Metered("mill", 3.0, None)))
    assert wiring.judge_meter(metered, MeterDown("mill", "no answer")).found == "no answer"
    assert wiring.judge_meter(metered, None).found == "silent"

    without = [one.check for one in wiring.measuring(metered, True, lambda: 0) if one.fix]
    with_some = [*wiring.measuring(replace(metered, thresholds=Thresholds(30, 20)), True, lambda: 0)]

    assert without == ["thresholds of mill"]
    assert with_some == []


def test_what_a_plug_says_of_itself_becomes_findings() -> None:
    found = wiring.judge_plug(MILL, ["auto_on should be false: the plug would close by itself"], "")

    assert [str(one) for one in found] == [
        "wrong  plug of mill: the plug would close by itself. Fix: in the plug's own page: auto_on should be false"
    ]
    assert in_order(*wiring.judge_plug(MILL, [], ""))
    assert not in_order(*wiring.judge_plug(MILL, [], "timed out"))


# --- the relay test -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "good"),
    [
        (Seen(False, True, False), True),
        (Seen(True, True, True), False),
        (Seen(False, False, False), False),
        (Seen(False, True, True), False),
        (Seen(None, True, False), False),
    ],
)
def test_the_feedback_contact_judges_the_relay(seen: Seen, good: bool) -> None:
    assert in_order(relay_test.judge(MILL, seen)) is good


def test_the_relay_closes_only_for_somebody_who_types_the_machines_name_and_opens_again() -> None:
    factory = MockFactory()
    levels: list[bool] = []
    relay, contact = factory.pin(17), factory.pin(22)

    def pause(_s: float) -> None:
        on = bool(relay.state) and relay.function == "output"
        levels.append(on)
        contact.drive_low() if not on else contact.drive_high()  # a mirror contact: normally closed, to ground

    (refused,) = relay_test.relay_test(MILL, factory, lambda text: "yes", pause)
    assert levels == []
    (tested,) = relay_test.relay_test(MILL, factory, lambda text: "mill", pause)

    assert refused.found == "not tested"
    assert tested == Finding("relay of mill", "closes, opens, and its feedback contact says so")
    assert (levels[0], any(levels), levels[-1]) == (False, True, False)


def test_however_the_relay_test_ends_the_relay_is_released() -> None:
    relay = FakeRelay([], "mill")

    def interrupted(_s: float) -> None:
        if relay.on:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relay_test.try_out(relay, [], interrupted)

    assert not relay.on
    assert relay.released


def test_a_warning_to_pull_the_plug_stands_before_the_question() -> None:
    asked: list[str] = []
    place = replace(MILL, inputs=Inputs(contact_kind=ContactKind.AUXILIARY))

    def ask(text: str) -> str:
        asked.append(text)
        return ""

    list(relay_test.relay_test(place, MockFactory(), ask, lambda s: None))

    assert "Pull the machine's plug" in asked[0]
    assert asked[0].index("START") < asked[0].index("Type mill")


# --- all of it ----------------------------------------------------------------------------------------------------------


def test_a_whole_box_is_examined_and_nothing_that_is_missing_ends_the_examination(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(
        f"""
name = "agent-1"
state_dir = "state"
site_key = "00112233445566778899aabbccddeeff"
[broker]
host = "127.0.0.1"
port = 1
password = "secret"
[[machine]]
id = "mill"
reader = "{tmp_path}/nothing"
relay = 17
"""
    )
    nowhere = Places(tmp_path / "none", (), tmp_path / "none", Path("/proc/self/mountinfo"))

    checks = {
        one.check: bool(one.fix)
        for one in examine(load(tmp_path / "agent.toml"), Tools(nowhere, service=lambda: iter(())))
    }

    assert list(checks) == [
        "settings",
        "killed agent",
        "clock",
        "state folder",
        "rights",
        "free space",
        "broker",
        "pins",
        "reader of mill",
    ]
    assert not checks["settings"]
    assert checks["reader of mill"]
    assert checks["broker"]


def test_readers_of_a_chip_without_a_bus_are_told_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_spidev(name: str) -> None:
        raise ModuleNotFoundError("No module named 'spidev'")

    monkeypatch.setattr(importlib, "import_module", no_spidev)
    chip = replace(MILL, reader_kind=ReaderKind.MFRC522, reader="0.1")

    (finding,) = readers.readers(chip, None, "")

    assert "group spi" in finding.fix
