"""``prolab-agent doctor --relay-test``: closes each relay for a second and looks at its feedback contact. With the machine UNPLUGGED.

The one place besides a badge where a permit closes: only by somebody who stands at the box, has stopped the agent, and types
the machine's name after reading what it may do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gpiozero.pins import Factory

from agent.doctor.finding import Finding
from agent.hardware import Input, Relay
from agent.hardware.gpio import GpioRelay
from agent.hardware.inputs import Wire, wires
from agent.places import Inputs, Place

Ask = Callable[[str], str]
_LOOKS, _LOOK_S = 40, 0.025
_WARNING = """
*** RELAY TEST of {machine} ***
Its relay will CLOSE for about a second, as if somebody had tapped. The machine may START.
Pull the machine's plug, or switch off and lock its main switch, now. Hands out of it.
Type {machine} to go on, anything else to leave it out: """


@dataclass(frozen=True, slots=True)
class Seen:
    """What the feedback contact said; None where it is not wired, or would not stand still."""

    before: bool | None
    on: bool | None
    off: bool | None


def relay_test(place: Place, factory: Factory, ask: Ask, pause: Callable[[float], None]) -> Iterator[Finding]:
    if place.relay is None:
        return
    if ask(_WARNING.format(machine=place.id)).strip() != place.id:
        yield Finding(f"relay of {place.id}", "not tested")
        return
    relay = GpioRelay(place.relay, factory)
    only_contact = Inputs(contact=place.inputs.contact, contact_kind=place.inputs.contact_kind)
    try:
        yield judge(place, try_out(relay, wires(place.id, only_contact, factory), pause))
    except Exception as error:  # noqa: BLE001 — whatever it is, it is a finding
        yield Finding(f"relay of {place.id}", f"it cannot be driven: {error!r}", "look at the pin in the settings")
    finally:
        relay.close()


def try_out(relay: Relay, contact: list[Wire], pause: Callable[[float], None]) -> Seen:
    """On, look, off, look. However it ends, the relay is released first."""
    before = _look(contact, pause)
    try:
        relay.energise()
        relay.check()
        on = _look(contact, pause)
    finally:
        relay.release()
    return Seen(before, on, _look(contact, pause))


def judge(place: Place, seen: Seen) -> Finding:
    check = f"relay of {place.id}"
    if place.inputs.contact is None:
        return Finding(
            check, "it was closed for a second: a click, and light on its board? No feedback contact is wired"
        )
    match seen:
        case Seen(before=False, on=True, off=False):
            return Finding(check, "closes, opens, and its feedback contact says so")
        case Seen(before=True):
            fix = "a welded contactor, or contact_kind is the wrong one: mirror is normally closed, auxiliary normally open"
            return Finding(check, "the contact says CLOSED before anything was switched", fix)
        case Seen(on=False):
            fix = "listen for the click: if there is one, look at the coil circuit and the emergency stop, else at driver and pin"
            return Finding(check, "commanded on, and the contact stays open", fix)
        case Seen(off=True):
            return Finding(
                check, "commanded off, and the contact stays CLOSED", "a welded contactor: do not plug it in"
            )
    return Finding(check, "the contact does not stand still", "look at its wire and its two terminals")


def _look(contact: list[Wire], pause: Callable[[float], None]) -> bool | None:
    """What the contact says after about a second in which it may settle."""
    last: bool | None = None
    for _ in range(_LOOKS if contact else 1):
        for wire in contact:
            moved = wire.look()
            if moved is not None and moved.input is Input.CONTACT:
                last = moved.on
        pause(_LOOK_S)
    return last
