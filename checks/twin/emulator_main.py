"""The emulator's process: MiniStack with its known gaps closed, on one HTTPS port of loopback.

Run by `checks.twin.emulator`; its whole configuration is one JSON argument and the environment it is given.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import sys
from asyncio import sslproto
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.twin import generation, loopback
from checks.twin.processes import report_ready

if TYPE_CHECKING:
    from hypercorn.asyncio.tcp_server import TCPServer

Scope = dict[str, Any]
Channel = Callable[..., Awaitable[Any]]
Application = Callable[[Scope, Channel, Channel], Awaitable[None]]
_READS = (b"Describe", b"List", b"Get")
# What asyncio holds for each TLS connection, read or not: 256 KB by itself, of which hundreds of connections that are
# kept alive for a while make a gigabyte.
_READ_AT_ONCE = 32 * 1024
# Each request makes thousands of objects that refer to each other for a moment: looked through as rarely as this, most
# of them are gone by then.
_LOOKED_THROUGH = (10_000, 20, 20)


def main(arguments: dict[str, str]) -> None:
    """Serve until told to stop. Ends at once when a gap does not fit this MiniStack."""
    listener = loopback.listen("127.0.0.1", int(arguments["port"]))
    port = listener.getsockname()[1]
    # MiniStack reads both while it is imported; functions must not inherit the path to this package.
    os.environ["GATEWAY_PORT"] = str(port)
    os.environ.pop("PYTHONPATH", None)
    generation.create(Path(arguments["generation"]))
    move = generation.writer(Path(arguments["generation"]))
    from checks.twin import gaps

    gaps.close_all(gaps.Grounds(move=move, authority=Path(arguments["authority"]), leaves=Path(arguments["leaves"])))
    # This process has begun with nothing in it: whoever knew more must ask again.
    move()
    asyncio.run(_serve(listener, arguments, move))


async def _serve(listener: socket.socket, arguments: dict[str, str], move: Callable[[], None]) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.asyncio.tcp_server import TCPServer
    from hypercorn.config import Config
    from ministack.app import app

    let_go(TCPServer)
    sslproto.SSLProtocol.max_size = _READ_AT_ONCE
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    config.certfile, config.keyfile = arguments["certificate"], arguments["key"]
    gc.set_threshold(*_LOOKED_THROUGH)
    # Read by now, and not meant for the functions that inherit the rest.
    os.environ.pop("LOG_LEVEL", None)
    port = listener.getsockname()[1]
    asyncio.get_running_loop().call_later(0, report_ready, arguments["ready"], {"port": port})
    # ASGI's own types are closer than what MiniStack keeps to.
    # A trigger that never comes leaves SIGTERM to the system: nothing here is worth a farewell, nothing is kept.
    await serve(_counted(app, move), config, shutdown_trigger=asyncio.Event().wait)  # type: ignore[arg-type]


def let_go(server: type[TCPServer]) -> None:
    """Have a connection end when its client has left.

    Hypercorn 0.18 waits for the end of its idle time, 75 s: a twin that is verified without a pause would hold some
    nine thousand connections to nobody, half a gigabyte.
    """
    read = server._read_data  # noqa: SLF001 - nothing public comes between the client's end and the wait

    async def read_to_the_end(self: TCPServer) -> None:
        try:
            await read(self)
        finally:
            await self.idle_task.stop()

    server._read_data = read_to_the_end  # type: ignore[method-assign]  # noqa: SLF001 - see above


def _counted(app: Application, move: Callable[[], None]) -> Application:
    """The application, with each change of what edge and name servers show counted before the answer goes out."""

    async def counted(scope: Scope, receive: Channel, send: Channel) -> None:
        async def tell(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and _changes(scope):
                move()
            await send(message)

        await app(scope, receive, tell)

    return counted


def _changes(scope: Scope) -> bool:
    """The request may have changed CloudFront, ACM or Route 53; the emulator's own controls count as well."""
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
        return False
    if scope["path"].startswith("/_ministack"):
        return True
    headers = dict(scope["headers"])
    signed_for = headers.get(b"authorization", b"").partition(b"Credential=")[2].split(b"/")[3:4]
    operation = headers.get(b"x-amz-target", b"").rpartition(b".")[2]
    return signed_for[:1] in ([b"cloudfront"], [b"acm"], [b"route53"]) and not operation.startswith(_READS)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
