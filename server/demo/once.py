"""One month from the first badge to the last invoice: sets the stage, lives the month, closes it, issues, reconciles."""

import json
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from server.billing import service as billing
from server.billing.ledger import verify_billing
from server.demo import bridge, sabotage, watch
from server.demo.books import ACTOR
from server.demo.bridge import Bridge
from server.demo.broker import find_mosquitto
from server.demo.days import MONTH, Days
from server.demo.echo import Echo
from server.demo.evidence import READERS, Evidence, read_evidence
from server.demo.findings import Mismatch
from server.demo.lab import ZONE, make_lab
from server.demo.mishaps import Mishaps
from server.demo.month import Month
from server.demo.office import Office
from server.demo.progress import Progress
from server.demo.reconcile import reconcile
from server.demo.sabotage import Sabotage
from server.demo.site import SERVER, Site
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.demo.summary import Tally
from server.demo.timetable import make_timetable
from server.usage.ledger import verify_ledger

_RENDERED_WITHIN_S = 120.0


def live_a_month(site: Site, days: Days, seed: int, progress: Progress) -> Tally:
    """Leaves everything the reconciler reads in the site's folder; all processes are stopped again."""
    lab = make_lab(seed, days.price_change)
    plan, cast = make_timetable(lab, days, seed)
    find_mosquitto()  # before anything is written
    site.make()
    begin = datetime.fromtimestamp(plan.begin, UTC)
    progress.say(f"{len(plan.visits)} visits planned; starting broker, board and agents, writing down the lab")
    with (
        own_broker(site, lab) as (broker, access),
        raised(site, lab, access, plan.begin, free_port(), virtual=True) as (stage, board),
    ):
        stage.start_agents()
        with books(site, lab, cast, begin) as numbers:
            stage.start_server("link", "work")
            mishaps = Mishaps(stage, broker, board)
            month = Month(plan, stage, board, Office(numbers), mishaps, progress)
            with closing(Echo(access.host, access.port, *access.account(SERVER))):
                month.open()
                month.live()
            progress.say("closing and invoicing the month")
            _invoice(stage, month.now)
            (site.directory / READERS).write_text(json.dumps(board.bytes_read(), indent=1))
            counted = watch.counted() + mishaps.forgotten
            problems = (*verify_ledger(), *verify_billing(site.documents), *watch.against_plan(plan))
    kills = (mishaps.broker_kills, mishaps.agent_kills, mishaps.restores)
    return Tally(counted.sent, counted.duplicates, *kills, problems)


def judge(directory: Path, sabotaged: Sabotage | None) -> tuple[Evidence, Bridge, tuple[Mismatch, ...]]:
    """Reconciles a copy of a finished run, with one value changed in it if asked. The run itself is only read."""
    with tempfile.TemporaryDirectory(prefix="prolab-") as scratch:
        copy = Path(scratch) / "copy"
        sabotage.copy_run(directory, copy)
        if sabotaged is not None:
            sabotage.apply(sabotaged, copy)
        evidence = read_evidence(copy, MONTH)
    result = reconcile(evidence, MONTH, ZONE)
    built = bridge.build(evidence, result)
    return evidence, built, bridge.check(built, result.mismatches)


def _invoice(stage: Stage, now: datetime) -> None:
    billing.close_month(MONTH, ACTOR, now, ZONE, specimen=True)
    billing.issue_month(MONTH, ACTOR, now, ZONE, specimen=True)
    stage.until(watch.all_rendered, "the documents to be rendered", _RENDERED_WITHIN_S)
