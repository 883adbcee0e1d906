"""The link's own manners at a real broker. What must hold between agents and server is in tests/system."""

import gc
import queue
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent import link as link_module
from agent.config import Broker as BrokerConfig
from agent.link import Link, retry_after_s
from agent.reports import Connected, Disconnected, LinkTrouble, ListArrived, ReceiptArrived
from agent.state import Outbox, State
from agent.teller import will
from server.demo.broker import Broker
from tests.agent.fakes import START_MS, a_list, stamp
from wire.messages import AgentStarted, Receipt, decode_envelope, decode_status, encode
from wire.topics import Leaf, Topic

AGENT = "agent-1"
WITHIN_S = 60


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Server:
    """An account that reads what the agent says, and answers only when told to."""

    def __init__(self, broker: Broker) -> None:
        self.events: list[int] = []
        self.online: list[bool] = []
        self.client = Client(CallbackAPIVersion.VERSION2, "server", protocol=MQTTv5)
        self.client.username_pw_set("server", "secret")
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("prolab/#", 1)
        self.client.on_message = self._note
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()

    def says(self, leaf: Leaf, payload: bytes, retain: bool = False) -> None:
        self.client.publish(str(Topic(AGENT, leaf)), payload, qos=1, retain=retain)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client._reset_sockets()

    def _note(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic.endswith(Leaf.EVENTS):
            self.events.append(decode_envelope(bytes(message.payload)).n)
        elif message.topic.endswith(Leaf.STATUS):
            self.online.append(decode_status(bytes(message.payload)).online)


class Wire:
    """A link with a state file of its own, and what it reports."""

    def __init__(self, directory: Path, port: int) -> None:
        self.state = State(directory, simulated=True)
        self.reports: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.link = Link(
            AGENT,
            BrokerConfig("127.0.0.1", port, AGENT, "secret", tls=False, ca_file=None),
            partial(Outbox, self.state.path),
            will(AGENT, "boot-1"),
            self.reports.put,
            lambda: time.monotonic_ns() // 1_000_000,
        )

    def append(self, times: int) -> None:
        for _ in range(times):
            self.state.write(START_MS, lambda transaction: transaction.append(AgentStarted("1", stamp(0))))
        self.link.wake()

    def hears(self, kind: type) -> Any:
        while True:
            report = self.reports.get(timeout=WITHIN_S)
            if isinstance(report, kind):
                return report

    def receipt(self, through: int) -> bytes:
        return encode(Receipt({self.state.position.outbox: through}))

    def close(self) -> None:
        self.link.stop(5)
        self.state.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    for name in (AGENT, "server"):
        broker.add_user(name, "secret")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def server(broker: Broker) -> Iterator[Server]:
    server = Server(broker)
    until(server.client.is_connected)
    yield server
    server.close()


@pytest.fixture
def wire(broker: Broker, tmp_path: Path) -> Iterator[Wire]:
    wire = Wire(tmp_path / "state", broker.port)
    wire.link.start()
    wire.hears(Connected)
    yield wire
    wire.close()


def test_events_are_sent_in_order_and_all_again_after_the_broker_was_killed(
    broker: Broker, server: Server, wire: Wire
) -> None:
    wire.append(5)
    until(lambda: server.events == [1, 2, 3, 4, 5])
    server.events.clear()

    broker.kill()
    wire.hears(Disconnected)
    wire.append(2)
    broker.start()
    wire.hears(Connected)
    until(server.client.is_connected)
    server.says(Leaf.RECEIPT, wire.receipt(0))

    until(lambda: server.events[-7:] == [1, 2, 3, 4, 5, 6, 7])


def test_events_nobody_listened_to_are_sent_when_the_server_says_something(broker: Broker, wire: Wire) -> None:
    wire.append(3)
    time.sleep(0.05)

    server = Server(broker)
    until(server.client.is_connected)
    server.says(Leaf.RECEIPT, wire.receipt(0))

    until(lambda: server.events == [1, 2, 3])
    server.close()


def test_lists_and_receipts_arrive_and_garbage_between_them_costs_nothing(server: Server, wire: Wire) -> None:
    server.says(Leaf.RECEIPT, wire.receipt(0), retain=True)  # heard as soon as the agent has subscribed
    wire.hears(ReceiptArrived)

    for payload in (b"\xff", b"{}", b"[" * 100_000, encode(Receipt({"o": 3}))):
        server.says(Leaf.RECEIPT, payload)
        server.says(Leaf.ACCESS_LIST, payload)
    server.says(Leaf.ACCESS_LIST, encode(a_list()))

    told = [wire.hears((LinkTrouble, ReceiptArrived)) for _ in range(8)]  # type: ignore[arg-type]

    codes = [report.code for report in told if isinstance(report, LinkTrouble)]
    assert codes == ["receipt_unreadable", "list_unreadable"] * 3 + ["list_unreadable"]
    assert ReceiptArrived({"o": 3}) in told
    assert wire.hears(ListArrived).index.revision == 1


def test_a_stop_sends_what_is_left_and_says_offline(server: Server, wire: Wire) -> None:
    wire.append(50)

    wire.link.set_status(will(AGENT, "the last word"))
    wire.link.stop(5)

    until(lambda: server.events[-1:] == [50])
    until(lambda: server.online[-1:] == [False])


def test_the_line_to_the_broker_sends_without_delay(wire: Wire) -> None:
    connection = wire.link._connection
    assert connection is not None

    line = connection._client.socket()

    assert isinstance(line, socket.socket)
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@pytest.fixture
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collector")
def test_a_broker_that_refuses_for_days_costs_no_open_files(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "LAST_RETRY_S", 0.01)
    broker.add_user(AGENT, "another password")
    broker.kill()
    broker.start()
    wire = Wire(tmp_path / "state", broker.port)
    wire.link.start()
    wire.hears(LinkTrouble)
    before = open_files()

    for _ in range(20):
        assert wire.hears(LinkTrouble).code == "link_failed"

    assert open_files() <= before + 6
    wire.close()


def test_retries_wait_longer_each_time_and_never_all_agents_at_once() -> None:
    assert [retry_after_s(failures, 1.0) for failures in (0, 1, 3, 20)] == [0.5, 1.0, 4.0, 60.0]
    assert retry_after_s(3, 0.0) == 2.0
