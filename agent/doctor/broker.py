"""What ``prolab-agent doctor`` asks of the broker: is it the lab's, for how long yet, and does it let this agent in.

It says hello under a name of its own, so that the agent that runs is not thrown out by its own doctor.
"""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from agent.config import Broker
from agent.doctor.finding import Finding

LEAST_DAYS = 14
_ANSWERS_WITHIN_S = 5.0
_CONNACK = 0x20
_REFUSALS = {0x86: "the password is wrong", 0x87: "it does not let this agent in", 0x85: "it does not like our name"}


@dataclass(frozen=True, slots=True)
class Met:
    """What a connection found. ``refused``: MQTT's code, 0 for being let in, None where no answer came."""

    trouble: str = ""
    until_ms: int | None = None  # wall: the server's certificate
    refused: int | None = None


def broker(settings: Broker, agent: str, now_ms: int) -> Iterator[Finding]:
    yield from judge_broker(settings, meet(settings, agent), now_ms)


def meet(settings: Broker, agent: str) -> Met:
    until_ms = None
    try:
        with socket.create_connection((settings.host, settings.port), _ANSWERS_WITHIN_S) as plain:
            if not settings.tls:
                return Met(refused=_hello(plain, settings, agent))
            context = ssl.create_default_context(cafile=settings.ca_file, cadata=settings.authority or None)
            with context.wrap_socket(plain, server_hostname=settings.host) as line:
                until_ms = _until_ms(line)
                return Met(until_ms=until_ms, refused=_hello(line, settings, agent))
    except ssl.SSLCertVerificationError as error:
        return Met(f"its certificate is not believed: {error.verify_message}")
    except (OSError, ValueError) as error:
        return Met(str(error), until_ms)


def judge_broker(settings: Broker, met: Met, now_ms: int) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    if met.until_ms is not None:
        yield _judge_days(where, (met.until_ms - now_ms) // 86_400_000)
    elif not settings.tls and settings.host not in ("localhost", "127.0.0.1", "::1"):
        fix = "pair this Pi anew with prolab-agent pair, which sets tls"
        yield Finding("encryption", f"{where} is spoken to in the clear", fix)
    if met.trouble or met.refused is None:
        fix = "look at host and port in [broker], at the network, and whether Mosquitto runs there"
        if "certificate" in met.trouble:
            fix = "is it the lab's own broker? If its authority was made anew, pair this Pi again"
        yield Finding("broker", f"{where}: {met.trouble or 'it does not answer'}", fix)
    elif met.refused:
        why = _REFUSALS.get(met.refused, f"it refuses with code {met.refused:#x}")
        fix = "pair this Pi again; at the server, reload the broker after adding an agent"
        yield Finding("broker", f"{where}: {why}", fix)
    else:
        yield Finding("broker", f"{where} lets {settings.username} in")


def _judge_days(where: str, days: int) -> Finding:
    fix = "at the server: prolab certificates, then reload the broker" if days < LEAST_DAYS else ""
    return Finding("certificate", f"that of {where} is good for {days} days", fix)


def _until_ms(line: ssl.SSLSocket) -> int | None:
    until = (line.getpeercert() or {}).get("notAfter")
    return int(ssl.cert_time_to_seconds(until)) * 1000 if isinstance(until, str) else None


def _hello(line: socket.socket, settings: Broker, agent: str) -> int | None:
    """CONNECT and DISCONNECT of MQTT 5, nothing between. Raises OSError."""
    line.sendall(connect_packet(f"{agent}-doctor", settings.username, settings.password))
    answer = b""
    while len(answer) < 4 and (part := line.recv(4 - len(answer))):  # type, length, flags, reason
        answer += part
    if len(answer) < 4 or answer[0] != _CONNACK:
        return None
    line.sendall(b"\xe0\x00")
    return answer[3]


def connect_packet(client: str, username: str, password: str) -> bytes:
    """MQTT 5, 3.1: clean start, user name and password, keep-alive 30 s."""
    head = _text("MQTT") + bytes((5, 0b1100_0010, 0, 30, 0))
    rest = head + _text(client) + _text(username) + _text(password)
    return b"\x10" + _length(len(rest)) + rest


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def _length(count: int) -> bytes:
    """Seven bits a byte, the low ones first."""
    out = b""
    while True:
        count, low = divmod(count, 128)
        out += bytes((low | 128 if count else low,))
        if not count:
            return out
