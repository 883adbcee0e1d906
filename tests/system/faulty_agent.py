"""Runs the agent with parts that fail when they are told to: ``python -m tests.system.faulty_agent DIR run --config agent.toml``.

A part fails while the file DIR/<name> is there: it says ``always`` or ``once``, and then the part raises; or ``hang``, and then
it never comes back. Nothing of this is in the agent: its functions are wrapped before it begins.

Where DIR/patient_plug is there from the start, a plug that does not obey counts as a lost output only after 20 s instead of 2.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from agent.__main__ import main as run
from agent.hardware import shelly

PATIENT_PLUG = "patient_plug"
PARTS = {  # name → module, and what in it
    "panel": ("agent.teller", "Teller.show"),
    "status": ("agent.link", "Link.set_status"),
    "record": ("agent.driver", "_write"),  # inside the transaction
    "pin_check": ("agent.peer", "pin_digest"),
    "plug": ("agent.hardware.shelly", "Plug.check"),
}


class PartFailed(Exception):  # noqa: N818 — that is what happened
    """What a part raises, and nothing in the agent knows of."""


def fail_at(order: Path) -> None:
    try:
        how = order.read_text()
    except FileNotFoundError:
        return
    if how == "hang":
        while True:
            time.sleep(3600)
    if how == "once":
        order.unlink()
    raise PartFailed(f"{order.name} fails, as it was told")


def _wrap(order: Path, module: str, what: str) -> None:
    *inside, name = what.split(".")
    owner: Any = import_module(module)
    for part in inside:
        owner = getattr(owner, part)
    function: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        fail_at(order)
        return function(*args, **kwargs)

    setattr(owner, name, wrapped)


def main() -> None:
    directory = Path(sys.argv.pop(1))
    for name, (module, what) in PARTS.items():
        _wrap(directory / name, module, what)
    if (directory / PATIENT_PLUG).exists():
        shelly.OBEY_MS = 20_000
    run()


if __name__ == "__main__":
    main()
