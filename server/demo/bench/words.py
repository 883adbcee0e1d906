"""The lamp of a box, in words: a lamp alone never says a state, and not everybody sees its colour."""

from flask_babel import lazy_gettext

_LAMPS = {
    "white steady": lazy_gettext("white, steady"),
    "blue, slow breath": lazy_gettext("blue, slow breath"),
    "red, two flashes, then steady": lazy_gettext("red, two flashes, then steady"),
    "white, one flash in 4 s": lazy_gettext("white, one flash in 4 s"),
    "amber, one flash in 2 s": lazy_gettext("amber, one flash in 2 s"),
    "white, slow breath": lazy_gettext("white, slow breath"),
    "amber steady": lazy_gettext("amber, steady"),
    "blue, three seconds on and off": lazy_gettext("blue, three seconds on and off"),
    "red, one flash a second": lazy_gettext("red, one flash a second"),
}


def lamp(told: str) -> str:
    """``told``: the agent's own word for what its lamp does, empty while there is no agent."""
    return str(_LAMPS.get(told, told) if told else lazy_gettext("dark"))
