"""Who may say and hear what at the broker. No verdict rests on an acknowledgement: what counts is what arrives."""

import itertools
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from server.demo import broker as broker_module
from server.demo.broker import HOST, Broker, BrokerMissing, find_mosquitto
from tests.waiting import WITHIN_S, until
from wire.topics import PREFIX

PASSWORDS = {"server": "s3cret", "agent-1": "one", "agent-2": "two"}
OWN, FOREIGN = f"{PREFIX}/agent-1", f"{PREFIX}/agent-2"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    running = Broker(tmp_path_factory.mktemp("broker"))
    for name, password in PASSWORDS.items():
        running.add_user(name, password)
    running.start()
    yield running
    running.stop()


class Party:
    """One client of the broker, and what has arrived at it."""

    def __init__(
        self, broker: Broker, name: str, password: str | None = None, will: tuple[str, bytes] | None = None
    ) -> None:
        self.arrived: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        self._answers: SimpleQueue[str] = SimpleQueue()
        self.client = Client(
            CallbackAPIVersion.VERSION2, f"test-{name}-{id(self)}", protocol=MQTTProtocolVersion.MQTTv5
        )
        self.client.username_pw_set(name, PASSWORDS.get(name, "") if password is None else password)
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self._answers.put(str(reason))
        self.client.on_publish = lambda _c, _u, _m, reason, _p: self._answers.put(str(reason))
        self.client.on_subscribe = lambda _c, _u, _m, _r, _p: self._answers.put("subscribed")
        self.client.on_message = self._keep
        if will is not None:
            self.client.will_set(*will, qos=1, retain=True)
        self.client.connect(HOST, broker.port)
        self.client.loop_start()
        self.answer = self._next()

    def _keep(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.arrived.put((message.topic, bytes(message.payload)))

    def _next(self) -> str:
        return self._answers.get(timeout=WITHIN_S)

    def says(self, topic: str, words: bytes = b"words", retain: bool = False) -> None:
        self.client.publish(topic, words, qos=1, retain=retain)
        self._next()  # the broker has dealt with it, whatever it thought of it

    def listens(self, topic: str) -> None:
        self.client.subscribe(topic, qos=1)
        self._next()

    def hears(self) -> tuple[str, bytes] | None:
        """What arrived next, None if nothing comes for long."""
        try:
            return self.arrived.get(timeout=WITHIN_S)
        except Empty:
            return None

    def vanishes(self) -> None:
        """The connection breaks without a word, so the broker speaks the last will."""
        sock = self.client.socket()
        assert isinstance(sock, socket.socket)
        self.client.loop_stop()
        sock.shutdown(socket.SHUT_RDWR)
        self.leaves()

    def leaves(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client._reset_sockets()  # else paho leaves its wake-up pair to the garbage collector, which complains


@pytest.fixture
def party(broker: Broker) -> Iterator[Callable[..., Party]]:
    made: list[Party] = []

    def make(name: str) -> Party:
        made.append(Party(broker, name))
        return made[-1]

    yield make
    for one in made:
        one.leaves()


def settle(listener: Party, speaker: Party, topic: str = f"{PREFIX}/marker") -> list[tuple[str, bytes]]:
    """Everything that reached the listener before a marker that the server's account sends last."""
    marker = (topic, f"marker {next(_markers)}".encode())
    speaker.says(*marker)
    heard = []
    while (one := listener.hears()) not in (None, marker):
        heard.append(one)
    assert one is not None, "the marker did not arrive: the listener hears nothing at all"
    return heard


_markers = itertools.count(1)


def test_an_agent_publishes_on_its_own_topics_and_not_on_anothers(party: Callable[..., Party]) -> None:
    server, agent = party("server"), party("agent-1")
    server.listens("prolab/#")

    for leaf in ("events", "status"):
        agent.says(f"{OWN}/{leaf}")  # control
        agent.says(f"{FOREIGN}/{leaf}")
        agent.says(f"{FOREIGN}/{leaf}/more")
    for leaf in ("access-list", "receipt"):
        agent.says(f"{OWN}/{leaf}")
    agent.says("elsewhere")

    assert settle(server, server) == [(f"{OWN}/events", b"words"), (f"{OWN}/status", b"words")]


def test_an_agent_hears_its_own_topics_and_not_anothers(party: Callable[..., Party]) -> None:
    server, agent = party("server"), party("agent-1")
    for topic in (f"{PREFIX}/+/receipt", f"{FOREIGN}/#", f"{FOREIGN}/access-list", f"{OWN}/access-list"):
        agent.listens(topic)

    for leaf in ("access-list", "receipt", "events"):
        server.says(f"{FOREIGN}/{leaf}", b"not yours")
    server.says(f"{OWN}/access-list", b"yours")  # control

    assert settle(agent, server, f"{OWN}/access-list") == [(f"{OWN}/access-list", b"yours")]


def test_an_agent_is_given_no_retained_message_of_another(party: Callable[..., Party]) -> None:
    server, agent = party("server"), party("agent-1")
    server.says(f"{FOREIGN}/access-list", b"kept for agent-2", retain=True)
    server.says(f"{OWN}/access-list", b"kept for agent-1", retain=True)

    agent.listens(f"{FOREIGN}/access-list")
    agent.listens(f"{PREFIX}/+/access-list")

    assert settle(agent, server, f"{OWN}/access-list") == [(f"{OWN}/access-list", b"kept for agent-1")]


def test_an_agent_leaves_no_retained_message_on_anothers_topics(party: Callable[..., Party]) -> None:
    server, agent = party("server"), party("agent-1")

    agent.says(f"{OWN}/status", b"kept", retain=True)  # control
    agent.says(f"{FOREIGN}/status", b"forged", retain=True)
    agent.says(f"{FOREIGN}/access-list", b"forged list", retain=True)
    agent.says(f"{OWN}/access-list", b"forged list", retain=True)
    server.listens(f"{PREFIX}/+/status")
    server.listens(f"{PREFIX}/+/access-list")

    kept = settle(server, server, f"{OWN}/status")
    assert (f"{OWN}/status", b"kept") in kept
    assert not [one for one in kept if b"forged" in one[1]]


def test_an_agent_leaves_no_last_will_on_anothers_topics(party: Callable[..., Party], broker: Broker) -> None:
    server = party("server")
    forger = Party(broker, "agent-1", will=(f"{FOREIGN}/status", b"forged"))
    honest = Party(broker, "agent-2", will=(f"{FOREIGN}/status", b"its own"))
    server.listens(f"{FOREIGN}/status")
    settle(server, server, f"{FOREIGN}/status")  # what earlier tests left there

    forger.vanishes()
    honest.vanishes()

    assert server.hears() == (f"{FOREIGN}/status", b"its own")  # control, and behind the forged one
    assert settle(server, server, f"{FOREIGN}/status") == []


@pytest.mark.parametrize(("name", "password"), [("agent-1", "two"), ("agent-1", ""), ("stranger", "one"), ("", "")])
def test_a_wrong_password_and_an_unknown_account_are_refused(
    broker: Broker, party: Callable[..., Party], name: str, password: str
) -> None:
    control = party("agent-1")

    refused = Party(broker, name, password)

    assert (control.answer, refused.answer) == ("Success", "Not authorized")
    refused.leaves()


def test_an_account_added_while_it_runs_can_connect_and_nobody_is_thrown_out(
    broker: Broker, party: Callable[..., Party]
) -> None:
    before = party("agent-1")

    broker.add_user("agent-9", "nine")

    def gets_in() -> bool:
        late = Party(broker, "agent-9", "nine")
        late.leaves()
        return late.answer == "Success"

    until(gets_in)
    assert before.client.is_connected()


def test_a_killed_broker_comes_back_on_its_port_with_nothing_kept(tmp_path: Path) -> None:
    mortal = Broker(tmp_path)
    mortal.add_user("server", PASSWORDS["server"])
    mortal.start()
    first, port = mortal.pid, mortal.port
    before = Party(mortal, "server")
    before.says(f"{OWN}/receipt", b"kept?", retain=True)
    before.vanishes()

    mortal.kill()
    gone = mortal.pid
    mortal.start()

    try:
        after = Party(mortal, "server")
        after.listens("prolab/#")
        assert (gone, mortal.port) == (None, port)
        assert mortal.pid not in (None, first)
        assert settle(after, after) == []
        after.leaves()
    finally:
        mortal.stop()
    assert mortal.pid is None


def test_a_name_with_a_wildcard_gets_no_account(tmp_path: Path) -> None:
    refusing = Broker(tmp_path)

    for name in ("+", "agent/1", "#", "Agent", "a:b", "x"):
        with pytest.raises(ValueError, match="cannot name an account"):
            refusing.add_user(name, "password")


def test_where_mosquitto_is_missing_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_mosquitto()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(broker_module, "_SBIN", ())

    assert found.endswith("mosquitto")
    with pytest.raises(BrokerMissing, match="apt-get install mosquitto"):
        find_mosquitto()
