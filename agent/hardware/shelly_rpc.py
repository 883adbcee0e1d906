"""Speaks to a Shelly plug (Gen2 and later) over the lab's own network: one short HTTP request at a time, straight to the plug.

No cloud, no broker between. A plug with a password is asked with HTTP digest, SHA-256, as RFC 7616 has it.
"""

import json
import re
import secrets
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 1.0  # for each step of a request; a name that must be looked up first may take longer, an address does not
_ANSWER_BYTES = 65_536
_USER = "admin"  # a plug knows no other
_PART = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class PlugError(OSError):
    """The plug is away, hangs, refuses, or says what cannot be read."""


class Rpc:
    """One plug. ``host``: its address, with ``:port`` where that is not 80."""

    def __init__(self, host: str, password: str | None = None) -> None:
        self._host = host
        self._password = password
        self._challenge: dict[str, str] | None = None  # the plug's last one; it is good for many requests
        self._count = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the plug answers. Raises PlugError for everything that can go wrong."""
        query = urlencode({name: json.dumps(value) for name, value in parameters.items()})
        path = f"/rpc/{method}" + (f"?{query}" if query else "")
        try:
            status, challenge, body = self._get(path)
            if status == 401 and self._password is not None:
                self._challenge, self._count = read_challenge(challenge), 0
                status, _, body = self._get(path)
        except (OSError, HTTPException, ValueError) as error:
            raise PlugError(f"{self._host}: {error or type(error).__name__}") from error
        if status != 200:
            raise PlugError(f"{self._host} answers {status} to {method}: {body[:200].decode(errors='replace')}")
        return _read(body, self._host)

    def _get(self, path: str) -> tuple[int, str, bytes]:
        connection = HTTPConnection(self._host, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"Connection": "close", **self._credentials(path)})
            response: HTTPResponse = connection.getresponse()
            return response.status, response.getheader("WWW-Authenticate", ""), response.read(_ANSWER_BYTES)
        finally:
            connection.close()

    def _credentials(self, path: str) -> dict[str, str]:
        if self._challenge is None or self._password is None:
            return {}
        self._count += 1
        count, own = f"{self._count:08x}", secrets.token_hex(8)
        realm, nonce = self._challenge.get("realm", ""), self._challenge.get("nonce", "")
        response = digest(_USER, self._password, realm, nonce, path, count, own)
        return {
            "Authorization": f'Digest username="{_USER}", realm="{realm}", nonce="{nonce}", uri="{path}", '
            f'algorithm=SHA-256, qop=auth, nc={count}, cnonce="{own}", response="{response}"'
        }


def setup_findings(config: dict[str, Any], info: dict[str, Any]) -> list[str]:
    """What should be set otherwise in a plug, one sentence each."""
    found = []
    if config.get("initial_state") != "off":
        found.append("initial_state should be off: returning mains would start the machine")
    if config.get("in_mode", "detached") != "detached":
        found.append("in_mode should be detached: a switch wired to it would start the machine without a badge")
    if config.get("auto_on"):
        found.append("auto_on should be false: the plug would close by itself")
    if config.get("auto_off"):
        found.append("auto_off should be false: the plug would end a running job")
    if not info.get("auth_en"):
        found.append("it has no password: whoever is on this network can switch the machine on")
    return found


def digest(user: str, password: str, realm: str, nonce: str, path: str, count: str, own: str) -> str:
    """The proof that we know the password, for one GET of ``path``."""
    secret, request = _hash(f"{user}:{realm}:{password}"), _hash(f"GET:{path}")
    return _hash(f"{secret}:{nonce}:{count}:{own}:auth:{request}")


def read_challenge(header: str) -> dict[str, str]:
    """The parts of a ``WWW-Authenticate: Digest …``; none of a challenge of any other kind."""
    if not header.lower().startswith("digest ") or "sha-256" not in header.lower():
        return {}
    return {name: quoted or plain for name, quoted, plain in _PART.findall(header)}


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _read(body: bytes, host: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PlugError(f"{host} answers what is not JSON: {body[:80]!r}") from error
    if not isinstance(answer, dict):
        raise PlugError(f"{host} answers {body[:80]!r}")
    return answer
