"""A form that is sent twice counts once; one that was changed, shown anew or refused counts each time."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from server.db import reading
from server.domain.roles import Role
from server.people.models import Person
from tests.server.signed_in import signed_in, web_app

ZOE = {"given_name": "Zoé", "family_name": "Brisemontier", "language": "fr"}


@pytest.fixture
def web(sqlite_url: str) -> Flask:
    return web_app(sqlite_url)


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    return signed_in(web, Role.MANAGER)


def shown(client: FlaskClient) -> dict[str, str]:
    """The form as it is shown now, filled in."""
    [once] = re.findall(r'name="once"[^>]*value="([^"]+)"', client.get("/people/new").text)
    return {**ZOE, "once": once}


def people(web: Flask) -> int:
    with web.app_context(), reading() as session:
        return session.scalar(select(func.count()).select_from(Person)) or 0


def test_the_repeat_of_a_form_does_nothing_and_gets_the_answer_of_the_first(web: Flask, manager: FlaskClient) -> None:
    form = shown(manager)

    first = manager.post("/people/new", data=form)
    manager.delete_cookie("prolab-page")  # a browser that sends the second at once has not heard of the first
    repeat = manager.post("/people/new", data=form)

    assert (repeat.status_code, repeat.location) == (303, first.location)
    assert people(web) == 1
    assert "Zoé Brisemontier est là" in manager.get(repeat.location).text, "what was done is still said"


def test_what_was_changed_or_shown_anew_counts_again(web: Flask, manager: FlaskClient) -> None:
    form = shown(manager)

    manager.post("/people/new", data=form)
    manager.post("/people/new", data={**form, "given_name": "Zita"})
    manager.post("/people/new", data=shown(manager))

    assert people(web) == 3


def test_a_form_that_was_refused_may_be_sent_again(web: Flask, manager: FlaskClient) -> None:
    form = shown(manager)
    wrong = {**form, "email": "nobody"}

    assert [manager.post("/people/new", data=wrong).status_code for _ in range(2)] == [422, 422]
    assert manager.post("/people/new", data=form).status_code == 303
    assert people(web) == 1


def test_another_person_with_the_same_form_is_no_repeat(web: Flask, manager: FlaskClient) -> None:
    form = shown(manager)

    manager.post("/people/new", data=form)
    signed_in(web, Role.DESK).post("/people/new", data=form)

    assert people(web) == 2
