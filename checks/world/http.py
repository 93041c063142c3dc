"""Requests: one connection, one request, one answer, one deadline. No redirects, no proxies, no cookies."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from checks import __version__
from checks.evidence import Response, Silence
from checks.frozen import dataclass
from checks.model import CannotLook
from checks.world.deadline import Deadline
from checks.world.memo import Memo
from checks.world.message import Message, read_message
from checks.world.names import ascii_name, literal
from checks.world.network import Network
from checks.world.ports import MOST_BODY
from checks.world.tls import Addresses, host_header, secure
from checks.world.trust import Trust
from checks.world.wire import Unanswered, Wire, dial, why

_PORTS = {"http": 80, "https": 443}
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHOD = re.compile(r"[A-Z]{3,20}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What a URL may carry as it is (RFC 3986), the percent sign of what is already quoted included.
_PLAIN = "!#$%&'()*+,/:;=?@[]~"
# Codecs by name are chosen by the server, and some of Python's are no text encodings at all.
_CHARSETS = {
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "us-ascii": "ascii",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
}
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, checked and ready to be sent. *host* is a name or an address; *head* ends with its blank line."""

    url: str
    method: str
    host: str
    port: int
    secure: bool
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RealHttp:
    """Answers ``checks.world.ports.Http`` from the network; *addresses* resolves a host."""

    network: Network
    trust: Trust
    addresses: Addresses
    memo: Memo

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = MOST_BODY,
    ) -> Response | Silence:
        """One answer, at most *most* bytes of it; equal GET, HEAD and OPTIONS requests share it within the attempt.

        Who wants a second answer to the same request asks ``world.again()``.
        Raises CannotLook for a request that cannot be made, such as one to ftp or with a line break in a header.
        """
        request = request_to(url, method=method, headers=headers or {}, body=body)
        if method not in _REPEATABLE:
            return self._fetch(request, most)
        return self.memo.once(("fetch", request, most), lambda: self._fetch(request, most))

    def _fetch(self, request: Request, most: int) -> Response | Silence:
        context = self.trust.browser() if request.secure else None
        found = self.addresses(request.host)
        if isinstance(found, Silence):
            return found
        deadline = Deadline.after(self.network.clock, self.network.budget.look)
        where = f"{request.host}:{request.port}"
        try:
            wire, at = dial(found, request.port, routes=self.network.routes, deadline=deadline)
        except Unanswered as error:
            return Silence(where=where, reason=str(error))
        with contextlib.closing(wire):
            try:
                wire = secure(wire, context, request.host) if context else wire
                with contextlib.closing(wire):
                    return _response(request, at, _exchange(wire, request, most))
            except Unanswered as error:
                return Silence(where=where, reason=f"{at}: {error}")
            except OSError as error:
                return Silence(where=where, reason=f"{at}: {why(error)}")


def request_to(url: str, *, method: str, headers: Mapping[str, str], body: bytes | None) -> Request:
    """The request in bytes. Raises CannotLook when *url*, *method* or *headers* cannot be sent as they are."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise CannotLook(f"{url!r} is not a URL: {error}", final=True) from error
    if not port or not parts.hostname or "@" in parts.netloc:
        raise CannotLook(f"{url!r} is not a URL to fetch: expected http or https, a host, no user name", final=True)
    if not _METHOD.fullmatch(method):
        raise CannotLook(f"{method!r} is not an HTTP method", final=True)
    host = literal(parts.hostname) or ascii_name(parts.hostname)
    target = quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", *_fields(host_header(host, port, _PORTS[parts.scheme]), headers, body)]
    return Request(
        url=url,
        method=method,
        host=host,
        port=port,
        secure=parts.scheme == "https",
        head="\r\n".join([*lines, "", ""]).encode("latin-1"),
        body=body or b"",
    )


def _fields(host: str, headers: Mapping[str, str], body: bytes | None) -> list[str]:
    given = {name.lower(): (name, value) for name, value in headers.items()}
    usual = {"Host": host, "User-Agent": f"checks/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
    fields = [(name, value) for name, value in usual.items() if name.lower() not in given]
    fields += [(name, value) for name, value in given.values() if name.lower() not in {"connection", "content-length"}]
    fields += [("Content-Length", str(len(body)))] if body is not None else []
    for name, value in fields:
        if not _HEADER_NAME.fullmatch(name) or any(sign in value for sign in "\r\n\0") or not _is_latin(value):
            raise CannotLook(
                f"the header {name!r} cannot be sent: a name is a token, a value has no line break", final=True
            )
    return [f"{name}: {value}" for name, value in [*fields, ("Connection", "close")]]


def _is_latin(value: str) -> bool:
    return all(ord(sign) < 256 for sign in value)  # noqa: PLR2004 - what latin-1 can hold


def _exchange(wire: Wire, request: Request, most: int) -> Message:
    # A server may refuse a body before it has read it; its answer is then worth more than our broken pipe.
    with contextlib.suppress(ConnectionError):
        wire.send(request.head + request.body)
    return read_message(wire, request.method, most)


def _response(request: Request, at: str, message: Message) -> Response:
    declared = _CHARSET.search(next((value for name, value in message.fields if name == "content-type"), ""))
    charset = _CHARSETS.get(declared[1].lower(), "utf-8") if declared else "utf-8"
    return Response(
        url=request.url,
        method=request.method,
        address=at,
        status=message.status,
        headers=message.fields,
        body=message.body.decode(charset, errors="replace"),
        complete=message.complete,
        capped=message.capped,
    )
