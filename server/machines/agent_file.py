"""The one file that an agent is set up with: who it is, where its broker is, and which machines hang on which pins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from server.machines.site_keys import SiteKey
from wire.hosts import is_loopback

RELAYS = (17, 27, 22, 23)  # Broadcom numbers that stay low while a Pi boots, in the order of the wiring sheet


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How an agent reaches the broker. ``password`` in clear: it stands in the file and nowhere else."""

    host: str
    port: int
    password: str
    tls: bool = False
    authority: str = ""  # the certificate that vouches for the broker, as PEM; empty: the system's authorities


def agent_toml(
    name: str,
    machines: Sequence[str],
    broker: BrokerAccess,
    keys: Sequence[SiteKey],
    language: str = "fr",
    state_dir: str = "",
) -> str:
    """``agent.toml`` for one to four machines, by code. Reader ports and pins are a proposal, to be checked at the box.
    ``keys``: the newest first."""
    head = f"""\
# The settings of one agent. It holds secrets: keep it readable by the agent only.
name = {_text(name)}
state_dir = {_text(state_dir or name)}
language = {_text(language)}
"""
    parts = [head, *map(_site_key, keys), _broker(name, broker)]
    return "".join([*parts, *(_place(code, index) for index, code in enumerate(machines))])


def _site_key(key: SiteKey) -> str:
    return f"""
[[site_key]]
id = {_text(key.id)}
key = {_text(key.key.hex())}
"""


def _broker(name: str, broker: BrokerAccess) -> str:
    plain = f"""
[broker]
host = {_text(broker.host)}
port = {broker.port}
username = {_text(name)}
password = {_text(broker.password)}
"""
    if not broker.tls:
        return (
            plain if is_loopback(broker.host) else f"{plain}tls = false                      # as the server has it\n"
        )
    authority = f'authority = """\n{broker.authority.strip()}\n"""\n' if broker.authority else ""
    return f"{plain}tls = true\n{authority}"


def _place(code: str, index: int) -> str:
    return f"""
[[machine]]
id = {_text(code)}
reader = "/dev/ttyUSB{index}"            # better its name under /dev/serial/by-id
relay = {RELAYS[index]}                         # pin of the relay, in Broadcom numbers
on_loss = "off"
"""


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a TOML string
