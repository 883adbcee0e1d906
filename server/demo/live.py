"""The lab in real time, for as long as somebody watches: real agents on simulated hardware, makers who come and go."""

import os
import shutil
import socket
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from server.clock import Clock
from server.demo.board_client import BoardClient
from server.demo.broker import HOST, find_mosquitto
from server.demo.cast import Cast
from server.demo.lab import Lab, day_before, make_lab
from server.demo.makers import coming_taps
from server.demo.progress import Progress
from server.demo.site import Access, Site, SiteError
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.demo.watch import all_in_force

BROKER_URL = "PROLAB_DEMO_BROKER"  # mqtt://account:password@host:port: use this broker instead of one of our own
_FRAMES = 3
_NAP_S = 0.5


def live(out: Path | None, seed: int, port: int, progress: Progress) -> int:
    """Until Ctrl-C, which is its normal end. Without ``out`` everything it wrote is removed again."""
    external = _external_broker(os.environ.get(BROKER_URL))
    if external is None:
        find_mosquitto()  # before anything is written
    with ExitStack() as stack:
        directory = out or Path(tempfile.mkdtemp(prefix="prolab-demo-"))
        if out is None:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            _show(Site(directory), seed, free_port(port), external, progress)
        except KeyboardInterrupt:
            progress.say("stopped all of it")
    progress.done()
    return 0


def _show(site: Site, seed: int, port: int, external: Access | None, progress: Progress) -> None:
    now = Clock().now()
    site.make()
    lab = replace(make_lab(seed, day_before(now.date())), hours=())  # at night, too, there is something to see
    progress.say("starting board and agents, writing down the lab")
    with ExitStack() as stack:
        access = external or stack.enter_context(own_broker(site, lab))[1]
        start = int(now.timestamp())
        stage, board = stack.enter_context(raised(site, lab, access, start, port, virtual=False))
        stage.start_agents()
        stack.enter_context(books(site, lab, Cast((), lab.holders), now))
        stage.start_server("web", "link", "work")
        stage.until(lambda: _listens(port), "the live board")
        stage.until(all_in_force, "the agents")
        progress.done()
        print(f"\n  Live board: http://{HOST}:{port}/   (Ctrl-C stops all of it)\n", flush=True)
        _go_on(stage, board, lab, seed, progress)


def _go_on(stage: Stage, board: BoardClient, lab: Lab, seed: int, progress: Progress) -> None:
    """Each tap at its time. In between it looks whether everybody still lives."""
    began = time.monotonic()
    for number, tap in enumerate(coming_taps(lab, seed), 1):
        while (wait := began + tap.at - time.monotonic()) > 0:
            stage.processes.check()
            time.sleep(min(wait, _NAP_S))
        board.tap(tap.machine, tap.card, _FRAMES)
        progress.tick(f"{number} taps, the last at {tap.machine}")


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((HOST, port)) == 0


def _external_broker(url: str | None) -> Access | None:
    """Somebody else's broker: one account for all, which must be allowed to read and write ``prolab/#``."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "mqtt" or not parts.hostname or not parts.username:
        raise SiteError(f"{BROKER_URL} is written mqtt://account:password@host:1883")
    account = (unquote(parts.username), unquote(parts.password or ""))
    return Access(parts.hostname, parts.port or 1883, {}, account)
