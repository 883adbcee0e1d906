"""The window ahead of the receipts: in order, everything, and again when nothing was confirmed."""

from agent.sending import RESEND_MS, WINDOW, Sending
from agent.state import Position

OUTBOX = "o"


def sending(through: int = 0, last_n: int = 1000) -> Sending:
    return Sending(Position(OUTBOX, last_n, through), now_ms=0)


def send(one: Sending, count: int, now_ms: int = 0) -> list[int]:
    """Send as many as are allowed, at most ``count``. Returns their numbers."""
    sent = []
    for _ in range(min(count, one.allowance)):
        one.sent_one(one.sent + 1, now_ms)
        sent.append(one.sent)
    return sent


def test_a_connection_begins_with_all_that_lacks_a_receipt() -> None:
    assert send(sending(through=7), 3) == [8, 9, 10]


def test_no_more_than_a_window_is_under_way() -> None:
    one = sending()

    assert len(send(one, 500)) == WINDOW
    one.receipt(10, retained=False, now_ms=1)

    assert send(one, 500) == list(range(WINDOW + 1, WINDOW + 11))


def test_without_a_receipt_for_thirty_seconds_everything_is_sent_again() -> None:
    one = sending()
    send(one, 3, now_ms=100)

    one.look(100 + RESEND_MS - 1)
    assert one.sent == 3
    one.look(100 + RESEND_MS)

    assert send(one, 10, now_ms=100 + RESEND_MS)[:3] == [1, 2, 3]


def test_a_receipt_gives_the_rest_another_thirty_seconds() -> None:
    one = sending()
    send(one, 3)
    one.receipt(1, retained=False, now_ms=20_000)

    one.look(RESEND_MS)

    assert one.sent == 3
    assert one.due_ms() == 20_000 + RESEND_MS


def test_with_everything_confirmed_there_is_nothing_to_wait_for() -> None:
    one = sending()
    send(one, 3)
    one.receipt(3, retained=False, now_ms=5)

    assert one.due_ms() is None


def test_a_lower_receipt_of_a_restored_server_sends_from_there() -> None:
    one = sending(through=50, last_n=60)
    send(one, 10)

    one.receipt(20, retained=True, now_ms=5)

    assert send(one, 3) == [21, 22, 23]


def test_a_receipt_that_says_the_same_again_sends_once_more_but_only_once() -> None:
    one = sending()
    send(one, 5)

    one.receipt(0, retained=False, now_ms=1)
    assert send(one, 5) == [1, 2, 3, 4, 5]
    one.receipt(0, retained=False, now_ms=2)

    assert one.sent == 5


def test_the_brokers_own_copy_of_the_last_receipt_sends_nothing_again() -> None:
    one = sending(through=5, last_n=10)
    send(one, 5)

    one.receipt(5, retained=True, now_ms=1)

    assert one.sent == 10


def test_while_nobody_listens_nothing_is_sent_until_the_server_says_something() -> None:
    one = sending()
    send(one, 5)
    one.nobody_listens(now_ms=1)
    assert one.allowance == 0

    one.receipt(0, retained=False, now_ms=2)

    assert send(one, 5) == [1, 2, 3, 4, 5]


def test_while_nobody_listens_it_is_tried_again_every_thirty_seconds() -> None:
    one = sending()
    send(one, 5)
    one.nobody_listens(now_ms=1)

    one.look(1 + RESEND_MS)

    assert one.allowance == WINDOW
