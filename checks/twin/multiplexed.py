"""One viewer's connection over HTTP/2: many requests at once, each answered as over HTTP/1.1.

RFC 9113. One thread alone touches the connection, because a TLS socket takes no reader beside a writer; each request is
asked for in a thread of its own, which hands over its answer and wakes the first one.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from checks.twin import viewer

_CHUNK = 65_536
# RFC 9113, 8.2.2: fields about a connection have no place in a request or answer that shares it.
_OF_CONNECTIONS = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class _Stream:
    """A request that is arriving, then its answer that is leaving."""

    headers: Headers
    body: bytearray = field(default_factory=bytearray)
    leaving: bytearray | None = None


@dataclass(slots=True)
class _Line:
    """The connection: its state, its streams, and the answers that wait to be sent."""

    connection: ssl.SSLSocket
    counter: viewer.Counter
    wake: socket.socket
    state: H2Connection = field(
        default_factory=lambda: H2Connection(H2Configuration(client_side=False, header_encoding=None))
    )
    streams: dict[int, _Stream] = field(default_factory=dict)
    answers: SimpleQueue[tuple[int, int, Headers, bytes]] = field(default_factory=SimpleQueue)


def serve(connection: ssl.SSLSocket, counter: viewer.Counter) -> None:
    """Answer requests until the viewer leaves. Raises OSError when the viewer is gone."""
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        line = _Line(connection=connection, counter=counter, wake=theirs)
        selector.register(connection, selectors.EVENT_READ)
        selector.register(ours, selectors.EVENT_READ)
        line.state.initiate_connection()
        connection.sendall(line.state.data_to_send())
        patience = connection.gettimeout()
        while ready := selector.select(patience):
            if any(key.fileobj is ours for key, _ in ready):
                ours.recv(_CHUNK)
            if any(key.fileobj is connection for key, _ in ready) and not _hear(line):
                return
            _send(line)


def _hear(line: _Line) -> bool:
    """Take what the viewer has sent; whether the connection goes on."""
    data = line.connection.recv(_CHUNK)
    while line.connection.pending():
        data += line.connection.recv(_CHUNK)
    if not data:
        return False
    try:
        heard = line.state.receive_data(data)
    except ProtocolError:
        # The state has the reason ready, in a frame that ends the connection.
        line.connection.sendall(line.state.data_to_send())
        return False
    return all(_take(line, event) for event in heard)


def _take(line: _Line, event: events.Event) -> bool:
    match event:
        case events.RequestReceived(stream_id=int(stream), headers=headers):
            line.streams[stream] = _Stream(headers=[(bytes(name), bytes(value)) for name, value in headers or []])
        case events.DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
            line.streams[stream].body += data or b""
            line.state.acknowledge_received_data(length or 0, stream)
        case events.StreamEnded(stream_id=int(stream)):
            threading.Thread(target=_ask, args=(line, stream, line.streams[stream]), daemon=True).start()
        case events.StreamReset(stream_id=int(stream)):
            line.streams.pop(stream, None)
        case events.ConnectionTerminated():
            return False
        case _:
            pass
    return True


def _ask(line: _Line, stream: int, asked: _Stream) -> None:
    told = dict(asked.headers)
    request = viewer.Request(
        method=told[b":method"], target=told[b":path"], headers=_fields(asked.headers), body=bytes(asked.body)
    )
    answer = viewer.answer(request, line.counter)
    body = b"".join(answer.body)
    fields = [(name.lower(), value) for name, value in answer.headers if name.lower() not in _OF_CONNECTIONS]
    line.answers.put((stream, answer.status, fields, b"" if request.method == b"HEAD" else body))
    # Nobody is woken on a line that the viewer has hung up meanwhile.
    with contextlib.suppress(OSError):
        line.wake.send(b".")


def _fields(headers: Headers) -> Headers:
    """The fields as HTTP/1.1 has them: a Host, and one Cookie where the viewer sent crumbs (RFC 9113, 8.2.3)."""
    told: Mapping[bytes, bytes] = dict(headers)
    crumbs = [value for name, value in headers if name == b"cookie"]
    plain = [(name, value) for name, value in headers if not name.startswith(b":") and name not in {b"host", b"cookie"}]
    host = told.get(b":authority") or told.get(b"host", b"")
    return [(b"host", host), *plain, *([(b"cookie", b"; ".join(crumbs))] if crumbs else [])]


def _send(line: _Line) -> None:
    """Send what is ready, as far as the viewer's windows are open; the rest goes when it opens them."""
    with contextlib.suppress(Empty):
        while True:
            stream, status, fields, body = line.answers.get_nowait()
            if stream in line.streams:
                line.state.send_headers(stream, [(b":status", b"%d" % status), *fields], end_stream=not body)
                line.streams[stream].leaving = bytearray(body)
    for stream, each in list(line.streams.items()):
        if each.leaving is not None and _let_go(line.state, stream, each.leaving):
            del line.streams[stream]
    line.connection.sendall(line.state.data_to_send())


def _let_go(state: H2Connection, stream: int, leaving: bytearray) -> bool:
    """Whether all of it has left."""
    while leaving:
        room = min(state.local_flow_control_window(stream), state.max_outbound_frame_size, len(leaving))
        if not room:
            return False
        state.send_data(stream, bytes(leaving[:room]), end_stream=room == len(leaving))
        del leaving[:room]
    return True
