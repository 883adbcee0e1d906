"""What a lab must decide before the server starts: read from one TOML file and from the environment, which wins.

``PROLAB_MQTT__HOST`` sets ``host`` in ``[mqtt]``; ``PROLAB_SITE_KEY_FILE`` names a file that holds the secret.
The server refuses to start half configured and says all that is missing at once.
"""

import hmac
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as PydanticSettingsError

from wire.hosts import is_loopback

_PREFIX = "PROLAB_"
_SYSTEM_FILE = Path("/etc/prolab/prolab.toml")
_SECRETS = (("database_url",), ("site_key",), ("mqtt", "password"), ("smtp", "password"))
_HOW = {
    "database_url": 'where the books are kept, such as "sqlite:///prolab.db" or "postgresql+psycopg://prolab@/prolab"',
    "data_dir": "a folder for documents and backups",
    "lab_name": "the name on pages and panels",
    "site_key": "the secret behind the badge fingerprints, 64 hex digits: `openssl rand -hex 32`",
    "mqtt": "host, port and password of the broker, as [mqtt]",
    "mqtt.host": "the name or address of the broker",
    "mqtt.port": "the port of the broker, 1883 or 8883",
    "mqtt.password": "the password of the broker's account for the server",
    "smtp.host": "the name or address of the mail server",
    "smtp.sender": "the mail address that our mails come from",
}


class SettingsError(Exception):
    """The settings cannot be used. The text names every missing or wrong value and how to get it."""


class Mqtt(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = Field(ge=1, le=65535)
    username: str = "server"
    password: SecretStr
    tls: bool = Field(default_factory=lambda said: not is_loopback(said.get("host", "localhost")))
    ca_file: Path | None = None  # None with tls: the system's authorities
    # Where the broker, on the same computer, keeps its accounts and its process number: with them a downloaded agent
    # file is known to it at once; without them the page says which line to add.
    password_file: Path | None = None
    pid_file: Path | None = None
    # How agents reach the broker, where not as this server does: its listener with TLS and the lab's certificate.
    agents_port: int | None = Field(default=None, ge=1, le=65535)
    agents_host: str = ""  # empty: by the name under which they reach this server


class Pairing(BaseModel):
    """Where `prolab pairing` waits for new agents: always with TLS, always with the lab's own certificate."""

    model_config = ConfigDict(extra="forbid")
    host: str = "0.0.0.0"
    port: int = Field(default=8443, ge=1, le=65535)


class Web(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    https: bool = False  # true: a proxy in front encrypts and says in X-Forwarded-For who asks
    address: str = ""  # how browsers reach the server, such as "https://prolab.example.org"; links in mails begin so

    @property
    def url(self) -> str:
        """Where the pages begin, without a slash at the end."""
        return self.address.rstrip("/") or f"http{'s' * self.https}://{self.host}:{self.port}"

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.address and not self.address.startswith(("http://", "https://")):
            raise ValueError("address: begins with https:// or http://, as in https://prolab.example.org")
        if self.address.startswith("https://") and not self.https:
            raise ValueError("https: must be true where the address begins with https://")
        return self


class Accounts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    second_factor_for_managers: bool = False  # True: a manager sees nothing before a code from the phone is set up


class People(BaseModel):
    """What the lab asks of people beyond what it needs. Why it does is said where it is asked."""

    model_config = ConfigDict(extra="forbid")
    emergency_contacts: str = (
        ""  # the reason why one is asked for, such as "work alone in the evening"; empty: nobody is
    )


class Bookings(BaseModel):
    """What makers may book, and how long a machine waits for them. Staff are not bound."""

    model_config = ConfigDict(extra="forbid")
    longest_h: int = Field(default=12, ge=1, le=24 * 7)
    horizon_days: int = Field(default=60, ge=1, le=366)
    open_at_most: int = Field(default=5, ge=1)  # bookings of one person that have not ended
    released_after_min: int = Field(default=15, ge=5)  # of a holder who does not come


class Collecting(BaseModel):
    """What follows an issued document: mailed by itself, reminded of after so many days from the day it was due."""

    model_config = ConfigDict(extra="forbid")
    mail_documents: bool = True  # to the address for invoices; without one, to the tenant's accountants
    reminder_days: tuple[int, int, int] = (7, 21, 35)
    e_invoices_from: date | None = (
        None  # from this day on the seller's invoices go through a platform; mails are copies
    )

    @field_validator("reminder_days")
    @classmethod
    def _one_after_the_other(cls, days: tuple[int, int, int]) -> tuple[int, int, int]:
        if not 0 < days[0] < days[1] < days[2]:
            raise ValueError("three numbers of days, each larger than the one before")
        return days


class Encryption(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


class Smtp(BaseModel):
    """The server that takes our mails. Without it they are kept and shown to managers, and not sent."""

    model_config = ConfigDict(extra="forbid")
    host: str
    port: int = Field(default=587, ge=1, le=65535)
    encryption: Encryption = Encryption.STARTTLS
    username: str = ""  # empty: the server asks for no name
    password: SecretStr = SecretStr("")
    sender: str  # the address in From:, such as "prolab@example.org"


class Settings(BaseSettings):
    """See the module. Paths in the file are relative to the file's folder."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid")

    database_url: str
    data_dir: Path
    timezone: str = "Europe/Paris"
    lab_name: str
    site_key: SecretStr
    site_key_id: str = Field(default="k1", min_length=1, max_length=20)
    mqtt: Mqtt
    # The lab's own certificates and rotated site keys, readable by the server only. In no backup: keep a copy of your own.
    keys_dir: Path = Path("keys")
    pairing: Pairing = Pairing()
    web: Web = Web()
    accounts: Accounts = Accounts()
    people: People = People()
    bookings: Bookings = Bookings()
    collecting: Collecting = Collecting()
    smtp: Smtp | None = None
    demo: bool = False
    board: Path | None = None  # the simulated board's file, whose time the server follows; only with demo
    bench: Path | None = (
        None  # the folder of a running demo, whose simulated machines may be played with; only with demo
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def site_key_bytes(self) -> bytes:
        return bytes.fromhex(self.site_key.get_secret_value())

    @property
    def badge_key(self) -> bytes:
        """The site key that agents are given first. It does not tell the secret it is made of, which seals more here than
        badges: whoever steals an agent's card learns nothing about logins."""
        return badge_key(self.site_key_bytes)

    @property
    def documents_dir(self) -> Path:
        return self.data_dir / "documents"

    @property
    def backups_dir(self) -> Path:
        return self.data_dir / "backups"

    @property
    def archives_dir(self) -> Path:
        return self.data_dir / "archives"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not a time zone such as Europe/Paris") from error
        return name

    @field_validator("site_key")
    @classmethod
    def _long_enough(cls, key: SecretStr) -> SecretStr:
        try:
            length = len(bytes.fromhex(key.get_secret_value()))
        except ValueError as error:
            raise ValueError("not hex digits; make one with `openssl rand -hex 32`") from error
        if length < 16:
            raise ValueError("shorter than 32 hex digits; make one with `openssl rand -hex 32`")
        return key

    @model_validator(mode="after")
    def _board_only_in_the_demo(self) -> Self:
        if self.board is not None and not self.demo:
            raise ValueError("board: simulated time is for the demo only; remove it or set demo = true")
        if self.bench is not None and not self.demo:
            raise ValueError("bench: simulated machines are for the demo only; remove it or set demo = true")
        return self

    @model_validator(mode="after")
    def _mails_know_where_links_lead(self) -> Self:
        if self.smtp is not None and not self.web.address:
            raise ValueError('smtp: links in mails begin with web.address: set it, as in "https://prolab.example.org"')
        return self


def badge_key(secret: bytes) -> bytes:
    return hmac.digest(secret, b"prolab: badges", "sha256")


class _Environment(EnvSettingsSource):
    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        for section in ("mqtt", "smtp"):  # this names the file of a secret, see _secrets_from_files
            values.get(section, {}).pop("password_file", None)
        return values


class _EnvironmentWins(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return _Environment(settings_cls), init_settings


def load_settings(path: Path | None) -> Settings:
    """The settings in the file at ``path``, or else where ``PROLAB_CONFIG`` points, or else in ./prolab.toml, or else in
    /etc/prolab/prolab.toml; and in the environment. Raises SettingsError."""
    file = _find(path)
    values = _read(file) if file else {}
    for keys, secret in _secrets_from_files(os.environ):
        _put(values, keys, secret)
    try:
        settings = _EnvironmentWins(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error, file)) from None
    except PydanticSettingsError as error:  # PROLAB_MQTT=text, where the parts are PROLAB_MQTT__HOST and so on
        raise SettingsError(f"{error}; write PROLAB_MQTT__HOST, not PROLAB_MQTT") from None
    return _with_absolute_paths(settings, file)


def _find(path: Path | None) -> Path | None:
    named = path or (Path(os.environ["PROLAB_CONFIG"]) if os.environ.get("PROLAB_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise SettingsError(f"{named} does not exist; `prolab init` writes a first one")
        return named
    return next((file for file in (Path("prolab.toml"), _SYSTEM_FILE) if file.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None


def _secrets_from_files(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What ``PROLAB_SITE_KEY_FILE`` and its like point to. The plain variable, where set too, still wins."""
    for keys in _SECRETS:
        variable = f"{_PREFIX}{'__'.join(keys).upper()}_FILE"
        if file := environment.get(variable):
            try:
                yield keys, Path(file).read_text().strip()
            except (OSError, ValueError) as error:
                raise SettingsError(f"{variable}: {file} cannot be read: {error}") from None


def _put(values: dict[str, Any], keys: tuple[str, ...], value: str) -> None:
    for key in keys[:-1]:
        values = values.setdefault(key, {})
    values[keys[-1]] = value


def _explain(error: ValidationError, file: Path | None) -> str:
    lines = [f"prolab cannot start with the settings in {file or 'the environment (there is no prolab.toml)'}:"]
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, problem["loc"]))
        variable = f"{_PREFIX}{name.upper().replace('.', '__')}"
        match problem["type"]:
            case "missing":
                lines.append(f"  {name} is missing: {_HOW.get(name, '')} (or {variable}{'__…' * (name == 'mqtt')})")
            case "extra_forbidden":
                lines.append(f"  {name} is not a setting: is it misspelt?")
            case _:
                message = problem["msg"].removeprefix("Value error, ")
                lines.append(f"  {name}: {message}" if name else f"  {message}")
    return "\n".join(lines)


def _with_absolute_paths(settings: Settings, file: Path | None) -> Settings:
    """Relative paths mean the same wherever a process is started; Flask would look for SQLite files elsewhere."""
    folder = (file.parent if file else Path()).resolve()
    changed: dict[str, Any] = {"data_dir": folder / settings.data_dir, "keys_dir": folder / settings.keys_dir}
    scheme, _, path = settings.database_url.partition(":///")
    if scheme.startswith("sqlite") and path and path != ":memory:":
        changed["database_url"] = f"{scheme}:///{folder / path}"
    if settings.board is not None:
        changed["board"] = folder / settings.board
    if settings.bench is not None:
        changed["bench"] = folder / settings.bench
    named = {name: getattr(settings.mqtt, name) for name in ("ca_file", "password_file", "pid_file")}
    files = {name: folder / path for name, path in named.items() if path is not None}
    changed["mqtt"] = settings.mqtt.model_copy(update=files)
    return settings.model_copy(update=changed)
