"""Tells the outside how things stand: each machine's panel, and the status that the broker keeps for the server."""

from collections.abc import Iterable
from dataclasses import replace

from agent.access import InForce, Local, age_ms, dated_reasons, extended, validity_left_ms
from agent.config import Config
from agent.failures import MATRIX
from agent.hardware import Panel
from agent.lists import revision
from agent.machine import Machine
from agent.panel import Shown, View, draw, language
from agent.reports import Line
from agent.state import Position
from agent.texts import translator
from wire.messages import FEATURES, MachineStatus, Stamp, Status, TimeQuality, encode


class Teller:
    """Says a thing only when it has changed."""

    def __init__(self, config: Config, panel: Panel, line: Line, version: str) -> None:
        self._config = config
        self._panel = panel
        self._line = line
        self._version = version
        self._shown: dict[str, Shown] = {}
        self._status: Status | None = None

    def show(self, machine: Machine, in_force: InForce | None, now: Stamp) -> None:
        shown = draw(_view(machine, in_force, now), translator(language(machine) or self._config.language))
        if shown != self._shown.get(machine.id):
            self._shown[machine.id] = shown
            self._panel.show(machine.id, shown)

    def tell(
        self,
        machines: Iterable[Machine],
        in_force: InForce | None,
        position: Position,
        online: bool,
        now: Stamp,
        disk_free_mb: int | None = None,
    ) -> None:
        """Hand the status to the link if anything in it has changed but the time and the count of events."""
        status = Status(
            agent=self._config.name,
            online=online,
            boot=now.boot,
            version=self._version,
            revision=revision(in_force),
            outbox=position.outbox,
            synced=now.quality is not TimeQuality.ESTIMATED,
            understands=tuple(sorted(FEATURES)),
            machines=tuple(_status_of(machine, now) for machine in machines),
            disk_free_mb=disk_free_mb,
        )
        if status != self._status:
            self._status = status
            self._line.set_status(encode(replace(status, last_n=position.last_n, at_ms=now.wall_ms)))


def will(agent: str, boot: str) -> bytes:
    """What the broker says in our name when we vanish."""
    return encode(Status(agent, online=False, boot=boot))


def _view(machine: Machine, in_force: InForce | None, now: Stamp) -> View:
    if in_force is None:
        return View(machine, machine.id, "", None, False, now)
    age = age_ms(in_force, now)
    rights = in_force.index.machines.get(machine.id)
    if rights is None:
        return View(machine, machine.id, "", None, False, now)
    local = Local(
        extended_revision=machine.memory.extended_revision, extended_until_ms=machine.memory.extended_until_ms
    )
    expired = validity_left_ms(in_force, rights.entry, now) <= 0 and not extended(in_force, local, now)
    denied = tuple(dated_reasons(rights.entry, now))
    return View(machine, rights.entry.name, rights.entry.note, age, expired, now, denied)


def _status_of(machine: Machine, now: Stamp) -> MachineStatus:
    """That the server is away is left out: it would only ever read that when it is not."""
    running = machine.session if machine.powered else None
    return MachineStatus(
        machine=machine.id,
        state=machine.state,
        since_ms=machine.since_ms,
        session=None if running is None else running.id,
        checkpoint_s=None if running is None else running.checkpoint_s,
        latched=machine.latch is not None,
        faults=tuple(sorted(one for one in machine.failures if MATRIX[one][machine.column].alarm)),
        problem=machine.latch is not None and machine.latch.problem,
        running=machine.runs(now),
        proven_open_ms=machine.memory.proven_open_ms,
        lacks=machine.lacks,
    )
