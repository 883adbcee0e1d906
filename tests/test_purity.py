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


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_loads_no_framework(module: str) -> None:
    code = f"import {module}, sys; print(*(name for name in {IMPURE!r} if name in sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert loaded.stdout.split() == []


def test_the_check_sees_a_framework_that_is_loaded() -> None:
    code = f"import server.db, sys; print(*(name for name in {IMPURE!r} if name in sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "flask" in loaded.stdout.split()
