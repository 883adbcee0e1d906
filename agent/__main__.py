"""The program on the Pi: ``prolab-agent run --config agent.toml [--simulate]``, ``prolab-agent pair URL CODE`` before it, and
``safe-off``, ``drain``, ``doctor`` and ``learn`` beside it.

Each command is a module with ``add_arguments(parser)`` and ``run(arguments)``, imported only when it is chosen: what switches a
relay off stands on nothing that may be broken with the agent.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

_COMMANDS = {
    "run": ("agent.running", "gate the machines until stopped"),
    "pair": ("agent.pairing", "become an agent of the lab, with a code from its server"),
    "safe-off": ("agent.commands.safe_off", "switch every relay off, when the agent has ended"),
    "drain": ("agent.commands.drain", "before an update: start nothing more, end with the last session"),
    "doctor": ("agent.commands.doctor", "look at everything this box needs, and say how to put it right"),
    "learn": ("agent.commands.learn", "watch a meter, and propose what counts as running"),
}


def main() -> None:
    arguments = _arguments(sys.argv[1:])
    arguments.run(arguments)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prolab-agent", description="Gates one to four machines by badge.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (module, what) in _COMMANDS.items():
        command = commands.add_parser(name, help=what)
        if words[:1] == [name]:
            chosen = import_module(module)
            chosen.add_arguments(command)
            command.set_defaults(run=chosen.run)
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
