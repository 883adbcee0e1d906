"""The part of ``prolab doctor`` about what agents know the lab by: the site keys, the certificates, and the door for new ones."""

import os
import socket
import ssl
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from server.cli.doctor.finding import Finding
from server.machines.certificates import RENEW_BEFORE, served
from server.machines.keys import CertificateError, Files
from server.machines.site_keys import SiteKeysError, ring
from server.settings import Settings

_ANSWERS_WITHIN_S = 3.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # of the addresses it listens at, one to knock at


def site_key(settings: Settings, now: datetime) -> Finding:
    try:
        keys = ring(settings, now)
    except SiteKeysError as error:
        said, _, fix = str(error).partition(". ")
        return Finding("site key", said, fix)
    older = "".join(f"; {key.id} holds until {key.until:%Y-%m-%d}" for key in keys.live[1:])
    return Finding("site key", f"present, named {keys.newest.id}{older}")


def owners(settings: Settings) -> Iterator[Finding]:
    """As root everything can be read; what counts is whether link, web and pairing can, which run as who owns data_dir."""
    files = Files(settings.keys_dir)
    wanted = (files.folder, files.folder / "site-keys.toml", files.authority, files.server, files.server_key)
    try:
        runs = _nearest(settings.data_dir).stat()
        closed = [file for file in wanted if file.exists() and not _can_read(file.stat(), runs)]
    except OSError:
        return  # not ours to look into: the other checks say so
    if closed:
        fix = f"sudo chown -R {runs.st_uid}:{runs.st_gid} {files.folder}"
        said = f"{', '.join(map(str, closed))} cannot be read by user {runs.st_uid}, who owns {settings.data_dir}"
        yield Finding("keys", said, fix)


def _nearest(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _can_read(file: os.stat_result, who: os.stat_result) -> bool:
    if file.st_uid == who.st_uid:
        return bool(file.st_mode & stat.S_IRUSR)
    return bool(file.st_mode & (stat.S_IRGRP if file.st_gid == who.st_gid else stat.S_IROTH)) or who.st_uid == 0


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
