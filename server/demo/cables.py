"""The network cables between the demo's agents and the broker: one loopback port an agent, which can be pulled out.

Each carries bytes both ways and knows nothing of MQTT. A pulled cable drops what it carried and takes no connection,
as a switch without power does; the agent finds out and keeps its events until it is plugged in again.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
_CHUNK = 65536
_STARTED_WITHIN_S = 10.0


class Cables:
    """One cable for each name, to the broker at ``host`` and ``port``. A context manager; the loop has its own thread."""

    def __init__(self, names: Iterable[str], host: str, port: int) -> None:
        self._broker = (host, port)
        self._names = tuple(names)
        self.ports: dict[str, int] = {}
        self.pulled: set[str] = set()
        self._carried: dict[str, set[asyncio.StreamWriter]] = {name: set() for name in self._names}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="cables", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._servers = [self._run(self._lay(name)) for name in self._names]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name in self._names:
            self.pull(name)
        self._run(self._take_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def pull(self, name: str) -> None:
        self.pulled.add(name)
        self._run(self._drop(name))

    def plug(self, name: str) -> None:
        self.pulled.discard(name)

    async def _lay(self, name: str) -> asyncio.Server:
        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._carry(name, reader, writer)

        server = await asyncio.start_server(carry, "127.0.0.1", 0)
        self.ports[name] = server.sockets[0].getsockname()[1]
        return server

    async def _carry(self, name: str, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        if name in self.pulled:
            near_out.close()
            return
        try:
            far_in, far_out = await asyncio.open_connection(*self._broker)
        except OSError:  # the broker is away; the agent tries again
            near_out.close()
            return
        self._carried[name] |= {near_out, far_out}
        await asyncio.gather(_pump(near_in, far_out), _pump(far_in, near_out))
        self._carried[name] -= {near_out, far_out}

    async def _drop(self, name: str) -> None:
        for writer in self._carried[name]:
            writer.close()

    async def _take_up(self) -> None:
        for server in self._servers:
            server.close()
        carrying = asyncio.all_tasks() - {asyncio.current_task()}
        if carrying:
            await asyncio.wait(carrying, timeout=2)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STARTED_WITHIN_S)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side is gone; then the other goes too."""
    with suppress(OSError):  # the cable was pulled under it
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
