"""SIMULATED: a Shelly plug that is not there. It answers on a real HTTP port of this computer as a plug does on the network.

For tests, and for trying a box on a table without mains. Its timer and counter go by the time it is given, its load can be set,
its button pressed, its mains cut; and it can be out of reach, or hang. Nothing it says was measured.
"""

import json
import threading
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from agent.hardware.shelly_rpc import digest, read_challenge

_REALM, _NONCE = "shellysimulated-000000000000", "60dc2c69"
_MWS_A_WH = 3_600_000  # watts times milliseconds
_HANGS_S = 30.0
_Answer = tuple[int, dict[str, Any]]


class Reach(StrEnum):
    ANSWERS = "answers"
    GONE = "gone"  # closes without a word
    HANGS = "hangs"  # takes the request, and carries it out once it answers again


class SimulatedPlug:
    """A plug at ``host``. ``mono_ms``: its time. ``welded``: its contact stays as it is. ``calls``: every method asked."""

    def __init__(
        self,
        mono_ms: Callable[[], int],
        initial_state: str = "off",
        password: str | None = None,
        **config: Any,
    ) -> None:
        self.config = {
            "initial_state": initial_state,
            "in_mode": "detached",
            "auto_on": False,
            "auto_off": False,
            **config,
        }
        self.password = password
        self.welded = False
        self.has_meter = True
        self.calls: list[str] = []
        self._mono_ms = mono_ms
        self._lock = threading.Lock()
        self._reach = Reach.ANSWERS
        self._answers_again = threading.Event()
        self._output, self._load = False, 0.0
        self._was_output = False  # when mains were cut
        self._falls_ms: int | None = None
        self._started_ms = 0
        self._mws, self._counted_ms = 0, mono_ms()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="simulated plug", daemon=True
        )
        self._thread.start()

    # --- what can happen to it --------------------------------------------------------------------------------------------

    @property
    def output(self) -> bool:
        with self._lock:
            self._pass_time()
            return self._output

    @property
    def reach(self) -> Reach:
        return self._reach

    @reach.setter
    def reach(self, reach: Reach) -> None:
        self._reach = reach
        waiting, self._answers_again = self._answers_again, threading.Event()
        waiting.set()

    def set_load(self, watts: float) -> None:
        """What the machine draws whenever the contact is closed."""
        with self._lock:
            self._pass_time()
            self._load = watts

    def press_button(self) -> None:
        with self._lock:
            self._pass_time()
            self._switch(not self._output)

    def cut_mains(self) -> None:
        self.reach = Reach.GONE
        with self._lock:
            self._pass_time()
            self._was_output = self._output
            self._output, self._falls_ms = False, None

    def return_mains(self) -> None:
        with self._lock:
            self._pass_time()
            as_it_was = self.config["initial_state"] == "restore_last" and self._was_output
            self._output = self.config["initial_state"] == "on" or as_it_was
        self.reach = Reach.ANSWERS

    def close(self) -> None:
        self.reach = Reach.GONE
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- what it answers --------------------------------------------------------------------------------------------------

    def wait_until_it_answers(self) -> bool:
        """False where it never will."""
        if self._reach is Reach.HANGS:
            self._answers_again.wait(_HANGS_S)
        return self._reach is Reach.ANSWERS

    def admits(self, path: str, credentials: str) -> bool:
        parts = read_challenge(credentials)
        if self.password is None or path.startswith("/rpc/Shelly.GetDeviceInfo"):
            return True
        count, own, nonce = parts.get("nc", ""), parts.get("cnonce", ""), parts.get("nonce", "")
        proof = digest("admin", self.password, _REALM, _NONCE, path, count, own)
        return nonce == _NONCE and parts.get("response") == proof

    def answer(self, path: str) -> _Answer:
        url = urlsplit(path)
        method = url.path.removeprefix("/rpc/")
        parameters = {name: json.loads(value) for name, value in parse_qsl(url.query)}
        with self._lock:
            self.calls.append(method)
            self._pass_time()
            return self._answer(method, parameters)

    def _answer(self, method: str, parameters: dict[str, Any]) -> _Answer:
        if method == "Shelly.GetDeviceInfo":
            return 200, {"id": _REALM, "model": "SIMULATED", "gen": 2, "auth_en": self.password is not None}
        if method not in ("Switch.Set", "Switch.GetStatus", "Switch.GetConfig"):
            return 404, {"code": 404, "message": f"No handler for {method}"}
        if parameters.get("id") != 0:
            return 500, {"code": -105, "message": f"Argument 'id', value {parameters.get('id')} not found!"}
        if method == "Switch.GetConfig":
            return 200, {"id": 0, "name": "SIMULATED", **self.config}
        if method == "Switch.GetStatus":
            return 200, self._status()
        was_on = self._output
        self._switch(parameters["on"], parameters.get("toggle_after"))
        return 200, {"was_on": was_on}

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "id": 0,
            "source": "SIMULATED",
            "output": self._output,
            "temperature": {"tC": 30.0, "tF": 86.0},
        }
        if self.has_meter:
            total = round(self._mws / _MWS_A_WH, 3)
            watts = self._load if self._output else 0.0
            status |= {"apower": watts, "voltage": 230.0, "current": round(watts / 230, 3), "aenergy": {"total": total}}
        if self._falls_ms is not None:
            status |= {
                "timer_started_at": self._started_ms / 1000,
                "timer_duration": (self._falls_ms - self._started_ms) / 1000,
            }
        return status

    def _switch(self, on: bool, toggle_after: float | None = None) -> None:
        if self.welded:
            return
        self._output, self._started_ms = on, self._mono_ms()
        self._falls_ms = None if toggle_after is None else self._started_ms + round(toggle_after * 1000)

    def _pass_time(self) -> None:
        """The counter grows, and the timer runs out, also while nobody looks."""
        now_ms = self._mono_ms()
        if self._falls_ms is not None and self._falls_ms <= now_ms:
            self._count(self._falls_ms)
            self._output, self._falls_ms = not self._output, None
        self._count(now_ms)

    def _count(self, now_ms: int) -> None:
        self._mws += round(self._load * (now_ms - self._counted_ms)) if self._output else 0
        self._counted_ms = now_ms


def _handler_of(plug: SimulatedPlug) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "SIMULATED"

        def do_GET(self) -> None:
            if not plug.wait_until_it_answers():
                return
            if plug.admits(self.path, self.headers.get("Authorization", "")):
                self._send(*plug.answer(self.path))
            else:
                self._send(401, {"code": 401, "message": "Unauthorized"})

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            try:
                self.send_response(status)
                if status == 401:
                    challenge = f'Digest qop="auth", realm="{_REALM}", nonce="{_NONCE}", algorithm=SHA-256'
                    self.send_header("WWW-Authenticate", challenge)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # whoever asked has gone

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — http.server's own name for it
            pass

    return Handler
