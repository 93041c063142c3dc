"""Handshakes: what a browser would accept or refuse, and which TLS versions a server agrees to."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from checks import __version__
from checks.evidence import Accepted, Group, Leaf, Multiplexed, Protocols, Refused, Silence, Suites
from checks.frozen import dataclass
from checks.pool import Pool
from checks.world.certificate import leaf_of, link_of
from checks.world.deadline import Deadline
from checks.world.exchange import FINITE, group_size
from checks.world.frames import spoken
from checks.world.hello import VERSIONS, WEAK, Word, client_hello, first_word
from checks.world.memo import Memo
from checks.world.names import ascii_name, literal
from checks.world.network import Network
from checks.world.trust import Trust
from checks.world.wire import Unanswered, Wire, dial, why

HTTPS = 443
_HTTP2 = "h2"
# OpenSSL's X509_FILETYPE_ASN1.
_DER = 2
Addresses = Callable[[str], tuple[str, ...] | Silence]
Words = Mapping[str, Word | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A hello; *version* is the one that an acceptance has to be of, any when it is empty.

    *closing* is what it means when the server hangs up instead of answering.
    """

    hello: bytes
    version: str
    closing: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTls:
    """Answers ``checks.world.ports.Tls`` from the network; *addresses* resolves a host."""

    network: Network
    trust: Trust
    addresses: Addresses
    memo: Memo

    def handshake(self, host: str, *, port: int = HTTPS, address: str | None = None) -> Accepted | Refused | Silence:
        """One verified handshake and a HEAD request, shared within the attempt."""
        name = literal(host) or ascii_name(host)
        return self.memo.once(("handshake", name, port, address), lambda: self._handshake(name, port, address))

    def protocols(self, host: str, *, port: int = HTTPS) -> Protocols | Silence:
        """The four versions, asked at the same time, each on a connection of its own."""
        name = literal(host) or ascii_name(host)
        return self.memo.once(("protocols", name, port), lambda: self._protocols(name, port))

    def suites(self, host: str, *, port: int = HTTPS) -> Suites | Silence:
        """The kinds of weak suites, offered at the same time, each on a connection of its own."""
        name = literal(host) or ascii_name(host)
        return self.memo.once(("suites", name, port), lambda: self._suites(name, port))

    def group(self, host: str, *, port: int = HTTPS) -> Group | Silence:
        """The group of a server that is left no other choice."""
        name = literal(host) or ascii_name(host)
        return self.memo.once(("group", name, port), lambda: self._group(name, port))

    def http2(self, host: str, *, port: int = HTTPS) -> Multiplexed | Refused | Silence:
        """One handshake that verifies nothing, and one request by HTTP/2 where that is agreed on."""
        name = literal(host) or ascii_name(host)
        return self.memo.once(("http2", name, port), lambda: self._http2(name, port))

    def _handshake(self, host: str, port: int, address: str | None) -> Accepted | Refused | Silence:
        context = self.trust.browser()
        found = (address,) if address else self.addresses(host)
        if isinstance(found, Silence):
            return found
        try:
            with self._dialled(found, port) as (wire, at):
                return self._shaken(wire, context, host, port, at)
        except Unanswered as error:
            return Silence(where=f"{host}:{port}", reason=str(error))

    def _shaken(self, wire: Wire, context: ssl.SSLContext, host: str, port: int, at: str) -> Accepted | Refused:
        try:
            secured = secure(wire, context, host)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise Unanswered(f"{at}: the connection was closed during the handshake") from error
        except ssl.SSLError as error:
            # The server answered and a browser would refuse it: evidence, not the absence of evidence.
            code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
            leaf = self._unverified_leaf(wire.deadline, host, port, at)
            return Refused(host=host, address=at, reason=why(error), code=code, leaf=leaf)
        except OSError as error:
            raise Unanswered(f"{at}: {why(error)} during the handshake") from error
        with contextlib.closing(secured):
            return _accepted(secured, host, port, at)

    def _unverified_leaf(self, deadline: Deadline, host: str, port: int, at: str) -> Leaf | None:
        try:
            wire, _ = dial((at,), port, routes=self.network.routes, deadline=deadline)
            with contextlib.closing(wire), contextlib.closing(secure(wire, self.trust.blind(), host)) as secured:
                return _leaf(secured)
        except (OSError, Unanswered):
            return None

    def _protocols(self, host: str, port: int) -> Protocols | Silence:
        said = self._said(host, port, {each: Offer(hello=client_hello(host, each), version=each) for each in VERSIONS})
        if isinstance(said, Silence):
            return said
        at, newest_first = said
        words = {each: newest_first[each] for each in reversed(VERSIONS)}
        return Protocols(
            host=host,
            address=at,
            accepted=_those(words, "accepted"),
            refused=_those(words, "refused"),
            unclear=_those(words, None),
        )

    def _suites(self, host: str, port: int) -> Suites | Silence:
        """Some close without a word when nothing on offer suits them; some agree by an older version."""
        offers = {
            kind: Offer(hello=client_hello(host, "1.2", suites), version="", closing="refused")
            for kind, suites in WEAK.items()
        }
        said = self._said(host, port, offers)
        if isinstance(said, Silence):
            return said
        at, words = said
        return Suites(
            host=host,
            address=at,
            accepted=_those(words, "accepted"),
            refused=_those(words, "refused"),
            unclear=_those(words, None),
        )

    def _group(self, host: str, port: int) -> Group | Silence:
        found = self.addresses(host)
        if isinstance(found, Silence):
            return found
        try:
            with self._dialled(found, port) as (wire, at):
                size = _size(wire, client_hello(host, "1.2", FINITE))
                bits = size if isinstance(size, int) else None
                return Group(host=host, address=at, bits=bits, unclear=size is None)
        except Unanswered as error:
            return Silence(where=f"{host}:{port}", reason=str(error))

    def _http2(self, host: str, port: int) -> Multiplexed | Refused | Silence:
        context = self.trust.multiplexing()
        found = self.addresses(host)
        if isinstance(found, Silence):
            return found
        try:
            with self._dialled(found, port) as (wire, at), contextlib.closing(secure(wire, context, host)) as secured:
                socket = secured.socket
                agreed = socket.selected_alpn_protocol() if isinstance(socket, ssl.SSLSocket) else None
                named = host_header(host, port, HTTPS)
                trouble = spoken(secured, named, f"checks/{__version__}") if agreed == _HTTP2 else ""
                return Multiplexed(host=host, address=at, agreed=agreed or "", trouble=trouble)
        except ssl.SSLError as error:
            return Refused(host=host, address=found[0], reason=why(error))
        except Unanswered as error:
            return Silence(where=f"{host}:{port}", reason=str(error))
        except OSError as error:
            return Silence(where=f"{host}:{port}", reason=f"{why(error)} during the handshake")

    def _said(self, host: str, port: int, offers: Mapping[str, Offer]) -> tuple[str, Words] | Silence:
        """The address, and what is said there to each offer; the first goes over the connection that found it."""
        found = self.addresses(host)
        if isinstance(found, Silence):
            return found
        try:
            # Not the standard executor, whose threads keep an interrupted process until the server has answered.
            with self._dialled(found, port) as (wire, at), contextlib.closing(Pool(len(offers))) as pool:
                another = partial(dial, (at,), port, routes=self.network.routes, deadline=wire.deadline)
                ways = (lambda: wire, *[lambda: another()[0]] * (len(offers) - 1))
                asked = {
                    name: pool.submit(partial(_word, connect, offer))
                    for (name, offer), connect in zip(offers.items(), ways, strict=True)
                }
                return at, {name: word.result() for name, word in asked.items()}
        except Unanswered as error:
            return Silence(where=f"{host}:{port}", reason=str(error))

    @contextlib.contextmanager
    def _dialled(self, found: tuple[str, ...], port: int) -> Iterator[tuple[Wire, str]]:
        deadline = Deadline.after(self.network.clock, self.network.budget.look)
        wire, at = dial(found, port, routes=self.network.routes, deadline=deadline)
        with contextlib.closing(wire):
            yield wire, at


def _word(connect: Callable[[], Wire], offer: Offer) -> Word | None:
    """What the server says to one offer; None when it says nothing, or nothing that can be understood."""
    try:
        wire = connect()
    except (OSError, Unanswered):
        return None
    with contextlib.closing(wire):
        try:
            wire.send(offer.hello)
            return first_word(wire, offer.version)
        except (ConnectionError, Unanswered):
            return offer.closing
        except OSError:
            return None


def _size(wire: Wire, hello: bytes) -> int | Word | None:
    """The bits of the server's group; to keep silent is neither to agree nor to refuse."""
    try:
        wire.send(hello)
        return group_size(wire)
    except OSError:
        return None


def _those(words: Words, wanted: Word | None) -> tuple[str, ...]:
    return tuple(name for name, word in words.items() if word == wanted)


def secure(wire: Wire, context: ssl.SSLContext, host: str) -> Wire:
    """The same connection under TLS. Raises ssl.SSLError when the handshake is refused, OSError when it is lost."""
    wire.socket.settimeout(wire.deadline.left())
    # A connection that is cut off without a goodbye must be told from one that ended.
    return Wire(context.wrap_socket(wire.socket, server_hostname=host, suppress_ragged_eofs=False), wire.deadline)


def host_header(host: str, port: int, usual: int) -> str:
    """The value of the Host header."""
    bare = f"[{host}]" if ":" in host else host
    return bare if port == usual else f"{bare}:{port}"


def _accepted(secured: Wire, host: str, port: int, at: str) -> Accepted | Refused:
    # Under TLS 1.3 a server that demands a client certificate says so only after the handshake has returned.
    request = (
        f"HEAD / HTTP/1.1\r\nHost: {host_header(host, port, HTTPS)}\r\n"
        f"User-Agent: checks/{__version__}\r\nConnection: close\r\n\r\n"
    )
    leaf: Leaf | None = None
    try:
        secured.send(request.encode("ascii"))
        # Read while the server thinks about its answer.
        leaf = _leaf(secured)
        answered = secured.receive()
    except TimeoutError as error:
        raise Unanswered(f"{at}: no answer to a request in time, after a handshake that was fine") from error
    except OSError as error:
        return Refused(host=host, address=at, reason=f"after the handshake: {why(error)}", leaf=leaf or _leaf(secured))
    if not answered:
        reason = "after the handshake: the connection was closed without an answer to a request"
        return Refused(host=host, address=at, reason=reason, leaf=leaf)
    return _facts(secured, host, at, leaf)


def _facts(secured: Wire, host: str, at: str, leaf: Leaf | None) -> Accepted | Refused:
    socket = secured.socket
    if leaf is None or not isinstance(socket, ssl.SSLSocket):
        return Refused(host=host, address=at, reason="the certificate cannot be read")
    cipher = socket.cipher()
    return Accepted(
        host=host,
        address=at,
        version=socket.version() or "",
        cipher=cipher[0] if cipher else "",
        leaf=leaf,
        chain=_chain(socket),
    )


def _chain(socket: ssl.SSLSocket) -> tuple[tuple[str, str], ...]:
    """The certificates as they were sent; none where Python or a certificate does not let them be read."""
    try:
        # Public from Python 3.13 on; until then the same method of what an SSLSocket is made of.
        if hasattr(socket, "get_unverified_chain"):
            return tuple(link_of(each) for each in socket.get_unverified_chain())
        inner: Any = socket._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - see above
        return tuple(link_of(each.public_bytes(_DER)) for each in inner.get_unverified_chain() or ())
    except (AttributeError, ValueError, ssl.SSLError):
        return ()


def _leaf(secured: Wire) -> Leaf | None:
    der = secured.socket.getpeercert(binary_form=True) if isinstance(secured.socket, ssl.SSLSocket) else None
    if not der:
        return None
    try:
        return leaf_of(der)
    except ValueError:
        return None
