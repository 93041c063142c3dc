"""The edge over HTTP/2: the same answers as over HTTP/1.1, many at once on one connection."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes

from tests.twin.conftest import Site
from tests.twin.template import BUCKET, DOMAIN

pytestmark = pytest.mark.twin


@dataclass
class Talk:
    """One connection of a viewer that speaks HTTP/2."""

    connection: ssl.SSLSocket
    state: H2Connection = field(default_factory=lambda: H2Connection(H2Configuration(header_encoding="latin-1")))
    headers: dict[int, Mapping[str, str]] = field(default_factory=dict)
    bodies: dict[int, bytearray] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    over: events.ConnectionTerminated | None = None

    def ask(self, path: str, *, method: str = "GET", body: bytes = b"", **more: str) -> int:
        """Send a request; gives its stream."""
        stream = self.state.get_next_available_stream_id()
        told = {":method": method, ":scheme": "https", ":authority": DOMAIN, ":path": path, **more}
        self.state.send_headers(stream, list(told.items()), end_stream=not body)
        if body:
            self.state.send_data(stream, body, end_stream=True)
        self.connection.sendall(self.state.data_to_send())
        return stream

    def hear(self, *streams: int) -> None:
        """Listen until these answers are whole, or the edge has said good-bye."""
        while not self.ended >= set(streams) and self.over is None:
            data = self.connection.recv(65_536)
            assert data, "the edge hung up"
            for event in self.state.receive_data(data):
                self._take(event)
            self.connection.sendall(self.state.data_to_send())

    def _take(self, event: events.Event) -> None:
        match event:
            case events.ResponseReceived(stream_id=int(stream), headers=headers):
                self.headers[stream] = {str(name): str(value) for name, value in headers or []}
            case events.DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
                self.bodies.setdefault(stream, bytearray()).extend(data or b"")
                self.state.acknowledge_received_data(length or 0, stream)
            case events.StreamEnded(stream_id=int(stream)):
                self.ended.add(stream)
            case events.ConnectionTerminated():
                self.over = event
            case _:
                pass


@contextlib.contextmanager
def talk(site: Site) -> Iterator[Talk]:
    """A connection on which both sides have chosen HTTP/2."""
    context = ssl.create_default_context(cafile=site.twin.ca_bundle)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with site.reach(context) as connection:
        assert "h2" == connection.selected_alpn_protocol()
        made = Talk(connection)
        made.state.initiate_connection()
        yield made


def test_both_versions_give_the_same_answer(site: Site) -> None:
    """Status, type and bytes of a page and of a refusal."""
    with talk(site) as viewer:
        for path in ("/", "/nothing.txt"):
            stream = viewer.ask(path)
            viewer.hear(stream)
            plain = site.get(path)

            assert str(plain.status) == viewer.headers[stream][":status"]
            assert plain.headers["Content-Type"] == viewer.headers[stream]["content-type"]
            # Further on a refusal has an id, which no two requests have in common.
            assert plain.body[:100] == bytes(viewer.bodies[stream])[:100]


def test_many_requests_share_one_connection(site: Site) -> None:
    """Sent before any was answered; each answer is that of its own stream."""
    site.client("s3").put_object(Bucket=BUCKET, Key="two.txt", Body=b"two", ContentType="text/plain")
    with talk(site) as viewer:
        streams = {viewer.ask("/two.txt" if number % 2 else "/nothing.txt"): number for number in range(12)}
        viewer.hear(*streams)

        assert {number: "200" if number % 2 else "403" for number in range(12)} == {
            number: viewer.headers[stream][":status"] for stream, number in streams.items()
        }
        assert all(b"two" == viewer.bodies[stream] for stream, number in streams.items() if number % 2)


def test_more_than_a_window_arrives_whole(site: Site) -> None:
    """Flow control: the viewer opens its window again and again."""
    body = bytes(range(256)) * 4096
    site.client("s3").put_object(Bucket=BUCKET, Key="large.bin", Body=body, ContentType="application/octet-stream")
    with talk(site) as viewer:
        stream = viewer.ask("/large.bin")
        viewer.hear(stream)

        assert ("200", body) == (viewer.headers[stream][":status"], bytes(viewer.bodies[stream]))


def test_a_head_has_no_body(site: Site) -> None:
    """And still the length of what a GET would bring."""
    with talk(site) as viewer:
        stream = viewer.ask("/", method="HEAD")
        viewer.hear(stream)

        assert (None, site.get("/").headers["Content-Length"]) == (
            viewer.bodies.get(stream),
            viewer.headers[stream]["content-length"],
        )


@pytest.mark.parametrize(("version", "chosen"), (("http2", "h2"), ("http1.1", "http/1.1"), ("http2and3", "h2")))
def test_the_distribution_says_which_version(
    site: Site, restored: Callable[[], Any], version: str, chosen: str
) -> None:
    """A viewer that offers both gets the newer one where the distribution has it."""
    now = restored()
    changed = {**now["DistributionConfig"], "HttpVersion": version}
    site.client("cloudfront").update_distribution(
        Id=site.outputs["DistributionId"], IfMatch=now["ETag"], DistributionConfig=changed
    )
    context = ssl.create_default_context(cafile=site.twin.ca_bundle)
    context.set_alpn_protocols(["h2", "http/1.1"])

    with site.reach(context) as connection:
        assert chosen == connection.selected_alpn_protocol()


def test_a_viewer_that_offers_nothing_is_served_as_ever(site: Site) -> None:
    """Without ALPN it is HTTP/1.1."""
    with site.connect() as connection:
        assert connection.selected_alpn_protocol() is None
    assert 200 == site.get("/").status


def test_nonsense_ends_the_connection_with_a_reason(site: Site) -> None:
    """And the edge goes on serving others."""
    with talk(site) as viewer:
        viewer.connection.sendall(viewer.state.data_to_send())
        # Data of no stream (RFC 9113, 6.1).
        viewer.connection.sendall(b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x")
        viewer.hear(1)

        assert viewer.over is not None
        assert ErrorCodes.NO_ERROR != viewer.over.error_code
    assert 200 == site.get("/").status
