"""Takes up what the state file knows after a restart: latches, memories, and sessions that were running.

Nothing re-energises by itself. A session ends at its last checkpoint; only an actuator that holds by itself, and proves that
it held all the while, goes on with the same session, the time without an agent counted in it (design rule 5).
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from agent import recorder
from agent.driver import Driver
from agent.failures import Column
from agent.hardware import Relay
from agent.machine import Loss, Machine, Memory, Session
from agent.metering import interrupted
from agent.records import lost
from agent.state import State, Transaction
from wire.messages import EndReason, MachineState, RiskClass, SessionAdopted, Stamp


def take_up(
    driver: Driver, state: State, relays: Mapping[str, Relay], risks: Mapping[str, RiskClass], now: Stamp
) -> None:
    """Into ``driver.machines``, and onto the disk what became of the sessions. ``risks``: by the last list."""
    memories, latches = state.memories(), state.latches()
    for machine_id, machine in driver.machines.items():
        known = replace(machine, risk=risks.get(machine_id, machine.risk), latch=latches.get(machine_id))
        driver.machines[machine_id] = replace(known, memory=memories.get(machine_id, machine.memory))
    for session in state.running():
        place, relay = driver.machines.get(session.machine), relays.get(session.machine)
        if place is not None and relay is not None and _held(place, session, relay):
            _adopt(driver, place, session, now)
        else:
            _end(driver, place, session, now)
    driver.let_go()  # a plug may still be on although nobody uses it


def _held(machine: Machine, session: Session, relay: Relay) -> bool:
    return machine.column is Column.LOW_HOLD and session.over is None and relay.held()


def _adopt(driver: Driver, machine: Machine, session: Session, now: Stamp) -> None:
    before_s, session = session.gap_s, continued(session, now)
    running = replace(
        machine,
        state=MachineState.RUNNING,
        session=session,
        since_ms=session.started.wall_ms,
        switched_ms=now.mono_ms,
        look_ms=now.mono_ms if session.accompanied else None,
        card_out_ms=None
        if session.policy.removal_s is None
        else now.mono_ms,  # until its reader tells that it lies there
    )
    driver.machines[machine.id] = running
    event = SessionAdopted(session.id, machine.id, session.gap_s - before_s, now)
    driver.write(partial(_adopted, session, event), now)


def continued(session: Session, now: Stamp) -> Session:
    """The same session from here on. In one boot the gap is exact, after another it is what the clock says, never below 0."""
    since = session.since or session.started
    reached_ms = (session.checkpoint_s - session.before_s) * 1000
    if since.boot == now.boot:
        gap_ms = now.mono_ms - since.mono_ms - reached_ms
    else:
        gap_ms = now.wall_ms - since.wall_ms - reached_ms
    gap_s = max(0, gap_ms) // 1000
    return replace(
        session,
        since=now,
        before_s=session.checkpoint_s + gap_s,
        checkpoint_s=session.checkpoint_s + gap_s,
        gap_s=session.gap_s + gap_s,
        activity=None if session.activity is None else interrupted(session.activity),
    )


def _end(driver: Driver, machine: Machine | None, session: Session, now: Stamp) -> None:
    """A session of no time pays no fee, so there is nothing to continue but what it continued itself."""
    event = lost(session, Column.HIGH if machine is None else machine.column, now)
    driver.write(partial(recorder.ended, event, session.machine), now)
    begun = session.id if event.occupied_s else session.continues
    if machine is not None and event.reason == EndReason.POWER_LOSS and begun is not None:
        memory = replace(machine.memory, loss=Loss(begun, session.holder, event.ended.wall_ms, session.lesson))
        driver.machines[machine.id] = replace(machine, memory=memory)
        driver.write(partial(_remembered, machine.id, memory), now)


def _adopted(session: Session, event: SessionAdopted, transaction: Transaction) -> list[int]:
    transaction.put_running(session)
    return [transaction.append(event)]


def _remembered(machine_id: str, memory: Memory, transaction: Transaction) -> list[int]:
    transaction.put_memory(machine_id, memory)
    return []
