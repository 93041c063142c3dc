from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from checks.model import CannotLook
from checks.world import network
from checks.world.deadline import Deadline
from checks.world.ports import World
from checks.world.pretend import PretendClock
from checks.world.real import ForgetfulAws, RealClock, real_world, trusting
from tests.world.worlds import SilentAws, world_of


class CountingAws(SilentAws):
    """A control plane that knows how often it was asked to forget."""

    def __init__(self, attempts: int = 1) -> None:
        self.attempts = attempts

    def again(self) -> CountingAws:
        """The next attempt."""
        return CountingAws(self.attempts + 1)


def test_the_clock_is_aware_and_does_not_go_back() -> None:
    """UTC, and seconds that only grow."""
    clock = RealClock()
    before = clock.monotonic()
    clock.sleep(0.001)

    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.monotonic() - before >= 0.001


def test_a_real_world_is_a_world() -> None:
    """It has all that a look may ask for, and its anchor."""
    world: World = world_of(anchor="https://localhost:1/")

    assert "https://localhost:1/" == world.anchor
    assert isinstance(world.clock, RealClock)


def test_again_forgets_in_every_port_and_keeps_what_was_expensive() -> None:
    """Answers are forgotten, contexts and routes are not."""
    world = real_world(aws=cast("ForgetfulAws", CountingAws()), anchor="", resolver="127.0.0.1:1", loopback_only=True)

    second = world.again().again()

    assert 3 == cast("CountingAws", second.aws).attempts
    assert world.tls.memo is not second.tls.memo
    assert (world.tls.trust, world.tls.network) == (second.tls.trust, second.tls.network)
    assert world.tls.trust.browser() is second.tls.trust.browser()


def test_names_are_shared_by_all_ports_of_an_attempt() -> None:
    """A name is resolved once for dns, tls and http together."""
    world = world_of()

    assert world.dns.memo is world.tls.memo is world.http.memo


def test_a_trust_can_be_shared_with_others() -> None:
    """The AWS clients use the very context that the looks use."""
    trust = trusting(None)
    world = real_world(aws=cast("ForgetfulAws", SilentAws()), anchor="", resolver="127.0.0.1:1", trust=trust)

    assert trust.browser() is world.tls.trust.browser()
    assert trust.ca_bundle is None


def test_the_system_resolver_is_used_when_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And a machine without one says so when it is asked."""
    monkeypatch.setattr(network.system_resolvers, "__defaults__", (tmp_path / "absent",))
    world = real_world(aws=cast("ForgetfulAws", SilentAws()), anchor="")

    with pytest.raises(CannotLook, match="no resolver"):
        world.dns.ask("site.example", "A")


def test_a_deadline_is_shared_among_tries() -> None:
    """Two tries of ten seconds have five each, and what one leaves over goes to the next."""
    clock = PretendClock()
    deadline = Deadline.after(clock, 10)

    first = deadline.share(2).left()
    clock.sleep(2)

    assert (5.0, 8.0) == (first, deadline.share(1).left())
    clock.sleep(8)
    with pytest.raises(TimeoutError):
        deadline.left()


def test_looking_leaves_no_thread_behind() -> None:
    """What a look starts ends with it."""
    before = threading.active_count()
    world_of().tls.protocols("localhost", port=1)

    assert before == threading.active_count()


def test_the_words_of_the_world_load_no_client() -> None:
    """Pretending needs neither sockets nor dnspython."""
    assert set() == _loaded("checks.world.pretend", "checks.world.ports") & {"ssl", "dns", "boto3"}


def test_a_probe_needs_no_heavy_library() -> None:
    """The canary's package stays small: no cryptography, no requests, no SDK."""
    heavy = {"cryptography", "requests", "urllib3", "boto3", "asyncio"}

    assert set() == _loaded("checks.world.real", "checks.controls") & heavy


def _loaded(*modules: str) -> set[str]:
    """What is in memory after these modules were imported by a fresh interpreter."""
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())
