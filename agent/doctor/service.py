"""What ``prolab-agent doctor`` asks of systemd: does anybody notice a main loop that hangs, and who switches off after a crash."""

import re
import subprocess
from collections.abc import Iterator, Mapping

from agent.doctor.finding import Finding

UNIT = "prolab-agent.service"
LONGEST_S = 30  # a hung loop keeps a relay closed for so long at most
_OF_UNIT = "LoadState,Type,NotifyAccess,WatchdogUSec,Restart,StartLimitIntervalUSec,ExecStopPost"
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_INSTALL = "install the unit anew: see firmware_notes/provisioning.md"


def service() -> Iterator[Finding]:
    """What systemd says of our unit and of itself."""
    unit = _ask("show", UNIT, f"--property={_OF_UNIT}")
    if unit is None:
        yield Finding("service", "no systemd answers here", "run the agent under systemd: nobody else ends a hung loop")
        return
    yield from judge_unit(unit)
    manager = _ask("show", "--property=RuntimeWatchdogUSec") or {}
    yield judge_hardware_watchdog(manager)


def judge_unit(said: Mapping[str, str]) -> Iterator[Finding]:
    if said.get("LoadState") != "loaded":
        yield Finding("service", f"{UNIT} is {said.get('LoadState') or 'unknown'}", _INSTALL)
        return
    limit_s = seconds(said.get("WatchdogUSec", ""))
    if limit_s is None or limit_s > LONGEST_S:
        found = "none is set" if limit_s is None else f"it waits {limit_s:g} s"
        yield Finding(
            "watchdog", f"{found}: a main loop that hangs keeps its relays closed", f"set WatchdogSec=10, or {_INSTALL}"
        )
    elif said.get("Type") != "notify":
        yield Finding(
            "watchdog", f"the service is of type {said.get('Type')}", "set Type=notify: else no beat is heard"
        )
    else:
        yield Finding("watchdog", f"a main loop that hangs is ended after {limit_s:g} s")
    yield _or_install("restart", said.get("Restart") in ("on-failure", "always"), "the agent comes back after a crash")
    yield _or_install(
        "restart limit", seconds(said.get("StartLimitIntervalUSec", "")) is None, "systemd never gives up"
    )
    yield _or_install("safe-off", "safe-off" in said.get("ExecStopPost", ""), "relays are switched off after any end")


def judge_hardware_watchdog(said: Mapping[str, str]) -> Finding:
    limit_s = seconds(said.get("RuntimeWatchdogUSec", ""))
    if limit_s is not None:
        return Finding("hardware watchdog", f"resets a Pi whose kernel hangs, after {limit_s:g} s")
    fix = "set RuntimeWatchdogSec=14 in /etc/systemd/system.conf.d/prolab.conf and reboot"
    return Finding("hardware watchdog", "off: a kernel that hangs keeps relays closed", fix)


def seconds(text: str) -> float | None:
    """A span as systemd writes it ("10s", "1min 30s"); None for none at all ("0", "infinity", nothing)."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|s|min|h)", text)
    total = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    return total or None


def _or_install(check: str, right: bool, good: str) -> Finding:
    return Finding(check, good if right else f"not so: {good}", "" if right else _INSTALL)


def _ask(*arguments: str) -> dict[str, str] | None:
    try:
        answer = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
