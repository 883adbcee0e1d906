"""What ``prolab init`` writes: a lab as small as one can be, with everything it takes to go from a badge to an invoice.

Nothing permissive: the example holder has no badge and no qualification unless the card to lend was named.
"""

import json
import os
import secrets
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from server.billing import service as billing
from server.cli.seller import TEMPLATE
from server.db import closing_database, make_app, writing
from server.demo.broker import HOST, Broker, BrokerMissing, find_mosquitto
from server.domain.tariffs import Scope, simple
from server.domain.vat import Nature, Regime, Treatment
from server.domain.vat_proposals import column
from server.machines import certificates
from server.machines import service as machines
from server.machines.agent_file import BrokerAccess, agent_toml
from server.machines.keys import Files
from server.machines.site_keys import SiteKey
from server.migrations import upgrade
from server.people import service as people
from server.people.models import Tenant, TenantKind
from server.settings import badge_key
from server.training import service as training
from wire.messages import RiskClass

AGENT, MACHINE, KEY_ID, TIMEZONE = "agent-1", "p1", "k1", "Europe/Paris"
_USUAL = {Treatment.FR_BUSINESS, Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS}
_OURS = ("prolab.toml", "agent.toml", "seller.toml", "prolab.db", "broker", "keys")
AGENTS_PORT, PAIRING_PORT = 8883, 8443


class Refused(Exception):  # noqa: N818 — a sentence for a person
    """The lab cannot be written here; what is there already was not touched."""


@dataclass(frozen=True, slots=True)
class FirstLab:
    directory: Path
    name: str
    database_url: str | None
    card: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class _Secrets:
    site_key: bytes
    server_password: str
    agent_password: str


@dataclass(frozen=True, slots=True)
class _Ports:
    agents: int
    pairing: int


def make(lab: FirstLab, now: datetime) -> str:
    """Write it all and return what to do next, in words. Raises Refused."""
    _refuse_to_overwrite(lab)
    lab.directory.mkdir(parents=True, exist_ok=True)
    known = _Secrets(secrets.token_bytes(32), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
    _fill_database(lab, known.site_key, now)
    keys = Files(lab.directory / "keys")
    certificates.provide(keys, certificates.own_names(), lab.name, now)
    ports = _Ports(_free(AGENTS_PORT), _free(PAIRING_PORT))
    broker = Broker(lab.directory / "broker", keys, ports.agents)
    broker.add_user("server", known.server_password)
    broker.add_user(AGENT, known.agent_password)
    _write_secret(lab.directory / "prolab.toml", _settings(lab, broker.port, ports, known))
    access = BrokerAccess(HOST, broker.port, known.agent_password)
    agent = agent_toml(AGENT, [MACHINE], access, [SiteKey(KEY_ID, badge_key(known.site_key))])
    _write_secret(lab.directory / "agent.toml", agent)
    today = now.astimezone(ZoneInfo(TIMEZONE)).date()
    _write_secret(lab.directory / "seller.toml", TEMPLATE.format(today=today))
    return _next_steps(lab)


def _refuse_to_overwrite(lab: FirstLab) -> None:
    there = [name for name in _OURS if (lab.directory / name).exists()]
    if there:
        raise Refused(f"{lab.directory} has {', '.join(there)} already: nothing was written")
    try:
        find_mosquitto()
    except BrokerMissing as error:
        raise Refused(str(error)) from None


# --- the books --------------------------------------------------------------------------------------------------------


def _fill_database(lab: FirstLab, site_key: bytes, now: datetime) -> None:
    """Everything in one transaction, into a database that has nothing yet."""
    url = lab.database_url
    if url is None:
        file = lab.directory / "prolab.db"
        file.touch(mode=0o600)  # names of people will stand in it
        url = f"sqlite:///{file}"
    try:
        upgrade(url)
        with make_app(url).app_context(), closing_database(), writing() as session:
            if session.scalar(select(Tenant.id).limit(1)) is not None:
                raise Refused("this database has a lab in it already: nothing was written")
            _example(lab, site_key, now)
    except SQLAlchemyError as error:
        raise Refused(f"the database cannot be used: {error}") from None


def _example(lab: FirstLab, site_key: bytes, now: datetime) -> None:
    by: dict[str, Any] = {"actor": lab.actor, "now": now}
    today = now.astimezone(ZoneInfo(TIMEZONE)).date()
    people.add_tenant("example", "Example SAS", TenantKind.COMPANY, **by)
    address = ("1 rue de l'Exemple", "68100", "Mulhouse", "FR")
    house = people.add_establishment("example", "Example SAS", *address, **by)
    people.set_treatment(house.id, "fr_business", today, "example of `prolab init`", **by)
    people.set_bill_to("example", house.id, today, **by)
    people.add_payer("example", "example", "General", "Example", **by)
    machines.add_agent(AGENT, **by)
    machines.add_machine(MACHINE, "Printer 1", "printer", AGENT, RiskClass.LOW, **by)
    training.add_skill("printing", "3D printing", **by)
    training.require_skills(MACHINE, ["printing"], **by)
    billing.add_tariff(Scope(category="printer"), simple(300, 900), now, reason="example of `prolab init`", **by)
    usual = [one for one in column(Regime.NORMAL, Nature.MACHINE_USE) if one.treatment in _USUAL]
    billing.accept_proposals(usual, today, "as the law texts suggest, for your accountant to confirm", **by)
    holder = people.add_holder("Camille", "Example", **by)
    people.add_membership(holder.number, "example", **by)
    if lab.card is not None:
        people.give_token(holder.number, lab.card, badge_key(site_key), KEY_ID, "first badge", **by)
        training.grant(holder.number, "printing", **by)


# --- the files --------------------------------------------------------------------------------------------------------


def _settings(lab: FirstLab, broker_port: int, ports: _Ports, known: _Secrets) -> str:
    return f"""\
# The settings of this lab. It holds secrets: keep it readable by the server only, and a copy apart from the backups.
# Paths are relative to this file. A variable such as PROLAB_MQTT__HOST wins over what stands here.
lab_name = {_text(lab.name)}
timezone = {_text(TIMEZONE)}
database_url = {_text(lab.database_url or "sqlite:///prolab.db")}
data_dir = "data"                  # documents/ and backups/
keys_dir = "keys"                  # the lab's own certificates: in no backup, so keep a copy apart

# Badges are known by a fingerprint under this key. Lose it, and every badge must be given out again.
site_key = {_text(known.site_key.hex())}
site_key_id = {_text(KEY_ID)}

[mqtt]
host = {_text(HOST)}
port = {broker_port}
password = {_text(known.server_password)}
password_file = "broker/broker.passwords"
pid_file = "broker/broker.pid"
agents_port = {ports.agents}                 # with TLS: what comes over the network; the port above is for this computer alone

[pairing]
port = {ports.pairing}                        # where `prolab-agent pair` finds this server, with TLS

[web]
host = "127.0.0.1"
port = 8080
"""


def _free(wished: int) -> int:
    """The port that was wished, unless another program on this computer has it: then any."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    return wished


def _text(value: str) -> str:
    return json.dumps(value)  # a JSON string is a TOML string


def _write_secret(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
        opened.write(text)


def _next_steps(lab: FirstLab) -> str:
    badge = (
        f"The badge {lab.card} may start the example machine."
        if lab.card
        else "Nobody can start a machine yet: the example holder has no badge and no qualification (see --card)."
    )
    return f"""\
A lab with one tenant, holder, machine and price is in {lab.directory}. {badge}
Next, each in its own terminal:
  1. {find_mosquitto()} -c {lab.directory / "broker" / "broker.conf"}
  2. cd {lab.directory} && prolab serve            the pages are then on http://127.0.0.1:8080
  3. cd {lab.directory} && prolab account YOUR-ADDRESS --name "YOUR NAME"
     prints a link: open it and choose a password. You are the manager then, and invite everybody else.
  4. cd {lab.directory} && prolab agents code {AGENT}
     prints the line to type at the Pi. Or, on this computer, with a reader at the port named in agent.toml:
     prolab-agent run --config agent.toml
Keep a copy of prolab.toml and of the folder keys: they are in no backup.
Before the first invoice: fill in seller.toml, run prolab seller seller.toml, and let your accountant confirm the three
VAT cells."""
