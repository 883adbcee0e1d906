"""Settings: complete, or refused with everything that is wrong."""

from pathlib import Path

import pytest

from agent.config import ConfigError, load
from agent.metering import Thresholds
from agent.places import ContactKind, Inputs, MeterAt, PlugAt, ReaderKind, Signals, Types
from wire.messages import CARD_STAYS, PRESS_TO_START, OnLoss

GOOD = """
name = "agent-1"
state_dir = "state"
site_key = "00112233445566778899aabbccddeeff"
[broker]
host = "127.0.0.1"
password = "secret"
[[machine]]
id = "p1"
reader = "/dev/serial/by-id/one"
relay = 17
[[machine]]
id = "p2"
reader = "/dev/serial/by-id/two"
on_loss = "hold"
[machine.plug]
host = "192.0.2.20"
run_w = 30
idle_w = 20
"""
FULL = (
    'language = "fr"\n'
    + GOOD.partition("[[machine]]")[0]
    + """
[[machine]]
id = "mill"
reader = "0.0"
reader_kind = "mfrc522"
reset = 25
relay = 17
contact = 22
contact_kind = "auxiliary"
own_start = true
estop = 23
button = 24
problem = 16
bypass = 26
lamp = [5, 6, 12]
buzzer = 13
display = "sh1106"
display_address = 0x3D
[machine.meter]
port = "/dev/serial/by-id/meter"
address = 7
run_w = 300
idle_w = 150
up_s = 5
down_s = 60
gap_s = 20
standby_w = 40
"""
)
BOARD = '[board]\ndirectory = "board"\nvirtual = true\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "agent.toml"
    file.write_text(text)
    return file


def problems(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        load(written(folder, text))
    return str(error.value)


def test_a_complete_file_is_read_with_sensible_defaults(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD))

    assert (config.language, config.site_key_id, config.simulate, config.board) == ("fr", "k1", False, None)
    assert (config.broker.username, config.broker.port) == ("agent-1", 1883)
    assert config.state_dir == tmp_path / "state"
    assert [place.on_loss for place in config.machines] == [OnLoss.OFF, OnLoss.HOLD]
    assert config.machines[1].plug == PlugAt("192.0.2.20", 4 * 3600)
    assert config.machines[1].thresholds == Thresholds(30.0, 20.0)


def test_every_part_of_a_box_is_read(tmp_path: Path) -> None:
    config = load(written(tmp_path, FULL))

    (place,) = config.machines
    assert (place.reader, place.reader_kind, place.reset) == ("0.0", ReaderKind.MFRC522, 25)
    assert place.inputs == Inputs(22, ContactKind.AUXILIARY, own_start=True, estop=23, button=24, problem=16, bypass=26)
    assert place.signals == Signals((5, 6, 12), 13, "sh1106", 1, 0x3D)
    assert place.meter == MeterAt("/dev/serial/by-id/meter", 7)
    assert place.thresholds == Thresholds(300.0, 150.0, 5, 60, 20, 40.0)
    assert place.parts == {CARD_STAYS, PRESS_TO_START}


@pytest.mark.parametrize(
    ("line", "wrong", "told"),
    [
        ("button = 24", "button = 22", "the same pin twice: 22"),
        ("button = 24", "button = 14", "button should be one of"),
        ('contact_kind = "auxiliary"', 'contact_kind = "mirrored"', "contact_kind should be one of mirror, auxiliary"),
        ("lamp = [5, 6, 12]", "lamp = [5, 6]", "lamp should be three pins"),
        ('display = "sh1106"', 'display = "lcd"', "display should be ssd1306 or sh1106"),
        ("run_w = 300", "run_w = 100", "run_w not the lower one"),
        ("relay = 17", 'relay = 17\non_loss = "hold"', "hold needs an actuator that holds by itself"),
        ("address = 7", "address = 900", "address should be 1 to 247"),
        ('reader = "0.0"', 'reader = "/dev/spidev0.0"', 'reader should be such as "0.0"'),
        ("button = 24", "button = 8", "machine 1, pins are taken by a bus: 8 (SPI, for an mfrc522)"),
        ("lamp = [5, 6, 12]", "lamp = [9, 10, 3]", "3 (I2C, for a display), 9 (SPI, for an mfrc522), 10 (SPI"),
        ("standby_w = 40", "standby_w = 151", "standby_w 151.0: 0 or more, and at most idle_w"),
        ("run_w = 300", "", "meter.run_w is missing"),
        (
            'reader_kind = "mfrc522"',
            'reader_kind = "keyboard"\nreader_types = "hex"',
            "reader_types should be one of hex10",
        ),
        ('language = "fr"', 'langauge = "fr"', "langauge is no setting"),
        ("relay = 17", 'relay = 17\non_lose = "off"', "machine 1, on_lose is no setting"),
        ("address = 7", "adress = 7", "machine 1, meter.adress is no setting"),
        ('password = "secret"', 'password = "secret"\ntsl = true', "broker.tsl is no setting"),
    ],
)
def test_a_part_that_cannot_be_is_named(tmp_path: Path, line: str, wrong: str, told: str) -> None:
    assert line in FULL

    assert told in problems(tmp_path, FULL.replace(line, wrong))


def test_a_part_of_a_plug_that_is_no_setting_is_named_and_so_is_a_relay_beside_it(tmp_path: Path) -> None:
    told = problems(tmp_path, GOOD.replace('on_loss = "hold"', "relay = 22") + "dead_man = 60\n")

    assert "machine 2, plug.dead_man is no setting" in told
    assert "machine 2, relay has no place beside a [machine.plug]" in told


def test_buses_that_no_reader_and_no_display_of_the_box_use_are_free(tmp_path: Path) -> None:
    text = FULL.replace('reader = "0.0"', 'reader = "1.0"').replace('display = "sh1106"', "")
    text = text.replace("display_address = 0x3D", "").replace("lamp = [5, 6, 12]", "lamp = [2, 3, 7]")

    assert load(written(tmp_path, text)).machines[0].signals.lamp == (2, 3, 7)


def test_what_a_usb_reader_types_is_read(tmp_path: Path) -> None:
    text = GOOD.replace("relay = 17", 'relay = 17\nreader_kind = "keyboard"\nreader_types = "hex10"')

    assert [one.reader_types for one in load(written(tmp_path, text)).machines] == [Types.HEX10, Types.PRINTED10]


def test_secrets_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("ff" * 32 + "\n")
    text = GOOD.replace('site_key = "00112233445566778899aabbccddeeff"', 'site_key_file = "key"')

    assert load(written(tmp_path, text)).site_key == b"\xff" * 32


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("agent-1", "Agent 1").replace("00112233", "xyz").replace("17", "3").replace('"p2"', '"p1"')

    told = problems(tmp_path, text.replace('host = "127.0.0.1"', ""))

    for part in ("name", "site_key", "broker.host is missing", "machine 1, relay", "the same id twice"):
        assert part in told


def test_nothing_at_all_names_every_missing_value(tmp_path: Path) -> None:
    told = problems(tmp_path, "")

    for part in ("name", "state_dir", "site_key", "broker", "machine"):
        assert f"{part} " in told


def test_simulation_needs_a_board_and_a_real_box_ignores_it(tmp_path: Path) -> None:
    assert "board is missing" in problems(tmp_path, f"simulate = true\n{GOOD}")
    assert load(written(tmp_path, GOOD + BOARD)).board is None

    board = load(written(tmp_path, GOOD + BOARD), simulate=True).board

    assert board is not None
    assert (board.directory, board.virtual) == (tmp_path / "board", True)


def test_a_file_that_is_no_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    assert "agent.toml" in problems(tmp_path, "name = ")
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "missing.toml")


def test_what_crosses_a_network_is_encrypted_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    def broker(host: str, more: str = "") -> tuple[bool, int]:
        config = load(written(tmp_path, GOOD.replace('host = "127.0.0.1"', f'host = "{host}"{more}')))
        return config.broker.tls, config.broker.port

    assert [broker(host) for host in ("127.0.0.1", "localhost", "::1")] == [(False, 1883)] * 3
    assert [broker(host) for host in ("192.168.1.10", "prolab.local")] == [(True, 8883)] * 2
    assert broker("prolab.local", "\ntls = false") == (False, 1883)
