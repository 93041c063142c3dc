"""A twin whose AWS is in a bad mood: how many calls are throttled and never answered, and in whose words."""

from __future__ import annotations

from collections import Counter

import pytest

from checks.twin.faults.between.http import Raw, Reply, Visit, answer
from checks.twin.faults.measure import NotGreen
from tools.soak import Mood, Told, _said, main, moody

SIGNED = "AWS4-HMAC-SHA256 Credential=key/20260131/af-south-1/{}/aws4_request, SignedHeaders=host, Signature=s"


def a_visit(service: str, **headers: str) -> Visit:
    """A call to a service."""
    sent = {"authorization": SIGNED.format(service), **{key.replace("_", "-"): value for key, value in headers.items()}}
    return Visit(method="POST", target="/", headers=tuple(sent.items()), body=b"", secure=True)


def _kind(said: Reply | Raw) -> str:
    return "silent" if isinstance(said, Raw) else "throttled" if said.status >= 400 else "answered"


def test_one_in_a_hundred_is_throttled_and_one_never_answered() -> None:
    """Within what chance allows for: four standard deviations of ten thousand draws."""
    tamper = moody(Mood(delay=0.0), 7)
    seen = Counter(_kind(tamper(a_visit("sts"), lambda _: answer(200))) for _ in range(10_000))

    assert abs(seen["throttled"] - 100) < 40
    assert abs(seen["silent"] - 100) < 40
    assert 10_000 == seen.total()


def test_the_same_seed_draws_the_same_lots() -> None:
    """A run that said something that is not true can be played again."""
    twice = [moody(Mood(throttled=0.3, silent=0.3, delay=0.0), 3) for _ in range(2)]

    first, second = ([_kind(each(a_visit("sts"), lambda _: answer(200))) for _ in range(50)] for each in twice)

    assert first == second
    assert {"silent", "throttled", "answered"} == set(first)


@pytest.mark.parametrize(
    ("visit", "status", "word"),
    (
        (a_visit("dynamodb", x_amz_target="DynamoDB_20120810.ListTables"), 400, b"ThrottlingException"),
        (a_visit("sts"), 400, b"<Code>Throttling</Code>"),
        (a_visit("lambda"), 429, b"Rate exceeded"),
        (a_visit("s3"), 503, b"<Code>SlowDown</Code>"),
    ),
    ids=("JSON", "XML", "REST", "S3"),
)
def test_a_service_throttles_in_its_own_words(visit: Visit, status: int, word: bytes) -> None:
    """Otherwise botocore would not take it for throttling, and the run would be kinder or worse than AWS is."""
    said = moody(Mood(throttled=1.0, silent=0.0, delay=0.0), 1)(visit, lambda _: answer(200))

    assert isinstance(said, Reply)
    assert status == said.status
    assert word in said.body


def test_a_twin_that_is_broken_before_is_not_soaked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """3, and why: what does not pass anyway says nothing about a bad day."""

    def broken(*_: object) -> None:
        raise NotGreen("tables.pitr[Users] is fail")

    monkeypatch.setattr("tools.soak.mutate.open_bench", lambda *_, **__: (None, None))
    monkeypatch.setattr("tools.soak.require_green", broken)

    assert 3 == main(["--seconds", "0"])
    assert "tables.pitr[Users] is fail" in capsys.readouterr().err


def test_both_ends_of_the_memory_are_told() -> None:
    """And what was said that is not true, by name."""
    told = Told(runs=2, kept=1, recovered=3, seconds=9.0, longest=5.0, harness=[80.0, 81.0], emulator=[200.0, 210.0])
    told.false.update(["tables.pitr[Users]: unknown"])

    lines = _said(told).splitlines()

    assert "after the first run the harness held 80 MiB and the emulator 200" == lines[2]
    assert "after the last run the harness held 81 MiB and the emulator 210" == lines[3]
    assert "     1 × tables.pitr[Users]: unknown" == lines[4]
