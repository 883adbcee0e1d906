"""A real browser before the real pages: Debian's Chromium, and the web process on a loopback port."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pydantic import SecretStr
from sqlalchemy import select
from werkzeug.serving import ThreadedWSGIServer

from server.accounts import cookies, websessions
from server.accounts.models import Account
from server.app import create_app
from server.clock import Clock
from server.db import db, make_app, writing
from server.domain.roles import Role
from server.machines import certificates
from server.machines.keys import Files
from server.settings import Mqtt, People, Settings
from tests.browser.helpers import complaints
from tests.floor import Floor, busy
from tests.furnished import NOW, Furnished, furnish
from tests.server.signed_in import StoppedClock, login_cookie, settings_for, share_templates

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page lives for a second: scripts that are made fast for longer cost more than they save, and what is compiled stays.
    "--js-flags=--no-opt --no-maglev --no-flush-bytecode",
]

OpenPage = Callable[..., Page]

expect.set_options(timeout=15_000)  # the computer the tests run on does other things too


class Threaded(ThreadedWSGIServer):
    """A server that is closed only when every request has been answered: none keeps the books open behind our back."""

    daemon_threads = False  # so server_close() waits for them

    def __init__(self, port: int, app: Flask) -> None:
        self._open: set[Any] = set()
        super().__init__("127.0.0.1", port, app)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in list(self._open):  # a browser keeps some open without asking anything
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()


class Site:
    """The web process in this one, on a port of its own; it can be stopped and started again there."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._server: Threaded | None = None
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        self._app = share_templates(create_app(self._settings, self._clock))
        self._server = Threaded(self._port, self._app)
        self._port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def app(self) -> Flask:
        return self._app

    def cookie(self, role: Role) -> Any:
        """With it a browser is logged in."""
        name, value = login_cookie(self._app, role)
        return {"name": name, "value": value, "url": self.address}

    def cookie_of(self, email: str) -> Any:
        """The same for somebody who has an account already."""
        with self._app.app_context(), writing() as session:
            account = session.scalars(select(Account.id).where(Account.email == email)).one()
            value = websessions.begin(account, "pytest", self._app.extensions["clock"].now())
            return {"name": cookies.name(), "value": value, "url": self.address}

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._app.extensions["feed"].stop(wait_s=5)
        self._server.server_close()
        self._server = None
        with self._app.app_context():
            db.engine.dispose()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET) as browser:
        yield browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not os.access(CHROMIUM, os.X_OK):
        pytest.fail("Chromium is not installed: apt-get install chromium", pytrace=False)
    with chromium() as running:
        yield running


@pytest.fixture
def books(sqlite_url: str) -> Iterator[Flask]:
    """What the tests write through, as link does from its own process."""
    app = make_app(sqlite_url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    settings = Settings(
        database_url=sqlite_url,
        data_dir=tmp_path,
        lab_name="Halle Zéro",
        site_key=SecretStr("ab" * 32),
        mqtt=Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x")),
        demo=True,
    )
    site = Site(settings)
    yield site
    site.stop()


@dataclass(frozen=True)
class LabWithAPast:
    """Every page has something to show here, and every role a login. Nobody changes anything in it: all tests share it."""

    site: Site
    facts: Furnished
    settings: Settings


@pytest.fixture(scope="session")
def lab_with_a_past(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabWithAPast]:
    folder = tmp_path_factory.mktemp("past")
    shutil.copyfile(_sqlite_template, folder / "lab.db")
    keys, passwords = Files(folder / "keys"), folder / "passwords"
    certificates.provide(keys, [], "Halle Zéro", NOW)
    passwords.touch()
    mqtt = Mqtt(host="127.0.0.1", port=1883, password=SecretStr("x"), password_file=passwords)
    asks = People(emergency_contacts="le soir, on y travaille parfois seul")
    url = f"sqlite:///{folder}/lab.db"
    settings = settings_for(url, data_dir=folder, demo=True, keys_dir=keys.folder, mqtt=mqtt, people=asks)
    site = Site(settings, StoppedClock(NOW))
    try:
        with site.app.app_context():
            facts = furnish(settings)
        yield LabWithAPast(site, facts, settings)
    finally:
        site.stop()


@pytest.fixture
def floor(books: Flask) -> Floor:
    return busy(datetime.now(UTC))


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens the board, or ``path``. What the browser complains about, a breach of the content security policy above all,
    fails the test."""
    contexts = []
    told: list[list[str]] = []

    def opened(
        width: int = 1440,
        height: int = 900,
        clock: bool = False,
        role: Role = Role.MANAGER,
        path: str = "",
        **options: Any,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "en", **options})
        contexts.append(context)
        context.add_cookies([site.cookie(role)])
        page = context.new_page()
        told.append(complaints(page))
        if clock:
            page.clock.install()
        page.goto(site.address + path.lstrip("/"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [
        text for texts in told for text in texts if "ERR_" not in text
    ] == []  # a server that is down is not the page's fault
