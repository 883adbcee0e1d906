"""What is typed at a new Pi: codes with slips of the finger, addresses, and what is said when nothing answers."""

import socket
from pathlib import Path

import pytest

from agent import instance, pairing
from agent.pairing import Code, PairingError, pair, read_address, read_code

TYPED = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567"
CODE = Code("ABCDEFGHIJKLMNOP", "QRSTUVWXYZ234567")


@pytest.mark.parametrize(
    "text",
    [TYPED, TYPED.lower(), TYPED.replace("-", ""), TYPED.replace("-", " "), TYPED.replace("O", "0"), f" {TYPED}\n"],
)
def test_dashes_small_letters_and_misread_digits_do_not_matter(text: str) -> None:
    assert read_code(text) == CODE


@pytest.mark.parametrize(
    "text", ["", "ABCD", TYPED[:-1], TYPED + "A", TYPED.replace("7", "9"), TYPED.replace("Z", "É")]
)
def test_what_cannot_be_a_code_is_refused_before_anybody_is_asked(text: str, tmp_path: Path) -> None:
    with pytest.raises(PairingError, match="A code has 32 letters and digits"):
        pair("https://192.0.2.1:1", text, tmp_path / "agent.toml")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://lab.example:9443", ("lab.example", 9443)),
        ("https://lab.example", ("lab.example", 8443)),
        ("lab.example", ("lab.example", 8443)),
        ("192.168.1.10:8443/", ("192.168.1.10", 8443)),
        ("https://[fd00::1]:8443", ("fd00::1", 8443)),
    ],
)
def test_an_address_may_be_written_short(url: str, found: tuple[str, int]) -> None:
    assert read_address(url) == found


@pytest.mark.parametrize("url", ["", "http://lab.example", "https://", "https://lab:port", "mqtt://lab"])
def test_what_is_no_address_with_tls_is_refused(url: str) -> None:
    with pytest.raises(PairingError, match="looks like https://"):
        read_address(url)


def test_where_nobody_answers_the_next_step_is_said_and_nothing_written(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"https://127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(PairingError, match=r"No answer from .*prolab pairing"):
            pair(url, TYPED, tmp_path / "new" / "agent.toml")

    assert list((tmp_path / "new").iterdir()) == []


def test_settings_that_are_there_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text("mine")

    with pytest.raises(PairingError, match="With --replace"):
        pair("https://192.0.2.1:1", TYPED, tmp_path / "agent.toml")

    assert (tmp_path / "agent.toml").read_text() == "mine"


def settings_of(name: str) -> str:
    return (
        f'name = "{name}"\nstate_dir = "its-own"\nsite_key = "{"ab" * 16}"\n[broker]\nhost = "localhost"\n'
        'password = "x"\n[[machine]]\nid = "p1"\nreader = "/dev/ttyUSB0"\nrelay = 17\n'
    )


@pytest.mark.parametrize("state_dir", ["its-own", "state"])
def test_nothing_is_taken_away_from_under_an_agent_that_runs(tmp_path: Path, state_dir: str) -> None:
    """Be it on the folder of the settings that are there, or on that of those that would come."""
    config = tmp_path / "agent.toml"
    config.write_text(settings_of("agent-1"))
    runs = instance.claim(tmp_path / state_dir)
    runs.announce()

    with pytest.raises(PairingError, match=r"An agent runs here, .*prolab-agent drain"):
        pair("https://192.0.2.1:1", TYPED, config, replace=True)

    assert config.read_text() == settings_of("agent-1")


def test_a_state_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(state_dir: Path) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pairing, "running", closed)

    with pytest.raises(PairingError, match="use sudo"):
        pair("https://192.0.2.1:1", TYPED, tmp_path / "agent.toml")


def test_what_a_pi_had_stored_as_another_agent_is_set_aside_because_the_server_would_not_take_it(
    tmp_path: Path,
) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(
        f'name = "agent-2"\nstate_dir = "state"\nsite_key = "{"ab" * 16}"\n[broker]\nhost = "localhost"\n'
        'password = "x"\n[[machine]]\nid = "p1"\nreader = "/dev/ttyUSB0"\nrelay = 17\n'
    )
    (tmp_path / "state").mkdir()
    for name in ("agent.db", "agent.db-wal", "other"):
        (tmp_path / "state" / name).write_text(name)

    moved = pairing._set_aside(config, "agent-1")

    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [
        "agent-1.agent.db", "agent-1.agent.db-wal", "other"
    ]  # fmt: skip
    assert moved[0].read_text() == "agent.db"
