"""The door for new agents: gives the lab's authority to whoever asks, and an agent's settings to whoever has a code for them.

A web application of its own, with these two addresses and nothing else, because it alone stands on the network with the
lab's own certificate (``serving.py``). No page, no cookie, no form: so nothing here can be forged either.
"""

from http import HTTPStatus
from typing import TypeGuard

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from server.accounts.tries import NO_WAIT, Key, Tries, network
from server.clock import Clock, clock_for
from server.db import make_app
from server.domain.refusals import Refusal
from server.domain.roles import Verb
from server.machines import pairing
from server.machines.broker import can_write
from server.machines.keys import CertificateError, Files
from server.machines.pairing import Admitted, CodeUnknown
from server.machines.site_keys import ring
from server.pages.agents import files
from server.pages.agents.files import Told
from server.settings import Settings
from server.web.here import now, settings
from server.web.needs import needs
from wire.hosts import is_loopback, without_port

LONGEST_REQUEST = 2_000
FREE_FOR_AN_ADDRESS = 10  # wrong codes before the waits begin; to guess 80 bits nobody has addresses enough
_LONGEST_PATH = 200

door = Blueprint("pairing", __name__)


def create_door(settings: Settings, clock: Clock | None = None) -> Flask:
    app = make_app(settings.database_url)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_REQUEST
    app.extensions.update(settings=settings, clock=clock or clock_for(settings.board), tries=Tries())
    app.register_blueprint(door)
    return app


@door.get("/ca.pem")
@needs(Verb.PUBLIC)
def authority() -> AnyResponse:
    return Response(Files(settings().keys_dir).authority.read_bytes(), mimetype="application/x-pem-file")


@door.post("/pair")
@needs(Verb.PUBLIC)
def pair() -> tuple[AnyResponse, int]:
    """``{"secret": …, "state_dir": …}`` for an agent's settings, or a sentence that says why not."""
    asked = request.get_json(silent=True)
    secret, state_dir = (asked.get(name) if isinstance(asked, dict) else None for name in ("secret", "state_dir"))
    if not _is_secret(secret) or not _is_path(state_dir):
        return _refused("This is not what an agent sends. Is its version that of the server?", HTTPStatus.BAD_REQUEST)
    tries: Tries = current_app.extensions["tries"]
    at = Key(f"pairing {network(request.remote_addr)}", FREE_FOR_AN_ADDRESS)
    wait = tries.begin([at], now())
    if wait > NO_WAIT:
        return _refused(
            f"Too many wrong codes. Wait {wait.seconds + 1} s, then try again.", HTTPStatus.TOO_MANY_REQUESTS
        )
    try:
        answer = _admit(secret, state_dir)
    except CodeUnknown as error:
        return _refused(str(error), HTTPStatus.FORBIDDEN)
    tries.take_back(at, now())
    return answer


def _is_secret(sent: object) -> TypeGuard[str]:
    return isinstance(sent, str) and sent.isascii()


def _is_path(sent: object) -> TypeGuard[str]:
    return isinstance(sent, str) and sent.isprintable() and len(sent) <= _LONGEST_PATH


def _admit(secret: str, state_dir: str) -> tuple[AnyResponse, int]:
    """Raises CodeUnknown, which alone is a try in vain."""
    mqtt = settings().mqtt
    if not can_write(mqtt.password_file):
        return _refused(
            "The server may not write Mosquitto's password file. Set password_file under [mqtt] in prolab.toml, or"
            " download the agent's file from its page instead.",
            HTTPStatus.CONFLICT,
        )
    try:
        files.check_authority(_host(), settings())
        ring(settings(), now())  # before the code is spent
        admitted = pairing.admit(secret, now=now())
    except CodeUnknown:
        raise
    except (Refusal, CertificateError) as error:
        return _refused(str(error), HTTPStatus.FORBIDDEN)
    ready = files.make(
        admitted.agent, admitted.machines, _host(), admitted.language, settings(), None, now(), state_dir
    )
    if admitted.replaced is not None:
        files.forget_account(admitted.replaced, mqtt)
    return jsonify(_settings_of(admitted, ready)), HTTPStatus.OK


def _settings_of(admitted: Admitted, ready: files.Ready) -> dict[str, object]:
    return {
        "agent": admitted.agent,
        "agent_toml": ready.text,
        "latched": {one.machine: one.wish for one in admitted.latched},
        "replaced": admitted.replaced,
        "reload": "" if ready.told is Told.AT_ONCE else files.reload_line(settings().mqtt),
    }


def _host() -> str:
    """How the agent reaches the broker: as the settings say, else by the name under which it has just reached this door."""
    mqtt = settings().mqtt
    if mqtt.agents_host or not is_loopback(mqtt.host):
        return mqtt.agents_host or mqtt.host
    return without_port(request.host)


def _refused(sentence: str, status: HTTPStatus) -> tuple[AnyResponse, int]:
    return jsonify({"refused": sentence}), status
