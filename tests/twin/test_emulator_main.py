"""The emulator's process holds no connection to a client that has left."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest
from hypercorn.asyncio import serve
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.config import Config

from checks.twin.emulator_main import Channel, Scope, let_go

_REQUEST = b"GET / HTTP/1.1\r\nHost: twin\r\n\r\n"


@pytest.mark.parametrize(("lets_go", "left"), ((True, 0), (False, 1)))
def test_a_connection_ends_with_its_client(monkeypatch: pytest.MonkeyPatch, *, lets_go: bool, left: int) -> None:
    """Without help it is kept for as long as an idle client is waited for."""
    # Put back afterwards, whatever becomes of it.
    monkeypatch.setattr(TCPServer, "_read_data", TCPServer._read_data)
    if lets_go:
        let_go(TCPServer)

    # Who lets go needs a few turns of the loop; who does not has an hour to go.
    assert (b"HTTP/1.1 200 ", left) == asyncio.run(_visited(patience=30 if lets_go else 0.5))


async def _visited(*, patience: float) -> tuple[bytes, int]:
    """How a client was answered, and how many connections are left *patience* s after it, at the latest."""
    listener = socket.create_server(("127.0.0.1", 0))
    where = listener.getsockname()
    config = Config()
    # Which is the server's own from here on.
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 3600
    config.graceful_timeout = 0.1
    over = asyncio.Event()
    # ASGI's own types are closer than a dictionary.
    server = asyncio.create_task(serve(_application, config, shutdown_trigger=over.wait))  # type: ignore[arg-type]
    reader, writer = await asyncio.open_connection(*where)
    writer.write(_REQUEST)
    answer = await asyncio.wait_for(reader.readexactly(13), 30)
    assert 1 == _connections()
    writer.close()
    await writer.wait_closed()
    limit = time.monotonic() + patience
    while _connections() and time.monotonic() < limit:  # noqa: ASYNC110 - nothing tells of a task in other hands
        await asyncio.sleep(0.01)
    left = _connections()
    over.set()
    await asyncio.wait_for(server, 30)
    return answer, left


def _connections() -> int:
    return sum("_idle_timeout" in repr(each.get_coro()) for each in asyncio.all_tasks())


async def _application(scope: Scope, receive: Channel, send: Channel) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        return
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})
