"""``prolab-agent pair URL CODE``: this Pi becomes an agent of the lab, with one code that somebody at the server has made.

Standard library only. A code has two halves: a secret, and the pin of the lab's certificate authority. First the authority is
fetched from a server that nobody has vouched for yet, and held against the pin; only a server that this authority vouches for
is then told the secret. It answers with the settings, which are written whole or not at all, for their owner's eyes only.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from agent.clock import SystemClock
from agent.config import ConfigError, load
from agent.instance import running
from agent.machine import Latch
from agent.state import State, StateUnwritable, Transaction
from agent.state_file import FILE_NAME
from wire.messages import Fault, Stamp

DEFAULT_PORT = 8443
SYSTEM_FOLDER, SYSTEM_STATE = Path("/etc/prolab"), "/var/lib/prolab-agent"
_SECRET_LETTERS = _PIN_LETTERS = 16
_PIN_BYTES = 10
_ANSWERS_WITHIN_S = 20.0
_LONGEST_ANSWER = 256 * 1024
_HOST_MISMATCH, _IP_MISMATCH, _NOT_YET_VALID = 62, 64, 9  # of OpenSSL's X509_V_ERR


class PairingError(Exception):
    """The Pi was not paired; nothing was written. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Code:
    secret: str
    pin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server answers. ``latched``: machines that must not start before staff clears them, with staff's last wish;
    ``reload``: what must be typed at the server before its broker lets this agent in, mostly nothing."""

    agent: str
    agent_toml: str
    latched: Mapping[str, int]
    replaced: str | None
    reload: str


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("url", help="the server's door for agents, such as https://prolab.local:8443")
    command.add_argument("code", help="32 letters and digits; dashes and small letters do not matter")
    command.add_argument("--config", type=Path, default=SYSTEM_FOLDER / "agent.toml", help="default: %(default)s")
    command.add_argument("--state-dir", default="", help=f"default: {SYSTEM_STATE}, or a folder beside the settings")
    command.add_argument("--replace", action="store_true", help="write over the settings that are there")


def run(arguments: argparse.Namespace) -> None:
    try:
        said = pair(arguments.url, arguments.code, arguments.config, arguments.state_dir, arguments.replace)
    except PairingError as error:
        sys.exit(str(error))
    print(said)


def pair(url: str, text: str, config: Path, state_dir: str = "", replace: bool = False) -> str:
    """Do it all, and say what was done and what comes next. Raises PairingError."""
    host, port = read_address(url)
    code = read_code(text)
    if config.exists() and not replace:
        raise PairingError(f"{config} is there already: this Pi is an agent. With --replace it becomes the new one.")
    _make_folder(config.parent)
    folder = state_dir or (SYSTEM_STATE if config.parent == SYSTEM_FOLDER else str(config.parent.resolve() / "state"))
    before, its_state = _agent_in(config)
    _nobody_runs_on(*([] if its_state is None else [its_state]), config.parent / folder)
    authority = fetch_authority(host, port, code.pin)
    settings = fetch_settings(host, port, authority, code.secret, folder)
    _write(config, settings.agent_toml)
    aside = _set_aside(config, before) if before not in ("", settings.agent) else []
    inherited = _take_over_latches(config, settings)
    return _told(config, settings, inherited, aside)


def read_code(text: str) -> Code:
    """Raises PairingError for what cannot be a code."""
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    plain = plain.translate(str.maketrans("018", "OIB"))  # no code has these digits: they were misread
    if len(plain) != _SECRET_LETTERS + _PIN_LETTERS or not set(plain) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        raise PairingError(
            f"A code has {_SECRET_LETTERS + _PIN_LETTERS} letters and digits; this one has {len(plain)}."
        )
    return Code(plain[:_SECRET_LETTERS], plain[_SECRET_LETTERS:])


def read_address(url: str) -> tuple[str, int]:
    """Host and port. Raises PairingError."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}", "https")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if host is None or parts.scheme != "https":
        raise PairingError(f"{url} is no address of a server: it looks like https://prolab.local:{DEFAULT_PORT}")
    return host, port or DEFAULT_PORT


# --- talking to the server --------------------------------------------------------------------------------------------


def fetch_authority(host: str, port: int, pin: str) -> str:
    """The authority's certificate as PEM, from whoever answers; it is the right one if it fits the pin. Raises PairingError."""
    nobody_vouches = ssl.create_default_context()
    nobody_vouches.check_hostname = False
    nobody_vouches.verify_mode = ssl.CERT_NONE  # the pin decides, not the network; nothing secret is said here
    status, body = _ask(
        HTTPSConnection(host, port, timeout=_ANSWERS_WITHIN_S, context=nobody_vouches), "GET", "/ca.pem"
    )
    try:
        pem = body.decode("ascii") if status == 200 else ""
        found = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()[:_PIN_BYTES]
    except ValueError:
        raise PairingError(f"What answers at {host}:{port} is no prolab server's door for agents.") from None
    if not hmac.compare_digest(base64.b32encode(found).decode(), pin):
        raise PairingError(
            f"The server at {host}:{port} is NOT the one that made this code, or the code is mistyped. Nothing was told to"
            " it. Compare the code letter by letter; if it is right, somebody stands between you and the server."
        )
    return pem


def fetch_settings(host: str, port: int, authority: str, secret: str, state_dir: str) -> Settings:
    """Raises PairingError, with the server's own words where it refuses."""
    context = ssl.create_default_context(cadata=authority)
    body = json.dumps({"secret": secret, "state_dir": state_dir}).encode()
    connection = HTTPSConnection(host, port, timeout=_ANSWERS_WITHIN_S, context=context)
    status, answer = _ask(connection, "POST", "/pair", body)
    try:
        plain = json.loads(answer)
        if status != 200:
            raise PairingError(f"The server refuses: {plain['refused']}")
        latched = {str(machine): int(wish) for machine, wish in plain["latched"].items()}
        return Settings(plain["agent"], plain["agent_toml"], latched, plain["replaced"], plain["reload"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PairingError(f"The server answered with something this version cannot read (status {status}).") from None


def _ask(connection: HTTPSConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/json"} if body else {}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST_ANSWER)
    except ssl.SSLCertVerificationError as error:
        raise PairingError(_not_believed(connection.host, error)) from None
    except (OSError, HTTPException) as error:
        raise PairingError(
            f"No answer from {connection.host}:{connection.port} ({error}). Is it the address on the server's page, and is"
            " `prolab pairing` at work there?"
        ) from None
    finally:
        connection.close()


def _not_believed(host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (_HOST_MISMATCH, _IP_MISMATCH):
        return f"The server's certificate does not name {host}. At the server: prolab certificates --name {host}"
    if error.verify_code == _NOT_YET_VALID:
        return "This Pi's clock is years behind. Set it, as with: sudo date --set 2026-10-14"
    return f"The server's certificate is not one of the lab's: {error.verify_message}. Nothing was told to it."


# --- what is written --------------------------------------------------------------------------------------------------


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise PairingError(f"{folder} cannot be made ({error.strerror}): use sudo.") from None
    if not os.access(folder, os.W_OK):
        raise PairingError(f"{folder} cannot be written: use sudo.")


def _write(config: Path, text: str) -> None:
    """Checked before it takes the place of what was there; it belongs to whoever the folder belongs to."""
    new = config.with_name(f".{config.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        load(new)
        _give_away([new], config.parent)
        new.replace(config)
    except (OSError, ConfigError) as error:
        new.unlink(missing_ok=True)
        raise PairingError(f"The settings could not be written: {error}. Make a new code and try again.") from None


def _agent_in(config: Path) -> tuple[str, Path | None]:
    """Which agent this Pi has been and where it keeps its events; empty where it was none or the file cannot be read."""
    try:
        before = load(config)
    except ConfigError:
        return "", None
    return before.name, before.state_dir


def _nobody_runs_on(*states: Path) -> None:
    """Settings and events are not taken away from under an agent that is at work."""
    for state_dir in states:
        try:
            number = running(state_dir)
        except OSError as error:
            raise PairingError(f"{state_dir} cannot be read ({error.strerror}): use sudo.") from None
        if number is not None:
            raise PairingError(
                f"An agent runs here, on {state_dir}. `prolab-agent drain` lets it end with its last session; pair then."
            )


def _set_aside(config: Path, before: str) -> list[Path]:
    """What another agent has stored here is not this one's to send: the server takes an outbox from one agent only."""
    files = sorted(load(config).state_dir.glob(f"{FILE_NAME}*"))
    try:
        return [file.replace(file.with_name(f"{before}.{file.name}")) for file in files]
    except OSError as error:
        raise PairingError(f"{files[0]} is another agent's and cannot be moved ({error}): move it by hand.") from None


def _take_over_latches(config: Path, settings: Settings) -> list[str]:
    """What was latched at the agent before stays latched: a new Pi is no way around a stop."""
    if not settings.latched:
        return []
    state_dir = load(config).state_dir
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = State(state_dir, simulated=False)
        now = SystemClock().now()
        missing = {one: wish for one, wish in settings.latched.items() if one not in state.latches()}
        state.write(now.wall_ms, lambda transaction: _latch(transaction, missing, settings, now))
        state.close()
        _give_away([state_dir, *state_dir.iterdir()], config.parent)
    except (OSError, StateUnwritable) as error:
        raise PairingError(f"{state_dir} could not be written ({error}): start nothing before it is.") from None
    return sorted(missing)


def _latch(transaction: Transaction, missing: Mapping[str, int], settings: Settings, now: Stamp) -> None:
    for machine, wish in missing.items():
        detail = f"latched when this Pi took over from {settings.replaced or settings.agent}"
        n = transaction.append(Fault(machine, "latch_taken_over", detail, 1, now))
        transaction.put_latch(machine, Latch(n, wish))


def _give_away(files: Iterable[Path], like: Path) -> None:
    """As root, to the account that the agent runs as: the owner of the folder of its settings."""
    if os.geteuid() == 0:
        owner = like.stat()
        for file in files:
            os.chown(file, owner.st_uid, owner.st_gid)


def _told(config: Path, settings: Settings, inherited: list[str], aside: list[Path]) -> str:
    machines = ", ".join(place.id for place in load(config).machines)
    lines = [f"This Pi is {settings.agent} now. {config} has its settings: machines {machines}."]
    if settings.replaced:
        lines.append(f"It took over from {settings.replaced}, which the broker refuses from now on.")
    if inherited:
        lines.append(f"Latched until staff clears it: {', '.join(inherited)}.")
    if aside:
        lines.append(f"What this Pi had stored as another agent lies in {aside[0]}.")
    lines.append("Next:")
    if settings.reload:
        lines.append(f"  - at the server, or its broker does not know this agent yet: {settings.reload}")
    lines.append(f"  - check each reader's port and relay's pin in {config}")
    lines.append(f"  - sudo systemctl restart prolab-agent     (or: prolab-agent run --config {config})")
    return "\n".join(lines)
