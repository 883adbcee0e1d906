"""Commands about agents and what they know their server by: pairing codes, certificates, site keys, and the door for new ones.

Imports wait until they are needed, as in the other commands.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from server.cli.ground import CannotStart, log_to_stderr, open_books, refusals, settings_or_stop, who

if TYPE_CHECKING:
    from server.machines.pairing import Code
    from server.settings import Settings

_by = click.option("--by", "actor", default=who, show_default="your login", help="Who does this.")
_replaces = click.option(
    "--replaces", metavar="AGENT", help="The agent whose machines it takes over, and which ends then."
)
_language = click.option(
    "--language", type=click.Choice(["fr", "de", "en"]), default="fr", show_default=True, help="Of its panels."
)


@click.group()
def agents() -> None:
    """Add, pair and revoke the Raspberry Pis beside the machines."""


@agents.command()
@click.argument("name")
@click.option(
    "--machine", "codes", multiple=True, metavar="CODE", help="A machine it gates from now on; may be repeated."
)
@_replaces
@_language
@_by
def add(name: str, codes: tuple[str, ...], replaces: str | None, language: str, actor: str) -> None:
    """Add the agent NAME and print a code for its Pi: good once, and for an hour."""
    from server.db import writing
    from server.machines import changes, pairing, service

    settings = settings_or_stop()
    with _books(settings) as by, writing():
        agent = service.add_agent(name, actor=actor, **by)
        for code in codes:
            changes.give_machine(service.machine_by_code(code), agent, actor=actor, **by)
        if not codes and replaces is None:
            made = None
        else:
            made = pairing.make_code(name, _pin(settings), replaces, language, actor=actor, **by)
    if made is None:
        click.echo(f"{name} is added and has no machine yet. Give it one on its page, then: prolab agents code {name}")
    else:
        _tell(made, settings)


@agents.command()
@click.argument("name")
@_replaces
@_language
@_by
def code(name: str, replaces: str | None, language: str, actor: str) -> None:
    """Print a fresh code for the agent NAME: for its first Pi, or for one that takes the place of a dead one."""
    from server.machines import pairing

    settings = settings_or_stop()
    with _books(settings) as by:
        made = pairing.make_code(name, _pin(settings), replaces, language, actor=actor, **by)
    _tell(made, settings)


@agents.command()
@click.argument("name")
@click.option("--reason", default="", help="Stands in the journal.")
@_by
def revoke(name: str, reason: str, actor: str) -> None:
    """Let the Pi of the agent NAME in no more: it was stolen, lost or is broken. Its machines wait for another."""
    from server.machines import pairing
    from server.pages.agents import files

    settings = settings_or_stop()
    with _books(settings) as by:
        pairing.revoke_agent(name, reason, actor=actor, **by)
        told = files.forget_account(name, settings.mqtt)
    click.echo(files.refused_from_when(name, told, settings.mqtt))  # outside of any page: in English
    if told is files.Told.BY_HAND:
        sys.exit(1)


@click.command()
@click.option("--name", "names", multiple=True, metavar="HOST", help="How agents call this computer; may be repeated.")
def certificates(names: tuple[str, ...]) -> None:
    """Make the lab's own certificates, or renew them: for the broker's TLS listener and for pairing."""
    from server.clock import Clock
    from server.machines import certificates as made
    from server.machines.broker import read_again, tls_listener
    from server.machines.keys import CertificateError, Files

    settings = settings_or_stop()
    files = Files(settings.keys_dir)
    asked = [*made.own_names(), *filter(None, [settings.mqtt.agents_host]), *names]
    try:
        is_new = made.provide(files, asked, settings.lab_name, Clock().now())
        said = made.served(files)
    except (CertificateError, OSError) as error:
        raise CannotStart(str(error)) from None
    click.echo(f"{'made' if is_new else 'still good'}: {files.server}, until {said.until:%Y-%m-%d}")
    click.echo(f"agents may call this server: {', '.join(said.names)}")
    if is_new and read_again(settings.mqtt.pid_file):
        click.echo("the broker has read it")
    lines = "\n  ".join(tls_listener(settings.mqtt.agents_port or 8883, files))
    click.echo(f"Mosquitto serves agents with these lines, and must be able to read the files:\n  {lines}")


@click.command()
def pairing() -> None:
    """Serve the door for new agents, with TLS: one process, beside web, link and work."""
    from server.pages.pairing.serving import run

    settings = settings_or_stop()
    _pin(settings)
    with open_books(settings):
        log_to_stderr()
    try:
        run(settings)
    except OSError as error:
        raise CannotStart(f"the door for new agents cannot open at port {settings.pairing.port}: {error}") from None


@click.group("site-key")
def site_key() -> None:
    """The key behind the badges: what it is called, and a new one."""


@site_key.command()
@_by
def rotate(actor: str) -> None:
    """Make a new key. The one before holds 90 days more: each badge is known by the new one from its next tap on."""
    from server.machines import site_keys

    settings = settings_or_stop()
    with _books(settings) as by:
        site_keys.rotate(settings, actor=actor, **by)
        ring = site_keys.ring(settings, by["now"])
    click.echo(f"the site key is {ring.newest.id} from now on; agents have it with their next list")
    for key in ring.live[1:]:
        click.echo(f"{key.id} holds until {key.until:%Y-%m-%d}: badges not tapped by then are lent anew")
    click.echo(f"Copy {settings.keys_dir} to where you keep the settings: no backup has it.")


@contextmanager
def _books(settings: "Settings") -> Iterator[dict[str, Any]]:
    from server.clock import clock_for

    with open_books(settings), refusals():
        yield {"now": clock_for(settings.board).now()}


def _pin(settings: "Settings") -> str:
    from server.machines.keys import CertificateError, Files, pin

    files = Files(settings.keys_dir)
    try:
        found = pin(files)
    except CertificateError as error:
        raise CannotStart(str(error)) from None
    if not files.are_there:
        raise CannotStart(f"{files.server} is missing: `prolab certificates` makes it")
    return found


def _tell(made: "Code", settings: "Settings") -> None:
    from server.pages.agents.files import pairing_address

    click.echo(
        f"{made.text}\nGood once, until {made.until.astimezone(settings.zone):%H:%M}. On the Pi of {made.agent}:"
    )
    click.echo(f"  sudo prolab-agent pair {pairing_address('', settings)} {made.text}")
