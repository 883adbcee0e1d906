"""The part of ``prolab doctor`` about what agents know the lab by: the site keys, the certificates, and the door for new ones."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime

from server.cli.doctor.finding import Finding
from server.machines.certificates import RENEW_BEFORE, served
from server.machines.keys import CertificateError, Files
from server.machines.site_keys import ring
from server.settings import Settings

_ANSWERS_WITHIN_S = 3.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # of the addresses it listens at, one to knock at


def site_key(settings: Settings, now: datetime) -> Finding:
    try:
        keys = ring(settings, now)
    except (OSError, ValueError, KeyError) as error:
        fix = "bring site-keys.toml back from your copy: badges known by a later key open nothing without it"
        return Finding("site key", f"{settings.keys_dir}/site-keys.toml cannot be read ({error})", fix)
    older = "".join(f"; {key.id} holds until {key.until:%Y-%m-%d}" for key in keys.live[1:])
    return Finding("site key", f"present, named {keys.newest.id}{older}")


def certificates(settings: Settings, now: datetime) -> Iterator[Finding]:
    files = Files(settings.keys_dir)
    if not files.are_there:
        if settings.demo:
            return
        fix = (
            "run `prolab certificates`: until then agents are set up with their file, and nothing is encrypted for them"
        )
        yield Finding("certificates", f"none in {files.folder}", fix)
        return
    try:
        until = served(files).until
    except CertificateError as error:
        yield Finding("certificates", str(error), "run `prolab certificates`")
        return
    fix = "run `prolab certificates`, then restart pairing" if until - now < RENEW_BEFORE else ""
    yield Finding("certificates", f"the server's is good until {until:%Y-%m-%d}", fix)
    yield _door(settings, files)


def _door(settings: Settings, files: Files) -> Finding:
    host, port = _ANY.get(settings.pairing.host, settings.pairing.host), settings.pairing.port
    context = ssl.create_default_context(cafile=files.authority)
    try:
        with (
            socket.create_connection((host, port), _ANSWERS_WITHIN_S) as plain,
            context.wrap_socket(plain, server_hostname="localhost"),
        ):
            return Finding("pairing", f"the door for new agents is open at {host}:{port}")
    except ssl.SSLError as error:
        fix = "run `prolab certificates` and restart pairing: what answers there is not vouched for by the lab"
        return Finding("pairing", f"{host}:{port} has another certificate ({error.reason})", fix)
    except OSError:
        return Finding("pairing", f"the door for new agents at {host}:{port} is closed; `prolab pairing` opens it")
