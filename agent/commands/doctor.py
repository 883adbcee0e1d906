"""``prolab-agent doctor``: one line a check, and for each that is wrong what to do. Ends with 1 if there is one."""

import argparse
import sys
from pathlib import Path

from agent.config import ConfigError, load


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=Path, default=Path("/etc/prolab/agent.toml"), help="default: %(default)s")
    command.add_argument("--simulate", action="store_true", help="pins and readers are the simulated board's")
    command.add_argument(
        "--relay-test",
        action="store_true",
        help="CLOSE each relay for a second, with its machine unplugged; asks first",
    )


def run(arguments: argparse.Namespace) -> None:
    from agent.doctor import Finding, Tools, examine

    try:
        config = load(arguments.config, arguments.simulate)
    except ConfigError as error:
        for line in str(error).splitlines():
            print(Finding("settings", line, f"correct {arguments.config}, or write it anew with prolab-agent pair"))
        sys.exit(1)
    if arguments.relay_test and not sys.stdin.isatty():
        sys.exit("--relay-test asks before each relay: it needs somebody at a terminal.")
    wrong = 0
    for finding in examine(config, Tools(ask=input if arguments.relay_test else None)):
        print(finding, flush=True)
        wrong += bool(finding.fix)
    sys.exit(1 if wrong else 0)
