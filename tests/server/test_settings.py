"""A lab that is half configured does not start, and is told what is missing."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from server.settings import Mqtt, SettingsError, load_settings

KEY = "ab" * 32
GOOD = f"""
database_url = "sqlite:///books.db"
data_dir = "data"
lab_name = "Lab"
site_key = "{KEY}"

[mqtt]
host = "broker.lan"
port = 8883
password = "secret"
tls = true
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    for name in ("PROLAB_CONFIG", "PROLAB_SITE_KEY", "PROLAB_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path) -> Path:
    path: Path = tmp_path / "prolab.toml"
    path.write_text(GOOD)
    return path


def test_a_complete_file_is_read(file):
    settings = load_settings(file)

    assert (settings.lab_name, settings.mqtt.host, settings.mqtt.port, settings.mqtt.tls) == (
        "Lab",
        "broker.lan",
        8883,
        True,
    )
    assert (settings.timezone, settings.site_key_id, settings.web.port, settings.demo) == (
        "Europe/Paris",
        "k1",
        8080,
        False,
    )
    assert settings.site_key_bytes == bytes.fromhex(KEY)


def test_relative_paths_are_relative_to_the_file(file, tmp_path, monkeypatch):
    monkeypatch.chdir("/")

    settings = load_settings(file)

    assert settings.database_url == f"sqlite:///{tmp_path}/books.db"
    assert settings.documents_dir == tmp_path / "data" / "documents"


def test_everything_that_is_missing_is_named_at_once(tmp_path):
    empty = tmp_path / "empty.toml"
    empty.write_text("[mqtt]\nhost = 'broker.lan'\n")

    with pytest.raises(SettingsError) as raised:
        load_settings(empty)

    for name in ("database_url", "data_dir", "lab_name", "site_key", "mqtt.port", "mqtt.password"):
        assert f"{name} is missing" in str(raised.value)
    assert "openssl rand -hex 32" in str(raised.value)
    assert "PROLAB_MQTT__PASSWORD" in str(raised.value)


def test_without_any_file_the_error_says_where_to_look():
    with pytest.raises(SettingsError, match=r"environment \(there is no prolab.toml\)"):
        load_settings(None)


def test_the_environment_wins_over_the_file(file, monkeypatch):
    monkeypatch.setenv("PROLAB_MQTT__HOST", "other.lan")

    settings = load_settings(file)

    assert (settings.mqtt.host, settings.mqtt.port) == ("other.lan", 8883)


def test_a_secret_may_stand_in_a_file_of_its_own(file, tmp_path, monkeypatch):
    (tmp_path / "password").write_text("from-file\n")
    monkeypatch.setenv("PROLAB_MQTT__PASSWORD_FILE", str(tmp_path / "password"))

    assert load_settings(file).mqtt.password.get_secret_value() == "from-file"


def test_the_mail_servers_password_may_stand_in_a_file_of_its_own(file, tmp_path, monkeypatch):
    file.write_text(
        f'{GOOD}\n[web]\naddress = "http://lab.lan/"\n[smtp]\nhost = "mail.lan"\nsender = "prolab@lab.lan"\n'
    )
    (tmp_path / "password").write_text("from-file\n")
    monkeypatch.setenv("PROLAB_SMTP__PASSWORD_FILE", str(tmp_path / "password"))

    settings = load_settings(file)

    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.encryption) == (587, "starttls")
    assert settings.smtp.password is not None
    assert settings.smtp.password.get_secret_value() == "from-file"
    assert settings.web.url == "http://lab.lan"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[web]\naddress = "https://lab.lan"', "https: must be true where the address begins with https"),
        ('[web]\naddress = "lab.lan"', "address: begins with https:// or http://"),
        ('[smtp]\nhost = "mail.lan"\nsender = "prolab@lab.lan"', "smtp: links in mails begin with web.address"),
        ('[smtp]\nhost = "mail.lan"', "smtp.sender is missing: the mail address that our mails come from"),
        ('[smtp]\nhost = "mail.lan"\nsender = "a@lab.lan"\nencryption = "ssl"', "smtp.encryption"),
    ],
)
def test_an_address_or_a_mail_server_that_cannot_be_right_is_named(file, section, said):
    file.write_text(f"{GOOD}\n{section}\n")

    with pytest.raises(SettingsError) as raised:
        load_settings(file)

    assert said in str(raised.value)


def test_without_an_address_of_its_own_the_server_is_where_it_listens(file):
    web = load_settings(file).web

    assert (web.url, web.https) == ("http://127.0.0.1:8080", False)


def test_a_secret_file_that_is_not_there_is_named(file, monkeypatch):
    monkeypatch.setenv("PROLAB_SITE_KEY_FILE", "/nowhere/key")

    with pytest.raises(SettingsError, match=r"PROLAB_SITE_KEY_FILE: /nowhere/key"):
        load_settings(file)


def test_the_file_is_found_through_the_environment_or_in_the_folder(file, tmp_path, monkeypatch):
    assert load_settings(None).lab_name == "Lab"

    monkeypatch.setenv("PROLAB_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match=r"gone\.toml does not exist"):
        load_settings(None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (KEY, "ab" * 8, "site_key: shorter than 32"),
        (KEY, "zz" * 32, "site_key: not hex"),
        ("port = 8883", "port = 99999", "mqtt.port: "),
        ("tls = true", "tsl = true", "mqtt.tsl is not a setting"),
        ('lab_name = "Lab"', 'lab_name = "Lab"\ntimezone = "Mulhouse"', "timezone: not a time zone"),
        ('lab_name = "Lab"', 'lab_name = "Lab"\nboard = "board.map"', "board: simulated time is for the demo only"),
        ('lab_name = "Lab"', "lab_name = ", "cannot be read"),
    ],
)
def test_a_wrong_value_is_named(file, old, new, said):
    file.write_text(GOOD.replace(old, new))

    with pytest.raises(SettingsError) as raised:
        load_settings(file)

    assert said in str(raised.value)


def test_an_error_never_shows_a_secret(file):
    file.write_text(GOOD.replace(KEY, "c0ffee"))

    with pytest.raises(SettingsError) as raised:
        load_settings(file)

    assert "c0ffee" not in str(raised.value)


def test_what_crosses_a_network_is_encrypted_unless_somebody_says_otherwise():
    def tls(host, **more):
        return Mqtt(host=host, port=1883, password=SecretStr("x"), **more).tls

    assert [tls(host) for host in ("127.0.0.1", "localhost", "::1")] == [False] * 3
    assert [tls(host) for host in ("192.168.1.10", "broker.lan")] == [True] * 2
    assert (tls("broker.lan", tls=False), tls("localhost", tls=True)) == (False, True)
