"""What stands between the harness and the twin: real sockets on loopback, changed by a fault and by nothing else."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest

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
from checks.twin.state import Address


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
