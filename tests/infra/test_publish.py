"""Upload and invalidation, against a bucket and a distribution that live in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from khaya_infra import publish
from khaya_infra.stop import WAITING, Stop

NOON = datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC)


@dataclass
class Bucket:
    """S3 as far as an upload needs it; each put is a second later."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)

    def put_object(self, *, Key: str, Body: bytes, ContentType: str, CacheControl: str, **_: str) -> None:  # noqa: N803
        """Keep it."""
        self.puts.append(Key)
        self.objects[Key] = {
            "Key": Key,
            "ETag": f'"{hashlib.md5(Body, usedforsecurity=False).hexdigest()}"',
            "LastModified": NOON + timedelta(seconds=len(self.puts)),
            "Type": ContentType,
            "Cache": CacheControl,
        }

    def get_paginator(self, operation: str) -> Bucket:
        """Itself."""
        assert "list_objects_v2" == operation
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        """One object a page, so that paging matters; an empty bucket has an empty page."""
        yield {}
        for each in list(self.objects.values()):
            yield {"Contents": [each]}


@dataclass
class Edge:
    """CloudFront as far as an invalidation needs it; `slow` answers say InProgress before Completed."""

    known: list[dict[str, Any]] = field(default_factory=list)
    slow: int = 0

    def list_invalidations(self, **_: str) -> dict[str, Any]:
        """What was asked for so far, newest first."""
        return {"InvalidationList": {"Items": self.known} if self.known else {}}

    def create_invalidation(self, *, InvalidationBatch: dict[str, Any], **_: str) -> dict[str, Any]:  # noqa: N803
        """Remember it."""
        assert ["/*"] == InvalidationBatch["Paths"]["Items"]
        made = {"Id": f"I{len(self.known)}", "Status": "InProgress", "CreateTime": NOON}
        self.known.insert(0, made)
        return {"Invalidation": made}

    def get_invalidation(self, *, Id: str, **_: str) -> dict[str, Any]:  # noqa: N803
        """Completed once it has been asked often enough."""
        self.slow -= 1
        return {"Invalidation": {"Id": Id, "Status": "InProgress" if self.slow >= 0 else "Completed"}}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[publish.Page, ...]:
    """A site of three files."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.0123456789ab.js").write_text("1")
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "version.json").write_text("{}")
    return publish.pages_of(tmp_path)


def test_a_new_site_is_sent_whole_with_its_page_last(pages: tuple[publish.Page, ...]) -> None:
    """And each file with its rule."""
    bucket = Bucket()
    sent, _ = publish.upload(bucket, "b", pages)

    assert 3 == sent
    assert ["assets/app.0123456789ab.js", "version.json", "index.html"] == bucket.puts
    assert "no-cache" == bucket.objects["index.html"]["Cache"]


def test_an_identical_site_is_not_sent_again(pages: tuple[publish.Page, ...]) -> None:
    """By content, as the listing tells it."""
    bucket = Bucket()
    _, newest = publish.upload(bucket, "b", pages)
    bucket.puts.clear()

    assert (0, newest) == publish.upload(bucket, "b", pages)
    assert [] == bucket.puts


def test_one_changed_byte_sends_the_release(pages: tuple[publish.Page, ...]) -> None:
    """With the rules of today for every file, since a listing does not tell yesterday's."""
    bucket = Bucket()
    publish.upload(bucket, "b", pages)
    bucket.objects["version.json"]["ETag"] = '"something else"'

    assert 3 == publish.upload(bucket, "b", pages)[0]


def test_files_of_earlier_releases_stay(pages: tuple[publish.Page, ...]) -> None:
    """B02: whoever still has the old page open asks for them."""
    bucket = Bucket()
    bucket.put_object(Bucket="b", Key="assets/app.ffffffffffff.js", Body=b"0", ContentType="", CacheControl="")
    publish.upload(bucket, "b", pages)

    assert "assets/app.ffffffffffff.js" in bucket.objects


def test_an_invalidation_is_awaited() -> None:
    """B11: asked until it says Completed, with a pause in between."""
    pauses: list[float] = []
    edge = Edge(slow=2)

    assert "invalidation I0 completed" == publish.invalidate(edge, "D", newer_than=NOON, pause=pauses.append)
    assert 2 == len(pauses)


def test_a_completed_invalidation_after_the_upload_is_enough() -> None:
    """In the same second counts as after: the two services round differently."""
    edge = Edge(known=[{"Id": "I9", "Status": "Completed", "CreateTime": NOON.replace(microsecond=0)}])

    assert "the edge is up to date" == publish.invalidate(edge, "D", newer_than=NOON)
    assert 1 == len(edge.known)


def test_an_invalidation_before_the_upload_is_not() -> None:
    """B12: a run that died between upload and invalidation is made good by the next one."""
    old = {"Id": "I9", "Status": "Completed", "CreateTime": NOON - timedelta(seconds=1)}
    edge = Edge(known=[old])

    assert "invalidation I1 completed" == publish.invalidate(edge, "D", newer_than=NOON)


def test_an_invalidation_that_is_under_way_is_not_asked_for_twice() -> None:
    """It is awaited instead."""
    edge = Edge(known=[{"Id": "I9", "Status": "InProgress", "CreateTime": NOON + timedelta(seconds=5)}], slow=1)

    assert "invalidation I9 completed" == publish.invalidate(edge, "D", newer_than=NOON, pause=lambda _: None)
    assert 1 == len(edge.known)


def test_an_invalidation_that_never_ends_is_somebody_elses_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site is in the bucket by then: exit code 2, and the next deploy goes on waiting."""
    monkeypatch.setattr(publish, "_DEADLINE_S", -1)

    with pytest.raises(Stop, match="is not completed") as stopped:
        publish.invalidate(Edge(slow=99), "D", newer_than=NOON, pause=lambda _: None)

    assert WAITING == stopped.value.code
