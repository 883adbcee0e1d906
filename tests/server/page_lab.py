"""What tests of pages begin with: the small lab on one kind of database, its web application, a manager's browser.

One kind is enough for pages; what services write is tested on both. A module takes what it needs by name, and names it in
``__all__``.
"""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.domain.roles import Role
from tests.server.signed_in import signed_in, web_app


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def web(lab: object, database_url: str, now: datetime) -> Flask:
    return web_app(database_url, now)


@pytest.fixture
def manager(web: Flask) -> FlaskClient:
    return signed_in(web, Role.MANAGER)


@pytest.fixture
def by(now: datetime) -> dict[str, Any]:
    return {"actor": "account:1", "now": now}
