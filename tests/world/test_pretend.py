from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.evidence import Absent, Caller, DnsAnswer, Response, Silence
from checks.model import CannotLook
from checks.world.ports import World
from checks.world.pretend import PretendClock, asked, in_turn, pretend_world, recording
from tests.world.servers import HOST, dns_server, says, tcp_server, zone
from tests.world.worlds import world_of

QUIET = Silence(where="site.example:443", reason="connection refused")
THERE = Absent(what="nothing but this")
ANSWER = DnsAnswer(name="site.example", type="A", server="s", rcode="NOERROR", records=("192.0.2.1",))


def test_a_scripted_question_gets_its_answer() -> None:
    """However its arguments are spelt: defaults are filled in."""
    world: World = pretend_world(
        {asked("dns.ask", "site.example", "A"): ANSWER, asked("tls.handshake", "site.example", port=443): QUIET}
    )

    assert ANSWER is world.dns.ask("site.example", "A", server=None)
    assert ANSWER is world.dns.ask(name="site.example", type="A")
    assert QUIET is world.tls.handshake("site.example")


@pytest.mark.parametrize(
    "question",
    (
        lambda world: world.dns.ask("site.example", "AAAA"),
        lambda world: world.dns.ask("site.example", "A", server="192.0.2.53"),
        lambda world: world.tls.handshake("site.example"),
        lambda world: world.http.fetch("https://site.example/"),
        lambda world: world.aws.table("af-south-1", "Users"),
        lambda world: world.aws.refuses_forged_key("af-south-1"),
    ),
    ids=["another type", "another server", "a handshake", "a request", "a table", "a control"],
)
def test_an_unscripted_question_is_refused_by_name(question: object) -> None:
    """It never answers on its own, and it says what to script."""
    world = pretend_world({asked("dns.ask", "site.example", "A"): ANSWER})

    with pytest.raises(CannotLook, match=r"nobody scripted (dns|tls|http|aws)\.\w+\(.*=") as caught:
        question(world)  # type: ignore[operator]
    assert caught.value.final


def test_a_scripted_exception_is_raised() -> None:
    """A world that cannot look can be pretended as well."""
    world = pretend_world({asked("aws.caller", "af-south-1"): CannotLook("no credentials")})

    with pytest.raises(CannotLook, match="no credentials"):
        world.aws.caller("af-south-1")


def test_answers_in_turn_change_with_the_attempt() -> None:
    """Within an attempt a question has one answer; the last one stays."""
    world = pretend_world(
        {asked("aws.table", "af-south-1", "Users"): in_turn(CannotLook("throttled"), Absent(what="Users"), THERE)}
    )

    with pytest.raises(CannotLook, match="throttled"):
        world.aws.table("af-south-1", "Users")
    second, third = world.again(), world.again().again()

    assert Absent(what="Users") == second.aws.table("af-south-1", "Users") == second.aws.table("af-south-1", "Users")
    assert THERE == third.aws.table("af-south-1", "Users") == third.again().aws.table("af-south-1", "Users")


def test_headers_are_part_of_the_question() -> None:
    """In any order; without them it is another question."""
    world = pretend_world({asked("http.fetch", "https://site.example/", headers={"A": "1", "B": "2"}): QUIET})

    assert QUIET is world.http.fetch("https://site.example/", headers={"B": "2", "A": "1"})
    with pytest.raises(CannotLook):
        world.http.fetch("https://site.example/")


@pytest.mark.parametrize("question", ("dns.asks", "ftp.get", "aws._wire", "dns", ""))
def test_a_question_that_no_port_has_cannot_be_scripted(question: str) -> None:
    """A misspelt script would otherwise never be noticed."""
    with pytest.raises(AttributeError, match=r"is no question of checks\.world\.ports"):
        asked(question)


def test_a_question_that_no_port_has_cannot_be_asked() -> None:
    """The pretend world is as narrow as the real one."""
    with pytest.raises(AttributeError, match="is no question"):
        pretend_world().aws.delete_everything()  # type: ignore[attr-defined]


def test_arguments_that_do_not_fit_are_refused() -> None:
    """As the real one would."""
    with pytest.raises(TypeError):
        asked("dns.ask", "site.example")


def test_nothing_in_turn_is_refused() -> None:
    """A turn without answers would answer nothing."""
    with pytest.raises(ValueError, match="at least one"):
        in_turn()


def test_a_pretended_clock_moves_when_it_is_told_to() -> None:
    """By setting it or by sleeping; sleeping takes no time."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    clock = PretendClock(start)

    clock.sleep(90)
    slept = (clock.now(), clock.monotonic())
    clock.set(start + timedelta(days=1))

    assert (start + timedelta(seconds=90), 90.0) == slept
    assert (start + timedelta(days=1), 86_400.0) == (clock.now(), clock.monotonic())


def test_a_pretended_clock_has_a_time_zone() -> None:
    """A moment without one is no moment."""
    with pytest.raises(ValueError, match="without a time zone"):
        PretendClock().set(datetime(2026, 3, 1))  # noqa: DTZ001 - the very mistake


def test_what_a_world_said_can_be_said_again() -> None:
    """Recorded from real sockets, replayed without any."""
    with (
        dns_server(zone("site.example. 60 IN A 127.0.0.1")) as names,
        tcp_server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as port,
    ):
        live = recording(world_of(resolver=names.resolver))
        url = f"http://site.example:{port}/"
        told = [
            live.dns.ask("site.example", "A"),
            live.http.fetch(url, headers={"X": "1"}),
            live.tls.handshake("gone.example", address=HOST, port=1),
        ]
        with pytest.raises(CannotLook):
            live.aws.caller("af-south-1")
        assert live.clock.now().tzinfo is UTC
        assert "https://anchor.invalid/" == live.anchor

    again = pretend_world(live.heard)

    assert isinstance(told[1], Response)
    assert told == [
        again.dns.ask("site.example", "A"),
        again.http.fetch(url, headers={"X": "1"}),
        again.tls.handshake("gone.example", address=HOST, port=1),
    ]
    with pytest.raises(CannotLook, match="nobody scripted"):
        again.aws.caller("af-south-1")


def test_what_changed_between_attempts_is_said_in_turn() -> None:
    """One answer for each attempt, once for each."""
    caller = Caller(account="000000000000", arn="arn:aws:iam::000000000000:role/r")
    world = recording(pretend_world({asked("aws.caller", "r"): in_turn(CannotLook("throttled"), caller)}))

    with pytest.raises(CannotLook):
        world.aws.caller("r")
    second = world.again()
    assert caller == second.aws.caller("r") == second.aws.caller("r")

    heard = pretend_world(world.heard)
    assert 2 == len(world.heard)
    with pytest.raises(CannotLook, match="throttled"):
        heard.aws.caller("r")
    assert caller == heard.again().aws.caller("r")
