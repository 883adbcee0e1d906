"""The live streams of one web process: one thread looks for changes, and all open boards get the same pieces of HTML.

A stream holds a thread of the server and nothing else: no database session, no template, no request. Such a thread costs
about a tenth of a MiB and sleeps; an event loop beside the pages would cost a second way to run them. What a stream sends was
written once for its face (plan, list, wall) and language, by the poller, as far as somebody has that open. Whoever comes
back, or falls far behind, starts again with the whole board.
"""

import json
import logging
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Condition, Event, RLock, Thread
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from server.clock import Clock
from server.dashboard.board import Board
from server.dashboard.connection import Connection
from server.dashboard.faces import Face, Part, changed, whole
from server.dashboard.render import render
from server.dashboard.service import read_board
from server.dashboard.words import milliseconds
from server.jobs.service import last_change_id

MAX_STREAMS = 224  # the server has more threads than that (deploy/gunicorn_conf.py), so requests always find one
POLL_S = 0.1
LOOK_ANYWAY = timedelta(seconds=5)  # for what changes with time alone: an agent gone quiet, a new day
HEARTBEAT_S = 15
FIRST_LOOK_S = 5.0
KEPT_MESSAGES = 200  # for streams that fall behind

log = logging.getLogger(__name__)


class Seen(NamedTuple):
    """The books at one moment. ``change`` is the newest change in them, at least."""

    change: int
    now: datetime
    board: Board


Sight = tuple[Face, str]  # what a stream shows, and in which language


class Message(NamedTuple):
    number: int
    texts: dict[Sight, str]  # as it goes to the browser; no text where nothing changed


class Feed:
    """What the streams of one process share. The poller runs from the first stream on and rests while none is open."""

    def __init__(self, app: Flask, clock: Clock, zone: ZoneInfo) -> None:
        self._app = app
        self._clock = clock
        self._zone = zone
        self._closing = Event()
        lock = RLock()
        self._news = Condition(lock)  # for streams: there is a new message
        self._polled = Condition(lock)  # for who has just come: the books have been looked at
        self._looked = 0
        self._seen: Seen | None = None
        self._messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self._whole: tuple[Seen | None, dict[Sight, str]] = (None, {})
        self._number = 0
        self._watching: Counter[Sight] = Counter()
        self._poller: Thread | None = None

    def look(self) -> Seen:
        """The books as they are now. Needs an application context."""
        change = last_change_id()
        now = self._clock.now()
        return Seen(change, now, read_board(now, self._zone))

    def join(self, face: Face, language: str, connection: Connection) -> "Stream | None":
        """A new stream, or None where there are too many, the books cannot be read, or the process is stopping."""
        sight = (face, language)
        with self._news:
            if self._watching.total() >= MAX_STREAMS:
                return None
            self._watching[sight] += 1
            if self._wait_for_a_look():
                return Stream(self, sight, connection, self._written_whole(sight), self._number, self._poller)
            self._watching[sight] -= 1
        return None

    def leave(self, sight: Sight) -> None:
        with self._news:
            self._watching[sight] -= 1

    def stop(self, wait_s: float = 0) -> None:
        """End all streams now, and wait so long for the look that is going on. Called by a signal handler too, in a thread
        that never holds the lock."""
        self._closing.set()
        with self._news:
            poller = self._poller
            self._news.notify_all()
            self._polled.notify_all()
        if poller is not None:
            poller.join(wait_s)

    def status(self) -> tuple[int, int | None]:
        """How many streams are open, and the newest change they were told of (None before the first look)."""
        with self._news:
            return self._watching.total(), self._seen.change if self._seen else None

    def beat(self) -> str:
        """What a stream says when it has nothing to say, so that the page can tell silence from a lost connection."""
        return f"event: beat\ndata: {json.dumps({'now': milliseconds(self._clock.now())})}\n\n"

    def after(self, number: int, poller: Thread | None, wait_s: float) -> list[Message] | None:
        """Messages after the one with this number, none if nothing comes in time; None where the stream must end."""
        with self._news:
            self._news.wait_for(lambda: self._number > number or self._over(poller), wait_s)
            missed = [message for message in self._messages if message.number > number]
            if self._over(poller) or len(missed) < self._number - number:
                return None
            return missed

    def _over(self, poller: Thread | None) -> bool:
        return self._closing.is_set() or self._poller is not poller

    def _wait_for_a_look(self) -> bool:
        if self._poller is None:
            self._poller = Thread(target=self._keep_looking, name="board poller", daemon=True)
            self._poller.start()
        looked, poller = self._looked, self._poller
        self._polled.notify_all()  # the poller may be resting
        done = self._polled.wait_for(lambda: self._looked > looked or self._over(poller), FIRST_LOOK_S)
        return done and not self._over(poller)

    def _written_whole(self, sight: Sight) -> str:
        """The whole board as it was last seen, written once for all who come before the next look."""
        assert self._seen is not None
        if self._whole[0] is not self._seen:
            self._whole = (self._seen, {})
        texts = self._whole[1]
        if sight not in texts:
            face, language = sight
            texts[sight] = _text(self._seen, render(face, language, whole(self._seen.board), self._seen.now))
        return texts[sight]

    def _keep_looking(self) -> None:
        try:
            while not self._closing.is_set():
                self._rest_while_alone()
                self._poll()
                self._closing.wait(POLL_S)
        except SQLAlchemyError:
            log.exception("the board cannot read the books; open boards are told and try again")
        finally:
            with self._news:
                self._poller = None
                self._news.notify_all()
                self._polled.notify_all()

    def _rest_while_alone(self) -> None:
        with self._news:
            self._polled.wait_for(lambda: self._watching.total() > 0 or self._closing.is_set())

    def _poll(self) -> None:
        before = self._seen
        with self._app.app_context():
            seen = self._look_if_needed(before)
            texts = self._written(before, seen)
        with self._news:
            self._seen = seen
            if texts:
                self._number += 1
                self._messages.append(Message(self._number, texts))
                self._news.notify_all()
            self._looked += 1
            self._polled.notify_all()

    def _written(self, before: Seen | None, seen: Seen) -> dict[Sight, str]:
        """What is new, for each sight that somebody has. Who comes meanwhile waits for the look after this one."""
        with self._news:
            sights = [sight for sight, watching in self._watching.items() if watching]
        texts: dict[Sight, str] = {}
        for face in {face for face, _ in sights}:
            parts = _news(face, before, seen)
            if parts:
                languages = [language for other, language in sights if other is face]
                texts |= {(face, one): _text(seen, render(face, one, parts, seen.now)) for one in languages}
        return texts

    def _look_if_needed(self, before: Seen | None) -> Seen:
        if before and abs(self._clock.now() - before.now) < LOOK_ANYWAY and last_change_id() == before.change:
            return before
        return self.look()


class Stream:
    """One open board."""

    def __init__(
        self, feed: Feed, sight: Sight, connection: Connection, first: str, number: int, poller: Thread | None
    ) -> None:
        self._feed = feed
        self._sight = sight
        self._connection = connection
        self._first = first
        self._number = number
        self._poller = poller
        self._left = False

    def messages(self) -> Iterator[str]:
        """Text of an event stream. Ends when the browser has gone, is far behind, or the process stops."""
        yield self._first
        quiet_s = 0
        while (news := self._feed.after(self._number, self._poller, wait_s=1.0)) is not None:
            if news:
                quiet_s, self._number = 0, news[-1].number
                yield "".join(message.texts.get(self._sight, "") for message in news)
            elif self._connection.gone():
                return
            else:
                quiet_s += 1
                if quiet_s % HEARTBEAT_S == 0:
                    yield self._feed.beat()

    def leave(self) -> None:
        """Called once the response is closed, also where not a byte of it was sent."""
        if not self._left:
            self._left = True
            self._feed.leave(self._sight)


def _news(face: Face, before: Seen | None, seen: Seen) -> list[Part]:
    return changed(face, before.board, seen.board) if before else whole(seen.board)


def _text(seen: Seen, html: str) -> str:
    """One event of the stream."""
    data = json.dumps({"now": milliseconds(seen.now), "html": html})
    return f"id: {seen.change}\nevent: board\ndata: {data}\n\n"
