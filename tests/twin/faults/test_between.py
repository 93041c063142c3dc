"""What stands between the harness and the twin: real sockets on loopback, changed by a fault and by nothing else."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from checks.twin.faults import between as between_
from checks.twin.faults.between import Stuck
from checks.twin.faults.between.edge import Edge
from checks.twin.faults.between.http import (
    Onward,
    Raw,
    Reply,
    Tamper,
    Visit,
    answer,
    between,
    only,
    untouched,
)
from checks.twin.faults.words import View
from checks.twin.state import Address, Twin


def upstream(visit: Visit) -> Reply:
    """A twin that tells what it was asked."""
    return answer(200, f'{{"method": "{visit.method}", "path": "{visit.path}"}}', x_seen=visit.header("x-mine"))


@contextlib.contextmanager
def standing(tamper: Tamper) -> Iterator[Address]:
    """A server with this fault in it."""
    with between(tamper, upstream) as address:
        yield address


def get(address: Address, path: str = "/a?b=c", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        said = connection.getresponse()
        return said.status, {name.lower(): value for name, value in said.getheaders()}, said.read()


def test_what_is_untouched_is_passed_on() -> None:
    """Method, path and headers go there, status, headers and body come back."""
    with standing(untouched) as address:
        status, headers, body = get(address, x_mine="yes")

    assert (200, "yes", b'{"method": "GET", "path": "/a"}') == (status, headers["x-seen"], body)


def test_an_answer_may_be_changed_or_made_up() -> None:
    """JSON is amended in place; the length fits what is sent."""
    with standing(lambda visit, onward: onward(visit).amended(lambda seen: seen.update(path="/other"))) as address:
        _, headers, body = get(address)

    assert (b'{"method": "GET", "path": "/other"}', str(len(body))) == (body, headers["content-length"])


def test_bytes_are_sent_as_they_are_and_the_connection_ends() -> None:
    """A status line that is none reaches the client."""
    with standing(lambda *_: Raw(pieces=(b"garbage\r\n\r\n",))) as address, socket.create_connection(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        seen = b"".join(iter(lambda: client.recv(100), b""))

    assert b"garbage\r\n\r\n" == seen


def test_a_connection_that_is_held_ends_with_the_server() -> None:
    """Nothing comes, until whoever stood there leaves."""
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(standing(lambda *_: Raw(hold=True)))
        client = stack.enter_context(socket.create_connection(address))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)


@pytest.mark.parametrize(
    ("headers", "body", "service", "operation"),
    (
        pytest.param(
            {"x-amz-target": "DynamoDB_20120810.DescribeTable"}, b"{}", "dynamodb", "DescribeTable", id="json"
        ),
        pytest.param({}, b"Action=DescribeStacks&Version=1", "cloudformation", "DescribeStacks", id="query"),
        pytest.param({}, b"", "lambda", "GET /2015-03-31/functions/f", id="rest"),
    ),
)
def test_a_question_to_aws_is_recognised(headers: dict[str, str], body: bytes, service: str, operation: str) -> None:
    """By the scope of its signature, and by its target, its form, or its path."""
    scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20260131/af-south-1/{service}/aws4_request, SignedHeaders=host"
    visit = Visit(
        method="GET", target="/2015-03-31/functions/f", body=body, secure=True,
        headers=(("authorization", scope), *headers.items()),
    )  # fmt: skip

    assert (service, operation) == (visit.service, visit.operation)


def test_only_the_operations_that_are_meant_are_changed() -> None:
    """Another operation of the same service is passed on."""
    tamper = only({"dynamodb": "DescribeTable"}, lambda _: answer(500))
    scope = ("authorization", "x Credential=A/1/r/dynamodb/aws4_request,")

    def said(operation: str) -> int:
        visit = Visit(
            method="POST", target="/", body=b"", secure=True, headers=(scope, ("x-amz-target", f"D.{operation}"))
        )
        reply = tamper(visit, _fine)
        return reply.status if isinstance(reply, Reply) else 0

    assert (500, 200) == (said("DescribeTable"), said("ListTables"))


_fine: Onward = upstream


ELSEWHERE = View(edge=cast("Edge", untouched))
TWIN = cast("Twin", SimpleNamespace())


@contextlib.contextmanager
def nothing_stands(_view: View, _twin: Twin) -> Iterator[between_.Met]:
    """No server, and nobody who needs one."""
    yield between_.Met(endpoint="https://127.0.0.1:1", dns=("127.0.0.1", 53), connect={})


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing but the process that would hold the servers."""
    monkeypatch.setattr(between_, "_standing", nothing_stands)
    monkeypatch.setattr(between_, "replace", lambda _, **met: SimpleNamespace(**met))
    monkeypatch.setattr(between_, "_threads", lambda: 1)
    return monkeypatch


def test_what_stands_there_is_not_forked_beside_a_thread_that_ends(bare: pytest.MonkeyPatch) -> None:
    """A lock that it holds at that moment would never be given back in the child."""
    bare.setattr(between_, "_ALONE_WITHIN", 60.0)
    running = threading.Thread(target=time.sleep, args=(0.2,))
    bare.setattr(between_, "_threads", lambda: 1 + running.is_alive())
    running.start()

    with between_.seen_through(ELSEWHERE, TWIN) as met:
        assert "https://127.0.0.1:1" == met.endpoint
        assert not running.is_alive()


def test_a_thread_that_does_not_end_is_not_waited_for_without_end(bare: pytest.MonkeyPatch) -> None:
    """A look that hangs holds no lock."""
    bare.setattr(between_, "_ALONE_WITHIN", 0.05)
    bare.setattr(between_, "_threads", lambda: 2)

    with between_.seen_through(ELSEWHERE, TWIN) as met:
        assert "https://127.0.0.1:1" == met.endpoint


COUNTING = """
import _thread, threading
from checks.twin.faults import between
counts, begun, end = [between._threads()], threading.Event(), threading.Event()
_thread.start_new_thread(lambda: (begun.set(), end.wait()), ())
begun.wait()
print(*counts, between._threads())
"""


def test_threads_are_counted_however_they_were_begun() -> None:
    """Looks that are made together have threads that Python's own list does not know."""
    done = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True)

    assert "1 2" == done.stdout.strip()


def test_what_hangs_there_is_ended_and_told(bare: pytest.MonkeyPatch) -> None:
    """Nobody waits for it for ever, and what was seen through it is no measurement."""

    @contextlib.contextmanager
    def hanging(view: View, twin: Twin) -> Iterator[between_.Met]:
        with nothing_stands(view, twin) as met:
            yield met
        threading.Event().wait()

    children: list[int] = []

    def fork(really: Callable[[], int] = os.fork) -> int:
        children.append(really())
        return children[-1]

    bare.setattr(between_, "_standing", hanging)
    bare.setattr(between_, "_GONE_WITHIN", 0.1)
    bare.setattr(os, "fork", fork)

    with pytest.raises(Stuck, match="hung and was ended"), between_.seen_through(ELSEWHERE, TWIN):
        pass

    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)
