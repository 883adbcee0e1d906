"""The web process: the live floor, its streams, and what every answer carries."""

import json
import re
import struct
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text
from werkzeug.routing import IntegerConverter

from server.app import HEADERS, create_app
from server.db import db, writing
from server.domain.roles import Role
from server.machines.models import Room
from server.people.models import Holder, Person
from server.settings import Mqtt, Settings
from tests.floor import HOLDER, Floor, busy, furnish
from tests.server.signed_in import share_templates, signed_in
from wire.messages import DenialReason

PLAN, LIST, WALL = "/map", "/map?view=list", "/wall"
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # what only reads and renders


@pytest.fixture
def time(tmp_path: Path, now: datetime) -> Callable[[datetime], None]:
    """Sets the simulated clock that the web process reads."""

    def set_to(moment: datetime) -> None:
        (tmp_path / "board.map").write_bytes(struct.pack("<q", int(moment.timestamp() * 1000)))

    set_to(now)
    return set_to


@pytest.fixture
def settings(database_url: str, tmp_path: Path, time: Callable[[datetime], None]) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        lab_name="Halle Zéro",
        site_key=SecretStr("ab" * 32),
        mqtt=Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x")),
        demo=True,
        board=tmp_path / "board.map",
    )


@pytest.fixture
def web(settings: Settings, app: Flask) -> Iterator[Flask]:
    """The web process. What the tests write goes through ``app``, as other processes write."""
    process = share_templates(create_app(settings))
    yield process
    process.extensions["feed"].stop(wait_s=5)
    with process.app_context():
        db.engine.dispose()


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    return signed_in(web, Role.MANAGER)


def page(client: FlaskClient, language: str = "en", address: str = LIST) -> str:
    return client.get(address, headers={"Accept-Language": language}).text


def tile(html: str, code: str) -> str:
    found = re.search(rf'<li class="tile" id="t-{code}".*?</li>', html, re.DOTALL)
    assert found, f"no tile {code}"
    return found[0]


# --- the page -----------------------------------------------------------------------------------------------------------


@on_sqlite
def test_the_board_shows_all_machines_by_room_with_state_word_and_minutes(client: FlaskClient, now: datetime) -> None:
    floor = busy(now)
    html = page(client)

    assert html.count('<li class="tile"') == len(floor.codes) == 24
    assert re.findall(r'<h2 id="r-\d">(.*?) <small>', html) == [
        "Impression 3D",
        "Halle d’usinage",
        "Laser",
        "Électronique",
    ]
    assert "In use" in tile(html, "m1")
    assert "42\u00a0min" in tile(html, "m1")
    assert "Free" in tile(html, "m3")
    assert "Offline" in tile(html, "m8")
    assert "seen at 09:26" in tile(html, "m8")
    assert "Miroir à régler" in tile(html, "m21")


@on_sqlite
def test_the_count_strip_shows_all_eight_states_as_legend(client: FlaskClient, now: datetime) -> None:
    busy(now)
    counted = re.findall(r'id="n-(\w+)"[^>]*><b>(\d+)</b>', page(client))

    assert counted == [
        ("free", "9"), ("use", "10"), ("idle", "0"), ("cool", "0"), ("book", "0"), ("lock", "3"), ("off", "1"), ("fault", "1"),
    ]  # fmt: skip


@on_sqlite
def test_what_looks_wrong_stands_worst_first_with_the_way_out(client: FlaskClient, now: datetime) -> None:
    busy(now)
    html = page(client)
    worries = re.findall(r'data-worry="(\w+)"', html)

    assert worries == ["fault", "latched", "silent", "overtime"]
    assert "Check its power and network." in html


@on_sqlite
def test_a_refusal_is_told_in_words_without_the_person(client: FlaskClient, now: datetime) -> None:
    floor = furnish(now)
    floor.deny("m4", DenialReason.QUALIFICATION_MISSING, DenialReason.OUTSIDE_HOURS)
    html = page(client, "de")

    assert "Abgelehnt: Qualifikation fehlt, außerhalb der Öffnungszeiten" in html


@on_sqlite
def test_no_person_is_on_the_board(client: FlaskClient, now: datetime) -> None:
    with writing() as session:
        session.add_all([Holder(number=HOLDER), Person(holder_number=HOLDER, given_name="Maren", family_name="Oxton")])
    busy(now)
    html = page(client)

    assert "FDM 1" in html
    assert not [word for word in ("Maren", "Oxton", str(HOLDER), "ab" * 16, "cd" * 16, "Atelier Un") if word in html]


@on_sqlite
def test_an_empty_lab_is_told_what_this_place_is_for(client: FlaskClient) -> None:
    html = page(client, "fr")

    assert "Pas encore de machine ici" in html
    assert 'class="tile"' not in html


@on_sqlite
def test_what_a_manager_types_is_text_and_not_markup(client: FlaskClient, now: datetime) -> None:
    floor = furnish(now)
    floor.want("m1", "out", "<img src=x onerror=alert(1)>")

    assert "&lt;img src=x" in tile(page(client), "m1")


@on_sqlite
def test_the_page_speaks_the_language_of_the_browser_and_french_by_default(client: FlaskClient, now: datetime) -> None:
    furnish(now)

    assert "Frei" in tile(page(client, "de-CH, en;q=0.5"), "m1")
    assert "Free" in tile(page(client, "en"), "m1")
    assert "Libre" in tile(page(client, "ja"), "m1")
    assert '<html lang="fr">' in client.get(LIST).text


@on_sqlite
def test_simulation_is_said_so_only_in_the_demo(client: FlaskClient, settings: Settings) -> None:
    real = create_app(settings.model_copy(update={"demo": False, "board": None}))
    real_page = signed_in(real, Role.MANAGER).get(LIST).text
    with real.app_context():
        db.engine.dispose()

    assert "SIMULATION" in page(client)
    assert "SIMULATION" not in real_page


@on_sqlite
def test_ids_are_unique_and_nothing_is_inline(client: FlaskClient, now: datetime) -> None:
    busy(now)
    html = page(client)
    ids = re.findall(r'\sid="([^"]+)"', html)

    assert len(ids) == len(set(ids)) > 60
    assert not re.findall(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", html)


@on_sqlite
def test_the_figures_of_the_day_begin_at_midnight_in_the_lab(client: FlaskClient, now: datetime) -> None:
    floor = furnish(now)
    midnight = datetime.fromisoformat("2026-10-14T00:00+02:00")
    floor.past("m1", midnight - timedelta(minutes=90), 60)
    floor.past("m2", midnight - timedelta(minutes=30), 60)
    floor.past("m3", midnight + timedelta(minutes=10), 45)
    floor.start("m4", minutes=5)
    html = page(client)
    figures = re.findall(r"<dd>(.*?)</dd>", html.partition('id="figures"')[2].partition("</dl>")[0])

    assert figures == ["2", "1\u00a0h\u00a045", "0"]
    assert "1 now, 2 at most" in html


# --- the stream ---------------------------------------------------------------------------------------------------------


class Board:
    """An open board, as a browser reads it."""

    def __init__(self, client: FlaskClient, language: str = "en", address: str = "/map/events?face=list") -> None:
        self.response = client.get(address, headers={"Accept-Language": language}, buffered=False)
        self._chunks = self.response.iter_encoded()

    def news(self) -> str:
        """The HTML of the next message."""
        chunk = next(self._chunks).decode()
        event, data = re.findall(r"^(?:event|data): (.*)$", chunk, re.MULTILINE)[-2:]
        assert event == "board"
        html: str = json.loads(data)["html"]
        return html


@pytest.fixture
def open_board(client: FlaskClient) -> Iterator[Callable[..., Board]]:
    boards: list[Board] = []

    def opened(*how: str) -> Board:
        boards.append(Board(client, *how))
        return boards[-1]

    yield opened
    for board in boards:
        board.response.close()


@pytest.fixture
def floor(web: Flask, now: datetime) -> Floor:
    return furnish(now)


def test_a_stream_begins_with_the_whole_board(floor: Floor, open_board: Callable[..., Board]) -> None:
    board = open_board()

    assert board.response.mimetype == "text/event-stream"
    assert board.news().count('<li class="tile"') == 24


def test_a_change_sends_only_the_pieces_that_changed(floor: Floor, open_board: Callable[..., Board]) -> None:
    board = open_board()
    board.news()
    floor.start("m5")
    news = board.news()

    assert re.findall(r'<li class="tile" id="([^"]+)"', news) == ["t-m5"]
    assert re.findall(r'id="(n-\w+)"', news) == ["n-free", "n-use"]
    assert 'id="r-0"' in news
    assert 'id="board"' not in news
    assert 'id="troubles"' not in news


def test_every_board_gets_the_change_in_its_own_language(floor: Floor, open_board: Callable[..., Board]) -> None:
    boards = {language: open_board(language) for language in ("fr", "de", "en")}
    for board in boards.values():
        board.news()
    floor.start("m5")

    news = {language: board.news() for language, board in boards.items()}

    assert all(word in news[language] for language, word in {"fr": "En cours", "de": "Belegt", "en": "In use"}.items())


def test_a_machine_that_comes_or_moves_sends_the_whole_board(floor: Floor, open_board: Callable[..., Board]) -> None:
    board = open_board()
    board.news()
    with writing() as session:
        session.add(Room(name="Cave"))
        session.flush()
        session.execute(text("UPDATE machine SET room = 'Cave' WHERE code = 'm5'"))
    floor.start("m1")

    assert board.news().count('<li class="tile"') == 24


def test_an_agent_gone_quiet_is_noticed_without_any_change(
    floor: Floor, open_board: Callable[..., Board], time: Callable[[datetime], None], now: datetime
) -> None:
    floor.start("m1")
    board = open_board()
    assert "data-worry" not in board.news()
    time(now + timedelta(minutes=3))

    assert 'data-worry="silent"' in board.news()


def test_an_open_board_holds_no_database_session(floor: Floor, web: Flask, open_board: Callable[..., Board]) -> None:
    board = open_board()
    board.news()
    floor.start("m1")
    board.news()
    with web.app_context():
        borrowed = db.engine.pool.checkedout()  # type: ignore[attr-defined]

    assert web.extensions["feed"].status()[0] == 1
    assert borrowed <= 1  # the poller's, should it just be looking


def test_a_board_that_leaves_is_forgotten(floor: Floor, web: Flask, open_board: Callable[..., Board]) -> None:
    board = open_board()
    board.news()
    open_board().response.close()  # left before the first byte
    board.response.close()

    assert web.extensions["feed"].status()[0] == 0


def test_streams_end_when_the_process_stops(floor: Floor, web: Flask, open_board: Callable[..., Board]) -> None:
    board = open_board()
    board.news()
    web.extensions["feed"].stop()

    with pytest.raises(StopIteration):
        board.news()


def test_a_stream_that_cannot_be_had_is_refused_in_words(
    client: FlaskClient, web: Flask, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.dashboard.feed.MAX_STREAMS", 0)
    refused = client.get("/map/events", headers={"Accept-Language": "fr"})

    assert refused.status_code == 503
    assert "Réessayez dans quelques secondes" in refused.text
    assert client.get(PLAN).status_code == 200


def test_streams_end_when_the_books_cannot_be_read_and_come_back_with_them(
    floor: Floor, client: FlaskClient, open_board: Callable[..., Board], caplog: pytest.LogCaptureFixture
) -> None:
    board = open_board()
    board.news()
    with writing() as session:
        session.execute(text("ALTER TABLE machine_live RENAME TO lost"))
    floor.tell_change()
    with pytest.raises(StopIteration):
        board.news()
    refused = client.get("/map/events").status_code
    with writing() as session:
        session.execute(text("ALTER TABLE lost RENAME TO machine_live"))

    assert refused == 503
    assert "cannot read the books" in caplog.text
    assert open_board().news().count('<li class="tile"') == 24


# --- headers, errors --------------------------------------------------------------------------------------------


@on_sqlite
@pytest.mark.parametrize("address", [PLAN, WALL, "/healthz", "/map/events", "/static/base.css", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    answer.close()

    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@on_sqlite
@pytest.mark.parametrize(
    ("language", "words"), [("fr", "Il n’y a pas de page ici"), ("de", "Hier ist keine Seite"), ("en", "no page here")]
)
def test_errors_are_told_in_words_with_a_way_back(client: FlaskClient, language: str, words: str) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": language})

    assert answer.status_code == 404
    assert words in answer.text
    assert 'href="/"' in answer.text


@on_sqlite
def test_what_breaks_on_our_side_is_told_without_a_traceback(web: Flask, client: FlaskClient) -> None:
    with writing() as session:
        session.execute(text("ALTER TABLE machine RENAME TO lost"))
    answer = client.get(PLAN, headers={"Accept-Language": "en"})

    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "Traceback" not in answer.text
    assert "machine_live" not in answer.text


@on_sqlite
def test_static_files_are_kept_for_a_year_under_an_address_that_changes_with_them(
    client: FlaskClient, now: datetime
) -> None:
    furnish(now)
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page(client))
    answers = [client.get(address) for address in addresses]
    for answer in answers:
        answer.close()

    assert len(addresses) >= 5
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.cache_control.max_age for answer in answers} == {365 * 24 * 3600}
    assert all("?v=" in address for address in addresses if not address.endswith(".woff2"))


@on_sqlite
def test_a_number_in_an_address_that_is_longer_than_any_leads_nowhere(web: Flask) -> None:
    manager = signed_in(web, Role.MANAGER)
    numbered = [rule for rule in web.url_map.iter_rules() if "<int:" in rule.rule and "GET" in (rule.methods or ())]

    assert len(numbered) > 90
    for rule in numbered:
        values = dict.fromkeys(rule.arguments, "x") | {
            name: 1 for name, kind in rule._converters.items() if isinstance(kind, IntegerConverter)
        }
        address = web.url_map.bind("localhost").build(rule.endpoint, values, append_unknown=False)
        assert manager.get(address.replace("/1", "/" + "9" * 20)).status_code == 404, address


@on_sqlite
def test_a_character_that_no_text_has_is_refused_before_any_database_sees_it(web: Flask) -> None:
    web.config["WTF_CSRF_ENABLED"] = False
    manager = signed_in(web, Role.MANAGER)

    assert manager.get("/people?q=a%00b").status_code == 400
    assert manager.get("/tenants/a%00b").status_code == 400
    assert manager.post("/tenants/new", data={"name": "a\0b"}).status_code == 400
    assert manager.get("/people?q=ab").status_code == 200
