"""A network with a latency of its own: what goes through these proxies arrives half a round trip later.

The kernel's own way (netem) needs a right that machines for tests do not give. A TCP connection to a proxy on loopback
is made at once, so the first bytes wait one round trip more: that of the handshake that they would have waited for.
Neither loss nor jitter is modelled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

HOST = "127.0.0.1"
_BACKLOG = 1024

Tcp = tuple[int, ...]


@contextlib.contextmanager
def delayed(*, tcp: Tcp, udp: Tcp, round_trip_s: float) -> Iterator[tuple[Tcp, Tcp]]:
    """Ports that lead to the ports *tcp* and *udp* of this machine, *round_trip_s* away; a process of its own."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(tcp, udp, round_trip_s / 2, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join(timeout=10)


def _serve(tcp: Tcp, udp: Tcp, delay: float, told: Connection) -> None:
    asyncio.run(_run(tcp, udp, delay, told))


async def _run(tcp: Tcp, udp: Tcp, delay: float, told: Connection) -> None:
    loop = asyncio.get_running_loop()
    streams = []
    for port in tcp:
        server = await loop.create_server(lambda port=port: _Near(port, delay), HOST, 0, backlog=_BACKLOG)  # type: ignore[misc] # the default binds the loop's value
        streams.append(server.sockets[0].getsockname()[1])
    datagrams = []
    for port in udp:
        transport, _ = await loop.create_datagram_endpoint(lambda port=port: _Datagrams(port, delay), (HOST, 0))  # type: ignore[misc] # the default binds the loop's value
        datagrams.append(transport.get_extra_info("sockname")[1])
    told.send((tuple(streams), tuple(datagrams)))
    # Nothing more is ever told: what can be read here is that whoever started this has gone, killed or not.
    gone = asyncio.Event()
    loop.add_reader(told.fileno(), gone.set)
    await gone.wait()


class _Way:
    """One direction of a connection: bytes in their order, each *delay* after it came, none before *not_before*.

    Nothing but callbacks: what a task and a queue for each direction would cost, whoever is measured would wait for.
    """

    def __init__(self, delay: float, not_before: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay = delay
        self._not_before = not_before
        self._under_way: deque[bytes] = deque()
        self._arrived: list[bytes] = []
        self._to: asyncio.WriteTransport | None = None

    def leads_to(self, transport: asyncio.WriteTransport) -> None:
        """What has arrived meanwhile is handed on."""
        self._to = transport
        for data in self._arrived:
            self._hand_on(data)

    def send(self, data: bytes) -> None:
        """Nothing at all is the end."""
        self._under_way.append(data)
        self._loop.call_at(max(self._loop.time(), self._not_before) + self._delay, self._arrive)

    def _arrive(self) -> None:
        # The clock may give the same moment to two of them, and a heap knows no order among equals.
        data = self._under_way.popleft()
        if self._to is None:
            self._arrived.append(data)
        else:
            self._hand_on(data)

    def _hand_on(self, data: bytes) -> None:
        if self._to is not None and not self._to.is_closing():
            self._to.write(data) if data else self._to.close()


class _End(asyncio.Protocol):
    """One end of a connection: what comes goes on its way."""

    def __init__(self, way: _Way) -> None:
        self._way = way

    def data_received(self, data: bytes) -> None:
        self._way.send(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ended
        self._way.send(b"")


class _Near(asyncio.Protocol):
    """The end that is asked, and with it the connection to the far one."""

    def __init__(self, port: int, delay: float) -> None:
        self._port = port
        self._delay = delay
        opened = asyncio.get_running_loop().time()
        self._there = _Way(delay, opened + 2 * delay)
        self._back = _Way(delay, opened)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        near = cast("asyncio.Transport", transport)
        self._back.leads_to(near)
        self._opening = asyncio.get_running_loop().create_task(self._open(near))

    async def _open(self, near: asyncio.Transport) -> None:
        try:
            far, _ = await asyncio.get_running_loop().create_connection(lambda: _End(self._back), HOST, self._port)
        except OSError:
            near.close()
            return
        self._there.leads_to(far)

    def data_received(self, data: bytes) -> None:
        self._there.send(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it ended
        self._there.send(b"")


class _Datagrams(asyncio.DatagramProtocol):
    """Questions of many askers, each over a socket of its own, answers back to whoever asked."""

    def __init__(self, port: int, delay: float) -> None:
        self._port = port
        self._delay = delay
        self._near: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # asyncio types it wider
        self._near = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(self._delay, self._send, data, addr)

    def _send(self, data: bytes, asker: tuple[str, int]) -> None:
        asyncio.get_running_loop().create_task(self._ask(data, asker))

    async def _ask(self, data: bytes, asker: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Answer(answer), remote_addr=(HOST, self._port))
        transport.sendto(data)
        try:
            told = await asyncio.wait_for(answer, timeout=10)
        except TimeoutError:
            return
        finally:
            transport.close()
        if self._near is not None:
            loop.call_later(self._delay, self._near.sendto, told, asker)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the only server there is
        if not self._answer.done():
            self._answer.set_result(data)
