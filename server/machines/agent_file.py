"""The one file that an agent is set up with: who it is, where its broker is, and which machines hang on which pins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

RELAYS = (17, 27, 22, 23)  # Broadcom numbers that stay low while a Pi boots, in the order of the wiring sheet


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """How an agent reaches the broker. ``password`` in clear: it stands in the file and nowhere else."""

    host: str
    port: int
    password: str
    tls: bool = False


def agent_toml(
    name: str, machines: Sequence[str], broker: BrokerAccess, site_key: str, site_key_id: str, language: str = "fr"
) -> str:
    """``agent.toml`` for one to four machines, by code. Reader ports and pins are a proposal, to be checked at the box."""
    head = f"""\
# The settings of one agent. It holds secrets: keep it readable by the agent only.
name = {_text(name)}
state_dir = {_text(name)}
site_key = {_text(site_key)}
site_key_id = {_text(site_key_id)}
language = {_text(language)}

[broker]
host = {_text(broker.host)}
port = {broker.port}
username = {_text(name)}
password = {_text(broker.password)}
"""
    tls = 'tls = true\n# ca_file = "ca.pem"             # where the broker has a certificate of the lab\'s own\n'
    places = (_place(code, index) for index, code in enumerate(machines))
    return head + tls * broker.tls + "".join(places)


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
