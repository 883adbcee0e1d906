"""Lives through the demo's history before anybody looks: the agents do it, on virtual time, with everything else real."""

from datetime import UTC, datetime

from server.billing import service as billing
from server.demo.board_client import BoardClient
from server.demo.books import ACTOR
from server.demo.broker import Broker
from server.demo.history import Chapter
from server.demo.lab import ZONE
from server.demo.mishaps import Mishaps
from server.demo.month import Month
from server.demo.office import Office
from server.demo.progress import Progress
from server.demo.stage import Stage
from server.demo.watch import all_rendered

_RENDERED_WITHIN_S = 120.0


def live_the_past(
    stage: Stage,
    board: BoardClient,
    broker: Broker | None,
    numbers: dict[int, int],
    chapters: tuple[Chapter, ...],
    progress: Progress,
) -> None:
    """Agents, link and work must be running on the board's virtual time. ``broker``: None where it is not ours."""
    mishaps = Mishaps(stage, broker, board)
    done, everything = 0, sum(len(chapter.plan.moments) for chapter in chapters)
    for chapter in chapters:
        month = Month(chapter.plan, stage, board, Office(numbers), mishaps, progress.part(done, everything))
        if chapter is chapters[0]:
            month.open()
        month.live()
        done += len(chapter.plan.moments)
        if chapter.invoiced:
            now = datetime.fromtimestamp(chapter.plan.finish, UTC)
            billing.close_month(chapter.month, ACTOR, now, ZONE, specimen=True)
            billing.issue_month(chapter.month, ACTOR, now, ZONE, specimen=True)
    progress.say("waiting for the invoices to be rendered")
    stage.until(all_rendered, "the invoices to be rendered", _RENDERED_WITHIN_S)
