"""A panel for a box without one: what would be shown goes to the log, where a test or a technician can read it."""

import logging

from agent.panel import Shown

log = logging.getLogger(__name__)


class LogPanel:
    def show(self, machine: str, shown: Shown) -> None:
        log.debug("%s shows %s", machine, " | ".join((shown.head, *filter(None, shown.lines), shown.hint)))

    def seen(self, machine: str) -> None:
        """Nothing flashes here: the answer follows within milliseconds."""

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """What was shown last stays to be read."""
