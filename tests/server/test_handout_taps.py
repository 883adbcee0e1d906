"""A tap is used once, on both kinds of database, also by two pages that ask at the very same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from server.audit.service import trail
from server.db import reading, writing
from server.handouts import service as handouts
from server.handouts.models import HandoutLine, HandoutTap, Mode
from server.handouts.service import HandoutError, Newcomer, Tap
from server.people.models import Token

NAMES = [Newcomer("Ada", f"Essai {place}") for place in range(1, 9)]
PAGES = 4


@pytest.fixture
def handout(lab, now):
    begun = handouts.begin(NAMES, lab.payer, "Cours", "fr", None, ["p1"], actor="account:7", now=now)
    return begun.id


def taps(now):
    return [Tap(event, "p1", f"{event:032x}", "k1", now) for event in range(1, 6)]


def test_pages_that_ask_at_the_same_moment_use_each_tap_once(app, handout, lab, now):
    together = Barrier(PAGES)

    def ask(_):
        with app.app_context():
            together.wait()
            return handouts.take(handout, taps(now), now=now)

    with ThreadPoolExecutor(PAGES) as pool:
        used = list(pool.map(ask, range(PAGES)))

    assert sorted(used) == [0, 0, 0, 5]
    with reading() as session:
        given = session.execute(
            select(HandoutLine.position, Token.fingerprint)
            .join(Token, Token.ref == HandoutLine.token_ref)
            .order_by(HandoutLine.position)
        )
        assert [tuple(row) for row in given] == [(place, f"{place:032x}") for place in range(1, 6)]
        assert session.scalar(select(func.count()).select_from(HandoutTap)) == 5


def test_of_two_hand_outs_that_begin_to_listen_at_one_reader_at_once_one_is_told(app, lab, now):
    by = {"actor": "account:7", "now": now}
    begun = []
    for name in ("Ada", "Bob"):
        begun.append(handouts.begin([Newcomer(name, "Essai")], lab.payer, "", "fr", None, ["p1"], **by).id)
        handouts.pause(begun[-1], **by)

    def listen():
        with app.app_context():
            handouts.listen(begun[1], ["p1"], Mode.GIVE, **by)

    with ThreadPoolExecutor(1) as pool:
        with writing():
            handouts.listen(begun[0], ["p1"], Mode.GIVE, **by)
            second = pool.submit(listen)
            with pytest.raises(TimeoutError):  # it waits for the first
                second.result(0.5)
        with pytest.raises(HandoutError, match="Another hand-out listens"):
            second.result()


def test_a_tap_that_one_hand_out_used_is_nothing_to_another(app, handout, lab, now):
    by = {"actor": "account:7", "now": now}
    handouts.take(handout, taps(now)[:1], now=now)
    handouts.pause(handout, **by)
    other = handouts.begin([Newcomer("Bob", "Autre")], lab.payer, "", "fr", None, ["p1"], **by).id

    assert handouts.take(other, taps(now)[:1], now=now) == 0


def test_badges_are_lent_in_the_name_of_whoever_made_the_hand_out_listen(app, handout, lab, now):
    handouts.take(handout, taps(now)[:1], now=now)
    with reading() as session:
        ref = session.scalars(select(Token.ref).where(Token.fingerprint == f"{1:032x}")).one()

    assert [entry.actor for entry in trail("token", ref)] == ["account:7"]
