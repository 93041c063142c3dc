"""Documents that are read to their end."""

from __future__ import annotations

from checks.evidence import Response, Silence
from checks.model import CannotLook
from checks.world.ports import World

# What describes an API has outgrown what is read of a page. A gateway lets 10 MB through (API Gateway quotas); whatever
# is seen is kept in the report, so that this is far below it.
MOST = 524_288


def read_whole(world: World, url: str) -> Response | Silence:
    """What is at *url*. Raises CannotLook for more than MOST bytes: one half says nothing of the other."""
    seen = world.http.fetch(url, most=MOST)
    if isinstance(seen, Response) and seen.capped:
        raise CannotLook(
            f"{url} is longer than {MOST // 1024} KiB, which is as much as is read of a document", final=True
        )
    return seen
