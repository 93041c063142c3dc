from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import __version__
from checks.evidence import Response, Silence
from checks.model import CannotLook
from checks.world.ports import MOST_BODY
from tests.world.authorities import NOW, Issuer
from tests.world.servers import (
    HOST,
    Answer,
    closed_port,
    dns_server,
    read_request,
    says,
    tcp_server,
    under_tls,
    waits,
    zone,
)
from tests.world.worlds import world_of

SITE = "site.example"
OK = b"HTTP/1.1 200 OK\r\n"


def _fetch(answer: Answer, *, method: str = "GET", seconds: float = 5.0) -> Response | Silence:
    with tcp_server(answer) as port:
        return world_of(seconds=seconds).http.fetch(f"http://localhost:{port}/", method=method)


def _response(*pieces: bytes, method: str = "GET") -> Response:
    seen = _fetch(says(*pieces), method=method)
    assert isinstance(seen, Response)
    return seen


def _silence(*pieces: bytes) -> str:
    seen = _fetch(says(*pieces))
    assert isinstance(seen, Silence)
    return seen.reason


def _chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return (
        OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks)
        + end
    )


# --- what is asked ----------------------------------------------------------------------------------


def _asked(path: str = "/", **kwargs: object) -> list[str]:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(read_request(connection))
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    with tcp_server(answer) as port:
        world_of().http.fetch(f"http://localhost:{port}{path}", **kwargs)  # type: ignore[arg-type]
    return heard[0].decode("latin-1").replace(f":{port}", "").split("\r\n")


def test_a_request_says_who_asks_and_for_what() -> None:
    """A neutral name, no compression, no wish to stay."""
    expected = [
        "GET /a?b=c HTTP/1.1",
        "Host: localhost",
        f"User-Agent: checks/{__version__}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]

    assert expected == _asked("/a?b=c#fragment")


def test_headers_of_ones_own_replace_the_usual_ones() -> None:
    """In whatever case they are written."""
    lines = _asked(headers={"accept": "text/html", "Origin": "https://site.example", "HOST": "other.example"})

    assert ["GET / HTTP/1.1", f"User-Agent: checks/{__version__}", "Accept-Encoding: identity"] == lines[:3]
    assert {"accept: text/html", "Origin: https://site.example", "HOST: other.example"} <= set(lines)


def test_a_body_is_sent_with_its_length() -> None:
    """So that the server knows where it ends."""
    lines = _asked(method="POST", body=b'{"a": 1}', headers={"Content-Type": "application/json"})

    assert "Content-Length: 8" in lines
    assert '{"a": 1}' == lines[-1]


@pytest.mark.parametrize(
    ("path", "line"),
    (
        ("", "GET / HTTP/1.1"),
        ("/a b", "GET /a%20b HTTP/1.1"),
        ("/é", "GET /%C3%A9 HTTP/1.1"),
        ("/a%20b", "GET /a%20b HTTP/1.1"),
        ("?a=b c", "GET /?a=b%20c HTTP/1.1"),
        ("/%7Ea/../b;c=d", "GET /%7Ea/../b;c=d HTTP/1.1"),
    ),
)
def test_a_path_is_sent_as_it_is_but_for_what_no_path_may_hold(path: str, line: str) -> None:
    """What is quoted stays quoted, dots are not tidied up."""
    assert line == _asked(path)[0]


@pytest.mark.parametrize(
    ("url", "kwargs"),
    (
        ("ftp://site.example/", {}),
        ("https:///nowhere", {}),
        ("site.example", {}),
        ("http://user:secret@site.example/", {}),
        ("http://site.example:99999/", {}),
        ("http://[::1/", {}),
        ("http://a..b/", {}),
        ("http://localhost/", {"method": "get"}),
        ("http://localhost/", {"method": "GET / HTTP/1.1\r\nX: "}),
        ("http://localhost/", {"headers": {"X": "a\r\nY: b"}}),
        ("http://localhost/", {"headers": {"X: Y": "a"}}),
        ("http://localhost/", {"headers": {"X": "€"}}),
    ),
)
def test_what_cannot_be_sent_is_our_own_mistake(url: str, kwargs: dict[str, object]) -> None:
    """A bad URL or header says nothing about the target, and nothing is smuggled."""
    with pytest.raises(CannotLook):
        world_of().http.fetch(url, **kwargs)  # type: ignore[arg-type]


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look goes where the target says, whatever shell it is started from."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{HOST}:{closed_port()}")

    assert 200 == _response(OK + b"Content-Length: 0\r\n\r\n").status


# --- what is answered -------------------------------------------------------------------------------


def test_an_answer_comes_with_its_facts() -> None:
    """Header names are lower case and values as they were sent, repeated ones included."""
    with tcp_server(says(OK + b"Content-Length: 2\r\nX-One: a\r\nX-ONE:   b  \r\n\r\nhi")) as port:
        seen = world_of().http.fetch(f"http://localhost:{port}/page")

    expected = Response(
        url=f"http://localhost:{port}/page",
        method="GET",
        address=HOST,
        status=200,
        headers=(("content-length", "2"), ("x-one", "a"), ("x-one", "b")),
        body="hi",
    )
    assert expected == seen
    assert isinstance(seen, Response)
    assert "a, b" == seen.header("X-One")


def test_redirects_are_told_and_not_followed() -> None:
    """Where it leads is what a promise wants to know."""
    seen = _response(
        b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    )

    assert (301, "https://elsewhere.example/") == (seen.status, seen.header("location"))


@pytest.mark.parametrize(
    ("method", "head"),
    (
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 500"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500"),
    ),
)
def test_some_answers_have_no_body_whatever_they_say(method: str, head: bytes) -> None:
    """RFC 9112, 6.3: these end with their head, and are complete."""
    seen = _response(head + b"\r\n\r\n", method=method)

    assert ("", True) == (seen.body, seen.complete)


@pytest.mark.parametrize(
    "interim", (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
)
def test_interim_answers_are_not_the_answer(interim: bytes) -> None:
    """Hints come first; the status is what follows."""
    seen = _response(interim + b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    assert (404, "") == (seen.status, seen.header("link"))


@pytest.mark.parametrize(
    ("raw", "body"),
    (
        (OK + b"Content-Length: 5\r\n\r\nhello and more", "hello"),
        (OK + b"\r\nuntil the end", "until the end"),
        (OK + b"Content-Length: 2, 2\r\n\r\nhi", "hi"),
        (b"HTTP/1.0 200\nContent-Length: 2\n\nhi", "hi"),
        (_chunked(b"hello ", b"world"), "hello world"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5;name=value\r\nhello\r\n0\r\nX-Trailer: a\r\n\r\n", "hello"),
        (OK + b"X-Folded: a\r\n  b\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    ),
    ids=[
        "by length",
        "by the end",
        "a repeated length",
        "bare line feeds",
        "in chunks",
        "extension and trailer",
        "a folded header",
    ],
)
def test_a_body_ends_where_it_says(raw: bytes, body: str) -> None:
    """Every way that RFC 9112 knows."""
    seen = _response(raw)

    assert (body, True, False) == (seen.body, seen.complete, seen.capped)


@pytest.mark.parametrize(
    ("raw", "body"),
    (
        (OK + b"Content-Length: 500\r\n\r\nthe beginning", "the beginning"),
        (OK + b"Content-Length: 1\r\n\r\n", ""),
        (_chunked(b"hello", end=b""), "hello"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhello", "hello"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nf", ""),
        (_chunked(b"hello", end=b"0\r\n"), "hello"),
    ),
    ids=[
        "short of its length",
        "nothing at all",
        "no last chunk",
        "within a chunk",
        "within a size",
        "no end of trailers",
    ],
)
def test_a_body_that_was_cut_off_is_not_complete(raw: bytes, body: str) -> None:
    """What came is kept, and nobody takes it for the whole."""
    seen = _response(raw)

    assert (body, False) == (seen.body, seen.complete)


def test_bytes_that_come_one_by_one_are_one_answer() -> None:
    """Where a network cuts the stream means nothing."""
    raw = b"HTTP/1.1 100 Continue\r\n\r\n" + _chunked(b"hello ", b"world")

    seen = _response(*(raw[at : at + 1] for at in range(len(raw))))

    assert ("hello world", True) == (seen.body, seen.complete)


@pytest.mark.parametrize(
    ("kind", "raw", "body"),
    (
        ("text/html; charset=ISO-8859-1", b"\xe9", "é"),
        ("text/html; charset=utf-8", b"\xc3\xa9", "é"),
        ("text/html", b"\xc3\xa9", "é"),
        ('text/html; charset="windows-1252"', b"\x80", "€"),
        ("text/html; charset=zip", b"\xc3\xa9", "é"),
        ("image/png", b"\x89PNG", "�PNG"),
    ),
)
def test_a_body_is_text(kind: str, raw: bytes, body: str) -> None:
    """In the charset that it claims if that is one, else UTF-8; what is none is replaced."""
    seen = _response(OK + f"Content-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)

    assert body == seen.body


# --- too much of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "capped"), ((MOST_BODY, False), (MOST_BODY + 1, True), (MOST_BODY * 3, True)))
def test_a_long_body_is_capped(size: int, *, capped: bool) -> None:
    """64 KiB are enough to judge; what was not read is said to be not read."""
    seen = _response(OK + b"Content-Length: %d\r\n\r\n" % size + b"x" * size)

    assert (MOST_BODY, True, capped) == (len(seen.body), seen.complete, seen.capped)


def test_an_endless_body_ends_at_the_cap(over: threading.Event) -> None:
    """A server that never stops costs neither memory nor time."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK + b"\r\n")
        while not over.is_set():
            connection.sendall(b"x" * 8192)

    seen = _fetch(answer)

    assert isinstance(seen, Response)
    assert (True, MOST_BODY) == (seen.capped, len(seen.body))


@pytest.mark.parametrize("coding", ("gzip", "x-gzip", "deflate", "deflate without its header"))
def test_a_body_that_was_compressed_all_the_same_is_decoded(coding: str) -> None:
    """Nobody asked for it; some servers do it none the less."""
    bare = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(b"hello"),
        "x-gzip": gzip.compress(b"hello"),
        "deflate": zlib.compress(b"hello"),
        "deflate without its header": bare.compress(b"hello") + bare.flush(),
    }[coding]

    seen = _response(
        OK
        + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding.partition(" ")[0].encode(), len(packed))
        + packed
    )

    assert ("hello", True) == (seen.body, seen.complete)


def test_a_bomb_does_not_go_off() -> None:
    """Fifty million bytes in fifty thousand: decoding stops at the cap."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    started = time.monotonic()

    seen = _response(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)

    assert (MOST_BODY, True) == (len(seen.body), seen.capped)
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize("spoil", ("cut", "checksum", "garbage"))
def test_a_spoilt_compression_is_not_complete(spoil: str) -> None:
    """Lengths that agree prove nothing about what they hold."""
    whole = gzip.compress(b"hello" * 100)
    packed = {"cut": whole[:20], "checksum": whole[:-8] + b"\0" * 8, "garbage": b"hello" * 10}[spoil]

    seen = _response(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed)

    assert not seen.complete


def test_a_compression_that_nobody_asked_for_and_we_cannot_undo_is_no_answer() -> None:
    """Better none than letters that mean nothing."""
    assert "although only identity was asked for" in _silence(
        OK + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc"
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    (
        (OK + b"X: " + b"a" * 70_000, "headers of more than 65536 bytes"),
        (OK + b"X: " + b"a" * 70_000 + b"\r\n\r\n", "headers of more than 65536 bytes"),
        (OK + b"X: a\r\n" * 300 + b"\r\n", "more than 200 headers"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "more than 10 interim responses"),
        (_chunked(end=b"a" * 9000), "a line of more than 4096 bytes"),
    ),
    ids=[
        "a header without end",
        "a header too long",
        "too many headers",
        "hints without end",
        "a chunk line without end",
    ],
)
def test_a_head_has_limits(raw: bytes, words: str) -> None:
    """Nobody reads for ever, and nobody keeps it all."""
    assert words in _silence(raw)


# --- what is no answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "words"),
    (
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200", "closed after b'HTTP/1.1 200'"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP: the answer begins with b'SSH-2.0-OpenSSH_9.2'"),
        (b"HTTP/2 200 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 999 What\r\n\r\n", "not HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n", "not HTTP"),
        (OK + b"no colon here\r\n\r\n", "a malformed header: b'no colon here'"),
        (OK + b"Name : value\r\n\r\n", "a malformed header"),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", "a contradictory content-length: 2, 3"),
        (OK + b"Content-Length: -2\r\n\r\nhi", "a contradictory content-length"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "transfer-encoding gzip, chunked is not understood"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello", "a chunk begins with b'zz'"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n", "a chunk is longer than it said"),
    ),
)
def test_what_is_not_http_is_silence_with_a_reason(raw: bytes, words: str) -> None:
    """The first bytes are in the reason: they usually say who answered."""
    assert words in _silence(raw)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_answer_breaks_the_look(garbage: bytes) -> None:
    """Whatever comes, before the head or after it, is an answer or silence."""
    with (
        tcp_server(says(garbage)) as bare,
        tcp_server(says(OK + b"Transfer-Encoding: chunked\r\n\r\n" + garbage)) as after,
    ):
        seen = [world_of().http.fetch(f"http://localhost:{port}/") for port in (bare, after)]

    assert all(isinstance(each, Response | Silence) for each in seen)


def test_nobody_at_home_is_silence() -> None:
    """A closed port is evidence about the target."""
    port = closed_port()

    seen = world_of().http.fetch(f"http://localhost:{port}/")

    assert Silence(where=f"localhost:{port}", reason=f"{HOST}: connection refused") == seen


def test_a_reset_is_silence() -> None:
    """The other side ended it without a word."""

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    seen = _fetch(answer)

    assert isinstance(seen, Silence)
    assert "reset" in seen.reason


def test_an_answer_to_a_body_that_was_not_read_is_heard() -> None:
    """413 and a closed door: the status counts, not our broken pipe."""

    def answer(connection: socket.socket) -> None:
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with tcp_server(answer) as port:
        seen = world_of().http.fetch(f"http://localhost:{port}/", method="POST", body=b"x" * 50_000)

    assert isinstance(seen, Response | Silence)
    assert not isinstance(seen, Response) or 413 == seen.status


@pytest.mark.parametrize(
    "pieces",
    (
        [b"H"] * 200,
        [OK, *[b"X: a\r\n"] * 190],
        [OK + b"Content-Length: 500\r\n\r\n", *[b"x"] * 200],
        [OK + b"\r\n", *[b"x"] * 200],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 200],
    ),
    ids=["a dripped status", "dripped headers", "a dripped body", "a dripped body without length", "dripped chunks"],
)
def test_dripping_ends_at_the_deadline(pieces: list[bytes], over: threading.Event) -> None:
    """A byte now and then resets a time-out per read; it does not move a deadline."""
    started = time.monotonic()
    with tcp_server(says(*pieces, every=0.05, over=over)) as port:
        seen = world_of(seconds=0.4).http.fetch(f"http://localhost:{port}/")
        took = time.monotonic() - started
        over.set()

    assert isinstance(seen, Silence)
    assert "no answer in time" in seen.reason
    assert took < 1.5


def test_a_server_that_does_not_read_ends_at_the_deadline(over: threading.Event) -> None:
    """Sending has a deadline too."""
    started = time.monotonic()
    with tcp_server(waits(over)) as port:
        seen = world_of(seconds=0.4).http.fetch(f"http://localhost:{port}/", method="PUT", body=b"x" * 20_000_000)
        took = time.monotonic() - started
        over.set()

    assert isinstance(seen, Silence)
    assert took < 1.5


# --- over TLS -----------------------------------------------------------------------------------------


def test_an_https_answer_comes_through_names_map_and_certificate(issuer: Issuer) -> None:
    """The URL's own name is resolved, dialled and verified."""
    with (
        dns_server(zone(f"{SITE}. 60 IN A 192.0.2.1")) as names,
        tcp_server(under_tls(issuer.server(SITE), says(OK + b"Content-Length: 2\r\n\r\nhi"))) as port,
    ):
        world = world_of(resolver=names.resolver, ca_bundle=issuer.bundle, connect={("192.0.2.1", 443): (HOST, port)})
        seen = world.http.fetch(f"https://{SITE.upper()}/")

    assert isinstance(seen, Response)
    assert (200, "hi", "192.0.2.1") == (seen.status, seen.body, seen.address)


@pytest.mark.parametrize("fault", ("expired", "wrong name", "unknown authority"))
def test_a_bad_certificate_is_silence_with_its_reason(fault: str, issuer: Issuer, stranger: Issuer) -> None:
    """No page is read from a server that nobody may trust."""
    server = _bad(fault, issuer, stranger)

    with tcp_server(under_tls(server, says(OK + b"\r\n"))) as port:
        seen = world_of(ca_bundle=issuer.bundle).http.fetch(f"https://localhost:{port}/")

    assert isinstance(seen, Silence)
    assert "certificate refused" in seen.reason


def _bad(fault: str, issuer: Issuer, stranger: Issuer) -> ssl.SSLContext:
    if fault == "expired":
        return issuer.server("localhost", starts=NOW - timedelta(days=9), ends=NOW - timedelta(days=1))
    return issuer.server("other.example") if fault == "wrong name" else stranger.server("localhost")


@pytest.mark.parametrize("goodbye", (True, False), ids=["with a goodbye", "without"])
def test_the_end_of_an_unmeasured_body_counts_only_with_a_goodbye(issuer: Issuer, *, goodbye: bool) -> None:
    """Under TLS a connection that just stops may have been cut by anybody."""
    answer = under_tls(issuer.server("localhost"), says(OK + b"\r\nhello"), goodbye=goodbye)

    with tcp_server(answer) as port:
        seen = world_of(ca_bundle=issuer.bundle).http.fetch(f"https://localhost:{port}/")

    assert isinstance(seen, Response)
    assert ("hello", goodbye) == (seen.body, seen.complete)


def test_a_demand_for_a_client_certificate_is_silence(issuer: Issuer) -> None:
    """It comes after the handshake, where the answer was expected."""
    context = issuer.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(issuer.bundle)

    with tcp_server(under_tls(context, says(OK + b"\r\n"))) as port:
        seen = world_of(ca_bundle=issuer.bundle).http.fetch(f"https://localhost:{port}/")

    assert isinstance(seen, Silence)


def test_plain_http_on_the_port_is_silence(issuer: Issuer) -> None:
    """Nobody there speaks TLS."""
    with tcp_server(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        seen = world_of(ca_bundle=issuer.bundle).http.fetch(f"https://localhost:{port}/")

    assert isinstance(seen, Silence)


def test_a_bundle_that_cannot_be_read_is_our_own_trouble(tmp_path: Path) -> None:
    """Without authorities we have not looked at all."""
    with pytest.raises(CannotLook, match="cannot be read"):
        world_of(ca_bundle=tmp_path / "absent.pem").http.fetch(f"https://localhost:{closed_port()}/")


def test_a_name_without_an_address_is_silence() -> None:
    """NXDOMAIN is what a visitor would meet."""
    with dns_server(zone()) as server:
        seen = world_of(resolver=server.resolver).http.fetch(f"http://{SITE}/")

    assert isinstance(seen, Silence)
    assert "NXDOMAIN" in seen.reason


def test_nothing_outside_a_twin_is_fetched() -> None:
    """Neither by address nor by a name that leads out."""
    with dns_server(zone(f"{SITE}. 60 IN A 198.51.100.1")) as server:
        world = world_of(resolver=server.resolver)
        for url in ("http://192.0.2.1/", "http://[2001:db8::1]/", f"https://{SITE}/", "http://169.254.169.254/"):
            with pytest.raises(CannotLook, match="is not on this machine"):
                world.http.fetch(url)


# --- asking once --------------------------------------------------------------------------------------


def test_equal_requests_are_made_once_within_an_attempt() -> None:
    """Reading is shared, writing never is, and the next attempt reads afresh."""
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(read_request(connection).split(b" ", 1)[0])
        connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    with tcp_server(answer) as port:
        world = world_of()
        url = f"http://localhost:{port}/"
        for method in ("GET", "GET", "HEAD", "HEAD", "POST", "POST"):
            world.http.fetch(url, method=method)
        world.http.fetch(url, headers={"X": "another question"})
        world.again().http.fetch(url)

    assert [b"GET", b"HEAD", b"POST", b"POST", b"GET", b"GET"] == heard
