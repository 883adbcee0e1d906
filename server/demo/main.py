"""Where ``prolab demo`` begins: a whole month at once, the reconciler alone, or a lab that goes on until Ctrl-C."""

import signal
import sys
from pathlib import Path
from types import FrameType

from server.demo import summary
from server.demo.board_client import BoardError
from server.demo.bridge import Bridge
from server.demo.broker import BrokerMissing
from server.demo.days import DAYS_IN_MONTH, Days
from server.demo.findings import Mismatch, Station
from server.demo.live import live
from server.demo.once import judge, live_a_month
from server.demo.processes import ChildDiedError
from server.demo.progress import Progress
from server.demo.sabotage import Sabotage
from server.demo.site import Site, SiteError
from server.demo.stage import NotReadyError
from server.demo.summary import Summary

OK, MISMATCHES, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
_USUAL_FOLDER = Path("demo-out")


def run(
    *,
    once: bool,
    out: Path | None,
    seed: int,
    days: int | None,
    as_json: bool,
    sabotage: str | None,
    reconcile: Path | None,
    port: int,
) -> int:
    """The exit code: 0 when all went well and every figure agrees, 1 on a mismatch, 2 for what cannot be done."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    progress = Progress()
    sabotaged = Sabotage(sabotage) if sabotage else None
    try:
        if reconcile is not None:
            return _reconcile(reconcile, sabotaged, as_json, progress)
        if once:
            return _once(out or _USUAL_FOLDER, seed, days or DAYS_IN_MONTH, sabotaged, as_json, progress)
        return live(out, seed, port, progress)
    except (BrokerMissing, BoardError, ChildDiedError, NotReadyError, SiteError, ValueError, OSError) as error:
        progress.done()
        print(error, file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        progress.done()
        return INTERRUPTED


def _once(directory: Path, seed: int, days: int, sabotaged: Sabotage | None, as_json: bool, progress: Progress) -> int:
    site = Site(directory)
    tally = live_a_month(site, Days(days), seed, progress)
    progress.say("reconciling")
    evidence, built, found = judge(site.directory, None)
    found += tuple(Mismatch(Station.LEDGER, "and the timetable", problem) for problem in tally.problems)
    figures = summary.summarise(site.directory, evidence, built, tally, len(found), progress.seconds)
    found += tuple(Mismatch(Station.DEMO, "faults", missing) for missing in summary.not_injected(figures))
    figures = summary.judged_again(figures, len(found), progress.seconds)
    figures.write(site.directory)
    if sabotaged is not None:
        _, built, found = judge(site.directory, sabotaged)
        figures = summary.judged_again(figures, len(found), progress.seconds)
    return _report(figures, built, found, as_json, progress)


def _reconcile(directory: Path, sabotaged: Sabotage | None, as_json: bool, progress: Progress) -> int:
    figures = summary.read(directory)
    _, built, found = judge(directory, sabotaged)
    return _report(summary.judged_again(figures, len(found), progress.seconds), built, found, as_json, progress)


def _report(figures: Summary, built: Bridge, found: tuple[Mismatch, ...], as_json: bool, progress: Progress) -> int:
    progress.done()
    if as_json:
        print(figures.as_json())
        for mismatch in found:
            print(f"MISMATCH {mismatch}", file=sys.stderr)
    else:
        print(summary.in_text(figures, built, found))
    return MISMATCHES if found else OK


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
