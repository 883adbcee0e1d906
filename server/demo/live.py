"""The lab in real time, for as long as somebody watches: real agents on simulated hardware, makers who come and go."""

import os
import shutil
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import unquote, urlsplit

from server.clock import Clock
from server.db import closing_database, make_app
from server.demo.agreed import agree
from server.demo.board_client import BoardClient
from server.demo.broker import HOST, Broker, find_mosquitto
from server.demo.cables import Cables
from server.demo.control import Control
from server.demo.hands import Hands
from server.demo.history import cast_of_today, first_days, make_history, with_lasting_lists
from server.demo.lab import ZONE, Lab, make_lab
from server.demo.logins import Login, in_words, make_logins
from server.demo.makers import coming_taps
from server.demo.past import live_the_past
from server.demo.planned import plan
from server.demo.present import open_the_day
from server.demo.progress import Progress
from server.demo.site import Access, Site, SiteError
from server.demo.stage import Stage, books, free_port, own_broker, raised
from server.demo.watch import all_in_force
from server.settings import load_settings

BROKER_URL = "PROLAB_DEMO_BROKER"  # mqtt://account:password@host:port: use this broker instead of one of our own
_FRAMES = 3
_NAP_S = 0.5
_ANSWERS_WITHIN_S = 10


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
    site.make()
    today = Clock().now().astimezone(ZONE).date()
    lab = with_lasting_lists(make_lab(seed, first_days(today)[-2]))
    with ExitStack() as stack:
        broker, access = (None, external) if external else stack.enter_context(own_broker(site, lab))
        assert access is not None
        _past(site, lab, broker, access, seed, progress)
        progress.say("starting the lab of today")
        cables = None if external else stack.enter_context(Cables(lab.agents(), access.host, access.port))
        access = replace(access, ports=cables.ports) if cables else access
        site.write_cards(lab)
        control = stack.enter_context(closing(Control(site.directory)))
        with raised(site, lab, access, _seconds(), port, virtual=False) as (stage, board):
            hands = Hands(stage, board, cables)
            stage.start_agents()
            stage.start_server("web", "link", "work")
            with make_app(site.database_url).app_context(), closing_database():
                now = Clock().now()
                open_the_day(now)
                agree(now)
                plan(load_settings(site.settings), now)
                stage.until(lambda: _answers(port), "the live board")
                stage.until(all_in_force, "the agents")
                progress.done()
                print(_welcome(port, make_logins(Clock().now())), flush=True)
                _go_on(stage, board, control, hands, seed, progress)


def _past(site: Site, lab: Lab, broker: Broker | None, access: Access, seed: int, progress: Progress) -> None:
    """Three months and a bit, until a moment ago, on virtual time."""
    now = _seconds()
    today = datetime.fromtimestamp(now, ZONE).date()
    cast = cast_of_today(lab, today)
    chapters = make_history(lab, cast, today, now, seed)
    begin = chapters[0].plan.begin
    progress.say("three months of history: starting board and agents, writing down the lab")
    with raised(site, lab, access, begin, free_port(), virtual=True) as (stage, board):
        stage.start_agents()
        with books(site, lab, cast, datetime.fromtimestamp(begin, UTC)) as numbers:
            stage.start_server("link", "work")
            live_the_past(stage, board, broker, numbers, chapters, progress)


def _seconds() -> int:
    return int(Clock().now().timestamp())


def _go_on(stage: Stage, board: BoardClient, control: Control, hands: Hands, seed: int, progress: Progress) -> None:
    """Each tap at its time, and in between what the bench asks for. Looks whether everybody still lives."""
    began = time.monotonic()
    for number, tap in enumerate(coming_taps(stage.lab, seed), 1):
        while (wait := began + tap.at - time.monotonic()) > 0:
            stage.processes.check()
            control.serve(hands.do, min(wait, _NAP_S))
        if not hands.resting:
            board.tap(tap.machine, tap.card, _FRAMES)
            progress.tick(f"{number} taps, the last at {tap.machine}")


def _welcome(port: int, logins: list[Login]) -> str:
    address = f"http://{HOST}:{port}"
    ways = f"  With a login: {address}/\n  Bench of simulated machines: {address}/bench"
    return f"\n  Live board: {address}/wall   (Ctrl-C stops all of it)\n{ways}\n{in_words(logins)}\n"


def _answers(port: int) -> bool:
    """A page is there, not only a port that listens."""
    try:
        with closing(HTTPConnection(HOST, port, timeout=_ANSWERS_WITHIN_S)) as connection:
            connection.request("GET", "/wall")
            return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False


def _external_broker(url: str | None) -> Access | None:
    """Somebody else's broker: one account for all, which must be allowed to read and write ``prolab/#``."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme != "mqtt" or not parts.hostname or not parts.username:
        raise SiteError(f"{BROKER_URL} is written mqtt://account:password@host:1883")
    account = (unquote(parts.username), unquote(parts.password or ""))
    return Access(parts.hostname, parts.port or 1883, {}, account)
