"""How each failure of the matrix is brought about at four real machines, and mended."""

import os
from collections.abc import Callable
from signal import SIGSTOP

from agent.failures import Column, Failure
from agent.hardware.board_map import INPUT
from tests.system.failure_trial import ALL, Cause, Lab, Powered, nothing
from tests.system.four_machines_setup import BOB, PLAIN
from tests.waiting import until
from wire.messages import SessionAdopted, SessionEnded

NOT_HIGH = ALL[:3]  # where a master badge counts
HUNG_AFTER_S = 4.0  # systemd is told 10


# --- reader, disk, network ----------------------------------------------------------------------------------------------


def _readers_pulled_out(lab: Lab) -> Powered:
    """Put in again at once: nobody could end a session without."""
    lab.on_each("reader", ALL, plugged=False)
    lab.until_told(Failure.READER_DEAD)
    powered = lab.power_kept(ALL)
    _readers_put_in(lab)
    return powered


def _readers_put_in(lab: Lab) -> None:
    lab.on_each("reader", ALL, plugged=True)
    lab.until_readers_open()


def _reader_dies_before_the_button(lab: Lab, column: Column) -> None:
    """The only start that can be tried at a dead reader: the badge was read, and the button is still to be pressed."""
    lab.tap(column)
    until(lambda: lab.is_armed(column))
    terminal = lab.terminal(column)
    lab.on_each("reader", [column], plugged=False)
    until(lambda: not lab.reads(terminal))
    lab.press(column)


def _disk_full(lab: Lab) -> None:
    lab.full_disk()
    _refused(lab, Column.LOW_HOLD)


def _outbox_dead(lab: Lab) -> None:
    lab.rename_table("event", "gone")
    _refused(lab, Column.LOW_HOLD)


def _file_locked(lab: Lab) -> None:
    lab.lock_file()
    _refused(lab, Column.LOW_HOLD)


def _file_unlocked(lab: Lab) -> None:
    lab.unlock_file()
    _until_written(lab)


def _disk_freed(lab: Lab) -> None:
    lab.free_disk()
    _until_written(lab)


def _outbox_repaired(lab: Lab) -> None:
    lab.rename_table("gone", "event")
    _until_written(lab)


def _refused(lab: Lab, column: Column) -> None:
    """Bob's badge, where Ada works: refused and to be written down, which is when the agent finds out about its disk."""
    lab.tap(column, BOB)
    until(lambda: lab.shows(column) == "refused")


def _until_written(lab: Lab) -> None:
    """All that was held back: the ends, and the refusals of what was tried meanwhile."""
    lab.until_ended()
    until(lambda: all(lab.denials(column) for column in ALL))


def _broker_gone(lab: Lab) -> None:
    """Known to the agent by the time it says so."""
    assert lab.broker is not None
    lab.broker.kill()
    until(lambda: "WARNING agent.link" in lab.supervisor.said())


# --- our own program ----------------------------------------------------------------------------------------------------


def _panel_fails(lab: Lab) -> None:
    lab.fails("panel")
    for column in ALL:
        lab.tap(column, BOB)
    lab.until_told(Failure.EFFECT_FAILED)
    lab.works_again("panel")


def _record_fails(lab: Lab) -> None:
    """Once at each machine: Bob's refusal is to be written down."""
    for column in ALL:
        lab.fails("record", "once")
        lab.tap(column, BOB)
        lab.until_told(Failure.EFFECT_FAILED, [column])


def _status_fails(lab: Lab) -> None:
    """It is told when it changes: a reader dies, and lives again."""
    lab.fails("status", "once")
    lab.on_each("reader", [Column.HIGH], plugged=False)
    lab.until_told(Failure.EFFECT_FAILED)
    lab.on_each("reader", [Column.HIGH], plugged=True)
    lab.until_readers_open()


def _pin_check_fails(lab: Lab) -> Powered:
    """Nobody works where a PIN is asked for; but somebody does at the machine beside it, which must not notice."""
    lab.fails("pin_check")
    lab.master_badge(NOT_HIGH)
    lab.until_told(Failure.EFFECT_FAILED, NOT_HIGH)
    lab.works_again("pin_check")
    assert lab.power_kept([Column.HIGH])[Column.HIGH]
    return {column: not lab.times_closed(column) for column in NOT_HIGH}


def _outputs_fail(lab: Lab) -> None:
    lab.on_each("break", PLAIN, broken=True)
    lab.fails("plug")
    lab.until_ended()
    until(lambda: not lab.plug.output)
    assert {lab.pin(column).function for column in PLAIN} == {INPUT}, "a pin that does not obey is given up"


def _outputs_repaired(lab: Lab) -> None:
    lab.on_each("break", PLAIN, broken=False)
    lab.works_again("plug")


def _killed(lab: Lab) -> Powered:
    return _dies(lab, lab.supervisor.kill)


def _stopped_by_a_signal(lab: Lab) -> Powered:
    """All of the process hangs, and systemd sees what it sees of a loop that does."""
    return _dies(lab, lambda: os.kill(lab.pid, SIGSTOP))


def _hangs_in_its_panel(lab: Lab) -> Powered:
    """The loop alone hangs; the threads of readers, inputs and plug go on."""

    def hang() -> None:
        lab.fails("panel", "hang")
        lab.tap(Column.LOW_HOLD, BOB)

    powered = _dies(lab, hang)
    assert lab.supervisor.watchdog_kills == 1
    return powered


def _dies(lab: Lab, how: Callable[[], None]) -> Powered:
    """Returns what had power once systemd had done its part, and before there was another agent."""
    powered = _until_dead(lab, how)
    for part in ("panel", "plug"):
        lab.works_again(part)
    lab.restarts()
    assert all(lab.times_closed(column) == 1 for column in PLAIN), "nothing closes by itself"
    if powered[Column.LOW_HOLD]:
        _adopted_once_and_then_not(lab)
    return powered


def _until_dead(lab: Lab, how: Callable[[], None]) -> Powered:
    settled = lab.supervisor.settled
    lab.supervisor.may_restart.clear()
    how()
    until(lambda: lab.supervisor.settled > settled)
    until(lambda: lab.is_dead)
    return lab.power_kept(ALL)


def _adopted_once_and_then_not(lab: Lab) -> None:
    """The plug proves that it held, and the session goes on; a plug that may come on by itself proves nothing."""
    assert lab.events(SessionAdopted, Column.LOW_HOLD)
    assert not lab.events(SessionEnded, Column.LOW_HOLD)
    lab.plug.config["initial_state"] = "restore_last"
    _until_dead(lab, lab.supervisor.kill)
    lab.restarts()
    lab.until_ended([Column.LOW_HOLD])
    until(lambda: not lab.plug.output)


# --- contactors, mains, meters ------------------------------------------------------------------------------------------


def _contactors_fall(lab: Lab) -> None:
    lab.on_each("contact", PLAIN, does="open")
    lab.plug.press_button()
    lab.until_ended()


def _contactors_weld(lab: Lab) -> Powered:
    """And Ada goes."""
    lab.on_each("contact", PLAIN, does="welded")
    lab.ends(PLAIN)
    lab.until_told(Failure.CONTACT_CLOSED, PLAIN)
    return {column: lab.has_power(column) for column in PLAIN}


def _contactors_open(lab: Lab) -> None:
    lab.on_each("contact", PLAIN, does="follows")
    until(lambda: not any(lab.has_power(column) for column in PLAIN))


def _plug_switched_on_by_hand(lab: Lab) -> Powered:
    """And does not let go at once. After two seconds that is a lost output, too; here there are twenty to look around."""
    lab.plug.press_button()
    lab.plug.welded = True
    lab.until_told(Failure.CONTACT_CLOSED, [Column.LOW_HOLD])
    return {Column.LOW_HOLD: lab.plug.output}


def _plug_lets_go(lab: Lab) -> None:
    lab.plug.welded = False
    lab.until_free([Column.LOW_HOLD])


def _mains_cut_and_back(lab: Lab) -> Powered:
    """Nobody is left to run ExecStopPost: the Pi has no mains either."""
    powered = _until_dead(lab, lambda: _cut_mains(lab))
    lab.do("mains", agent=lab.setup.name, on=True)
    lab.plug.return_mains()
    lab.restarts()
    assert not any(lab.has_power(column) or lab.is_switched_on(column) for column in ALL), "nothing comes on by itself"
    assert all(lab.times_closed(column) == 1 for column in PLAIN)
    return powered


def _cut_mains(lab: Lab) -> None:
    lab.do("mains", agent=lab.setup.name, on=False)
    lab.plug.cut_mains()
    lab.supervisor.kill()


def _meters_silent(lab: Lab) -> None:
    lab.plug.has_meter = False
    for meter in lab.meters.values():
        meter.mains = False
    lab.until_told(Failure.METER_SILENT)


def _drawing_without_a_session(lab: Lab) -> Powered:
    """Nothing is running that could lose its power: what stays is that nothing is switched."""
    for meter in lab.meters.values():
        meter.set_load(500)
    lab.until_told(Failure.POWER_WITHOUT_SESSION, PLAIN)
    return {column: not lab.times_closed(column) for column in PLAIN}


def _keys_turned(lab: Lab) -> None:
    lab.on_each("press", ALL, input="bypass", down=True)
    lab.until_told(Failure.KEY_UNDECLARED)


def _keys_back(lab: Lab) -> None:
    lab.on_each("press", ALL, input="bypass", down=False)
    lab.until_free(ALL)


QUICK = {
    "watchdog_s": 3.6
}  # outputs are read back three times as often, and before the contactors tell of it after 2 s

CAUSES = (  # those that take longest first
    Cause(
        Failure.POWER_WITHOUT_SESSION,
        "drawing",
        _drawing_without_a_session,
        begin=nothing,
        columns=PLAIN,
        options={"metered": True},
    ),
    Cause(Failure.METER_SILENT, "no answer", _meters_silent, options={"metered": True}),
    Cause(Failure.LOOP_HUNG, "stopped", _stopped_by_a_signal, options={"watchdog_s": HUNG_AFTER_S}),
    Cause(
        Failure.LOOP_HUNG,
        "in its panel",
        _hangs_in_its_panel,
        options={"faulty": True, "watchdog_s": HUNG_AFTER_S},
    ),
    Cause(Failure.KILLED, "kill", _killed),
    Cause(Failure.STATE_UNWRITABLE, "disk full", _disk_full, _disk_freed),
    Cause(Failure.STATE_UNWRITABLE, "file locked", _file_locked, _file_unlocked),
    Cause(Failure.STATE_UNWRITABLE, "outbox dead", _outbox_dead, _outbox_repaired),
    Cause(
        Failure.READER_DEAD,
        "pulled out",
        _readers_pulled_out,
        _readers_put_in,
        ask=_reader_dies_before_the_button,
        options={"press": True},
    ),
    Cause(Failure.MAINS_BACK, "cut", _mains_cut_and_back, options={"stop_post": False}),
    Cause(Failure.CONTACT_CLOSED, "welded", _contactors_weld, _contactors_open, end=nothing, columns=PLAIN),
    Cause(
        Failure.CONTACT_CLOSED,
        "by hand",
        _plug_switched_on_by_hand,
        _plug_lets_go,
        begin=nothing,
        end=nothing,
        columns=(Column.LOW_HOLD,),
        options={"faulty": True, "patient_plug": True},
    ),
    Cause(Failure.CONTACT_OPEN, "open", _contactors_fall),
    Cause(Failure.OUTPUT_FAILED, "driver", _outputs_fail, _outputs_repaired, options=QUICK | {"faulty": True}),
    Cause(Failure.EFFECT_FAILED, "panel", _panel_fails, options={"faulty": True}),
    Cause(Failure.EFFECT_FAILED, "record", _record_fails, options={"faulty": True}),
    Cause(Failure.EFFECT_FAILED, "status", _status_fails, options={"faulty": True}),
    Cause(
        Failure.EFFECT_FAILED,
        "pin check",
        _pin_check_fails,
        begin=lambda lab: lab.uses([Column.HIGH]),
        columns=NOT_HIGH,
        options={"faulty": True},
    ),
    Cause(Failure.PEER_AWAY, "broker gone", _broker_gone, options={"broker": True}),
    Cause(Failure.KEY_UNDECLARED, "turned", _keys_turned, _keys_back),
)
