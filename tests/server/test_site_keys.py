"""Site keys: a new one now and then, the one before for 90 days, and badges that go over at their next tap."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.db import reading
from server.ingest import Incoming, ingest
from server.lists.service import compile_all
from server.machines import service as machines
from server.machines import site_keys
from server.machines.site_keys import KEPT_FOR, forget_old, ring, rotate
from server.people import service as people
from server.people.models import Token
from server.settings import Settings
from tests.server.signed_in import settings_for, web_app
from wire.messages import Stamp, TimeQuality, TokenRekeyed, encode_event
from wire.tokens import fingerprint, unwrap

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
BY = {"actor": "test", "now": NOW}
OUTBOX = "6f1f0a52-3c0e-4d6e-9f0b-2a1d8f3f7c11"
CARD = "em4100:62E3086CED"
AT = Stamp("boot", 1, round(NOW.timestamp() * 1000), TimeQuality.SYNCED)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, keys_dir=tmp_path / "keys")


@pytest.fixture
def app(settings: Settings):
    web = web_app(settings.database_url, NOW)
    with web.app_context():
        machines.add_agent("agent-1", **BY)
        yield web


def test_before_the_first_change_the_key_is_the_one_of_the_settings(settings: Settings) -> None:
    keys = ring(settings, NOW)

    assert [(key.id, key.key) for key in keys.live] == [("k1", settings.badge_key)]
    assert keys.wrapped == ()


def test_after_a_change_both_hold_for_90_days_and_then_the_new_one_alone(settings: Settings, app: Flask) -> None:
    made = rotate(settings, **BY)

    assert [key.id for key in ring(settings, NOW).live] == ["k2", "k1"]
    assert ring(settings, NOW + KEPT_FOR - timedelta(seconds=1)).ids == ("k2", "k1")
    assert ring(settings, NOW + KEPT_FOR).ids == ("k2",)
    assert ring(settings, NOW).newest.key == made.key != settings.badge_key


def test_an_agent_reads_a_new_key_with_the_one_before_even_when_that_one_is_over(
    settings: Settings, app: Flask
) -> None:
    rotate(settings, **BY)
    rotate(settings, actor="test", now=LATER)
    keys = ring(settings, LATER + KEPT_FOR)

    assert keys.ids == ("k3",)
    assert [(one.id, one.under) for one in keys.wrapped] == [("k3", "k2"), ("k2", "k1")]
    second = unwrap(keys.wrapped[1].wrapped, "k2", settings.badge_key)
    assert second is not None
    assert unwrap(keys.wrapped[0].wrapped, "k3", second) == keys.newest.key


def test_a_key_that_is_over_stands_in_no_file_any_more(settings: Settings, app: Flask) -> None:
    rotate(settings, **BY)
    second = ring(settings, NOW).newest.key
    rotate(settings, actor="test", now=LATER)
    file = settings.keys_dir / "site-keys.toml"

    assert second.hex() in file.read_text()
    assert forget_old(settings, LATER + KEPT_FOR - timedelta(seconds=1)) == []
    assert forget_old(settings, LATER + KEPT_FOR) == ["k2"]
    assert second.hex() not in file.read_text()
    assert ring(settings, LATER + KEPT_FOR).ids == ("k3",)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_badge_tapped_under_its_old_key_goes_over_to_the_new_one_and_stays_in_the_lists(
    settings: Settings, app: Flask
) -> None:
    holder = people.add_holder("Ada", "L", **BY).number
    old = people.give_token(holder, CARD, settings.badge_key, "k1", **BY).fingerprint
    made = rotate(settings, **BY)
    new = fingerprint(CARD, made.key)
    assert tokens_listed(settings) == [old]

    told = TokenRekeyed(old, new, "k2", AT)
    outcome = ingest(events(told, told), NOW)  # told again before the next list has come

    assert (outcome.stored, outcome.rejected) == (2, 0)
    assert tokens_listed(settings) == [new]
    with reading() as session:
        token = session.scalars(select(Token)).one()
    assert (token.fingerprint, token.key_id, token.holder_number) == (new, "k2", holder)


def test_a_badge_that_nobody_tapped_in_all_that_time_leaves_the_lists(settings: Settings, app: Flask) -> None:
    holder = people.add_holder("Ada", "L", **BY).number
    people.give_token(holder, CARD, settings.badge_key, "k1", **BY)
    rotate(settings, **BY)

    assert len(tokens_listed(settings, NOW + KEPT_FOR - timedelta(seconds=1))) == 1
    assert tokens_listed(settings, NOW + KEPT_FOR) == []


def test_a_fingerprint_that_somebody_has_already_takes_no_badge_over(settings: Settings, app: Flask) -> None:
    ada, bob = (people.add_holder(name, "L", **BY).number for name in ("Ada", "Bob"))
    old = people.give_token(ada, CARD, settings.badge_key, "k1", **BY).fingerprint
    made = rotate(settings, **BY)
    taken = people.give_token(bob, "em4100:0000000001", made.key, "k2", **BY).fingerprint

    assert not people.rekey_token(old, taken, "k2", **BY)
    assert not people.rekey_token(taken, fingerprint(CARD, made.key), "k2", **BY)  # is known by that key already
    assert people.rekey_token(old, fingerprint(CARD, made.key), "k2", **BY)  # the control


def test_what_is_no_fingerprint_is_set_aside(settings: Settings, app: Flask) -> None:
    too_long, nameless = TokenRekeyed("a" * 33, "b" * 32, "k2", AT), TokenRekeyed("a" * 32, "b" * 32, "", AT)

    assert ingest(events(too_long, nameless), NOW).rejected == 2


def events(*bodies: TokenRekeyed) -> list[Incoming]:
    return [Incoming("agent-1", encode_event(OUTBOX, n, body, simulated=False)) for n, body in enumerate(bodies, 1)]


def tokens_listed(settings: Settings, moment: datetime = NOW) -> list[str]:
    keys = site_keys.ring(settings, moment)
    compiled = compile_all(moment, {"agent-1"}, ZoneInfo("UTC"), keys.newest.id, keys.ids, keys.wrapped)
    sent = compiled["agent-1"].access_list
    assert (sent.key_id, sent.keys) == (keys.newest.id, keys.wrapped)
    return [entry.token for entry in sent.holders]
