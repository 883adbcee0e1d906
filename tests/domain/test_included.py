"""What a document says of included hours: how much the month used, and what is left until when."""

from datetime import date

from server.domain.allowances import Allowance, Covered, Terms, Unit
from server.domain.included import Left, used_of, what_is_left

HOURS = Allowance("contract:7", Unit.SECONDS, 36000, until=date(2027, 1, 1))
PACK = Allowance("pack:2", Unit.CENTS, 5000, rank=1)
NAMES = {"contract:7": "Dix heures de FDM", "pack:2": "Carnet"}


def test_what_sessions_took_is_off_what_the_month_began_with() -> None:
    used = used_of([Covered("contract:7", 7200, 800), Covered("contract:7", 3600, 400), Covered("pack:2", 0, 1500)])

    assert what_is_left(Terms((PACK, HOURS)), used, NAMES) == [
        Left("Dix heures de FDM", "seconds", 10800, 25200, date(2026, 12, 31)),  # 10 h less 2 h and 1 h
        Left("Carnet", "cents", 1500, 3500, None),  # 50.00 less 15.00
    ]


def test_what_was_empty_already_is_not_told() -> None:
    assert what_is_left(Terms((Allowance("pack:3", Unit.CENTS, 0),)), {}, {}) == []
