"""``python -m tests.bench [name …] [--quick]``: takes the figures, prints each beside its aim, and judges nothing."""

import argparse
import os
import platform
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module

from tests.bench.figures import Lines

FIGURES: Mapping[str, str] = {  # name → module
    "pin": "tap_to_pin",
    "release": "release",
    "stored": "events_stored",
    "committed": "tap_to_commit",
    "lists": "list_in_force",
    "refused": "refused_at_once",
    "access": "access_explained",
    "board": "tap_to_board",
    "boards": "boards_open",
    "streams": "streams",
    "pages": "pages",
    "weight": "weight",
    "screens": "screens",
    "invoices": "invoices_issued",
    "issue": "click_to_pdf",
    "documents": "documents_checked",
    "rate": "month_rated",
    "whatif": "month_whatif",
    "size": "list_size",
    "reader": "reader",
    "meter": "meter",
    "idle": "idle",
    "memory": "memory",
    "demo": "demo_seconds",
    "code": "size",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"only these: {', '.join(FIGURES)}")
    parser.add_argument("--quick", action="store_true", help="fewer measurements, shorter runs")
    arguments = parser.parse_args()
    if unknown := set(arguments.name) - FIGURES.keys():
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in arguments.name or FIGURES:
        measure: Callable[[bool], Lines] = import_module(f"tests.bench.{FIGURES[name]}").measure
        _print(name, measure, arguments.quick)


def _print(name: str, measure: Callable[[bool], Lines], quick: bool) -> None:
    print(f"\n{name}", flush=True)
    began, load = time.monotonic(), os.getloadavg()[0]
    try:
        for line in measure(quick):
            print(line, flush=True)
    except Exception:  # noqa: BLE001 — a figure that could not be taken must not cost the others
        print(f"  could not be taken:\n{traceback.format_exc()}")
    print(f"  ({time.monotonic() - began:.0f} s; load before: {load:.1f})", flush=True)


if __name__ == "__main__":
    main()
