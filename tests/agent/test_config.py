"""Settings: complete, or refused with everything that is wrong."""

from pathlib import Path

import pytest

from agent.config import ConfigError, load
from wire.messages import OnLoss

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
relay = 27
on_loss = "hold"
"""
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
