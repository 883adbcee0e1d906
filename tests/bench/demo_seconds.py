"""One month of the demo, from the first badge to the last invoice and its reconciliation: ``prolab demo --once``."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure, Lines

AIM_S = 90.0


def measure(quick: bool) -> Lines:
    days = ["--days", "2"] if quick else []
    with tempfile.TemporaryDirectory(prefix="prolab-bench-") as home:
        out = Path(home) / "demo"
        command = [sys.executable, "-m", "server.cli", "demo", "--once", "--out", str(out), "--json", *days]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"the demo ended with {done.returncode}: {done.stderr[-2000:]}")
    summary = json.loads(done.stdout)
    yield Figure(
        "two days of the demo" if quick else "a month of the demo", summary["seconds"], "s", None if quick else AIM_S
    )
    for name in ("sessions", "events_stored", "invoices", "mismatches"):
        yield Figure(f"in it: {name.replace('_', ' ')}", summary[name], "")
