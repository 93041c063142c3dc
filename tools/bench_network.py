"""A network with a latency of its own: what goes through these proxies arrives half a round trip later.

The kernel's own way (netem) needs a right that machines for tests do not give. A TCP connection to a proxy on loopback
is made at once, so the first bytes wait one round trip more: that of the handshake that they would have waited for.
Neither loss nor jitter is modelled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

HOST = "127.0.0.1"
_CHUNK = 65_536
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
        server = await asyncio.start_server(_connection(port, delay), HOST, 0, backlog=_BACKLOG)
        streams.append(server.sockets[0].getsockname()[1])
    datagrams = []
    for port in udp:
        transport, _ = await loop.create_datagram_endpoint(lambda port=port: _Datagrams(port, delay), (HOST, 0))  # type: ignore[misc] # the default binds the loop's value
        datagrams.append(transport.get_extra_info("sockname")[1])
    told.send((tuple(streams), tuple(datagrams)))
    await asyncio.Event().wait()


def _connection(port: int, delay: float):  # type: ignore[no-untyped-def] # noqa: ANN202 - asyncio's own callback type
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _carry(reader, far_writer, delay, first=2 * delay), _carry(far_reader, writer, delay, first=0.0)
        )

    return connected


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, *, first: float) -> None:
    """Bytes in their order, each *delay* after it came; the first ones not before the connection is *first* old."""
    loop = asyncio.get_running_loop()
    opened = loop.time() + first
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                writer.close()
                return
            writer.write(data)

    arriving = asyncio.create_task(arrive())
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            under_way.put_nowait((max(loop.time(), opened) + delay, data))
    under_way.put_nowait((loop.time() + delay, b""))
    with contextlib.suppress(OSError):
        await arriving


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
