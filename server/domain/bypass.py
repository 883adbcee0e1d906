"""Until when staff bridge a machine's contact: one rule for the lists, the board and the pages."""

from datetime import datetime


def bypassed_until(declared: datetime | None, now: datetime) -> datetime | None:
    """The end of the bypass that holds now; None without one. At its end it is over."""
    return declared if declared is not None and now < declared else None
