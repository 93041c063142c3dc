"""The benchmark's stage: bytes keep their order and their delay, and a recording answers for who asks together."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from tools.bench_network import delayed
from tools.bench_replay import Answer, Tape, key_of, recorded_answer

ROUND_TRIP_S = 0.05
ALARMS = {
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20260101/af-south-1/monitoring/aws4_request",
    "x-amz-target": "GraniteServiceVersion20100801.DescribeAlarms",
}


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """A port that says again what it hears, and hangs up when there is no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    heard, _ = server.accept()
                    with heard:
                        while data := heard.recv(65_536):
                            heard.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_what_goes_through_comes_late_whole_and_in_order() -> None:
    """The first bytes wait for the handshake as well: two round trips to there and back; the end comes last."""
    said = b"".join(number.to_bytes(4, "big") for number in range(50_000))
    with (
        echo() as port,
        delayed(tcp=(port,), udp=(), round_trip_s=ROUND_TRIP_S) as ((far,), _),
        socket.create_connection(("127.0.0.1", far), timeout=30) as asked,
    ):
        began = time.monotonic()
        asked.sendall(said[:4])
        first = asked.recv(4)
        waited = time.monotonic() - began
        for start in range(4, len(said), 4000):
            asked.sendall(said[start : start + 4000])
        heard = bytearray(first)
        while len(heard) < len(said):
            heard += asked.recv(65_536)

    assert said == bytes(heard)
    assert waited >= 2 * ROUND_TRIP_S


def test_a_port_where_nobody_listens_hangs_up() -> None:
    """What cannot be reached is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        delayed(tcp=(port,), udp=(), round_trip_s=ROUND_TRIP_S) as ((far,), _),
        socket.create_connection(("127.0.0.1", far), timeout=30) as asked,
    ):
        assert b"" == asked.recv(1)


def test_alarms_that_are_asked_in_other_company_have_the_widest_answer() -> None:
    """Which names come together depends on the moment; any other question is answered as it was recorded, or not."""
    one: Answer = (200, (), b"one")
    every: Answer = (200, (), b"one and another")
    tape = Tape({key_of("POST", "/", ALARMS, b"one"): one, key_of("POST", "/", ALARMS, b"*"): every}, "AKIA")
    other = {**ALARMS, "x-amz-target": "DynamoDB_20120810.DescribeTable"}

    assert one == recorded_answer(tape, "POST", "/", ALARMS, b"one")
    assert every == recorded_answer(tape, "POST", "/", ALARMS, b"another")
    assert recorded_answer(tape, "POST", "/", other, b"another") is None
