"""The agent's settings: one TOML file. It refuses to start half configured, and says everything that is wrong at once."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from agent.places import Place, read_places
from agent.texts import LANGUAGES
from agent.toml_reader import TomlReader
from wire.hosts import is_loopback
from wire.topics import is_agent_name

_KEYS_AT_MOST = 8


class ConfigError(ValueError):
    """The settings cannot be used; the text has one line for each thing that is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    username: str
    password: str
    tls: bool
    ca_file: Path | None
    authority: str = ""  # the certificate of the lab's own authority, as PEM


@dataclass(frozen=True, slots=True)
class SiteKey:
    """The key behind the fingerprints of badges, and its name."""

    id: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Board:
    directory: Path
    virtual: bool


@dataclass(frozen=True, slots=True)
class Config:
    name: str
    state_dir: Path
    site_keys: tuple[SiteKey, ...]  # the newest first; lists bring newer ones, see agent/tokens.py
    language: str
    simulate: bool
    broker: Broker
    machines: tuple[Place, ...]
    board: Board | None  # only where ``simulate``

    @property
    def site_key(self) -> bytes:
        return self.site_keys[0].key

    @property
    def site_key_id(self) -> str:
        return self.site_keys[0].id


def load(path: Path, simulate: bool = False) -> Config:
    """The settings in ``path``. Raises ConfigError."""
    try:
        plain = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    reader = TomlReader(plain, path.parent)
    config = _read(reader, simulate)
    if reader.problems or config is None:
        raise ConfigError("\n".join(f"{path}: {key} {what}" for key, what in reader.problems.items()))
    return config


def _read(reader: TomlReader, simulate: bool) -> Config | None:
    name, language, keys = reader.take("name", str), reader.take("language", str, "fr"), _site_keys(reader)
    simulate = simulate or reader.take("simulate", bool, False)
    reader.check("name", name, is_agent_name, "should be 2 to 40 of a-z, 0-9 and -, and not 'server'")
    reader.check("language", language, LANGUAGES.__contains__, f"should be one of {', '.join(LANGUAGES)}")
    state_dir = reader.path("state_dir")
    broker = _broker(reader.part("broker"), name)
    machines = read_places(reader)
    board = _board(reader.part("board")) if simulate else None
    reader.has("board")  # it may stand there, and is then for simulation
    reader.refuse_the_rest()
    if reader.problems:
        return None
    return Config(name, state_dir, keys, language, simulate, broker, machines, board)


def _site_keys(reader: TomlReader) -> tuple[SiteKey, ...]:
    """One key as ``site_key`` and ``site_key_id``, or several as [[site_key]] with ``id`` and ``key``, the newest first."""
    if reader.is_list("site_key"):
        return tuple(_site_key(part, part.take("id", str), "key") for part in reader.parts("site_key", _KEYS_AT_MOST))
    return (_site_key(reader, reader.take("site_key_id", str, "k1"), "site_key"),)


def _site_key(reader: TomlReader, key_id: str, name: str) -> SiteKey:
    text = reader.secret(name)
    reader.check(name, text, _is_key, "should have at least 32 hex digits: pair the agent, or download its file again")
    return SiteKey(key_id, bytes.fromhex(text) if _is_key(text) else b"")


def _broker(reader: TomlReader, name: str) -> Broker:
    host = reader.take("host", str)
    tls = reader.take("tls", bool, not is_loopback(host))
    port = reader.take("port", int, 8883 if tls else 1883)
    reader.check("port", port, lambda port: 0 < port < 65536, "should be 1 to 65535")
    ca_file = reader.path("ca_file") if reader.take("ca_file", str, None) is not None else None
    username, authority = reader.take("username", str, name), reader.take("authority", str, "")
    return Broker(host, port, username, reader.secret("password"), tls, ca_file, authority)


def _board(reader: TomlReader) -> Board:
    return Board(reader.path("directory"), reader.take("virtual", bool))


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= 16
    except ValueError:
        return False
