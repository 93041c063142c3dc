"""The keys that tokens are signed with: served to whoever wants to verify one, and to nobody more than that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from checks.evidence import KeysSeen, digest_of
from checks.keys import address_of, keys_in
from checks.model import Check, Place, Sight, Target, Verdict, promise
from checks.wording import quote, several
from checks.world.ports import World

_POOL = "AWS::Cognito::UserPool"
# RFC 7518, 3.3: with RS256 a key of 2048 bits or more.
_FEWEST_BITS = 2048
_ALGORITHM = "RS256"


@promise(
    "auth.keys",
    says="the user pool serves the public keys of its tokens, each with a name of its own, and no private one",
    severity="critical",
    instrument="http",
)
def keys(*, url: str) -> Sight:
    """AWS: whoever verifies a token takes the key of its kid from here; a new one beside the old is as it should be."""
    return Sight(look=partial(_look, url=url), judge=judge_keys)


def judge_keys(seen: KeysSeen, _now: datetime) -> Verdict:
    """One or more, for RS256, long enough, no two of one name."""
    expected = f"keys for {_ALGORITHM} of {_FEWEST_BITS} bits at least, each named once, none of them private"
    amiss = [seen.unread] if seen.unread else [] if seen.keys else ["no key"]
    amiss += [f"key {name} has {bits} bits" for name, bits, _, _ in seen.keys if bits < _FEWEST_BITS]
    amiss += [f"key {name} is for {quote(use, 20)}" for name, _, use, _ in seen.keys if use != _ALGORITHM]
    amiss += [f"key {name} is served with its private part" for name, _, _, secret in seen.keys if secret]
    names = [name for name, _, _, _ in seen.keys]
    amiss += [
        f"key {name} is there {names.count(name)} times" for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    if amiss:
        remedy = f"curl {quote(seen.url)}: if Cognito itself serves this, open a case with AWS; else see who answers"
        return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"{len(names)} keys")


def checks(target: Target) -> Iterator[Check]:
    """One question about every user pool."""
    for pool in target.of_type(_POOL):
        place = Place(subject=pool.subject, stack=pool.stack, region=pool.region)
        yield keys(place, url=address_of(pool.region, pool.physical_id))


def _look(world: World, *, url: str) -> KeysSeen:
    """A key by the digest of its name: some names look like what is taken out of evidence."""
    found = keys_in(world.http.fetch(url))
    if isinstance(found, str):
        return KeysSeen(url=url, keys=(), unread=found)
    return KeysSeen(
        url=url,
        keys=tuple((digest_of(each.id), each.modulus.bit_length(), each.algorithm, each.secret) for each in found),
    )


PROMISES = (keys,)
