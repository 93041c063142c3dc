"""What a bucket does by itself: serve pages, let other sites in, delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, BucketCors, BucketLifecycle, BucketWebsite, CorsRule, Described, LifecycleRule
from checks.likeness import words_of
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.notices import notices_of
from checks.wording import left_out, quote, several
from checks.world.ports import World

_WRITING = frozenset({"PUT", "POST", "DELETE"})


@promise(
    "buckets.website",
    says="the bucket serves no website of its own, whatever the template says",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketWebsite",),
)
def website(*, region: str, bucket: str, owner: str) -> Sight:
    """Pitfall 20: a website endpoint speaks plain HTTP alone, to everybody (AWS: "Website endpoints")."""
    look = partial(_look_website, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_website, bucket=bucket))


@promise(
    "buckets.cors",
    says="pages of other origins may do with the bucket what the template says, and never write from anywhere",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketCORS",),
)
def cors(*, region: str, bucket: str, owner: str, rules: tuple[CorsRule, ...], gaps: tuple[str, ...]) -> Sight:
    """A lost rule shows as an upload that fails in browsers alone (AWS: "Using cross-origin resource sharing")."""
    look = partial(_look_cors, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_cors, bucket=bucket, rules=rules, gaps=gaps))


@promise(
    "buckets.lifecycle",
    says="the bucket deletes by the rules of the template, and by no others",
    severity="warning",
    instrument="aws",
    actions=("s3:GetLifecycleConfiguration",),
)
def lifecycle(
    *, region: str, bucket: str, owner: str, rules: tuple[LifecycleRule, ...], gaps: tuple[str, ...]
) -> Sight:
    """A rule that somebody added by hand deletes for good within a day (AWS: "Managing the lifecycle of objects")."""
    look = partial(_look_lifecycle, region=region, bucket=bucket, owner=owner)
    return Sight(look=look, judge=partial(judge_lifecycle, bucket=bucket, rules=rules, gaps=gaps))


@promise(
    "buckets.notifications",
    says="the bucket tells of its objects whom the template says, and nobody else",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketNotification",),
)
def notifications(*, region: str, bucket: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """A lost notification is work that is never begun, and no error anywhere (AWS: "Amazon S3 Event Notifications")."""
    look = partial(_look_described, kind="AWS::S3::BucketNotification", region=region, bucket=bucket)
    remedy = "deploy the stack again; what was put there meanwhile was told to nobody, and must be found by listing"
    return Sight(look=look, judge=partial(judge_words, bucket=bucket, words=words, gaps=gaps, remedy=remedy))


@promise(
    "buckets.owned",
    says="what anybody puts into the bucket belongs to its owner, unless the template says otherwise",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketOwnershipControls",),
)
def owned(*, region: str, bucket: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: with BucketOwnerEnforced no list of access of a single object opens it (Security Hub, control S3.12)."""
    look = partial(_look_described, kind="AWS::S3::BucketOwnership", region=region, bucket=bucket)
    remedy = "aws s3api put-bucket-ownership-controls with BucketOwnerEnforced, or deploy the stack again"
    return Sight(look=look, judge=partial(judge_words, bucket=bucket, words=words, gaps=gaps, remedy=remedy))


def judge_words(
    seen: Described | Absent, _now: datetime, *, bucket: str, words: intent.Words, gaps: tuple[str, ...], remedy: str
) -> Verdict:
    """Every word the same."""
    expected = f"bucket {bucket} with {intent.said(words) or 'anything'}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, bucket)
    other = intent.differences(words, dict(seen.words))
    if other:
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    return Verdict.passed(expected=expected, actual=quote(intent.said(seen.words)))


def judge_website(seen: BucketWebsite | Absent, _now: datetime, *, bucket: str) -> Verdict:
    """No configuration at all."""
    expected = f"bucket {bucket} has no website configuration"
    match seen:
        case Absent():
            return _gone(expected, bucket)
        case BucketWebsite(serves=""):
            return Verdict.passed(expected=expected, actual="none")
        case BucketWebsite(serves=serves):
            remedy = f"aws s3api delete-bucket-website --bucket {bucket}, and serve it through a distribution"
            return Verdict.failed(expected=expected, actual=f"it serves {quote(serves)}", remedy=remedy)


def judge_cors(
    seen: BucketCors | Absent, _now: datetime, *, bucket: str, rules: tuple[CorsRule, ...], gaps: tuple[str, ...]
) -> Verdict:
    """The same rules; where the template leaves one open, still none that lets every page write."""
    expected = f"CORS of bucket {bucket}: {several(map(_spelt, rules))}, no writing from everywhere{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, bucket)
    live = set(seen.rules)
    loose = [f"lets everybody write: {_spelt(each)}" for each in seen.rules if _is_loose(each)]
    missing = [] if gaps else [f"missing: {_spelt(each)}" for each in rules if each not in live]
    extra = [] if gaps else [f"not in the template: {_spelt(each)}" for each in seen.rules if each not in rules]
    amiss = [*loose, *missing, *extra]
    if not amiss:
        return Verdict.passed(expected=expected, actual=several(map(_spelt, seen.rules)))
    remedy = "name the site's own origins in the template's rule" if loose else "deploy the stack again to set it back"
    return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)


def judge_lifecycle(
    seen: BucketLifecycle | Absent,
    _now: datetime,
    *,
    bucket: str,
    rules: tuple[LifecycleRule, ...],
    gaps: tuple[str, ...],
) -> Verdict:
    """Every rule by its id; those without one are counted, because CloudFormation makes ids up for them."""
    expected = f"lifecycle of bucket {bucket}: {several(map(_told, rules))}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, bucket)
    live, named = {each.id: each for each in seen.rules}, {each.id for each in rules if each.id}
    amiss = [
        f"{each.id} is {_told(live[each.id]) if each.id in live else 'missing'}"
        for each in rules
        if each.id and live.get(each.id) != each
    ]
    others = [each for each in seen.rules if each.id not in named]
    if not gaps and len(others) != len(rules) - len(named):
        amiss += [f"not in the template: {_told(each)}" for each in others] or ["a rule without an id is missing"]
    if not amiss:
        return Verdict.passed(expected=expected, actual=several(map(_told, seen.rules)))
    remedy = f"deploy the stack again, and see what is gone: aws s3api list-object-versions --bucket {bucket}"
    return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)


def _is_loose(rule: CorsRule) -> bool:
    return any("*" in origin for origin in rule.origins) and bool(_WRITING.intersection(rule.methods))


def _spelt(rule: CorsRule) -> str:
    words = f"{' '.join(rule.methods)} from {' '.join(rule.origins)}"
    further = (("with", rule.headers), ("showing", rule.exposed))
    return words + "".join(f" {word} {' '.join(names)}" for word, names in further if names) + f" for {rule.seconds} s"


def _told(rule: LifecycleRule) -> str:
    ends = f"ends objects after {rule.expires}" if rule.expires else "ends no current object"
    return f"{rule.id or 'a rule'} {rule.status}, {ends}"


def checks(target: Target) -> Iterator[Check]:
    """Every promise about what a bucket does by itself, for every bucket."""
    for bucket in target.of_type("AWS::S3::Bucket"):
        place = bucket.place(f"arn:{target.partition}:s3:::{bucket.physical_id}")
        region, name, owner = bucket.region, bucket.physical_id, target.account
        yield website(place, region=region, bucket=name, owner=owner)
        gaps = intent.gaps(bucket.properties, "CorsConfiguration")
        yield cors(place, region=region, bucket=name, owner=owner, rules=tuple(_cors_of(bucket)), gaps=gaps)
        gaps = intent.gaps(bucket.properties, "LifecycleConfiguration")
        yield lifecycle(place, region=region, bucket=name, owner=owner, rules=tuple(_rules_of(bucket)), gaps=gaps)
        words, gaps = words_of({"tells": notices_of(target, bucket)})
        yield notifications(place, region=region, bucket=name, words=words, gaps=gaps)
        rule = next(iter(intent.items(bucket.properties, "OwnershipControls", "Rules")), None)
        words, gaps = words_of({"owner": intent.part(rule, "ObjectOwnership") or "BucketOwnerEnforced"})
        yield owned(place, region=region, bucket=name, words=words, gaps=gaps)


def _cors_of(bucket: Resource) -> Iterator[CorsRule]:
    for each in intent.items(bucket.properties, "CorsConfiguration", "CorsRules"):
        if not intent.gaps(each):
            yield CorsRule(
                origins=_sorted(intent.texts(each, "AllowedOrigins")),
                methods=_sorted(intent.texts(each, "AllowedMethods")),
                headers=_sorted(intent.texts(each, "AllowedHeaders")),
                exposed=_sorted(intent.texts(each, "ExposedHeaders")),
                seconds=int(intent.text(each, "MaxAge") or 0),
            )


def _rules_of(bucket: Resource) -> Iterator[LifecycleRule]:
    for each in intent.items(bucket.properties, "LifecycleConfiguration", "Rules"):
        if not intent.gaps(each):
            days, on = intent.text(each, "ExpirationInDays"), intent.text(each, "ExpirationDate")
            expires = f"{days} days" if days else on[:10]
            yield LifecycleRule(id=intent.text(each, "Id"), status=intent.text(each, "Status"), expires=expires)


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(texts))


def _gone(expected: str, bucket: str) -> Verdict:
    remedy = "deploying does not make it again: remove it from the stack, deploy, add it and restore what was in it"
    return Verdict.failed(expected=expected, actual=f"there is no bucket {quote(bucket)}", remedy=remedy)


def _look_website(world: World, *, region: str, bucket: str, owner: str) -> BucketWebsite | Absent:
    return world.aws.bucket_website(region, bucket, owner)


def _look_cors(world: World, *, region: str, bucket: str, owner: str) -> BucketCors | Absent:
    return world.aws.bucket_cors(region, bucket, owner)


def _look_described(world: World, *, kind: str, region: str, bucket: str) -> Described | Absent:
    return world.aws.described(kind, region, bucket)


def _look_lifecycle(world: World, *, region: str, bucket: str, owner: str) -> BucketLifecycle | Absent:
    return world.aws.bucket_lifecycle(region, bucket, owner)


PROMISES = (website, cors, lifecycle, notifications, owned)
