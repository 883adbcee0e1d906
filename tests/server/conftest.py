"""One application in the demo for the tests that only look at what pages are made of, and requests in any language."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, abort

from server.domain.roles import Verb
from server.web.needs import needs
from tests.server.signed_in import web_app


@pytest.fixture(scope="module")
def demo_web(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application a module: no test that asks for it looks at what another has written."""
    path = tmp_path_factory.mktemp("kit") / "lab.db"
    shutil.copyfile(_sqlite_template, path)
    app = web_app(f"sqlite:///{path}", datetime(2026, 10, 14, 8, 0, tzinfo=UTC), demo=True)

    @app.get("/broken/<int:status>")
    @needs(Verb.PUBLIC)
    def broken(status: int) -> str:
        abort(status)

    @app.get("/stream")
    @needs(Verb.PUBLIC)
    def stream() -> Response:
        return Response(("x" * 1000 for _ in range(2)), mimetype="text/event-stream")

    return app


@pytest.fixture
def speaking(demo_web: Flask) -> Iterator[Callable[..., Any]]:
    """Begins a request in a language; what is written until the next one is in it."""
    contexts: list[Any] = []

    def begin(language: str = "en", address: str = "/kit", **sent: Any) -> None:
        while contexts:
            contexts.pop().pop()
        context = demo_web.test_request_context(address, headers={"Accept-Language": language}, **sent)
        context.push()
        contexts.append(context)

    yield begin
    while contexts:
        contexts.pop().pop()
