"""The agent's line to the broker, and the only place that knows MQTT. It asks nothing, and nobody waits for it.

A thread of its own reads the outbox and publishes in order. paho's callbacks only note what came and wake that thread.
Each connection has a client object of its own: paho would otherwise keep messages and send them again out of order.
"""

import logging
import queue
import random
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from agent import lists
from agent.config import Broker
from agent.reports import Connected, Disconnected, LinkReport, LinkTrouble, ListArrived, ReceiptArrived
from agent.sending import Sending
from agent.state import Outbox
from wire.messages import WireError, decode_receipt
from wire.topics import Leaf, Topic, parse

FIRST_RETRY_S, LAST_RETRY_S = 0.5, 60.0
KEEPALIVE_S = 30
ANSWER_S = 10.0
STATUS_EVERY_MS = 250  # a status at once after a rest, and no more often than this: only the last one counts
_NOBODY_LISTENS, _REFUSED, _TAKEN_OVER = 0x10, 0x80, 0x8E  # MQTT 5 reason codes
log = logging.getLogger(__name__)


class Link:
    """``will``: the status the broker announces should we vanish. ``stopwatch_ms`` is real time, even in the demo."""

    def __init__(
        self,
        agent: str,
        broker: Broker,
        open_outbox: Callable[[], Outbox],
        will: bytes,
        report: Callable[[LinkReport], None],
        stopwatch_ms: Callable[[], int],
    ) -> None:
        self._agent = agent
        self._broker = broker
        self._open_outbox = open_outbox
        self._will = will
        self._report = report
        self._stopwatch_ms = stopwatch_ms
        self._status = will
        self._connection: _Connection | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There may be new events in the outbox. Never blocks."""
        if (connection := self._connection) is not None:
            connection.inbox.put(_Woken())

    def set_status(self, status: bytes) -> None:
        """The status to publish from now on, at once where connected and at every connect. Never blocks."""
        self._status = status
        self.wake()

    def stop(self, timeout_s: float) -> None:
        """Send what can still be sent, say goodbye, and end."""
        self._stopping.set()
        self.wake()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                with closing(self._open_outbox()) as outbox:
                    self._connect_and_serve(outbox)
            except LinkLost as error:
                log.warning("%s", error)
                if error.refused:
                    self._report(LinkTrouble("link_failed", str(error)))
                failures = 0 if error.was_fine else failures + 1
            except Exception as error:
                log.exception("our own fault")
                self._report(LinkTrouble("link_failed", repr(error)))
                failures += 1
            self._stopping.wait(retry_after_s(failures, random.random()))

    def _connect_and_serve(self, outbox: Outbox) -> None:
        """One connection from its beginning to its end. Raises LinkLost."""
        connection = _Connection(self._agent, self._broker, self._will, outbox, self._stopwatch_ms)
        try:
            connection.open()
            self._connection = connection
            self._report(Connected())
            self._serve(connection)
        finally:
            if self._connection is not None:
                self._connection = None
                self._report(Disconnected())
            connection.close()

    def _serve(self, connection: "_Connection") -> None:
        """Until everything is sent and we are stopping. Raises LinkLost."""
        said, said_ms = b"", -STATUS_EVERY_MS
        while True:
            rest_ms = None
            if said != self._status:
                rest_ms = said_ms + STATUS_EVERY_MS - self._stopwatch_ms()
                if rest_ms <= 0 or self._stopping.is_set():
                    said, said_ms, rest_ms = self._status, self._stopwatch_ms(), None
                    connection.publish(Leaf.STATUS, said, retain=True)
            connection.pump()
            if self._stopping.is_set() and connection.idle():
                return
            match connection.next(rest_ms):
                case _Received() as received:
                    self._take(connection, received)
                case LinkTrouble() as trouble:
                    self._report(trouble)

    def _take(self, connection: "_Connection", received: "_Received") -> None:
        try:
            if received.leaf is Leaf.RECEIPT:
                through = decode_receipt(received.payload).through
                connection.receipt(through, received.retained)
                self._report(ReceiptArrived(through))
            elif received.leaf is Leaf.ACCESS_LIST:
                self._report(ListArrived(lists.read(received.payload), received.payload))
        except WireError as error:
            code = "receipt_unreadable" if received.leaf is Leaf.RECEIPT else "list_unreadable"
            self._report(LinkTrouble(code, str(error)))


def retry_after_s(failures: int, chance: float) -> float:
    """Longer with each failure, and never the same for all the agents of a lab whose broker comes back."""
    longest: float = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(failures, 10))
    return longest * (0.5 + chance / 2)


# --- one connection -----------------------------------------------------------------------------------------------------


class LinkLost(Exception):  # noqa: N818 — it says what happened
    """The connection ended or never began. ``was_fine``: it ended by itself, so it may well work again at once.
    ``refused``: the broker does not want us, which will not mend itself."""

    def __init__(self, why: str, was_fine: bool = False, refused: bool = False) -> None:
        super().__init__(why)
        self.was_fine = was_fine
        self.refused = refused


@dataclass(frozen=True, slots=True)
class _Received:
    leaf: Leaf
    payload: bytes
    retained: bool


class _Woken:
    """There may be something to send."""


class _Answered:
    """The broker let us in."""


class _Discarded:
    """The broker threw away what we published."""


class _Connection:
    """``inbox`` is filled by paho's thread and by the main loop, and emptied by the link's thread alone."""

    def __init__(
        self, agent: str, broker: Broker, will: bytes, outbox: Outbox, stopwatch_ms: Callable[[], int]
    ) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._agent = agent
        self._broker = broker
        self._outbox = outbox
        self._stopwatch_ms = stopwatch_ms
        self._sending = Sending(outbox.position(), stopwatch_ms())
        self._published = 0  # counted by the link's thread
        self._acknowledged = 0  # counted by paho's
        self._client = self._new_client(will)

    def open(self) -> None:
        """Connect and subscribe. Raises LinkLost."""
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=True)
        except OSError as error:
            raise LinkLost(f"no broker at {self._broker.host}:{self._broker.port}: {error}") from error
        self._client.loop_start()
        try:
            answer = self.inbox.get(timeout=ANSWER_S)
        except queue.Empty as error:
            raise LinkLost("the broker did not answer") from error
        if isinstance(answer, LinkLost):
            raise answer

    def close(self) -> None:
        """And let go of the client at once: else its sockets stay open until the garbage collector comes by."""
        client = self._client
        client.disconnect()
        client.loop_stop()
        client.on_connect = client.on_disconnect = client.on_message = client.on_publish = None
        del self._client

    def publish(self, leaf: Leaf, payload: bytes, retain: bool = False) -> None:
        """Raises LinkLost where paho would only queue it for a better day."""
        info = self._client.publish(str(Topic(self._agent, leaf)), payload, qos=1, retain=retain)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise LinkLost(mqtt.error_string(info.rc))
        self._published += 1

    def pump(self) -> None:
        """Publish what the window allows, from the outbox, in order."""
        position = self._outbox.position()
        if position.outbox != self._sending.outbox:
            self._sending = Sending(position, self._stopwatch_ms())
        self._sending.look(self._stopwatch_ms())
        if not self._sending.allowance or position.last_n == self._sending.sent:
            return
        for n, payload in self._outbox.after(self._sending.sent, self._sending.allowance):
            self.publish(Leaf.EVENTS, payload)
            self._sending.sent_one(n, self._stopwatch_ms())

    def receipt(self, through: dict[str, int], retained: bool) -> None:
        self._sending.receipt(through.get(self._sending.outbox, 0), retained, self._stopwatch_ms())

    def idle(self) -> bool:
        """Nothing more to send, and the broker has all of it."""
        waiting = self._sending.allowance and self._outbox.position().last_n > self._sending.sent
        return not waiting and self._published == self._acknowledged

    def next(self, at_most_ms: int | None) -> "_Received | LinkTrouble | None":
        """What came in; None where there may be something to send, or after ``at_most_ms``. Raises LinkLost."""
        due_ms = self._sending.due_ms()
        rests = [at_most_ms, None if due_ms is None else due_ms - self._stopwatch_ms()]
        timeout = min((max(0.0, ms / 1000) for ms in rests if ms is not None), default=None)
        try:
            item = self.inbox.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(item, LinkLost):
            raise item
        if isinstance(item, _Discarded):
            self._sending.nobody_listens(self._stopwatch_ms())
        return item if isinstance(item, _Received | LinkTrouble) else None

    def _new_client(self, will: bytes) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._agent, protocol=mqtt.MQTTv5, reconnect_on_failure=False
        )
        client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(_tls(self._broker))
        client.will_set(str(Topic(self._agent, Leaf.STATUS)), will, qos=1, retain=True)
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    # paho's thread: note it, wake the link's thread, nothing more

    def _on_connect(self, client: mqtt.Client, data: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if code.is_failure:
            self.inbox.put(LinkLost(f"the broker refuses us: {code}", refused=True))
            return
        once = SubscribeOptions(qos=1)
        client.subscribe([(str(Topic(self._agent, leaf)), once) for leaf in (Leaf.ACCESS_LIST, Leaf.RECEIPT)])
        self.inbox.put(_Answered())

    def _on_disconnect(self, client: mqtt.Client, data: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if code.value == _TAKEN_OVER:
            self.inbox.put(LinkTrouble("name_taken_over", "another box has this name: was its card copied?"))
        self.inbox.put(LinkLost(f"disconnected: {code}", was_fine=code.value != _TAKEN_OVER))

    def _on_message(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        topic = parse(message.topic)
        if topic is not None:
            self.inbox.put(_Received(topic.leaf, bytes(message.payload), message.retain))

    def _on_publish(self, client: mqtt.Client, data: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._acknowledged += 1
        if code.value >= _REFUSED:
            self.inbox.put(LinkTrouble("publish_refused", f"the broker refuses what we publish: {code}"))
        self.inbox.put(_Woken() if code.value < _NOBODY_LISTENS else _Discarded())


def _tls(broker: Broker) -> ssl.SSLContext:
    """Believes the authority of the settings only, where one stands there. Raises LinkLost."""
    try:
        return ssl.create_default_context(cafile=broker.ca_file, cadata=broker.authority or None)
    except (OSError, ValueError) as error:
        raise LinkLost(f"the broker's authority in the settings cannot be read: {error}", refused=True) from error


def _without_delay(client: mqtt.Client, data: Any, line: Any) -> None:
    """Without this a round trip takes 83 ms instead of half a millisecond (design rule 18)."""
    if isinstance(line, socket.socket):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
