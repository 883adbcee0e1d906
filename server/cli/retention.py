"""``prolab retention``: what is over and would go, or went, a line a class."""

from collections.abc import Iterator
from datetime import datetime

from server.privacy import retention
from server.privacy.night import Place
from server.settings import Settings


def say(settings: Settings, now: datetime) -> Iterator[str]:
    """What would go, by class."""
    due = retention.dry_run(now, _place(settings))
    for one in due:
        rule, waiting = one.in_force.rule, one.waiting
        oldest = f", the oldest of {waiting.oldest:%Y-%m-%d}" if waiting.oldest else ""
        mine = "" if rule.by_itself else "  (not by this job)"
        yield f"{rule.kept:10} {rule.keep:3} {rule.unit:7} {waiting.rows:7} rows{oldest}{mine}"
    yield f"tonight: {sum(one.waiting.rows for one in due if one.in_force.rule.by_itself)} rows"


def let_go(settings: Settings, actor: str, now: datetime) -> Iterator[str]:
    """A run after the other, until nothing is left."""
    is_done, gone = False, 0
    while not is_done:
        report = retention.run(now, _place(settings), actor)
        for kept, count in report.counts.items():
            yield f"{kept:10} {count:7} rows"
        is_done, gone = report.is_done, gone + report.rows
    yield f"gone: {gone} rows"


def _place(settings: Settings) -> Place:
    return Place(settings.zone, settings.demo, settings.backups_dir)
