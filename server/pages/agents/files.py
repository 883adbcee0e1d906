"""The configuration file of an agent: made with a fresh password, told to the broker, and kept in memory for ten minutes.

The password in clear stands in the file only. It is never written to a disk here: a restart of the server forgets it, and
then the file is simply made again.
"""

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from flask_babel import gettext

from server.machines.agent_file import BrokerAccess, agent_toml
from server.machines.broker import password_line, put_account, read_again, remove_account
from server.machines.keys import CertificateError, Files
from server.machines.pairing import Code
from server.machines.site_keys import ring
from server.settings import Mqtt, Settings
from wire.hosts import is_loopback, without_port

KEPT_FOR = timedelta(minutes=10)


class Told(StrEnum):
    """Whether the broker knows of a change to its accounts."""

    AT_ONCE = "at_once"
    WHEN_RELOADED = "when_reloaded"  # its file is written, and somebody must tell it to read the file
    BY_HAND = "by_hand"  # this server does not know where its file is, or may not write it


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that can be downloaded, by the account that asked for it."""

    agent: str
    account: int | None
    text: str
    line: str  # of the broker's password file
    told: Told
    until: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A pairing code that can be read, by the account that asked for it, and where the Pi finds this server."""

    agent: str
    account: int | None
    code: Code
    address: str
    until: datetime


One = TypeVar("One", Ready, Shown)


class Shelf(Generic[One]):
    """Files or codes that are not old yet, by a random key."""

    def __init__(self) -> None:
        self._ready: dict[str, One] = {}
        self._lock = Lock()

    def keep(self, ready: One) -> str:
        key = secrets.token_urlsafe(24)
        with self._lock:
            self._ready[key] = ready
        return key

    def get(self, key: str, agent: str, account: int | None, now: datetime) -> One | None:
        """None where there is no such thing, no longer, or for somebody else."""
        with self._lock:
            self._ready = {one: ready for one, ready in self._ready.items() if ready.until > now}
            found = self._ready.get(key)
        return found if found is not None and (found.agent, found.account) == (agent, account) else None


def make(
    agent: str,
    machines: Sequence[str],
    address: str,
    language: str,
    settings: Settings,
    account: int | None,
    now: datetime,
    state_dir: str = "",
) -> Ready:
    """A file with a fresh password. From now on the password before is refused, as soon as the broker knows.

    Raises CertificateError where agents come with TLS and there is no certificate."""
    password = secrets.token_urlsafe(24)
    line = password_line(agent, password)
    access = _access(address, password, settings)
    text = agent_toml(agent, machines, access, ring(settings, now).live, language, state_dir)
    return Ready(agent, account, text, line, _tell(settings.mqtt, line), now + KEPT_FOR)


def check_authority(address: str, settings: Settings) -> None:
    """Raises CertificateError where an agent at this address would need a certificate that is not there."""
    _access(address, "", settings)


def agents_port(address: str, mqtt: Mqtt) -> int:
    """Where the broker listens for an agent that reaches it at this address."""
    is_here = is_loopback(without_port(address)) and address != mqtt.agents_host
    return mqtt.port if mqtt.agents_port is None or is_here else mqtt.agents_port


def pairing_address(asked: str, settings: Settings) -> str:
    """Where a Pi finds the door for new agents. ``asked``: how the browser reached this server, empty for a command."""
    host = without_port(
        asked if asked and not is_loopback(asked) else settings.mqtt.agents_host or socket.gethostname()
    )
    return f"https://{f'[{host}]' if ':' in host else host}:{settings.pairing.port}"


def _access(address: str, password: str, settings: Settings) -> BrokerAccess:
    """Over the network always as the broker's own listener for agents has it: with TLS, and the lab's authority. An agent
    on this very computer comes as the server does."""
    mqtt, address = settings.mqtt, without_port(address)
    port = agents_port(address, mqtt)
    if port == mqtt.port:
        return BrokerAccess(address, port, password, mqtt.tls, _text(mqtt.ca_file) if mqtt.tls else "")
    return BrokerAccess(address, port, password, True, _text(Files(settings.keys_dir).authority))


def _text(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text()
    except OSError as error:
        raise CertificateError(f"{file} cannot be read ({error.strerror}): run `prolab certificates`") from None


def forget_account(agent: str, mqtt: Mqtt) -> Told:
    """An agent that has ended can no longer connect."""
    if mqtt.password_file is None:
        return Told.BY_HAND
    try:
        remove_account(mqtt.password_file, agent)
    except OSError:
        return Told.BY_HAND
    return Told.AT_ONCE if read_again(mqtt.pid_file) else Told.WHEN_RELOADED


def refused_from_when(agent: str, told: Told, mqtt: Mqtt) -> str:
    """What is left to do before the broker refuses an agent whose account was forgotten, if anything."""
    line = reload_line(mqtt)
    match told:
        case Told.AT_ONCE:
            return gettext("The broker has thrown %(agent)s out and refuses it.", agent=agent)
        case Told.WHEN_RELOADED:
            return gettext("The broker refuses %(agent)s after: %(line)s", agent=agent, line=line)
        case Told.BY_HAND:
            return gettext(
                "Take the line of %(agent)s out of the broker’s password file, then: %(line)s", agent=agent, line=line
            )


def reload_line(mqtt: Mqtt) -> str:
    """What somebody types to make the broker read its accounts again."""
    return f'sudo kill -HUP "$(cat {mqtt.pid_file})"' if mqtt.pid_file else "sudo systemctl reload mosquitto"


def _tell(mqtt: Mqtt, line: str) -> Told:
    if mqtt.password_file is None:
        return Told.BY_HAND
    try:
        put_account(mqtt.password_file, line)
    except OSError:
        return Told.BY_HAND
    return Told.AT_ONCE if read_again(mqtt.pid_file) else Told.WHEN_RELOADED
