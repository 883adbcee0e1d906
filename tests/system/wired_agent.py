"""A paper agent on a wire: sends what has no receipt, again after each connect, as the real one does; and a link to send to."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pydantic import SecretStr

from server.demo.broker import HOST, Broker
from server.settings import Mqtt, Settings
from tests.server.paper_agent import PaperAgent
from tests.system.forked import fork
from tests.waiting import until
from wire.messages import AccessList, Status, decode_access_list, decode_receipt, encode
from wire.topics import Leaf, Topic

SITE_KEY = "00" * 32
_LINK = """
import logging
from server.link import run
from server.settings import load_settings
logging.basicConfig(level=logging.INFO)
run(load_settings(None))
"""


class Sender:
    """An account at the broker. ``refused`` while the broker does not let it in."""

    def __init__(self, broker: Broker, name: str, password: str) -> None:
        self.name = name
        self.said_no = False
        self.client = Client(CallbackAPIVersion.VERSION2, f"test-{name}", protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set(name, password)
        self.client.max_inflight_messages_set(1000)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_socket_open = _sends_at_once
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.connect_async(HOST, broker.port)
        self.client.loop_start()

    def says(self, leaf: Leaf, payload: bytes, retain: bool = False) -> None:
        self.client.publish(str(Topic(self.name, leaf)), payload, qos=1, retain=retain)

    def leaves(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self.client._reset_sockets()  # else paho leaves its wake-up pair to the garbage collector, which complains

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        self.said_no = reason.is_failure

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        pass


class WiredAgent(Sender):
    """Events of a PaperAgent, through a real broker."""

    def __init__(self, broker: Broker, paper: PaperAgent, password: str) -> None:
        self.paper = paper
        self.through = 0
        self.lists: list[AccessList] = []
        self._sent = 0
        self._lock = Lock()
        super().__init__(broker, paper.name, password)

    def push(self) -> None:
        """Send what has not been sent on this connection."""
        with self._lock:
            if self.client.is_connected():
                for event in self.paper.sent[self._sent :]:
                    self.says(Leaf.EVENTS, event.payload)
                self._sent = len(self.paper.sent)

    def again(self) -> None:
        """Send everything that has no receipt again, as an agent does that has waited long enough for one."""
        self._sent = self.through
        self.push()

    def reports(self, **facts: Any) -> None:
        status = {"agent": self.name, "online": True, "boot": "boot-1", "outbox": self.paper.outbox, **facts}
        self.says(Leaf.STATUS, encode(Status(**status)), retain=True)

    def receipted(self) -> bool:
        return self.through == len(self.paper.sent)

    def _on_connect(self, client: Client, data: Any, flags: Any, reason: Any, more: Any) -> None:
        super()._on_connect(client, data, flags, reason, more)
        leaves = (Leaf.RECEIPT, Leaf.ACCESS_LIST)
        client.subscribe([(str(Topic(self.name, leaf)), 1) for leaf in leaves])
        self._sent = self.through

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic.endswith(Leaf.RECEIPT):
            self.through = decode_receipt(bytes(message.payload)).through.get(self.paper.outbox, self.through)
        else:
            self.lists.append(decode_access_list(bytes(message.payload)))


def _sends_at_once(_client: Client, _data: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def settings_for(database_url: str, broker: Broker, directory: Path, password: str) -> Settings:
    mqtt = Mqtt(host=HOST, port=broker.port, password=SecretStr(password))
    key = SecretStr(SITE_KEY)
    return Settings(database_url=database_url, data_dir=directory, lab_name="Lab", site_key=key, mqtt=mqtt)


class LinkProcess:
    """``prolab link``, as a process that can be killed."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._environment = os.environ | {
            "PROLAB_DATABASE_URL": settings.database_url,
            "PROLAB_DATA_DIR": str(directory),
            "PROLAB_LAB_NAME": settings.lab_name,
            "PROLAB_SITE_KEY": SITE_KEY,
            "PROLAB_MQTT__HOST": settings.mqtt.host,
            "PROLAB_MQTT__PORT": str(settings.mqtt.port),
            "PROLAB_MQTT__PASSWORD": settings.mqtt.password.get_secret_value(),
        }
        self._log = directory / "link.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = fork([sys.executable, "-c", _LINK], self._environment, log)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def said(self) -> str:
        return self._log.read_text()


@contextmanager
def running_link(settings: Settings, directory: Path) -> Iterator[LinkProcess]:
    link = LinkProcess(settings, directory)
    try:
        until(lambda: "connected to the broker" in link.said() or "refused" in link.said())
        yield link
    finally:
        link.kill()
