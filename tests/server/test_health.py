"""/healthz for an outside watch, and the signs of life it rests on, as ``prolab link`` and ``prolab work`` give them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from server.clock import Clock
from server.db import closing_database, db, make_app, writing
from server.jobs import pulse
from server.link import Link
from server.machines.models import Agent
from tests.server.signed_in import settings_for, web_app
from tests.waiting import until

NOW = datetime(2026, 11, 18, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def web(sqlite_url: str) -> Flask:
    """Link, work and two agents have just been heard."""
    app = web_app(sqlite_url, NOW)
    with app.app_context(), writing() as session:
        session.add_all(Agent(name=name, online=True, last_seen_at=NOW) for name in ("agent-1", "agent-2"))
        for part in pulse.PARTS:
            pulse.beat(part, NOW)
    return app


def health(app: Flask) -> tuple[int, dict[str, Any]]:
    answer = app.test_client().get("/healthz")
    told: dict[str, Any] = answer.get_json()
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, told


def silence(app: Flask, name: str, minutes: float) -> None:
    with app.app_context(), writing() as session:
        gone = {"online": False, "last_seen_at": NOW - minutes * MINUTE}
        session.execute(update(Agent).where(Agent.name == name).values(**gone))


def test_a_server_at_work_is_well_and_says_so_without_a_login(web: Flask) -> None:
    status, told = health(web)

    assert status == 200
    assert told["ok"]
    assert told["reasons"] == []
    assert (told["agents"], told["agents_silent"], told["streams"]) == (2, [], 0)


@pytest.mark.parametrize("part", pulse.PARTS)
def test_a_part_that_has_been_silent_too_long_is_named(web: Flask, part: str) -> None:
    with web.app_context():
        pulse.beat(part, NOW - pulse.LOST_AFTER)
        just_in_time = health(web)[0]
        pulse.beat(part, NOW - pulse.LOST_AFTER - timedelta(seconds=1))

    status, told = health(web)

    assert just_in_time == 200
    assert (status, told["ok"]) == (503, False)
    assert told["reasons"] == [f"prolab {part} has been silent for over 3 min"]


def test_parts_that_were_never_started_are_named_in_a_new_lab(sqlite_url: str) -> None:
    status, told = health(web_app(sqlite_url, NOW))

    assert status == 503
    assert len(told["reasons"]) == 2  # and no agent is missing where there is none


def test_one_silent_agent_is_told_of_and_all_of_them_are_too_many(web: Flask) -> None:
    silence(web, "agent-1", 60)
    one = health(web)
    silence(web, "agent-2", 2)
    restarting = health(web)
    silence(web, "agent-2", 4)
    both = health(web)
    silence(web, "agent-2", 60)
    with web.app_context(), writing() as session:
        session.execute(update(Agent).values(last_seen_at=None))
    never = health(web)

    assert (one[0], one[1]["reasons"]) == (200, ["agent agent-1 is silent"])
    assert (restarting[0], len(restarting[1]["reasons"])) == (200, 2)
    assert (both[0], both[1]["reasons"]) == (503, ["no agent is heard: check the broker and the network"])
    assert never[0] == 503


def test_a_lab_with_one_agent_is_asked_about_that_one(web: Flask) -> None:
    with web.app_context(), writing() as session:
        session.execute(update(Agent).where(Agent.name == "agent-2").values(ended_at=NOW, online=False))
    silence(web, "agent-1", 10)

    assert health(web)[0] == 503


def test_a_database_that_cannot_be_read_is_said(web: Flask) -> None:
    with web.app_context():
        db.session.remove()
        db.engine.dispose()
        Path(str(db.engine.url.database)).write_bytes(b"no database at all, but a file of some length " * 50)

    status, told = health(web)

    assert status == 503
    assert told == {"ok": False, "reasons": ["the database cannot be read"]}


def test_the_link_shows_that_it_is_at_work_even_without_its_broker(sqlite_url: str) -> None:
    """``prolab work`` shows it in test_work.py."""
    app = make_app(sqlite_url)
    link = Link(app, settings_for(sqlite_url, mqtt={"host": "127.0.0.1", "port": 1, "password": "x"}), Clock())
    running = Thread(target=link.run)
    running.start()
    with app.app_context(), closing_database():
        try:
            beat = until(lambda: pulse.last_beats().get("link"))
        finally:
            link.stop()
            running.join()

    assert abs(beat - datetime.now(UTC)) < MINUTE
