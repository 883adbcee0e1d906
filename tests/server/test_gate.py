"""Every route, every role, every method, what is one's own and what is another's: who gets through, derived from the map
of the routes, so that a new route is tested from the day it is there.

Each view is replaced by one that only says that it was reached: what is asked is what stands before it, and a test that
ran the views of every POST would close months and end accounts. That the real views answer too is asked at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import event, select
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from server.accounts.models import RoleAssignment, WebSession
from server.db import db, writing
from server.domain.roles import NOBODY, NOWHERE, THE_LAB, About, Actor, Assignment, Role, ScopeKind, Verb, may
from server.machines.models import Agent, Machine, Room
from server.people.models import Holder, Membership, Payer, Tenant
from server.settings import Accounts
from server.usage.models import UsageSession
from server.web.needs import declared, needs
from tests.server.signed_in import clock_of, login_cookie, signed_in, web_app

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
REACHED = "X-Reached"
TEXTS = {"own": "own", "other": "other", "missing": "nothing-is-called-so"}
NUMBERS = {"own": 101, "other": 102, "missing": 999_999}  # of holders; accounts and months have none of these
EVERYWHERE = {Verb.PUBLIC, Verb.LOGGED_IN, Verb.SEE_FLOOR, Verb.WATCH, Verb.SEE_PEOPLE, Verb.SEE_TRAINING, Verb.TEACH}
EVERYWHERE |= {Verb.NOTE_SUPPLIES}
OF_NOBODY = {"month", "code", "machine", "filename"}  # values in addresses of my page that are no person's


@dataclass(frozen=True)
class Who:
    """Somebody of a role, and what belongs to them is called "own"."""

    name: str
    role: Role | None
    kind: ScopeKind = ScopeKind.LAB
    scope: str = ""
    holder: int | None = None

    @property
    def actor(self) -> Actor:
        if self.name == "nobody":
            return NOBODY
        given = (Assignment(self.role, self.kind, self.scope),) if self.role else ()
        return Actor(account=1, holder=self.holder, assignments=given)

    @property
    def has_a_scope(self) -> bool:
        return bool(self.scope)


EVERYBODY = [
    Who("nobody", None),
    Who("without a role", None),
    Who("manager", Role.MANAGER),
    Who("desk", Role.DESK),
    Who("trainer", Role.TRAINER),
    Who("trainer of a room", Role.TRAINER, ScopeKind.ROOM, "own"),
    Who("trainer of a machine", Role.TRAINER, ScopeKind.MACHINE, "own"),
    Who("lab accountant", Role.LAB_ACCOUNTANT),
    Who("tenant admin", Role.TENANT_ADMIN, ScopeKind.TENANT, "own"),
    Who("tenant accountant", Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "own"),
    Who("holder", Role.HOLDER, holder=101),
]


@pytest.fixture(scope="module")
def lab(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database for all: two of everything that a scope can name."""
    file = tmp_path_factory.mktemp("gate") / "lab.db"
    copyfile(_sqlite_template, file)
    app = web_app(f"sqlite:///{file}", NOW)
    with app.app_context(), writing() as session:
        for name, number in (("own", 101), ("other", 102)):
            agent = Agent(name=name)
            session.add_all([Room(name=name), agent, Holder(number=number)])
            tenant = Tenant(code=name, name=name, kind="company")
            session.add(tenant)
            session.flush()
            machine = Machine(code=name, name=name, category="printer", agent_id=agent.id, room=name, risk="low")
            payer = Payer(code=name, tenant_id=tenant.id, cost_centre=name, label=name, valid_from=NOW)
            session.add_all([machine, payer])
            session.flush()
            session.add(_membership(name, number, tenant.id, payer.id))
            session.add(_session(name, number, machine.id, payer.id))
    return f"sqlite:///{file}"


def _membership(ref: str, holder: int, tenant: int, payer: int) -> Membership:
    return Membership(ref=ref, holder_number=holder, tenant_id=tenant, payer_id=payer, valid_from=NOW)


def _session(session_id: str, holder: int, machine: int, payer: int) -> UsageSession:
    """One that has ended today: its payer may refuse it."""
    where = {"machine_id": machine, "payer_id": payer, "holder_number": holder}
    times = {"started_at": NOW - timedelta(hours=1), "ended_at": NOW, "time_quality": "synced", "revision": 1}
    return UsageSession(id=session_id, state="ended", simulated=False, **where, **times)


samples = Blueprint("samples", __name__)  # each kind of scope once, whatever the pages have


@samples.get("/sample/tenant/<code>")
@needs(Verb.SEE_TENANT_BOOKS, about=lambda code: About(tenant=code))
def of_a_tenant(code: str) -> str:
    return ""


@samples.post("/sample/machine/<code>")
@needs(Verb.RUN_MACHINES, about=lambda code: About(machine=code, room=code))
def of_a_machine(code: str) -> str:
    return ""


@samples.get("/sample/holder/<int:number>")
@needs(Verb.SEE_OWN, about=lambda number: About(holder=number))
def of_a_holder(number: int) -> str:
    return ""


@pytest.fixture(scope="module")
def app(lab: str) -> Flask:
    """The application with every route there is, those of the demo too, and views that only say they were reached."""
    application = web_app(lab, NOW, demo=True)
    application.register_blueprint(samples)
    for endpoint, view in application.view_functions.items():
        if endpoint != "static":
            application.view_functions[endpoint] = reached(view, endpoint)
    application.register_error_handler(HTTPException, lambda error: ("", error.code))  # thousands of pages, unread
    return application


def reached(view: Callable[..., Any], endpoint: str) -> Callable[..., Any]:
    @wraps(view)  # keeps what ``needs`` said
    def says_so(**values: Any) -> tuple[str, dict[str, str]]:
        return "", {REACHED: endpoint}

    return says_so


@pytest.fixture(scope="module")
def cookies(app: Flask) -> dict[str, str]:
    """What each of them sends along, by name."""
    known = [who for who in EVERYBODY if who.name != "nobody"]
    logins = {who.name: login_cookie(app, who.role, who.kind, who.scope, who.holder) for who in known}
    return {"nobody": ""} | {name: f"{cookie}={value}" for name, (cookie, value) in logins.items()}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(app: Flask, rule: Rule, whose: str) -> tuple[str, dict[str, Any]]:
    """The route's address with values that are one's own, another's, or of nothing; and these values."""
    numbers = {name for name, converter in rule._converters.items() if isinstance(converter, IntegerConverter)}
    values = {name: NUMBERS[whose] if name in numbers else TEXTS[whose] for name in rule._converters}
    adapter = app.url_map.bind("localhost")
    return adapter.build(rule.endpoint, values, method=_first(rule), append_unknown=False), values


def _first(rule: Rule) -> str:
    return "GET" if "GET" in (rule.methods or ()) else "POST"


def answered(answer: Response, method: str) -> str:
    """What became of a request, in a word."""
    match answer.status_code:
        case 200 if REACHED in answer.headers or (method == "OPTIONS" and "Allow" in answer.headers):
            return "reached"
        case 303 if answer.headers["Location"].startswith("/login"):
            return "to the login"
        case 401:
            return "to the login"
        case 403:
            return "refused"
        case 404:
            return "not there"
        case other:
            return f"status {other}"


def about(app: Flask, rule: Rule, values: dict[str, Any]) -> About | None:
    """What the route says this address is about; None where it says that this does not exist."""
    found = declared(app.view_functions[rule.endpoint])
    assert found is not None, f"{rule.endpoint} declares no verb"
    if found[1] is None:
        return THE_LAB
    with app.test_request_context():
        try:
            return found[1](**values)
        except NotFound:
            return None


def expected(who: Who, verb: Verb, of: About | None) -> str:
    if verb is Verb.PUBLIC:
        return "reached"
    if who.name == "nobody":
        return "to the login"
    if not may(who.actor, verb, NOWHERE if of is None else of):
        return "refused"
    return "not there" if of is None else "reached"


@dataclass(frozen=True)
class Case:
    who: Who
    verb: Verb
    rule: Rule
    method: str
    whose: str
    wanted: str
    got: str

    def __str__(self) -> str:
        return f"{self.who.name}: {self.method} {self.rule} ({self.whose}, {self.verb}): {self.got}, not {self.wanted}"


def cases(app: Flask, cookies: dict[str, str], every: int = 1) -> Iterator[Case]:
    for rule in rules(app)[::every]:
        verb, _ = declared(app.view_functions[rule.endpoint]) or (None, None)
        assert verb is not None, f"{rule.endpoint} declares no verb"
        for whose in ("own", "other", "missing") if rule.arguments else ("own",):
            path, values = address(app, rule, whose)
            of = about(app, rule, values)
            for method in sorted(rule.methods or ()) if whose == "own" else [_first(rule)]:
                asked = EnvironBuilder(path, method=method).get_environ()
                for who in EVERYBODY:
                    got = answered(ask(app, asked | {"HTTP_COOKIE": cookies[who.name]}), method)
                    yield Case(who, verb, rule, method, whose, expected(who, verb, of), got)


def ask(app: Flask, environ: dict[str, Any]) -> Response:
    """The application's answer, without the comfort of a test client, which takes longer than the application."""
    return Response(*run_wsgi_app(app, environ))


def wrong(all_cases: list[Case]) -> list[str]:
    """Where the application answers other than it should."""
    return [str(case) for case in all_cases if case.got != case.wanted]


@pytest.fixture(scope="module")
def table(app: Flask, cookies: dict[str, str]) -> list[Case]:
    found = list(cases(app, cookies))
    routes = len({case.rule.rule for case in found})
    print(f"{routes} routes × {len(EVERYBODY)} roles, {len(found)} requests: {dict(Counter(c.got for c in found))}")
    return found


def test_every_role_gets_through_every_route_exactly_where_it_may(
    table: list[Case], record_property: Callable[[str, object], None]
) -> None:
    record_property("routes", len({case.rule.rule for case in table}))
    record_property("roles", len(EVERYBODY))
    record_property("requests", len(table))

    assert wrong(table) == []


def test_what_is_anothers_is_reached_by_nobody_whose_role_has_a_place(table: list[Case]) -> None:
    """Says the same of scopes without asking the routes what they are about: whatever they answer, it is the other's."""
    through = [case for case in table if case.got == "reached" and case.who.has_a_scope and case.verb not in EVERYWHERE]

    assert [str(case) for case in through if case.whose != "own"] == []
    assert {case.who.name for case in through if case.rule.arguments} >= {"tenant admin", "tenant accountant"}


def test_the_table_can_fail(app: Flask, cookies: dict[str, str], table: list[Case]) -> None:
    """The control: with the gate taken away every tenth route finds plenty wrong, for every role."""
    kept = app.before_request_funcs.pop(None)
    try:
        open_house = [case for case in cases(app, cookies, every=10) if case.got != case.wanted]
    finally:
        app.before_request_funcs[None] = kept

    assert {case.who.name for case in open_house} == {who.name for who in EVERYBODY}
    assert {case.wanted for case in open_house} >= {"refused", "to the login"}
    by_role = {who.name: Counter(case.got for case in table if case.who == who) for who in EVERYBODY}
    assert all(counts["reached"] > 0 for counts in by_role.values())
    assert all(by_role[who.name]["refused"] > 0 for who in EVERYBODY if who.name != "nobody")


def get(app: Flask, path: str, cookie: str, method: str = "GET") -> Response:
    return ask(app, EnvironBuilder(path, method=method).get_environ() | {"HTTP_COOKIE": cookie})


def test_everybody_is_recognised(app: Flask, cookies: dict[str, str]) -> None:
    """A cookie that nobody recognised would have everybody refused, and the table would agree for most routes."""
    seen = {name: answered(get(app, "/account", cookie), "GET") for name, cookie in cookies.items()}

    assert seen == dict.fromkeys(cookies, "reached") | {"nobody": "to the login"}


@pytest.mark.parametrize(
    ("path", "through"),
    [
        ("/login", {who.name for who in EVERYBODY}),
        ("/healthz", {who.name for who in EVERYBODY}),
        ("/account", {who.name for who in EVERYBODY} - {"nobody"}),
        ("/accounts", {"manager"}),
        ("/accounts/1", {"manager"}),
        ("/mails", {"manager"}),
        ("/sample/tenant/own", {"manager", "lab accountant", "tenant admin", "tenant accountant"}),
        ("/sample/tenant/other", {"manager", "lab accountant"}),
        ("/tenants/own/members", {"manager", "tenant admin"}),
        ("/tenants/other/members", {"manager"}),
        ("/tenants/own/members/own/end", {"manager", "tenant admin"}),
        ("/tenants/own/members/other/end", set()),
        ("/tenants/other/members/other/end", {"manager"}),
        ("/tenants/own/payers/own/limits", {"manager", "tenant admin"}),
        ("/tenants/own/payers/other/limits", set()),
        ("/tenants/own/charges/own/refuse", {"manager", "tenant admin", "tenant accountant"}),
        ("/tenants/own/charges/other/refuse", set()),
        ("/tenants/other/charges/other/refuse", {"manager"}),
        ("/tenants/own/books/names", {"manager", "tenant admin"}),
        ("/people/export.csv", {"manager", "desk"}),
        ("/sample/holder/101", {"holder"}),
        ("/sample/holder/102", set()),
    ],
)
def test_a_few_routes_written_out_by_hand(app: Flask, cookies: dict[str, str], path: str, through: set[str]) -> None:
    assert {name for name, cookie in cookies.items() if get(app, path, cookie).status_code == 200} == through


def test_routes_read_by_get_and_write_by_post_and_know_no_other_method(app: Flask, cookies: dict[str, str]) -> None:
    methods = {method for rule in rules(app) for method in rule.methods or ()}
    addresses = {address(app, rule, "own")[0] for rule in rules(app)}
    others = {get(app, path, cookies["manager"], "DELETE").status_code for path in addresses}

    assert methods == {"GET", "HEAD", "OPTIONS", "POST"}
    assert others == {405}


def test_what_my_page_names_says_whose_it_is(app: Flask) -> None:
    said = [(rule, declared(app.view_functions[rule.endpoint])) for rule in rules(app)]
    named = [(rule, what[1]) for rule, what in said if what and what[0] is Verb.SEE_OWN and rule.arguments - OF_NOBODY]

    assert [str(rule) for rule, about in named if about is None] == []
    assert named


# --- one at a time ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(sqlite_url: str) -> Flask:
    """An application with a few routes of the test's own."""
    app = web_app(sqlite_url, NOW)

    @app.get("/forgotten")
    def forgotten() -> str:
        return "never seen"

    @app.get("/floor")
    @needs(Verb.SEE_FLOOR)
    def floor() -> str:
        return "floor"

    @app.post("/floor")
    @needs(Verb.RUN_MACHINES)
    def run() -> str:
        return "done"

    return app


def test_a_route_without_a_verb_is_answered_to_nobody(small: Flask, caplog: pytest.LogCaptureFixture) -> None:
    answer = signed_in(small, Role.MANAGER).get("/forgotten")

    assert answer.status_code == 500
    assert "never seen" not in answer.text
    assert "forgotten declares no verb" in caplog.text


def test_a_page_leads_to_the_login_and_back_and_other_requests_are_told(small: Flask) -> None:
    client = small.test_client()
    page = client.get("/floor?room=a", headers={"Accept": "text/html"})
    stream = client.get("/floor", headers={"Accept": "text/event-stream"})
    part = client.get("/floor", headers={"Accept": "text/html", "HX-Request": "true"})
    form = client.post("/floor")

    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=%2Ffloor%3Froom%3Da")
    assert [stream.status_code, part.status_code, form.status_code] == [401, 401, 401]


def test_a_refusal_is_a_page_in_words_in_the_readers_language(small: Flask) -> None:
    answer = signed_in(small, Role.HOLDER, holder=7).post("/floor", headers={"Accept-Language": "fr"})

    assert answer.status_code == 403
    assert "Ce n’est pas ouvert" in answer.text or "responsable" in answer.text


def test_what_somebody_logged_in_sees_is_kept_by_no_cache(small: Flask) -> None:
    answer = signed_in(small, Role.MANAGER).get("/floor")

    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer.headers["Vary"]
    assert "no-store" not in small.test_client().get("/login").headers["Cache-Control"]


def test_a_role_counts_from_its_first_moment_to_its_last(small: Flask) -> None:
    client = signed_in(small, Role.DESK)
    with small.app_context(), writing() as session:
        row = session.scalars(select(RoleAssignment)).one()
        row.valid_from, row.valid_until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    statuses = []
    for minutes in (-61, -60, 59, 60):
        clock_of(small).moment = NOW + timedelta(minutes=minutes)
        statuses.append(client.post("/floor").status_code)

    assert statuses == [403, 200, 200, 403]


@pytest.mark.parametrize(
    ("role", "idle", "last"),
    [(Role.DESK, timedelta(hours=12), True), (Role.HOLDER, timedelta(days=30), False)],
)
def test_a_web_session_ends_when_nobody_clicks(small: Flask, role: Role, idle: timedelta, last: bool) -> None:
    client = signed_in(small, role, holder=7)
    clock_of(small).moment = NOW + idle - timedelta(minutes=1)
    just_in_time = client.get("/floor").status_code
    clock_of(small).moment += idle
    too_late = client.get("/floor").status_code

    assert (just_in_time, too_late) == (200, 303)


def test_staff_log_in_anew_after_thirty_days_however_much_they_click(small: Flask) -> None:
    client = signed_in(small, Role.DESK)
    statuses = []
    for _ in range(61):
        clock_of(small).moment += timedelta(hours=11, minutes=50)
        statuses.append(client.get("/floor").status_code)

    assert statuses == [200] * 60 + [303]


def test_a_click_is_noted_at_most_every_five_minutes(small: Flask) -> None:
    client = signed_in(small, Role.DESK)
    seen = []
    for _ in range(3):
        clock_of(small).moment += timedelta(minutes=2)
        client.get("/floor")
        with small.app_context():
            seen.append(db.session.scalar(select(WebSession.seen_at)))

    assert seen == [NOW, NOW, NOW + timedelta(minutes=6)]


def test_a_request_asks_the_database_once_who_it_is(small: Flask) -> None:
    client = signed_in(small, Role.MANAGER)
    asked: list[str] = []
    with small.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    client.get("/floor")

    assert [words.split()[0] for words in asked] == ["BEGIN", "SELECT"]


def test_a_manager_without_the_second_factor_that_the_lab_wants_sees_nothing_else_first(sqlite_url: str) -> None:
    strict = web_app(sqlite_url, NOW, accounts=Accounts(second_factor_for_managers=True))
    manager, desk = signed_in(strict, Role.MANAGER), signed_in(strict, Role.DESK)
    page = manager.get("/accounts", headers={"Accept": "text/html"})

    assert (page.status_code, page.headers["Location"]) == (303, "/account/second-factor")
    assert manager.post("/accounts/new").status_code == 403
    assert manager.get("/account/second-factor").status_code == 200
    assert desk.get("/more").status_code == 200


def test_only_the_demo_has_routes_to_play_with(lab: str) -> None:
    real, demo = web_app(lab, NOW), web_app(lab, NOW, demo=True)
    playing = {
        name: {rule.rule for rule in rules(app) if declared(app.view_functions[rule.endpoint])[0] is Verb.PLAY}  # type: ignore[index]
        for name, app in (("real", real), ("demo", demo))
    }

    assert playing["real"] == set()
    assert playing["demo"]


def test_the_real_views_answer_too(lab: str) -> None:
    """Without values that exist, most say that there is nothing; what matters is that none breaks or refuses a manager."""
    app = web_app(lab, NOW)
    manager = signed_in(app, Role.MANAGER)
    broken = {}
    for rule in rules(app):
        verb, _ = declared(app.view_functions[rule.endpoint]) or (None, None)
        if verb in {Verb.SEE_OWN, Verb.PUBLIC} or "GET" not in (rule.methods or ()):
            continue
        for whose in ("own", "missing"):
            path, _ = address(app, rule, whose)
            answer = manager.get(path, headers={"Accept": "text/html"})
            answer.close()
            if answer.status_code in {401, 403} or answer.status_code >= 500:
                broken[path] = answer.status_code

    assert broken == {}
