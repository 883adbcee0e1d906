"""The server's end of the broker: events in, lists and receipts out. The only place on this side that knows MQTT.

Three threads. Paho's reads the network and queues what arrives. The main one takes everything that has arrived, stores it
in one transaction, and only then acknowledges it and sends the receipts. The third sends lists, and does what would keep
an event waiting. What an agent sends may be wrong in any way: it is counted, and the link goes on. The link itself may die at any moment: what was not acknowledged
comes again, and so does every event that has no receipt.
"""

import gc
import logging
import random
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import Any, NamedTuple, TypeVar

from flask import Flask
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from server import ingest
from server.clock import Clock, clock_for, patience
from server.db import fold_journal, make_app
from server.ingest import DATABASE_AWAY, Incoming
from server.jobs import pulse
from server.lists.outgoing import Outgoing
from server.machines.site_keys import SiteKeysError, ring
from server.settings import Mqtt, Settings
from server.usage.counts import Count
from server.usage.rollcall import RollCall
from wire.messages import MAX_EVENT_BYTES, Receipt, encode
from wire.topics import Leaf, Topic, of_all_agents, parse

CLIENT_ID = "prolab-link"
BATCH = 500
UNACKNOWLEDGED = 1000  # messages the broker may have with us at once: this bounds our memory
QUEUED = 5 * UNACKNOWLEDGED  # of messages without acknowledgement, which nothing else bounds, more wait in the network
SESSION_KEPT_S = 300  # the broker keeps events for us while we are restarted
KEEPALIVE_S = 30
POLL_S = 0.05
RETRY_S = 1.0
KEYS_AGAIN_S = 10.0  # somebody has to do something about them: said again and again, but not every second
ANSWERS_WITHIN_S = 5.0
HEARD_WITHIN_S = 5.0
FOLD_EVERY_S = 1.0
_INGEST_GETS_IN_S = 0.001  # lists of thousands of holders may just be compiled in the other thread
_READ = MAX_EVENT_BYTES + 1  # of a longer message enough to see that it is too long

log = logging.getLogger(__name__)
T = TypeVar("T")


class _Connected(NamedTuple):
    connection: int


class _Lost(NamedTuple):
    reason: str


class _Message(NamedTuple):
    connection: int
    mid: int
    qos: int
    topic: str
    payload: bytes


class _Stopped(Exception):  # noqa: N818 — an order, not an error
    """We are told to stop while the database is away: what we hold stays unacknowledged."""


def run(settings: Settings) -> None:
    """Connect and carry on until SIGTERM or SIGINT; a batch that has begun is finished first."""
    link = Link(make_app(settings.database_url), settings, clock_for(settings.board))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: link.stop())
    sys.setswitchinterval(_INGEST_GETS_IN_S)
    gc.freeze()  # what was loaded until now stays: looking through it would hold up everybody for a tenth of a second
    link.run()


class Link:
    def __init__(self, app: Flask, settings: Settings, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._mqtt = settings.mqtt
        self._arrived: Queue[_Connected | _Lost | _Message] = Queue(QUEUED)
        self._spoken: SimpleQueue[_Connected | set[str]] = SimpleQueue()  # for the thread that sends lists
        self._stopping = Event()
        self._connection = 0
        self._roll = RollCall(patience())
        self._beat_at = self._fold_at = patience()
        self._ring = partial(ring, settings)
        self._outgoing = Outgoing(settings.zone, self._ring)
        self._said: MQTTMessageInfo | None = None  # by us, last
        self._client = _client(settings.mqtt, CLIENT_ID)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until ``stop`` is called, from a signal or another thread."""
        lists = Thread(target=self._send_lists, name="lists")
        with self._app.app_context(), _connecting(self._client, self._mqtt):
            lists.start()
            try:
                while not self._stopping.is_set():
                    self._take_in(self._drain())
                    self._do_what_is_due()
            except _Stopped:
                log.warning("stopped while the database was away")
            finally:
                self._stopping.set()
                lists.join()
                self._wait_until_heard()

    # --- paho's thread: no database here ---------------------------------------------------------------

    def _on_connect(self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _more: Any) -> None:
        if reason.is_failure:
            self._queue(_Lost(f"refused: {reason}"))
            return
        self._connection += 1
        _add_jitter(client)
        client.subscribe([(of_all_agents(leaf), 1) for leaf in (Leaf.EVENTS, Leaf.STATUS)])
        self._queue(_Connected(self._connection))

    def _on_disconnect(self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _: Any) -> None:
        if not self._stopping.is_set():
            self._queue(_Lost(str(reason)))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload[:_READ])
        self._queue(_Message(self._connection, message.mid, message.qos, topic, payload))

    def _queue(self, one: _Connected | _Lost | _Message) -> None:
        """Hand over to the main thread. While that cannot follow, the network waits, and with it who floods us."""
        while not self._stopping.is_set():
            try:
                self._arrived.put(one, timeout=1.0)
            except Full:
                continue
            return

    # --- the main thread: everything that is stored --------------------------------------------------------------------

    def _drain(self) -> list[_Connected | _Lost | _Message]:
        """What has arrived, up to a batch of it. Waits a moment for the first."""
        arrived = []
        try:
            arrived.append(self._arrived.get(timeout=0.2))
            while len(arrived) < BATCH:
                arrived.append(self._arrived.get_nowait())
        except Empty:
            pass
        return arrived

    def _take_in(self, arrived: list[_Connected | _Lost | _Message]) -> None:
        """Store what has arrived: events first, because somebody stands at a machine, then what agents say of themselves."""
        events: list[tuple[_Message, Incoming]] = []
        said: list[tuple[_Message, Incoming]] = []
        for one in arrived:
            if not isinstance(one, _Message):
                self._greet(one)
                continue
            topic = parse(one.topic)
            if topic is None or topic.leaf not in (Leaf.EVENTS, Leaf.STATUS):
                self._count(Count.UNKNOWN_TOPIC, one.topic)
                self._acknowledge([one])
            else:
                kind = events if topic.leaf is Leaf.EVENTS else said
                kind.append((one, Incoming(topic.agent, one.payload)))
        self._store(events)
        self._hear(said)

    def _do_what_is_due(self) -> None:
        at = patience()
        if (heard := self._roll.take(at)) is not None:
            self._insist(partial(ingest.miss, heard, self._clock.now()))
        if at >= self._beat_at:
            self._beat_at = at + pulse.EVERY.total_seconds()
            self._insist(partial(pulse.beat, "link", self._clock.now()))

    def _greet(self, one: _Connected | _Lost) -> None:
        match one:
            case _Connected():
                log.info("connected to the broker")
                self._roll.connected(patience())
                self._spoken.put(one)
                self._send_receipts(self._insist(ingest.receipts) or {})
            case _Lost():
                log.warning("the broker is gone: %s", one.reason)
                self._roll.lost(patience())
                self._count(Count.DISCONNECTED, one.reason)

    def _store(self, events: list[tuple[_Message, Incoming]]) -> None:
        if events:
            batch = [incoming for _, incoming in events]
            outcome = self._insist(lambda: ingest.ingest(batch, self._clock.now(), self._live_keys))
            self._acknowledge(message for message, _ in events)
            self._send_receipts({} if outcome is None else outcome.receipts)

    def _live_keys(self) -> tuple[str, ...]:
        """None where they cannot be read: then no badge goes over to another key, and its agent asks again at its next tap."""
        try:
            return self._ring(self._clock.now()).ids
        except SiteKeysError as error:
            log.warning("no badge is known by a newer site key: %s", error)
            return ()

    def _hear(self, said: list[tuple[_Message, Incoming]]) -> None:
        if said:
            batch = [incoming for _, incoming in said]
            spoke = self._insist(lambda: ingest.statuses(batch, self._clock.now())) or set()
            self._roll.heard(spoke)
            self._spoken.put(spoke)
            self._acknowledge(message for message, _ in said)

    def _acknowledge(self, messages: Iterable[_Message]) -> None:
        for message in messages:
            if message.qos and message.connection == self._connection:  # an older number means another message now
                self._client.ack(message.mid, message.qos)

    def _send_receipts(self, receipts: dict[str, Receipt]) -> None:
        for agent, receipt in receipts.items():
            self._send(Topic(agent, Leaf.RECEIPT), encode(receipt))

    def _insist(self, do: Callable[[], T]) -> T | None:
        """Do it as soon as the database lets us. None when our own code could not cope: what has no receipt comes again."""
        away = False
        while True:
            try:
                done = do()
            except DATABASE_AWAY as error:
                log.warning("the database is away: %s", str(error)[:300])
                away = True
                if self._stopping.wait(RETRY_S):
                    raise _Stopped from error
                continue
            except Exception:
                log.exception("our own code could not cope")
                return None
            if away:
                self._count(Count.DATABASE_AWAY, "")
            return done

    def _count(self, what: Count, detail: str) -> None:
        self._insist(lambda: ingest.count(what, detail, self._clock.now()))

    # --- the thread that sends lists -----------------------------------------------------------------------------------

    def _send_lists(self) -> None:
        pause = POLL_S
        with self._app.app_context(), suppress(_Stopped):
            while not self._stopping.wait(pause):
                try:
                    pause = self._send_due_lists()
                except DATABASE_AWAY as error:
                    log.warning("no lists while the database is away: %s", str(error)[:300])
                    pause = RETRY_S
                except SiteKeysError as error:
                    log.critical("NO LISTS are sent: %s", error)
                    self._count(Count.LIST_FAULT, str(error))
                    pause = KEYS_AGAIN_S
                except Exception:
                    log.exception("the lists could not be compiled")
                    self._count(Count.LIST_FAULT, "see the log of the link")
                    pause = RETRY_S

    def _send_due_lists(self) -> float:
        """Send what is due. Returns for how many seconds to rest: no less than this took, so that ingest gets its turn."""
        began = patience()
        while not self._spoken.empty():
            word = self._spoken.get()
            if isinstance(word, _Connected):
                self._outgoing.connected(began)
            else:
                self._outgoing.heard(word)
        if self._client.is_connected():
            now = self._clock.now()
            self._outgoing.look(now, began)
            for agent, payload in self._outgoing.take(now, began).items():
                self._send(Topic(agent, Leaf.ACCESS_LIST), payload)
        if began >= self._fold_at:
            self._fold_at = began + FOLD_EVERY_S
            fold_journal()
        return max(POLL_S, patience() - began)

    def _send(self, topic: Topic, payload: bytes) -> None:
        """Retained. Without a connection it is not even queued: at the next one everything is sent anew."""
        if self._client.is_connected():
            self._said = self._client.publish(str(topic), payload, qos=1, retain=True)

    def _wait_until_heard(self) -> None:
        """Do not hang up on our own last receipts. While more events are on their way to us, closing the connection resets
        it, and a broker that is behind then loses what it had not read yet."""
        with suppress(ValueError, RuntimeError):  # the connection was lost when it was said: nothing to wait for
            if self._said is not None:
                self._said.wait_for_publish(HEARD_WITHIN_S)


def knock(mqtt: Mqtt) -> str:
    """Connect once with the server's account, beside the link that may be at work, and leave again. Empty when the
    broker lets us in, else why not, in words."""
    answers: SimpleQueue[ReasonCode] = SimpleQueue()
    try:
        client = _client(mqtt, f"prolab-doctor-{random.getrandbits(32):08x}")
        client.on_connect = lambda _client, _data, _flags, reason, _more: answers.put(reason)
        client.connect(mqtt.host, mqtt.port)
        client.loop_start()
    except (OSError, ValueError) as error:
        return f"does not answer ({error})"
    try:
        reason = answers.get(timeout=ANSWERS_WITHIN_S)
    except Empty:
        return f"takes the connection and says nothing for {ANSWERS_WITHIN_S:.0f} s"
    finally:
        client.disconnect()
        client.loop_stop()
    return f"refuses the account {mqtt.username} ({reason})" if reason.is_failure else ""


def _client(mqtt: Mqtt, name: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True)
    client.username_pw_set(mqtt.username, mqtt.password.get_secret_value())
    client.max_inflight_messages_set(UNACKNOWLEDGED)
    client.on_socket_open = _without_delay
    if mqtt.tls:
        client.tls_set(ca_certs=str(mqtt.ca_file) if mqtt.ca_file is not None else None)
    _add_jitter(client)
    return client


@contextmanager
def _connecting(client: Client, mqtt: Mqtt) -> Iterator[None]:
    """Keeps connecting, from paho's own thread, until the block is left; then says goodbye in order."""
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = SESSION_KEPT_S
    wishes.ReceiveMaximum = UNACKNOWLEDGED
    client.connect_async(mqtt.host, mqtt.port, KEEPALIVE_S, clean_start=False, properties=wishes)
    client.loop_start()
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


def _without_delay(_client: Client, _data: Any, connection: Any) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _add_jitter(client: Client) -> None:
    """How long to wait before connecting again: never quite the same, soon at first, every two seconds at most."""
    client.reconnect_delay_set(random.uniform(0.1, 0.4), random.uniform(1.0, 2.0))  # type: ignore[arg-type]
