"""How gunicorn runs the web process: one worker with threads, more of them than boards may be open.

``gunicorn -c server/deploy/gunicorn_conf.py "server.app:create_app()"``; the address comes from the settings, found as
every command finds them (``PROLAB_CONFIG``, ``./prolab.toml``, ``/etc/prolab/prolab.toml``).
"""

import ctypes
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from server.dashboard.feed import MAX_STREAMS
from server.settings import load_settings

_web = load_settings(None).web
_M_ARENA_MAX = -8  # of mallopt(3) in glibc

wsgi_app = "server.app:create_app()"
bind = f"{_web.host}:{_web.port}"
worker_class = "gthread"
workers = 1  # the pollers of two would do the same work twice; threads are plenty for one lab
threads = MAX_STREAMS + 32
keepalive = 5
graceful_timeout = 5
worker_tmp_dir = "/dev/shm"
control_socket_disable = True  # nobody steers it but its parent
accesslog = None  # addresses of people are nobody's business here


def _allocate_in_one_place() -> None:
    """With a place of its own for each thread, a hundred threads keep ten MiB that others could use; and Python lets one of
    them allocate at a time anyway. Before the first thread begins. Another C library knows nothing of it."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


_allocate_in_one_place()


def post_worker_init(worker: Any) -> None:
    """A stream has no end of its own: all are ended when the worker is told to stop, or it would wait for them."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _streams_first(worker, signal.getsignal(number)))


def worker_exit(server: Any, worker: Any) -> None:
    """Also where no signal came, as when the parent has gone."""
    _end_streams(worker)


def _streams_first(worker: Any, then: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        _end_streams(worker)
        then(number, frame)

    return handle


def _end_streams(worker: Any) -> None:
    if worker.wsgi is not None:
        worker.wsgi.extensions["feed"].stop()
