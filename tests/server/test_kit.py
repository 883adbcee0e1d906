"""The parts that all pages are made of: macros, messages, lists, error pages, the rail, compressed answers."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from server.db import reading, writing
from server.domain.roles import Role
from server.machines.models import Agent, Room
from server.web import nav
from server.web.lines import Reached, Station
from server.web.paging import Page, order, paginate, same_page
from tests.server.sample_form import Everything, sent
from tests.server.signed_in import signed_in

SERVER = Path(__file__).parents[2] / "server"


def render(source: str, **values: Any) -> str:
    return render_template_string('{% import "kit.html" as kit with context %}' + source, **values)


# --- macros -----------------------------------------------------------------------------------------------------------


def test_an_error_is_tied_to_its_field_and_listed_on_top(speaking: Callable[..., Any]) -> None:
    speaking("fr")
    form = Everything(formdata=sent(name="", at="soon"))
    form.validate()
    html = render(
        '{% call kit.form(form, "/x", "Enregistrer") %}{{ kit.field(form.name, help="court") }}{% endcall %}', form=form
    )

    assert 'aria-describedby="name-error name-help"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="name-error"' in html
    assert '<a href="#name">Name</a>: À remplir.' in html
    assert "2 points sont à revoir." in html
    assert 'name="version"' in html


@pytest.mark.parametrize(
    "source",
    [
        "{{ kit.button(evil) }}", "{{ kit.link_button(evil, '/x') }}", "{{ kit.person(evil, '/x') }}",
        "{{ kit.banner('fault', evil, evil) }}", "{{ kit.empty(evil, evil) }}", "{{ kit.facts([(evil, evil)]) }}",
        "{{ kit.status('free', evil) }}", "{{ kit.tabs([(evil, '/x', none, true)]) }}", "{{ kit.line([station]) }}",
        "{% call kit.table(evil, [evil]) %}{% endcall %}", "{% call kit.panel(evil, more=evil) %}{% endcall %}",
        "{{ kit.field(form.name, hint=evil, help=evil, unit=evil) }}", "{{ kit.post_button(evil, '/x', fields={'a': evil}) }}",
    ],
)  # fmt: skip
def test_what_people_type_is_shown_and_never_run(speaking: Callable[..., Any], source: str) -> None:
    speaking()
    evil = "<script>'\"&"
    form = Everything(formdata=None, data={"name": evil})
    html = render(source, evil=evil, form=form, station=Station(evil, evil, evil, Reached.DONE, siding=evil))

    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_disabled_button_says_what_is_missing(speaking: Callable[..., Any]) -> None:
    speaking()
    html = render("{{ kit.button('Issue', disabled='One price is missing.') }}")

    assert re.search(r"<button[^>]* disabled", html)
    assert "One price is missing." in html


def test_a_column_can_be_sorted_and_turned_and_a_list_goes_on(speaking: Callable[..., Any]) -> None:
    speaking(address="/kit?q=mill&sort=name&page=2")
    page = Page(rows=[0] * 50, number=2, pages=3, total=2120, size=50)
    html = render(
        "{% call kit.table('T', [('Name', '', 'name'), 'Room']) %}{% endcall %}{{ kit.pager(page) }}", page=page
    )

    assert 'aria-sort="ascending"' in html
    assert 'href="/kit?q=mill&amp;sort=-name"' in html
    assert 'href="/kit?q=mill&amp;sort=name&amp;page=3"' in html
    assert "51 to 100 of 2,120" in html


def test_no_style_and_no_script_stands_in_a_page(demo_web: Flask) -> None:
    html = signed_in(demo_web, Role.MANAGER).get("/kit").text

    assert "style=" not in html
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|javascript:", html)


def test_every_icon_that_a_page_names_is_in_the_file() -> None:
    there = set(re.findall(r'<symbol id="([^"]+)"', (SERVER / "static" / "icons.svg").read_text()))
    sources = "\n".join(path.read_text() for path in (SERVER / "templates").rglob("*.html"))
    named = set(re.findall(r'kit\.icon\("([\w-]+)"|icon="([\w-]+)"', sources))
    ways = {way.icon for group in (nav.WORKSHOP, nav.PEOPLE, nav.MONEY, nav.RECORDS, nav.DEMO) for way in group.ways}

    assert len(named) > 5
    assert (
        {one or other for one, other in named} | ways | {nav.MORE.icon, nav.MINE.icon, nav.BOOKS.icon}
    ) - there == set()


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages_and_a_page_too_far_is_the_last(demo_web: Flask, speaking: Callable[..., Any]) -> None:
    with demo_web.app_context(), writing() as session:
        session.add_all(Room(name=f"Room {number:02}") for number in range(25))
    speaking(address="/kit?page=99&sort=-name")
    with reading():
        page = paginate(select(Room.name).order_by(order({"name": Room.name}, "name")), size=10)

    assert (page.number, page.pages, page.total, page.first, page.last) == (3, 3, 25, 21, 25)
    assert page.rows == [f"Room {number:02}" for number in (4, 3, 2, 1, 0)]
    assert page.of(str.upper).rows[0] == "ROOM 04"
    assert same_page(page=None) == "/kit?sort=-name"


def test_only_columns_that_are_offered_are_sorted_by(speaking: Callable[..., Any]) -> None:
    speaking(address="/kit?sort=-password")

    assert str(order({"name": Room.name}, "name")) == "room.name ASC"


# --- answers ----------------------------------------------------------------------------------------------------------


def test_what_was_done_is_said_once_and_can_be_taken_back(demo_web: Flask) -> None:
    client = signed_in(demo_web, Role.MANAGER)
    typed = {"name": "Mill", "price": "36", "room": "hall", "risk": "low"}
    answer = client.post("/kit", data=typed, headers={"Accept-Language": "en"})
    told, again = (client.get("/kit/form", headers={"Accept-Language": "en"}).text for _ in range(2))

    assert (answer.status_code, answer.location) == (303, "/kit")
    assert "“Mill” stored." in told
    assert 'action="/kit/undo"' in told
    assert "data-toast" not in again


def test_a_form_without_its_token_is_refused_in_words(demo_web: Flask) -> None:
    demo_web.config["WTF_CSRF_ENABLED"] = True
    answer = signed_in(demo_web, Role.MANAGER).post("/kit", data={"name": "Mill"}, headers={"Accept-Language": "fr"})

    assert answer.status_code == 400
    assert "La page est restée ouverte trop longtemps" in answer.text


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 418, 429, 500, 503])
def test_every_error_has_words_and_a_way_on(demo_web: Flask, status: int) -> None:
    outside = demo_web.test_client().get(f"/broken/{status}", headers={"Accept-Language": "de"})
    inside = signed_in(demo_web, Role.MANAGER).get(f"/broken/{status}", headers={"Accept-Language": "de"})

    assert (outside.status_code, inside.status_code) == (status, status)
    for answer in (outside, inside):
        assert re.search(r'<a class="button is-primary" href="/(login)?"', answer.text)
        assert "Traceback" not in answer.text
    assert 'class="rail"' in inside.text
    assert 'class="rail"' not in outside.text


def test_ways_that_are_not_open_are_left_out_of_the_rail(demo_web: Flask) -> None:
    def ways(role: Role) -> list[str]:
        html = signed_in(demo_web, role).get("/more").text
        return re.findall(r'<li><a href="/(\w+)"', html.partition('<div class="ways">')[2])

    assert ways(Role.LAB_ACCOUNTANT) == [
        "map",
        "machines",
        "bookings",
        "tenants",
        "months",
        "collecting",
        "exports",
        "tariffs",
        "vat",
        "account",
    ]
    assert {"bench", "audit", "accounts", "people"} <= set(ways(Role.MANAGER))
    assert ways(Role.TENANT_ACCOUNTANT) == ["books", "account"]


def test_the_rail_counts_what_waits_and_who_is_heard_and_does_without_the_books(demo_web: Flask) -> None:
    with demo_web.app_context(), writing() as session:
        session.add_all(Agent(name=f"agent-{number}", online=number < 3) for number in range(4))
    client = signed_in(demo_web, Role.MANAGER)
    counted = client.get("/more", headers={"Accept-Language": "en"}).text
    demo_web.extensions["rail"], kept = _without_books, demo_web.extensions["rail"]
    without = client.get("/more", headers={"Accept-Language": "en"})
    demo_web.extensions["rail"] = kept

    assert "3 of 4 agents online" in counted
    assert without.status_code == 200
    assert "agents online" not in without.text


def _without_books() -> nav.Counts:
    raise OperationalError("SELECT", {}, Exception("gone"))


# --- compressed -------------------------------------------------------------------------------------------------------


def weight(client: FlaskClient, address: str) -> int:
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    length = len(answer.get_data())
    answer.close()
    return length


def test_a_first_page_with_all_it_needs_stays_under_150_kb(demo_web: Flask) -> None:
    client = signed_in(demo_web, Role.MANAGER)
    html = client.get("/kit").text
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html))
    total = weight(client, "/kit") + sum(weight(client, address) for address in files)
    print(f"\nfirst page with fonts, styles, scripts and icons: {total / 1000:.0f} kB compressed")

    assert len(files) >= 7
    assert total < 150_000


def test_answers_are_compressed_for_whoever_can_unpack_them(demo_web: Flask) -> None:
    client = signed_in(demo_web, Role.MANAGER)
    page = client.get("/more", headers={"Accept-Encoding": "gzip"})
    style = client.get("/static/kit.css", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/static/kit.css")

    assert page.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"</html>" in gzip.decompress(page.data)
    assert gzip.decompress(style.data) == plain.data
    assert int(style.headers["Content-Length"]) == len(style.data) < len(plain.data)
    again = client.get("/static/kit.css", headers={"Accept-Encoding": "gzip", "If-None-Match": style.headers["ETag"]})
    assert again.status_code == 304
    for answer in (style, plain, again):
        answer.close()


def test_a_font_and_a_stream_are_left_as_they_are(demo_web: Flask) -> None:
    client = signed_in(demo_web, Role.MANAGER)
    font = client.get("/static/plex-sans.woff2", headers={"Accept-Encoding": "gzip"})
    stream = client.get("/stream", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in font.headers
    assert "Content-Encoding" not in stream.headers
    assert len(stream.data) == 2000
    font.close()
