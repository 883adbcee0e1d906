"""What ``prolab-agent doctor`` asks of pins, meters and plugs. Only while the agent is stopped, but for the plugs."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gpiozero.input_devices import DigitalInputDevice
from gpiozero.output_devices import OutputDevice
from gpiozero.pins import Factory

from agent.doctor.finding import Finding
from agent.hardware import MeterDown, Metered
from agent.hardware.pzem import PzemMeter
from agent.hardware.shelly import Plug
from agent.hardware.shelly_rpc import PlugError
from agent.places import Place

_METER_ANSWERS_S = 6.0


@dataclass(frozen=True, slots=True)
class Pins:
    """Which driver moves the pins, and why there is none."""

    factory: Factory | None
    trouble: str = ""


def driver_of(make: Callable[[], Factory]) -> Pins:
    try:
        return Pins(make())
    except Exception as error:  # noqa: BLE001 — whatever it is, it is a finding
        return Pins(None, str(error) or repr(error))


def judge_driver(pins: Pins) -> Finding:
    if pins.factory is None:
        fix = "install python3-lgpio and make the venv with --system-site-packages; the account needs the group gpio"
        return Finding("pins", f"no driver: {pins.trouble}", fix)
    return Finding("pins", f"driven by {type(pins.factory).__name__.lstrip('_')}")


def free_pins(place: Place, factory: Factory) -> Iterator[Finding]:
    """Takes each pin of a machine for a moment: a relay's driven low, all others as inputs."""
    troubles = {pin: trouble for pin in place.pins if (trouble := _take(pin, pin == place.relay, factory))}
    yield judge_pins(place, troubles)


def judge_pins(place: Place, troubles: dict[int, str]) -> Finding:
    check = f"pins of {place.id}"
    if not troubles:
        return Finding(check, f"{', '.join(f'GPIO{pin}' for pin in place.pins) or 'none'}: free")
    told = "; ".join(f"GPIO{pin}: {why}" for pin, why in troubles.items())
    return Finding(
        check, told, "`gpioinfo` names who has it: take its dtoverlay out of config.txt, or choose another pin"
    )


def _take(pin: int, is_relay: bool, factory: Factory) -> str:
    try:
        device: Any = (
            OutputDevice(pin, initial_value=False, pin_factory=factory)
            if is_relay
            else DigitalInputDevice(pin, pull_up=True, pin_factory=factory)
        )
        device.close()
    except Exception as error:  # noqa: BLE001 — whatever it is, it is a finding
        return str(error) or repr(error)
    return ""


# --- what measures ------------------------------------------------------------------------------------------------------


def measuring(place: Place, agent_runs: bool, mono_ms: Callable[[], int]) -> Iterator[Finding]:
    """The meter's answer, the plug's settings, and whether anybody said what counts as running."""
    if place.meter is not None and not agent_runs:
        yield judge_meter(place, _ask_meter(place.meter.port, place.meter.address, place.id))
    if place.plug is not None:
        plug = Plug(place.id, place.plug.host, mono_ms, place.plug.dead_man_s, place.plug.password)
        yield from judge_plug(place, *_setup(plug))
    if (place.meter is not None or place.plug is not None) and place.thresholds is None:
        fix = f"prolab-agent learn --machine {place.id}"
        yield Finding(f"thresholds of {place.id}", "none, so its running seconds are not measured", fix)


def judge_meter(place: Place, answer: Metered | MeterDown | None) -> Finding:
    check = f"meter of {place.id}"
    if isinstance(answer, Metered):
        return Finding(check, f"reads {answer.watts:.1f} W")
    why = "silent" if answer is None else answer.detail
    fix = "it answers only with mains at its voltage terminals and 5 V on its other side; look at those, then TX and RX"
    return Finding(check, why, fix)


def judge_plug(place: Place, found: list[str], trouble: str) -> Iterator[Finding]:
    check = f"plug of {place.id}"
    if trouble:
        yield Finding(
            check, trouble, "look at its address in the settings, its password, and the radio where it stands"
        )
    for one in found:
        what, _, why = one.partition(": ")
        yield Finding(check, why or what, f"in the plug's own page: {what}")
    if not trouble and not found:
        yield Finding(check, "answers, and is set as it should be")


def _ask_meter(port: str, address: int, machine: str) -> Metered | MeterDown | None:
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    meter = PzemMeter(machine, port, address)
    meter.start(inbox.put)
    try:
        answer = inbox.get(timeout=_METER_ANSWERS_S)
    except queue.Empty:
        return None
    finally:
        meter.stop()
    return answer if isinstance(answer, Metered | MeterDown) else None


def _setup(plug: Plug) -> tuple[list[str], str]:
    try:
        return plug.setup_findings(), ""
    except PlugError as error:
        return [], str(error)
