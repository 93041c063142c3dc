"""What was live and when: one record for each completed deploy, enough to bring it back.

A record is a version of one SSM parameter, so history, order and numbering are the service's own: it keeps the newest
hundred, and what is written is never changed. Files and functions are not copied: a record names versions that the
frontend bucket and Lambda keep by themselves.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from khaya_infra.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from khaya_infra.clients import Client

# A parameter of the tier without charge holds so much.
_ROOM = 4096
LAST = "last"
# Before the commit of a function that serves whatever was deployed last, since it has no alias.
UNPUBLISHED = "$LATEST@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One completed deploy.

    `pages` maps each file whose name stays the same to its version in the bucket; files named by a hash are never
    overwritten, so they need none. `functions` maps a function to the version that its alias stood on, or to
    `UNPUBLISHED` and the commit that it ran if it has no alias. `template` is the name of the main stack's template
    among the CDK's assets, `edge` that of the edge's stack among those of its region; empty where there is none.
    """

    sha: str
    version: str
    template: str
    pages: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    number: int = 0
    edge: str = ""

    def is_like(self, other: Release) -> bool:
        """Whether both serve the same files and functions, whatever they are called."""
        return (self.pages, self.functions) == (other.pages, other.functions)


def parameter_of(stack: str) -> str:
    """Where the records of a stack are: two stages in one account have two."""
    return f"/{stack}/release"


def record(ssm: Client, stack: str, release: Release) -> int:
    """Add a record unless the newest says the same; gives its number."""
    known = history(ssm, stack)
    if known and known[0].is_like(release) and known[0].sha == release.sha:
        return known[0].number
    value = json.dumps({key: each for key, each in asdict(release).items() if key != "number"}, separators=(",", ":"))
    if len(value.encode()) > _ROOM:
        raise Stop(
            f"the record of release {release.sha[:12]} takes {len(value)} bytes, more than {_ROOM}",
            "Give files of the site names with a hash: those need no record",
        )
    answer = ssm.put_parameter(
        Name=parameter_of(stack), Value=value, Type="String", Overwrite=True, Description="The release that is live"
    )
    return int(answer["Version"])


def history(ssm: Client, stack: str) -> tuple[Release, ...]:
    """All records, the newest first; empty when nothing was ever deployed."""
    from botocore.exceptions import ClientError

    pages = ssm.get_paginator("get_parameter_history").paginate(Name=parameter_of(stack))
    try:
        found = [_release(each) for page in pages for each in page["Parameters"]]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ParameterNotFound":
            return ()
        raise
    return tuple(sorted(found, key=lambda each: each.number, reverse=True))


def _release(version: Mapping[str, Any]) -> Release:
    return Release(**json.loads(version["Value"]), number=int(version["Version"]))


def choose(known: tuple[Release, ...], live: Release, wanted: str | None) -> Release:
    """Which release to bring back: the one whose commit begins with `wanted`, else the newest unlike what is live.

    `last` is the newest on record, live or not: what a deploy that broke half-way began from.

    A deploy that broke half-way left no record and something live that no record describes; then the newest record is
    the last whole release. `Stop` when there is nothing to go back to.
    """
    if wanted == LAST and known:
        return known[0]
    if wanted:
        named = [each for each in known if each.sha.startswith(wanted)]
        if not named:
            listed = ", ".join(dict.fromkeys(each.sha[:12] for each in known)) or "none"
            raise Stop(f"no record of a release {wanted}", f"Known are {listed}")
        return named[0]
    unlike = [each for each in known if not each.is_like(live)]
    # What is live may be on record twice, such as after its files were brought back from a copy.
    shas = {each.sha for each in known if each.is_like(live)}
    other = next((each for each in unlike if each.sha not in shas), next(iter(unlike), None))
    if other is None:
        raise Stop(
            f"there is no release before {live.sha[:12] or 'this one'} on record",
            "Check out the commit to go back to and deploy it",
        )
    return other
