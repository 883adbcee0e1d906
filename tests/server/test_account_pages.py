"""Logging in, one's own login and everybody's accounts, as a browser uses them."""

import re
from datetime import datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from server.accounts import login, passwords, second_factor, service, websessions
from server.accounts.models import Account, RoleAssignment, WebSession
from server.accounts.service import AccountFacts
from server.db import db, reading, writing
from server.domain.roles import Actor, Assignment, Role, ScopeKind
from server.machines.models import Room
from server.mail.models import Mail
from server.pages.account.addresses import home_of, ours
from server.pages.account.words import browser
from server.people.models import Tenant
from server.people.service import add_holder
from server.settings import Web
from server.work import run_once
from tests.server.signed_in import settings_for, signed_in, web_app

MAIL, PASSWORD, OTHER = "ines@lab.test", "quatre mots à la suite", "vier Wörter am Stück"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobodys", lambda: passwords._HASHER.hash("nobody's password"))


@pytest.fixture
def web(sqlite_url: str, now: datetime) -> Flask:
    """A lab with a manager who has a password."""
    app = web_app(sqlite_url, now)
    with app.app_context():
        account = service.add_account(AccountFacts(MAIL, "Inès Vautrelle", "en"), actor="test", now=now)
        service.give_role(account, Role.MANAGER, actor="test", now=now)
        login.set_password(account, PASSWORD, settings_for(sqlite_url), actor="test", now=now)
    return app


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    found: FlaskClient = web.test_client()
    found.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return found


def enter(client: FlaskClient, password: str = PASSWORD, **more: str) -> TestResponse:
    return client.post("/login", data={"email": MAIL, "password": password, **more})


def manager(web: Flask) -> FlaskClient:
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    enter(client)
    return client


def rows(web: Flask, model: type[db.Model]) -> list[db.Model]:  # type: ignore[name-defined]
    with web.app_context(), reading() as session:
        return list(session.scalars(select(model)))


# --- in and out -----------------------------------------------------------------------------------------------------------


def test_a_login_leads_back_to_where_one_came_from(client: FlaskClient) -> None:
    refused = client.get("/accounts?q=tom", headers={"Accept": "text/html"})
    page = client.get(refused.headers["Location"])
    entered = enter(client, next=re.findall(r'name="next"[^>]*value="([^"]*)"', page.text)[0])

    assert entered.status_code == 303
    assert entered.headers["Location"] == "/accounts?q=tom"
    assert client.get("/accounts").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "javascript:alert(1)",
        "/a\nb",
        "",
        None,
        "evil",
    ],
)
def test_a_login_leads_nowhere_else(address: str | None) -> None:
    assert ours(address) == "/"


def test_an_address_of_ours_is_kept_whole() -> None:
    assert ours("/people?q=a&page=2#top") == "/people?q=a&page=2#top"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client: FlaskClient) -> None:
    cookie = next(header for header in enter(client).headers.getlist("Set-Cookie") if header.startswith("prolab="))

    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_with_https_the_cookie_travels_encrypted_only_and_to_this_host_only(sqlite_url: str, web: Flask) -> None:
    secure = web_app(sqlite_url, web=Web(https=True, address="https://lab.test")).test_client()
    answer = enter(secure)
    cookies = answer.headers.getlist("Set-Cookie")

    assert any(cookie.startswith("__Host-prolab=") for cookie in cookies)
    assert all("Secure" in cookie for cookie in cookies)
    assert not any("Domain=" in cookie for cookie in cookies)


def test_a_wrong_password_says_what_to_do_and_the_fifth_makes_one_wait(client: FlaskClient) -> None:
    answers = [enter(client, OTHER) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert "do not fit together" in answers[0].text
    assert "possible in 1 min" in answers[5].text
    assert f'value="{MAIL}"' in answers[0].text
    assert OTHER not in answers[0].text


def test_logging_out_ends_the_session_on_the_server_too(web: Flask, client: FlaskClient) -> None:
    enter(client)
    cookie = client.get_cookie("prolab")
    left = client.post("/logout")
    again = web.test_client()
    again.set_cookie("prolab", cookie.value if cookie else "")

    assert left.headers["Location"] == "/login"
    assert client.get_cookie("prolab") is None
    assert again.get("/account").status_code == 303
    assert "You are logged out." in client.get("/login").text


def test_a_form_from_elsewhere_changes_nothing(sqlite_url: str, web: Flask) -> None:
    guarded = web_app(sqlite_url)
    guarded.config["WTF_CSRF_ENABLED"] = True
    client = guarded.test_client()
    page = client.get("/login")
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[-1]
    forged, honest = enter(client), enter(client, csrf_token=token)
    forged_later = client.post("/account/sessions/end", headers={"Accept-Language": "en"})

    assert (forged.status_code, honest.status_code, forged_later.status_code) == (400, 303, 400)
    assert "was open for too long" in forged_later.text


def test_the_code_is_asked_for_after_the_password(web: Flask, client: FlaskClient, now: datetime) -> None:
    lab = web.extensions["settings"]
    with web.app_context():
        proposal = second_factor.propose(1, lab.site_key_bytes)
        secret = second_factor.in_words(proposal, 1, lab).replace(" ", "")
        second_factor.confirm(1, proposal, pyotp.TOTP(secret).at(now - timedelta(seconds=30)), lab, now)
    asked = enter(client, next="/mails")
    proof = re.findall(r'name="proof"[^>]*value="([^"]+)"', asked.text)[0]
    hidden = {"proof": proof, "next": "/mails"}
    wrong = client.post("/login/code", data={"code": "123456", **hidden})
    still_out = client.get("/mails").status_code
    right = client.post("/login/code", data={"code": pyotp.TOTP(secret).at(now), **hidden})

    assert "six digits" in asked.text
    assert (wrong.status_code, still_out) == (422, 303)
    assert "does not fit" in wrong.text
    assert (right.status_code, right.headers["Location"]) == (303, "/mails")


# --- links ----------------------------------------------------------------------------------------------------------------


def invited(web: Flask, **more: str) -> TestResponse:
    facts = {"name": "Tom", "email": "tom@lab.test", "language": "fr", "role": "desk", "place": "lab:"}
    return manager(web).post("/accounts/new", data=facts | more)


def link_on(page: TestResponse) -> str:
    return str(re.findall(r'value="http://127.0.0.1:8080(/invitation/[^"]+)"', page.text)[0])


def test_an_invitation_is_shown_once_sets_a_password_and_lets_in(web: Flask) -> None:
    shown, tom = invited(web), web.test_client()
    link = link_on(shown)
    page = tom.get(link)
    short = tom.post(link, data={"password": "kurz"})
    taken = tom.post(link, data={"password": OTHER})

    assert "hand this link over yourself" in shown.text
    assert link not in manager(web).get("/accounts/2").text
    assert "Tom" in page.text
    assert short.status_code == 422
    assert (taken.status_code, taken.headers["Location"]) == (303, "/")
    assert tom.get("/account").status_code == 200
    assert tom.get(link).status_code == 410


def test_a_forgotten_password_is_answered_the_same_for_everybody(web: Flask, client: FlaskClient) -> None:
    known, unknown = (client.post("/reset", data={"email": email}) for email in (MAIL, "nobody@lab.test"))
    while run_once(web.extensions["settings"]):
        pass

    assert known.status_code == unknown.status_code == 303
    assert known.headers["Location"] == unknown.headers["Location"] == "/reset/sent"
    assert [mail.recipient for mail in rows(web, Mail)] == [MAIL]


def test_one_address_that_asks_for_many_mails_must_wait(client: FlaskClient) -> None:
    statuses = [client.post("/reset", data={"email": f"a{number}@lab.test"}).status_code for number in range(12)]

    assert statuses == [303] * 10 + [429] * 2


# --- language and theme -----------------------------------------------------------------------------------------------------


def test_language_and_theme_are_kept_by_the_browser_before_a_login(client: FlaskClient) -> None:
    back = client.post("/language", data={"language": "de", "next": "/login"})
    client.post("/theme", data={"theme": "dark", "next": "//evil.test"})
    page = client.get("/login").text

    assert back.headers["Location"] == "/login"
    assert '<html lang="de" data-theme="dark">' in page
    assert client.post("/theme", data={"theme": "", "next": "/login"}).status_code == 303
    assert "data-theme" not in client.get("/login").text


def test_the_language_of_an_account_comes_before_the_browsers(web: Flask) -> None:
    client = manager(web)
    client.post("/language", data={"language": "de"})
    mine = client.get("/account").text
    client.post("/account/edit", data={"name": "Inès", "email": MAIL, "language": "fr", "version": "1"})

    assert '<html lang="en"' in mine
    assert '<html lang="fr"' in client.get("/account").text


# --- one's own ----------------------------------------------------------------------------------------------------------------


def test_one_ends_a_session_elsewhere_and_nobody_elses(web: Flask) -> None:
    here, there, other = manager(web), manager(web), signed_in(web, Role.DESK)
    ids = re.findall(r"/account/sessions/(\w{64})/end", here.get("/account").text)
    others = next(row.id for row in rows(web, WebSession) if row.account_id == 2)
    here.post(f"/account/sessions/{others}/end")
    here.post(f"/account/sessions/{ids[0]}/end")

    assert len(ids) == 1
    assert [client.get("/account").status_code for client in (here, there, other)] == [200, 303, 200]


def test_a_password_is_changed_only_with_the_old_one(web: Flask) -> None:
    client = manager(web)
    wrong = client.post("/account/password", data={"old": OTHER, "password": OTHER})
    weak = client.post("/account/password", data={"old": PASSWORD, "password": "motdepasse123"})
    right = client.post("/account/password", data={"old": PASSWORD, "password": OTHER})

    assert "not your present password" in wrong.text
    assert "among the first that are guessed" in weak.text
    assert right.status_code == 303
    assert enter(web.test_client(), OTHER).status_code == 303


def test_a_new_address_is_taken_only_with_the_password(web: Flask) -> None:
    client = manager(web)
    facts = {"name": "Inès V.", "language": "en", "version": "1"}
    without = client.post("/account/edit", data=facts | {"email": "thief@lab.test"})
    wrong = client.post("/account/edit", data=facts | {"email": "thief@lab.test", "password": OTHER})
    right = client.post("/account/edit", data=facts | {"email": "Ines.V@lab.test", "password": PASSWORD})

    assert [without.status_code, wrong.status_code, right.status_code] == [422, 422, 303]
    assert "not your present password" in without.text
    assert [(row.email, row.name) for row in rows(web, Account)] == [("ines.v@lab.test", "Inès V.")]


def test_the_second_factor_is_set_up_by_its_picture_or_its_key(web: Flask, now: datetime) -> None:
    client = manager(web)
    page = client.get("/account/second-factor").text
    proposal = re.findall(r'name="proposal"[^>]*value="([^"]+)"', page)[0]
    secret = re.findall(r'class="key">([^<]+)<', page)[0].replace(" ", "")
    wrong = client.post("/account/second-factor", data={"proposal": proposal, "code": "000000"})
    right = client.post("/account/second-factor", data={"proposal": proposal, "code": pyotp.TOTP(secret).at(now)})

    assert "<svg" in page
    assert "style=" not in page
    assert (wrong.status_code, "does not fit" in wrong.text, secret in wrong.text.replace(" ", "")) == (422, True, True)
    assert len(re.findall(r"<code>[A-Z2-9-]{19}</code>", right.text)) == 10
    assert enter(web.test_client()).status_code == 200


def test_the_second_factor_goes_only_with_the_password(web: Flask, now: datetime) -> None:
    client, lab = manager(web), web.extensions["settings"]
    with web.app_context():
        proposal = second_factor.propose(1, lab.site_key_bytes)
        secret = second_factor.in_words(proposal, 1, lab).replace(" ", "")
        second_factor.confirm(1, proposal, pyotp.TOTP(secret).at(now), lab, now)
    kept = client.post("/account/second-factor/end", data={"password": OTHER})
    gone = client.post("/account/second-factor/end", data={"password": PASSWORD})

    assert (kept.status_code, gone.status_code) == (422, 303)
    assert enter(web.test_client()).status_code == 303


# --- everybody's ----------------------------------------------------------------------------------------------------------------


def test_the_list_is_searched_by_name_address_role_and_state(web: Flask) -> None:
    invited(web)
    client = manager(web)

    def names(query: str) -> list[str]:
        return re.findall(r'<a href="/accounts/\d+">([^<]+)</a>', client.get(f"/accounts?{query}").text)

    assert names("") == ["Inès Vautrelle", "Tom"]
    assert names("q=vau") == names("role=manager") == ["Inès Vautrelle"]
    assert names("q=TOM%40LAB") == names("show=invited") == ["Tom"]
    assert names("q=nobody") == []
    assert names("q=100%25") == []


def test_an_invitation_gives_a_role_in_a_place_and_ties_a_person(web: Flask, now: datetime) -> None:
    with web.app_context(), writing() as session:
        session.add(Room(name="Laser"))
        holder = add_holder("Maren", "Oxton", "de", actor="test", now=now).number
    invited(web, role="trainer", place="room:Laser", holder="oxton", until="2026-12-31")
    role = next(row for row in rows(web, RoleAssignment) if row.account_id == 2)
    account = next(row for row in rows(web, Account) if row.id == 2)

    assert (role.role, role.scope_kind, role.scope) == ("trainer", "room", "Laser")
    assert (role.valid_from, role.valid_until) == (now, datetime.fromisoformat("2027-01-01T00:00+01:00"))
    assert account.holder_number == holder


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": MAIL}, "an account with this mail address already"),
        ({"email": "tom"}, "Type an e-mail address"),
        ({"holder": "Oxton"}, "Nobody is called so"),
        ({"role": "trainer", "place": "room:Nowhere"}, "Choose one of the list"),
        ({"role": "manager", "place": "tenant:acme"}, "Manager: choose Whole lab"),
        ({"role": "holder"}, "Tie the account to a person first"),
        ({"since": "2026-12-01", "until": "2026-11-30"}, "end before it begins"),
    ],
)
def test_an_invitation_that_cannot_be_right_is_refused_and_nothing_is_kept(
    web: Flask, changed: dict[str, str], said: str
) -> None:
    with web.app_context(), writing() as session:
        session.add(Tenant(code="acme", name="Acme", kind="company"))
    answer = invited(web, **changed)

    assert answer.status_code == 422
    assert said in answer.text
    assert len(rows(web, Account)) == 1
    assert rows(web, Mail) == []


def test_two_managers_who_edit_one_account_see_both_values(web: Flask) -> None:
    invited(web)
    client = manager(web)
    facts = {"email": "tom@lab.test", "language": "fr", "holder": "", "version": "1"}
    first = client.post("/accounts/2/edit", data=facts | {"name": "Thomas"})
    second = client.post("/accounts/2/edit", data=facts | {"name": "Tommy"})

    assert (first.status_code, second.status_code) == (303, 409)
    assert "Thomas" in second.text
    assert "Tommy" in second.text


def test_an_account_ends_with_a_reason_and_undo_brings_it_back(web: Flask) -> None:
    invited(web)
    client = manager(web)
    asked = client.get("/accounts/2/end")
    without_reason = client.post("/accounts/2/end", data={"reason": ""})
    ended = client.post("/accounts/2/end", data={"reason": "has left"})
    page = client.get(ended.headers["Location"]).text
    client.post(re.findall(r'action="(/accounts/2/reopen)"', page)[0])

    assert "End the account of Tom?" in asked.text
    assert "Desk" in asked.text
    assert (without_reason.status_code, ended.status_code) == (422, 303)
    assert "has left" in page
    assert [row.ended_at for row in rows(web, Account)] == [None, None]


def test_the_last_manager_is_kept_and_told_why(web: Flask) -> None:
    client = manager(web)
    role = rows(web, RoleAssignment)[0].id
    kept = [client.post(path, data={"reason": "x"}) for path in ("/accounts/1/end", f"/accounts/1/roles/{role}/end")]

    assert [answer.status_code for answer in kept] == [422, 422]
    assert all("This is the last manager." in answer.text for answer in kept)


def test_a_role_is_given_and_ended_on_the_page_and_counts_at_the_next_click(web: Flask) -> None:
    tom = signed_in(web, None)
    client = manager(web)
    client.post("/accounts/2/roles/new", data={"role": "manager", "place": "lab:"})
    now_open = tom.get("/mails").status_code
    role = next(row.id for row in rows(web, RoleAssignment) if row.account_id == 2)
    client.post(f"/accounts/2/roles/{role}/end", data={"reason": "only for a day"})

    assert (now_open, tom.get("/mails").status_code) == (200, 403)
    assert client.post(f"/accounts/1/roles/{role}/end", data={"reason": "x"}).status_code == 404


def test_a_manager_logs_somebody_out_and_removes_a_lost_phone(web: Flask, now: datetime) -> None:
    invited(web)
    lab = web.extensions["settings"]
    with web.app_context():
        proposal = second_factor.propose(2, lab.site_key_bytes)
        secret = second_factor.in_words(proposal, 2, lab).replace(" ", "")
        second_factor.confirm(2, proposal, pyotp.TOTP(secret).at(now), lab, now)
        with writing():
            cookie = websessions.begin(2, "Firefox/130.0 (Windows)", now)
    client = manager(web)
    page = client.get("/accounts/2").text
    client.post(f"/accounts/2/sessions/{websessions.digest(cookie)}/end")
    client.post("/accounts/2/second-factor/end", data={"reason": "phone lost"})

    assert "Firefox, Windows" in page
    assert client.post(f"/accounts/1/sessions/{websessions.digest(cookie)}/end").status_code == 404
    assert [row.totp_secret for row in rows(web, Account)] == [None, None]
    with web.app_context():
        assert websessions.find(cookie, now) is None


def test_mails_are_shown_to_managers_and_in_the_demo_to_everybody(web: Flask, sqlite_url: str, now: datetime) -> None:
    invited(web)
    listed, letter = manager(web).get("/mails").text, manager(web).get("/mails/1").text
    demo = web_app(sqlite_url, now, demo=True).test_client()
    real = web.test_client()

    assert "tom@lab.test" in listed
    assert re.findall(r'<a href="http://127.0.0.1:8080/invitation/', letter)
    assert demo.get("/demo/mails").status_code == demo.get("/demo/mails/1").status_code == 200
    assert "/demo/mails" in demo.get("/login").text
    assert "/demo/mails" not in real.get("/login").text
    assert real.get("/demo/mails").status_code == 404


# --- where the day begins -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "home"),
    [
        (Actor(1, assignments=(Assignment(Role.MANAGER),)), "/today"),
        (Actor(1, assignments=(Assignment(Role.TRAINER, ScopeKind.ROOM, "hall"),), holder=7), "/today"),
        (Actor(1, assignments=(Assignment(Role.HOLDER),), holder=7), "/me"),
        (Actor(1, assignments=(Assignment(Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme"),)), "/tenants/acme/books"),
        (Actor(1, assignments=(Assignment(Role.LAB_ACCOUNTANT),)), "/months"),
        (Actor(1), "/account"),
    ],
)
def test_everybody_begins_on_the_page_they_came_for(actor: Actor, home: str) -> None:
    assert home_of(actor) == home


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/129.0 Safari/537.36 Edg/129.0", "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/129.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari, iPhone"),
    ],
)
def test_a_browser_is_named_as_people_name_it(told: str, short: str) -> None:
    assert browser(told) == short
