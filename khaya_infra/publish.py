"""The site goes live: what is in the bucket becomes what was built, and the edge forgets what it knew."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from khaya_infra.clients import Client
from khaya_infra.stop import WAITING, Stop

_HASHED = re.compile(r"assets/.+\.[0-9a-f]{12}\.[a-z0-9]+")
_YEAR = "public,max-age=31536000,immutable"
_DAY = "public,max-age=86400"
_ASK = "no-cache"
_IMAGES = frozenset({".png", ".svg", ".ico", ".jpg", ".webp"})
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
}
_DEADLINE_S = 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file of the site as it is to be in the bucket; `etag` is S3's own word for these bytes."""

    key: str
    path: Path
    etag: str
    content_type: str
    cache_control: str


def pages_of(folder: Path) -> tuple[Page, ...]:
    """Every file below `folder` in the order of uploading: what a page names comes before the page."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple(sorted((_page(folder, path) for path in files), key=_turn))


def cache_control_for(key: str) -> str:
    """How long a browser may keep a file: for ever if its name changes with its content, else a day or not at all."""
    if is_hashed(key):
        return _YEAR
    return _DAY if Path(key).suffix in _IMAGES else _ASK


def is_hashed(key: str) -> bool:
    """Whether the file's name changes with its content, so that it is never overwritten."""
    return _HASHED.fullmatch(key) is not None


def _page(folder: Path, path: Path) -> Page:
    key = path.relative_to(folder).as_posix()
    content_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Page(
        key=key,
        path=path,
        # S3's ETag of an object that was sent in one piece is the MD5 of its bytes.
        etag=hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest(),
        content_type=content_type,
        cache_control=cache_control_for(key),
    )


def _turn(page: Page) -> tuple[int, str]:
    # Hashed files first, the page that names them last: nobody is ever sent to a file that is not there yet.
    rank = 0 if page.cache_control == _YEAR else 2 if page.key == "index.html" else 1
    return rank, page.key


def upload(s3: Client, bucket: str, pages: tuple[Page, ...]) -> tuple[int, datetime]:
    """Send what is not in the bucket yet; files of earlier releases stay for those who still have their page open.

    Returns how many were sent, and when the newest file of this site arrived.
    """
    present = _listing(s3, bucket)
    changed = [page for page in pages if page.key not in present or present[page.key][0] != page.etag]
    # A new release sends every file of its own: a listing does not tell whether an old one has today's cache rules.
    for page in pages if changed else ():
        s3.put_object(
            Bucket=bucket,
            Key=page.key,
            Body=page.path.read_bytes(),
            ContentType=page.content_type,
            CacheControl=page.cache_control,
        )
    if changed:
        present = _listing(s3, bucket)
    newest = max((present[page.key][1] for page in pages), default=datetime.now(UTC))
    return len(pages) if changed else 0, newest


def _listing(s3: Client, bucket: str) -> dict[str, tuple[str, datetime]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        item["Key"]: (item["ETag"].strip('"'), item["LastModified"])
        for page in pages
        for item in page.get("Contents", [])
    }


def invalidate(
    cloudfront: Client, distribution: str, *, newer_than: datetime, pause: Callable[[float], None] = time.sleep
) -> str:
    """Make sure that an invalidation asked for after `newer_than` is completed; says what was done.

    The moment decides, not what this run sent: a run that died between upload and invalidation is made good.
    """
    known = cloudfront.list_invalidations(DistributionId=distribution, MaxItems="10")["InvalidationList"]
    # The two services round their times differently, so only whole seconds can be compared.
    since = newer_than.replace(microsecond=0)
    fresh = [item for item in known.get("Items", []) if item["CreateTime"] >= since]
    if any(item["Status"] == "Completed" for item in fresh):
        return "the edge is up to date"
    chosen = fresh[0]["Id"] if fresh else _ask(cloudfront, distribution)
    _await(cloudfront, distribution, chosen, pause)
    return f"invalidation {chosen} completed"


def _ask(cloudfront: Client, distribution: str) -> str:
    answer = cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": f"khaya-{uuid.uuid4()}"},
    )
    return str(answer["Invalidation"]["Id"])


def _await(cloudfront: Client, distribution: str, invalidation: str, pause: Callable[[float], None]) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        answer = cloudfront.get_invalidation(DistributionId=distribution, Id=invalidation)
        if answer["Invalidation"]["Status"] == "Completed":
            return
        if time.monotonic() > deadline:
            raise Stop(
                f"invalidation {invalidation} is not completed after {_DEADLINE_S // 60} minutes",
                "The new site is in the bucket; deploy again to go on waiting",
                code=WAITING,
            )
        pause(2.0)
