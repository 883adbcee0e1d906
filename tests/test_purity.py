"""Pure modules stay pure when they are really imported: an ``__init__`` that imports Flask would taint all below it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPURE = ("flask", "sqlalchemy", "paho", "gpiozero", "serial", "sqlite3")
PURE_IN_AGENT = (
    "access",
    "failures",
    "hours",
    "learning",
    "machine",
    "masters",
    "metering",
    "panel",
    "panel_people",
    "records",
    "rules.clockwork",  # imports all the other rules
    "saying",
    "session",
    "shown",
    "stimuli",
)
PURE = sorted(
    [
        *(f"agent.{name}" for name in PURE_IN_AGENT),
        *(
            ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for folder in ("wire", "server/domain")
            for path in (ROOT / folder).glob("*.py")
            if path.name != "__init__.py"
        ),
    ]
)


# Each module in a process that has loaded nothing else yet: a copy of one that has just begun, which costs half of a new one.
LOADING = f"""
import os, sys
for module in sys.argv[1:]:
    if os.fork() == 0:
        __import__(module)
        print(module, *(name for name in {IMPURE!r} if name in sys.modules), flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(module + " cannot be loaded by itself")
"""


def loaded_by(*modules: str) -> dict[str, list[str]]:
    """The frameworks that each of these modules loads."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING, *modules], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    return {module: frameworks for module, *frameworks in said}


def test_a_pure_module_loads_no_framework() -> None:
    loaded = loaded_by(*PURE)

    assert list(loaded) == PURE
    assert {module: frameworks for module, frameworks in loaded.items() if frameworks} == {}


def test_the_check_sees_a_framework_that_is_loaded_and_tells_it_from_the_next() -> None:
    loaded = loaded_by("server.db", "wire.messages")

    assert "flask" in loaded["server.db"]
    assert loaded["wire.messages"] == []


def test_the_check_says_which_module_cannot_be_loaded() -> None:
    with pytest.raises(AssertionError, match=r"wire\.nothing cannot be loaded by itself"):
        loaded_by("wire.messages", "wire.nothing")
