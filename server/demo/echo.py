"""A nuisance on purpose: its own connection to the broker, which says every tenth event message a second time, verbatim."""

import socket
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from wire.topics import Leaf, of_all_agents

_EVERY = 10
_RECONNECT_S = 1


class Echo:
    """Counts what it repeated. It does not hear its own repetitions, and comes back when the broker does."""

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        self.heard = 0
        self.repeated = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="demo-echo", protocol=mqtt.MQTTv5)
        self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(_RECONNECT_S, _RECONNECT_S)
        self._client.on_socket_open = _no_delay
        self._client.on_connect = self._subscribe
        self._client.on_message = self._repeat
        self._client.connect(host, port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _subscribe(
        self, client: mqtt.Client, data: Any, flags: mqtt.ConnectFlags, code: ReasonCode, properties: Properties | None
    ) -> None:
        client.subscribe(of_all_agents(Leaf.EVENTS), options=SubscribeOptions(qos=1, noLocal=True))

    def _repeat(self, client: mqtt.Client, data: Any, message: mqtt.MQTTMessage) -> None:
        self.heard += 1
        if self.heard % _EVERY == 0:
            client.publish(message.topic, message.payload, qos=1)
            self.repeated += 1


def _no_delay(client: mqtt.Client, data: Any, line: Any) -> None:
    if isinstance(line, socket.socket):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
