"""Serves the door for new agents with TLS, by the standard library alone: each connection in a thread of its own.

Who says nothing, or little by little, is cut off after a few seconds and keeps nobody else waiting: the handshake is made in
the connection's own thread. One request a connection; there are two addresses and little to say.
"""

import logging
import signal
import ssl
from contextlib import suppress
from socket import AF_INET, AF_INET6, SHUT_RDWR, socket
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Thread, Timer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from server.machines.keys import Files
from server.pages.pairing.door import create_door
from server.settings import Settings

EACH_WORD_S, ALL_IN_ALL_S = 5.0, 15.0
AT_ONCE = 64
log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises OSError where the port is taken or the certificates cannot be read."""
    door = serve(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: Thread(target=door.shutdown).start())
    log.info("the door for new agents is open at %s:%d", *door.server_address[:2])
    with door:
        door.serve_forever()


def serve(settings: Settings) -> "Door":
    """The door, bound to its port."""
    files = Files(settings.keys_dir)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.server, files.server_key)
    door = Door((settings.pairing.host, settings.pairing.port), context)
    door.set_app(create_door(settings))
    return door


class Door(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self._context = context
        self._places = BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Quiet)

    def server_bind(self) -> None:
        """Without asking the network for our own name, as HTTPServer does: that may take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "prolab", self.server_address[1]
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(EACH_WORD_S)
        line: list[socket] = [request]  # once it is encrypted it is another object
        late = Timer(ALL_IN_ALL_S, lambda: _hang_up(line[0]))
        late.daemon = True
        late.start()
        try:
            with self._context.wrap_socket(request, server_side=True) as encrypted:
                line[0] = encrypted
                super().finish_request(encrypted, client_address)
        finally:
            late.cancel()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a connection ended early")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — named so above
        """Addresses of people are nobody's business here."""


def _hang_up(line: socket) -> None:
    with suppress(OSError):
        line.shutdown(SHUT_RDWR)
