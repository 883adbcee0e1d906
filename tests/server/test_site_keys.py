"""Site keys: a new one now and then, the one before for 90 days, and badges that go over at their next tap."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from server.db import reading
from server.ingest import Incoming, ingest
from server.lists.service import compile_all
from server.machines import service as machines
from server.machines import site_keys
from server.machines.site_keys import KEPT_FOR, SiteKeysError, forget_old, ring, rotate
from server.people import service as people
from server.people.models import Token
from server.settings import Settings
from server.usage.counts import Count
from tests.server.signed_in import settings_for, web_app
from wire.messages import Stamp, TimeQuality, TokenRekeyed, encode_event
from wire.tokens import fingerprint, unwrap

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
BY: dict[str, Any] = {"actor": "test", "now": NOW}
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
    outcome = ingest(events(told, told), NOW, live(settings))  # told again before the next list has come

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

    ids = ring(settings, NOW).ids
    assert not people.rekey_token(old, taken, "k2", ids, **BY)
    assert not people.rekey_token(taken, fingerprint(CARD, made.key), "k2", ids, **BY)  # is known by that key already
    assert people.rekey_token(old, fingerprint(CARD, made.key), "k2", ids, **BY)  # the control


@pytest.mark.parametrize("key_id", ["k9", "k1"])
def test_no_badge_goes_to_a_key_that_the_server_does_not_have_or_back_to_an_older_one(
    settings: Settings, app: Flask, key_id: str
) -> None:
    made = rotate(settings, **BY)
    holder = people.add_holder("Ada", "L", **BY).number
    mark = people.give_token(holder, CARD, made.key, "k2", **BY).fingerprint

    outcome = ingest(events(TokenRekeyed(mark, "b" * 32, key_id, AT)), NOW, live(settings))

    assert (outcome.stored, outcome.rejected) == (1, 0)
    assert outcome.counts[Count.FOREIGN_KEY] == (key_id == "k9")
    assert tokens_listed(settings) == [mark]


def test_a_badge_whose_key_is_over_goes_to_one_that_holds_when_its_agent_tells_late(
    settings: Settings, app: Flask
) -> None:
    holder = people.add_holder("Ada", "L", **BY).number
    old = people.give_token(holder, CARD, settings.badge_key, "k1", **BY).fingerprint
    new = fingerprint(CARD, rotate(settings, **BY).key)
    late = NOW + KEPT_FOR

    ingest(events(TokenRekeyed(old, new, "k2", AT)), late, lambda: ring(settings, late).ids)

    assert tokens_listed(settings, late) == [new]


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        "key = 1",
        '[[key]]\nid = "k2"',
        "first_until = 2026-10-14T08:00:00Z",
        'first_until = "soon"',
        '[[key]]\nid = "k2"\nunder = "k1"\nwrapped = ""\nmade_at = 2026-10-14T08:00:00Z',
        '[[key]]\nid = "k2"\nunder = "k1"\nwrapped = ""\nkey = "ab"\nmade_at = 2026-10-14',
    ],
)
def test_a_damaged_file_is_told_in_a_sentence_and_never_written_over(settings: Settings, app: Flask, text: str) -> None:
    settings.keys_dir.mkdir()
    file = settings.keys_dir / "site-keys.toml"
    file.write_text(text)

    for do in (lambda: ring(settings, NOW), lambda: rotate(settings, **BY), lambda: forget_old(settings, NOW)):
        with pytest.raises(SiteKeysError, match=r"is damaged \(.*\)\. Bring it back from your copy"):
            do()
    assert file.read_text() == text


def test_a_file_that_cannot_be_read_says_whose_it_is_to_be(settings: Settings) -> None:
    (settings.keys_dir / "site-keys.toml").mkdir(parents=True)

    with pytest.raises(SiteKeysError, match="sudo chown -R prolab"):
        ring(settings, NOW)


def test_two_changes_at_once_are_two_new_keys(settings: Settings, app: Flask) -> None:
    def change() -> None:
        with app.app_context():
            rotate(settings, **BY)

    with ThreadPoolExecutor(2) as both:
        for done in [both.submit(change) for _ in range(2)]:
            done.result()

    assert ring(settings, NOW).ids == ("k3", "k2", "k1")


def test_root_leaves_the_file_and_a_new_folder_to_who_runs_the_server(
    settings: Settings, app: Flask, given: list[tuple[str, int]]
) -> None:
    rotate(settings, **BY)
    given.clear()
    rotate(settings, actor="test", now=LATER)

    file = settings.keys_dir / "site-keys.toml"
    assert given == [(".site-keys.toml.new", file.stat().st_uid)]


def test_root_gives_a_new_file_to_the_owner_of_its_folder_and_a_new_folder_to_that_of_the_one_around(
    settings: Settings, app: Flask, given: list[tuple[str, int]]
) -> None:
    rotate(settings, **BY)

    whose = settings.keys_dir.parent.stat().st_uid
    assert given == [("keys", whose), (".site-keys.toml.new", whose)]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What root has given away, and to whom; here nobody is root, or the files were root's anyway."""
    told: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda file, user, _group: told.append((file.name, user)))
    return told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_sudo_has_rotated_belongs_to_who_owned_it(settings: Settings, app: Flask) -> None:
    rotate(settings, **BY)
    file = settings.keys_dir / "site-keys.toml"
    os.chown(file, 1234, 1235)

    rotate(settings, actor="test", now=LATER)

    assert (file.stat().st_uid, file.stat().st_gid, stat.S_IMODE(file.stat().st_mode)) == (1234, 1235, 0o600)


def test_what_is_no_fingerprint_is_set_aside(settings: Settings, app: Flask) -> None:
    too_long, nameless = TokenRekeyed("a" * 33, "b" * 32, "k2", AT), TokenRekeyed("a" * 32, "b" * 32, "", AT)

    assert ingest(events(too_long, nameless), NOW).rejected == 2


def live(settings: Settings) -> Callable[[], tuple[str, ...]]:
    return lambda: ring(settings, NOW).ids


def events(*bodies: TokenRekeyed) -> list[Incoming]:
    return [Incoming("agent-1", encode_event(OUTBOX, n, body, simulated=False)) for n, body in enumerate(bodies, 1)]


def tokens_listed(settings: Settings, moment: datetime = NOW) -> list[str]:
    known = site_keys.ring(settings, moment)
    compiled = compile_all(moment, {"agent-1"}, ZoneInfo("UTC"), known.newest.id, known.ids, known.wrapped)
    sent = compiled["agent-1"].access_list
    assert (sent.key_id, sent.keys) == (known.newest.id, known.wrapped)
    return [entry.token for entry in sent.holders]
