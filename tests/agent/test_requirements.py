"""What a Pi is told to install is all that the agent imports, and all that those packages import in their turn."""

import ast
import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_THE_SYSTEM = {"lgpio", "spidev"}  # apt: nothing is compiled on a Pi
REPLACED = {"rpi-gpio", "spidev"}  # by agent/hardware/gpio_shim.py, and by the system's


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s;<>=!~\[(]", name, maxsplit=1)[0]).lower()


def pinned() -> set[str]:
    return {normal(line) for line in (ROOT / "requirements" / "agent.txt").read_text().splitlines()}


def imported() -> set[str]:
    """Top names of every import of the agent, also of those within functions."""
    found = set()
    for file in (ROOT / "agent").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            found |= {name.split(".")[0] for name in names}
    return found - set(sys.stdlib_module_names) - {"agent", "wire"}


def test_every_package_the_agent_imports_is_installed_on_a_pi() -> None:
    homes = packages_distributions()
    needed = {normal(homes[name][0]) if name in homes else name for name in imported()}

    assert {"gpiozero", "luma-oled", "mfrc522", "paho-mqtt"} <= needed, (
        "a search that finds nothing would be content too"
    )
    assert needed <= pinned() | OF_THE_SYSTEM


def test_and_what_those_packages_ask_for() -> None:
    asked = {
        normal(one)
        for name in pinned()
        for one in requires(name) or ()
        if "extra ==" not in one and "python_version" not in one
    }

    assert asked - REPLACED <= pinned()


def test_what_is_said_to_come_from_the_system_is_in_the_recipe() -> None:
    page = (ROOT / "firmware_notes" / "provisioning.md").read_text()

    for package in OF_THE_SYSTEM:
        assert f"python3-{package}" in page
    assert "pip install --no-deps -r requirements/agent.txt" in page
