"""Web applications for the tests of pages, and browsers in which somebody of a given role is logged in already.

The session is written straight into the database: no password is hashed, so a test costs milliseconds.
"""

import itertools
import tempfile
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from pydantic import SecretStr
from werkzeug.routing import Rule

from server.accounts import cookies, websessions
from server.accounts.models import Account, RoleAssignment
from server.app import create_app
from server.clock import Clock
from server.db import db, writing
from server.domain.roles import Role, ScopeKind
from server.people.models import Holder
from server.settings import Mqtt, Settings

_NUMBERS = itertools.count(1)


class _Compiled(BytecodeCache):
    """Templates compiled once a test run instead of once a test."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if known := self._known.get(bucket.key):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()
_CATALOGUES: dict[Any, Any] = {}  # texts by language, read once a test run


def share_templates(app: Flask) -> Flask:
    """Compile none again that another application of this run has compiled, and read no language's texts again."""
    app.jinja_env.bytecode_cache = _COMPILED
    with app.app_context():
        app.extensions["babel"].instance.domain_instance.cache = _CATALOGUES
    return app


class _Route(Rule):
    """A route that is compiled once for all applications of this run: there are hundreds of them, and each is otherwise
    compiled for every test that makes an application."""

    _known: ClassVar[dict[tuple[Any, ...], tuple[dict[str, Any], list[Any]]]] = {}

    def compile(self) -> None:
        assert self.map is not None
        kinds = tuple(self.map.converters.values())  # of blanks in it
        key = (self.rule, self.merge_slashes, self.subdomain, repr(self.defaults), kinds)
        if key not in self._known:
            super().compile()
            same = {name: getattr(self, name) for name in ("arguments", "_parts", "_trace", "_converters")}
            self._known[key] = same, [getattr(self, way).__func__ for way in ("_build", "_build_unknown")]
        same, ways = self._known[key]
        self.__dict__.update(same)
        self._build, self._build_unknown = (way.__get__(self) for way in ways)


Flask.url_rule_class = _Route  # of every application that this run makes


class StoppedClock(Clock):
    """Stands still until a test sets ``moment`` on."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def settings_for(database_url: str, **settings: Any) -> Settings:
    """The settings of a small lab; more of them by name, as ``demo=True``."""
    wanted: dict[str, Any] = {
        "database_url": database_url,
        "data_dir": Path(tempfile.gettempdir()) / "prolab-tests",
        "lab_name": "Halle Zéro",
        "site_key": SecretStr("ab" * 32),
        "mqtt": Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x")),
    }
    return Settings(**(wanted | settings))


def web_app(database_url: str, now: datetime | None = None, **settings: Any) -> Flask:
    """The web application on a test's database. With ``now`` its clock stands still there (``clock_of(app).moment``).
    Further settings by name, as ``demo=True``. Forms need no token here; the tests about forged requests ask for it."""
    app = share_templates(
        create_app(settings_for(database_url, **settings), None if now is None else StoppedClock(now))
    )
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        weakref.finalize(app, db.engine.dispose)  # or the garbage collector complains about open connections
    return app


def clock_of(app: Flask) -> StoppedClock:
    clock: StoppedClock = app.extensions["clock"]
    return clock


def signed_in(
    app: Flask, role: Role | None, kind: ScopeKind = ScopeKind.LAB, scope: str = "", holder: int | None = None
) -> FlaskClient:
    """A browser in which somebody with this role is logged in. ``holder`` is made where it does not exist yet."""
    client = app.test_client()
    name, value = login_cookie(app, role, kind, scope, holder)
    client.set_cookie(name, value)
    return client


def login_cookie(
    app: Flask, role: Role | None, kind: ScopeKind = ScopeKind.LAB, scope: str = "", holder: int | None = None
) -> tuple[str, str]:
    """Name and value of the cookie, for real browsers and plain HTTP."""
    with app.app_context():
        now = app.extensions["clock"].now()
        return cookies.name(), log_in(role, kind, scope, holder, now)


def log_in(
    role: Role | None,
    kind: ScopeKind = ScopeKind.LAB,
    scope: str = "",
    holder: int | None = None,
    now: datetime | None = None,
) -> str:
    """An account and a web session in the database of the pushed application. Returns the cookie's value."""
    now = now or datetime.now(UTC)
    with writing() as session:
        if holder is not None and session.get(Holder, holder) is None:
            session.add(Holder(number=holder))
            session.flush()
        title = role.value if role else "nobody"
        account = Account(
            email=f"{title}-{next(_NUMBERS)}@lab.test", name=title.title(), holder_number=holder, created_at=now
        )
        session.add(account)
        session.flush()
        if role is not None:
            begun = now - timedelta(days=1)
            given = RoleAssignment(account_id=account.id, role=role, scope_kind=kind, scope=scope, valid_from=begun)
            session.add(given)
        return websessions.begin(account.id, "pytest", now)


def text(answer: Any) -> str:
    """What a page says, with plain spaces; fails where it was not shown."""
    assert answer.status_code == 200, answer.status
    said: str = answer.text
    return said.replace("\u00a0", " ")


def page(client: FlaskClient, path: str) -> str:
    return text(client.get(path))
