"""A Mosquitto of our own for the demo and the tests: loopback only, one account an agent, each on its own four topics.
With certificates it also listens on the network, and there it speaks TLS only.

It keeps nothing on disk: after a kill the link sends lists and receipts again, and the agents what has no receipt.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from server.machines.broker import password_line, put_account, tls_listener
from server.machines.keys import Files
from wire.messages import MAX_LIST_BYTES
from wire.topics import PREFIX, SERVER_NAME, Leaf, is_agent_name

HOST = "127.0.0.1"
MISSING = "The MQTT broker Mosquitto is not installed. Install it: sudo apt-get install mosquitto"
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin")  # Debian keeps it off an ordinary user's path
_STARTS_WITHIN_S = 10.0
_STOPS_WITHIN_S = 5.0

_ACL = f"""\
user {SERVER_NAME}
topic readwrite prolab/#

pattern write {PREFIX}/%u/{Leaf.EVENTS}
pattern write {PREFIX}/%u/{Leaf.STATUS}
pattern read {PREFIX}/%u/{Leaf.ACCESS_LIST}
pattern read {PREFIX}/%u/{Leaf.RECEIPT}
"""


class BrokerMissing(RuntimeError):  # noqa: N818 — what is wrong is the name
    """There is no Mosquitto on this computer; the text says how to get it."""


class Broker:
    """One Mosquitto process on a free loopback port, which it keeps over kills and restarts.

    Start it from a thread that lives as long as the broker should: the kernel ends it with the thread that started it.
    """

    def __init__(self, directory: Path, certificates: Files | None = None, tls_port: int | None = None) -> None:
        """``directory``: where its configuration and its log go. ``tls_port``: None for any free one. Raises BrokerMissing."""
        self._program = find_mosquitto()
        self._certificates = certificates
        self.tls_port = tls_port or _free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._write("broker.conf", self._configuration())
        self._write("broker.acl", _ACL)
        self._write("broker.passwords", "")

    @property
    def pid(self) -> int | None:
        """Its process, None while it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and running else None

    def add_user(self, name: str, password: str) -> None:
        """An account for an agent, or for ``server``. A running broker reads it at once. Raises ValueError."""
        if name != SERVER_NAME and not is_agent_name(name):
            raise ValueError(f"{name!r} cannot name an account at the broker")
        put_account(self._directory / "broker.passwords", password_line(name, password))
        if self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    def start(self) -> None:
        """Start it and wait until it takes connections. Raises RuntimeError with the end of its log if it does not."""
        if self.pid is not None:
            return
        with (self._directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_dies_with_us(), self._program, "-c", str(self._directory / "broker.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Mosquitto did not start: {self._last_words()}")
            time.sleep(0.005)

    def kill(self) -> None:
        """As a power cut would: nothing is said, nothing is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def _last_words(self) -> str:
        return (self._directory / "broker.log").read_text(errors="replace")[-500:].strip()

    def _configuration(self) -> str:
        lines = [
            f"listener {self.port} {HOST}",
            *([] if self._certificates is None else tls_listener(self.tls_port, self._certificates)),
            "allow_anonymous false",
            f"password_file {self._directory / 'broker.passwords'}",
            f"acl_file {self._directory / 'broker.acl'}",
            f"pid_file {self._directory / 'broker.pid'}",
            "persistence false",
            "set_tcp_nodelay true",  # without it a QoS 1 round trip takes 83 ms instead of half a millisecond
            "max_inflight_messages 0",  # each client says itself how many it can hold
            "max_queued_messages 100000",
            f"max_packet_size {MAX_LIST_BYTES + 1024 * 1024}",
            "log_dest stderr",
            "log_timestamp_format %Y-%m-%dT%H:%M:%S",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes a user who may not read these files, and ends on SIGHUP
        return "".join(f"{line}\n" for line in lines)

    def _write(self, name: str, text: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / name
        path.touch(mode=0o600)
        path.write_text(text)


def find_mosquitto() -> str:
    """Its path. Raises BrokerMissing."""
    folders = os.pathsep.join((os.environ.get("PATH", ""), *_SBIN))
    program = shutil.which("mosquitto", path=folders)
    if program is None:
        raise BrokerMissing(MISSING)
    return program


def _dies_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
