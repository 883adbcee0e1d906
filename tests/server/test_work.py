"""Jobs are done, tried again when they fail, and the worker stops in order."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from server import work
from server.db import db
from server.domain.period import day_of, day_start
from server.jobs import pulse
from server.jobs import service as jobs
from server.jobs.models import Job
from server.settings import Mqtt, Settings


@pytest.fixture
def now():
    """The worker runs on the real clock."""
    return datetime.now(UTC)


_RUN = "from server.work import run; from server.settings import load_settings; run(load_settings(None))"


@pytest.fixture
def settings(app, database_url, tmp_path):
    mqtt = Mqtt(host="127.0.0.1", port=1, password=SecretStr("none"))
    key = SecretStr("00" * 32)
    return Settings(database_url=database_url, data_dir=tmp_path, lab_name="Lab", site_key=key, mqtt=mqtt)


def states():
    found = db.session.execute(select(Job.state, Job.attempts, Job.error).order_by(Job.id)).all()
    db.session.rollback()
    return [tuple(row) for row in found]


def test_there_is_nothing_to_do_in_a_new_lab(settings):
    assert not work.run_once(settings)


def test_a_job_nobody_knows_how_to_do_is_tried_again_later_and_says_why(settings, now):
    jobs.enqueue("make_coffee", {"cups": 2}, now)

    assert work.run_once(settings)

    assert states() == [("waiting", 1, "ValueError: nobody here knows how to do make_coffee")]
    assert not work.run_once(settings)


def test_a_job_whose_document_is_gone_fails_and_the_next_one_is_done(settings, now):
    jobs.enqueue("render_document", {"document_id": 404}, now)
    jobs.enqueue("render_document", {}, now)

    assert [work.run_once(settings), work.run_once(settings)] == [True, True]

    assert [attempts for _, attempts, _ in states()] == [1, 1]


def test_the_worker_does_what_waits_and_stops_in_order_when_told(settings, now, database_url, tmp_path):
    jobs.enqueue("make_coffee", {}, now)
    db.session.remove()
    environment = {
        **os.environ,
        "PROLAB_DATABASE_URL": database_url,
        "PROLAB_DATA_DIR": str(tmp_path),
        "PROLAB_LAB_NAME": "Lab",
        "PROLAB_SITE_KEY": "00" * 32,
        "PROLAB_MQTT__HOST": "127.0.0.1",
        "PROLAB_MQTT__PORT": "1",
        "PROLAB_MQTT__PASSWORD": "none",
    }
    worker = subprocess.Popen([sys.executable, "-c", _RUN], env=environment, stderr=subprocess.DEVNULL)

    deadline = time.monotonic() + 60
    while states()[0][1] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0
    assert states()[0][1] == 1
    assert abs(pulse.last_beats()["work"] - now) < pulse.LOST_AFTER


def test_a_damaged_file_of_site_keys_stops_no_job(app, settings, now, caplog):
    lab = settings.model_copy(update={"keys_dir": settings.data_dir / "keys"})
    lab.keys_dir.mkdir()
    (lab.keys_dir / "site-keys.toml").write_text("not toml [")

    work._tidy(lab, now)

    assert "old site keys are not forgotten" in caplog.text
    assert "is damaged" in caplog.text


def test_what_is_over_goes_every_night_as_a_job(app, settings, now):
    yesterday = day_start(day_of(now, settings.zone), settings.zone) - timedelta(days=1)
    work._tidy(settings, yesterday + timedelta(hours=3, minutes=30))
    assert [job.kind for job in db.session.scalars(select(Job))] == ["retention"]
    db.session.rollback()

    assert work.run_once(settings)

    assert states()[0][0] == "done"
