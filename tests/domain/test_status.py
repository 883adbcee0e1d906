"""How long a proof of status will do."""

from datetime import date

from server.domain.status import Proof, latest, until

REPLY = Proof("vies", "DE136695976", date(2026, 3, 2), date(2027, 3, 2))
EXTRACT = Proof("register", None, date(2026, 5, 4), date(2026, 11, 4))


def test_a_proof_is_too_old_after_twelve_months():
    assert latest(date(2026, 12, 31)) == date(2027, 12, 31)
    assert latest(date(2024, 2, 29)) == date(2025, 2, 28)


def test_it_does_until_its_recheck_date_and_not_on_it():
    assert REPLY.covers(date(2027, 3, 1), "DE136695976")
    assert not REPLY.covers(date(2027, 3, 2), "DE136695976")


def test_a_reply_about_another_vat_id_proves_nothing_and_an_extract_is_about_the_business():
    assert not REPLY.covers(date(2026, 10, 31), "DE136695975")
    assert EXTRACT.covers(date(2026, 10, 31), "DE136695975")


def test_of_several_the_one_that_does_longest_counts():
    assert until([EXTRACT, REPLY], date(2026, 10, 31), "DE136695976") == date(2027, 3, 2)
    assert until([EXTRACT, REPLY], date(2026, 10, 31), None) == date(2026, 11, 4)
    assert until([EXTRACT, REPLY], date(2026, 11, 4), None) is None
