"""The folder of one demo: where everything lies, and the settings of server, agents and board in it."""

import json
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from server.demo.evidence import BOARD, DATABASE, DOCUMENTS
from server.demo.lab import Lab, Machine
from server.settings import badge_key

SERVER, KEY_ID = "server", "demo"
CARDS = "cards.json"
_WIRES = ("contact", "estop", "button", "problem")  # into each box, where somebody may press them
_INPUT_PINS = [pin for pin in range(2, 28) if pin not in (14, 15)]  # the two of the serial line
_LONGEST_SOCKET = 100  # what a Unix socket's path may have, less a little


class SiteError(ValueError):
    """This folder cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Access:
    """How everybody reaches the broker: a password for the server and for each agent, or one account for all."""

    host: str
    port: int
    passwords: dict[str, str]  # by account: the server's, and one of the name of each agent
    shared: tuple[str, str] | None = None  # account and password
    ports: dict[str, int] = field(default_factory=dict)  # of agents that reach it by a cable of their own

    def account(self, name: str) -> tuple[str, str]:
        """The account and password under which this one logs in."""
        return self.shared or (name, self.passwords[name])


class Site:
    """``site_key``: the secret of the server, which the badges' key is made of; anew for each demo."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.site_key = secrets.token_bytes(32)
        if len(str(self.board / "board.sock")) > _LONGEST_SOCKET:
            raise SiteError(f"{self.directory} is too long a path for a socket in it: choose a shorter one")

    @property
    def badge_key(self) -> bytes:
        """What the agents know of it."""
        return badge_key(self.site_key)

    @property
    def board(self) -> Path:
        return self.directory / BOARD

    @property
    def documents(self) -> Path:
        return self.directory / DOCUMENTS

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def settings(self) -> Path:
        return self.directory / "prolab.toml"

    @property
    def backup(self) -> Path:
        return self.directory / "backups" / "evening.tar"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.directory / DATABASE}"

    def agent_settings(self, agent: str) -> Path:
        return self.directory / "agents" / agent / "agent.toml"

    def make(self) -> None:
        """Raises SiteError where the folder holds anything already: nothing is ever overwritten."""
        if self.directory.exists() and any(self.directory.iterdir()):
            raise SiteError(f"{self.directory} is not empty: choose another folder, or remove it")
        for folder in (self.board, self.documents, self.logs, self.backup.parent):
            folder.mkdir(parents=True, exist_ok=True)

    def write_settings(self, access: Access, web_port: int, virtual: bool) -> None:
        account, password = access.account(SERVER)
        lines = [
            f"database_url = {_text(f'sqlite:///{DATABASE}')}",
            'data_dir = "."',
            'lab_name = "Atelier du Fil"',
            f"site_key = {_text(self.site_key.hex())}",
            f"site_key_id = {_text(KEY_ID)}",
            "demo = true",
            f"board = {_text(f'{BOARD}/board.map')}" if virtual else 'bench = "."',
            "[mqtt]",
            *_broker(access, account, password),
            "[web]",
            f"port = {web_port}",
        ]
        _write_secret(self.settings, lines)

    def write_agents(self, access: Access, lab: Lab, virtual: bool) -> None:
        for agent in lab.agents():
            file = self.agent_settings(agent)
            file.parent.mkdir(parents=True, exist_ok=True)
            lines = [
                f"name = {_text(agent)}",
                f"state_dir = {_text(str(file.parent))}",
                f"site_key = {_text(self.badge_key.hex())}",
                f"site_key_id = {_text(KEY_ID)}",
                'language = "fr"',
                "simulate = true",
                "[broker]",
                *_broker(replace(access, port=access.ports.get(agent, access.port)), *access.account(agent)),
                "[board]",
                f"directory = {_text(str(self.board))}",
                f"virtual = {str(virtual).lower()}",
            ]
            for machine in lab.machines:
                if machine.agent == agent:
                    reader = _text(str(self.board / "tty" / machine.code))
                    lines += ["[[machine]]", f"id = {_text(machine.code)}", f"reader = {reader}"]
                    lines += [f"relay = {machine.relay}"]
                    lines += [f"{name} = {pin}" for name, pin in _wires(machine, lab, virtual).items()]
            _write_secret(file, lines)

    def write_cards(self, lab: Lab) -> None:
        """The badges that lie on the bench: the server knows fingerprints only."""
        cards = [
            {"card": holder.card, "holder": holder.key, "name": f"{holder.given} {holder.family}"}
            for holder in lab.holders
        ]
        (self.board / CARDS).write_text(json.dumps(cards, ensure_ascii=False))

    def write_board(self, lab: Lab, start: int, virtual: bool) -> None:
        machines = [
            {"machine": m.code, "agent": m.agent, "relay": m.relay, **_wires(m, lab, virtual)} for m in lab.machines
        ]
        plain = {"virtual": virtual, "start_ms": start * 1000, "kernel_keeps_level": False, "machines": machines}
        (self.board / "board.json").write_text(json.dumps(plain, indent=1))


def _wires(machine: Machine, lab: Lab, virtual: bool) -> dict[str, int]:
    """The pins of a box's contact, stop and buttons: what no relay of its agent has. None while virtual time flies."""
    if virtual:
        return {}
    neighbours = [one for one in lab.machines if one.agent == machine.agent]
    free = [pin for pin in _INPUT_PINS if pin not in {one.relay for one in neighbours}]
    first = len(_WIRES) * neighbours.index(machine)
    return dict(zip(_WIRES, free[first:], strict=False))


def _broker(access: Access, account: str, password: str) -> list[str]:
    host, name, secret = _text(access.host), _text(account), _text(password)
    tls = "tls = false"  # a broker of somebody else's is named as mqtt://, which is plain
    return [f"host = {host}", f"port = {access.port}", f"username = {name}", f"password = {secret}", tls]


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a TOML string


def _write_secret(file: Path, lines: list[str]) -> None:
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
