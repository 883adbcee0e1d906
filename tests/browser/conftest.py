"""A real browser before the real pages: Debian's Chromium, and the web process on a loopback port."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from pydantic import SecretStr
from werkzeug.serving import BaseWSGIServer, make_server

from server.app import create_app
from server.db import db, make_app
from server.settings import Mqtt, Settings
from tests.floor import Floor, busy

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
]

OpenPage = Callable[..., Page]


class Site:
    """The web process in this one, on a port of its own; it can be stopped and started again there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: BaseWSGIServer | None = None
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        self._app = create_app(self._settings)
        self._server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self) -> None:
        if self._server is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._app.extensions["feed"].stop()
        self._server.server_close()
        self._server = None
        with self._app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not os.access(CHROMIUM, os.X_OK):
        pytest.fail("Chromium is not installed: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


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


@pytest.fixture
def floor(books: Flask) -> Floor:
    return busy(datetime.now(UTC))


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """Opens the board. What the browser complains about, a breach of the content security policy above all, fails the test."""
    contexts = []
    complaints: list[str] = []

    def opened(width: int = 1440, height: int = 900, clock: bool = False, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "en", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if clock:
            page.clock.install()
        page.goto(site.address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in complaints if "ERR_" not in text] == []  # a server that is down is not the page's fault
