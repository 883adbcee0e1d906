"""The agent's settings: one TOML file. It refuses to start half configured, and says everything that is wrong at once."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.texts import LANGUAGES
from wire.messages import OnLoss
from wire.topics import is_agent_name

# 0 to 8 are pulled up at power-on, 14 goes high while the Pi boots, 15 is the serial line's input
RELAY_PINS = frozenset(range(9, 28)) - {14, 15}
_MACHINES_AT_MOST = 4
_MISSING = object()


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


@dataclass(frozen=True, slots=True)
class Place:
    """One machine at this agent: its reader's port, and the pin of its relay in Broadcom numbers."""

    id: str
    reader: str
    relay: int
    on_loss: OnLoss


@dataclass(frozen=True, slots=True)
class Board:
    directory: Path
    virtual: bool


@dataclass(frozen=True, slots=True)
class Config:
    name: str
    state_dir: Path
    site_key: bytes
    site_key_id: str
    language: str
    simulate: bool
    broker: Broker
    machines: tuple[Place, ...]
    board: Board | None  # only where ``simulate``


def load(path: Path, simulate: bool = False) -> Config:
    """The settings in ``path``. Raises ConfigError."""
    try:
        plain = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    reader = _Reader(plain, path.parent)
    config = _read(reader, simulate)
    if reader.problems or config is None:
        raise ConfigError("\n".join(f"{path}: {key} {what}" for key, what in reader.problems.items()))
    return config


class _Reader:
    """Takes values out of one table, and collects what is wrong instead of stopping at the first."""

    def __init__(
        self, table: Mapping[str, Any], base: Path, where: str = "", problems: dict[str, str] | None = None
    ) -> None:
        self._table = table
        self._base = base
        self._where = where
        self.problems: dict[str, str] = {} if problems is None else problems

    def take(self, key: str, kind: type, default: Any = _MISSING) -> Any:
        value = self._table.get(key, default)
        if value is _MISSING:
            self.wrong(key, f"is missing ({kind.__name__})")
        elif value is not default and type(value) is not kind:
            self.wrong(key, f"should be {kind.__name__}")
        else:
            return value
        return kind()

    def secret(self, key: str) -> str:
        """``key`` itself, or what stands in the file named by ``<key>_file``."""
        if f"{key}_file" not in self._table:
            return str(self.take(key, str))
        file = self.path(f"{key}_file")
        try:
            return file.read_text().strip()
        except OSError as error:
            self.wrong(f"{key}_file", str(error))
            return ""

    def path(self, key: str) -> Path:
        return self._base / str(self.take(key, str))

    def part(self, key: str) -> "_Reader":
        table = self._table.get(key)
        if not isinstance(table, dict):
            self.wrong(key, f"is missing: a table [{key}]")
            table = {}
        return _Reader(table, self._base, f"{key}.", self.problems)

    def parts(self, key: str) -> list["_Reader"]:
        tables = self._table.get(key)
        if not isinstance(tables, list) or not 1 <= len(tables) <= _MACHINES_AT_MOST:
            self.wrong(key, f"one to {_MACHINES_AT_MOST} tables [[{key}]] are needed")
            return []
        return [_Reader(table, self._base, f"{key} {n}, ", self.problems) for n, table in enumerate(tables, 1)]

    def check(self, key: str, value: Any, fits: Callable[[Any], bool], rule: str) -> None:
        if not fits(value):
            self.wrong(key, rule)

    def wrong(self, key: str, what: str) -> None:
        self.problems.setdefault(f"{self._where}{key}", what)  # what is missing is not also misspelt


def _read(reader: _Reader, simulate: bool) -> Config | None:
    name, language, key = reader.take("name", str), reader.take("language", str, "fr"), reader.secret("site_key")
    simulate = simulate or reader.take("simulate", bool, False)
    reader.check("name", name, is_agent_name, "should be 2 to 40 of a-z, 0-9 and -, and not 'server'")
    reader.check("language", language, LANGUAGES.__contains__, f"should be one of {', '.join(LANGUAGES)}")
    reader.check("site_key", key, _is_key, "should have at least 32 hex digits: copy it from the server's settings")
    state_dir, key_id = reader.path("state_dir"), reader.take("site_key_id", str, "k1")
    broker = _broker(reader.part("broker"), name)
    machines = tuple(_place(part) for part in reader.parts("machine"))
    for what in ("id", "reader", "relay"):
        values = [getattr(place, what) for place in machines]
        reader.check("machine", values, lambda values: len(set(values)) == len(values), f"has the same {what} twice")
    board = _board(reader.part("board")) if simulate else None
    if reader.problems:
        return None
    return Config(name, state_dir, bytes.fromhex(key), key_id, language, simulate, broker, machines, board)


def _broker(reader: _Reader, name: str) -> Broker:
    tls = reader.take("tls", bool, False)
    port = reader.take("port", int, 8883 if tls else 1883)
    reader.check("port", port, lambda port: 0 < port < 65536, "should be 1 to 65535")
    ca_file = reader.path("ca_file") if reader.take("ca_file", str, None) is not None else None
    username = reader.take("username", str, name)
    return Broker(reader.take("host", str), port, username, reader.secret("password"), tls, ca_file)


def _place(reader: _Reader) -> Place:
    relay, on_loss = reader.take("relay", int), reader.take("on_loss", str, "off")
    pins = ", ".join(map(str, sorted(RELAY_PINS)))
    reader.check(
        "relay", relay, RELAY_PINS.__contains__, f"should be one of {pins}: no others stay low while a Pi boots"
    )
    reader.check("on_loss", on_loss, lambda value: value in set(OnLoss), "should be off or hold")
    fate = OnLoss(on_loss) if on_loss in set(OnLoss) else OnLoss.OFF
    return Place(reader.take("id", str), reader.take("reader", str), relay, fate)


def _board(reader: _Reader) -> Board:
    return Board(reader.path("directory"), reader.take("virtual", bool))


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) >= 16
    except ValueError:
        return False
