"""Roles and policies: who may take a role on, what it may do, and that nobody added to either by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, Permissions, QueueSeen, ResourcePolicy, TopicSeen
from checks.likeness import checks_of, like, prop
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.policy import opens_nothing
from checks.spelling import document
from checks.wording import left_out, several
from checks.world.ports import World

ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
_HOLDERS = {"AWS::S3::BucketPolicy": "Bucket", "AWS::SQS::QueuePolicy": "Queues", "AWS::SNS::TopicPolicy": "Topics"}


def _only_role(one: Resource) -> str:
    roles = intent.texts(one.properties, "Roles")
    name = intent.text(one.properties, "PolicyName")
    return f"{roles[0].rpartition('/')[2]}/{name}" if roles and name else ""


# The policies of a role are known from the whole target: ``checks`` adds their names to what is wanted of it.
TRUST = like(
    "roles.trusted",
    ROLE,
    says="the role may be taken on by whom the template says, and has its policies and no others",
    severity="critical",
    source="AWS: a role that anybody may assume, or that was handed AdministratorAccess, is the account's open door.",
    noun="role",
    actions=("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
    arn="arn:{partition}:iam::{account}:role/{id}",
    documents=("trust",),
)
ROWS = (
    like(
        "roles.policy",
        POLICY,
        says="the policy of the role allows exactly what the template says",
        severity="critical",
        source="AWS: what was added to a role in a hurry stays; what was taken shows on the path that needs it.",
        noun="policy",
        actions=("iam:GetRolePolicy",),
        arn="arn:{partition}:iam::{account}:role/*",
        asked=_only_role,
        wanted=lambda one: {"document": prop(one, "PolicyDocument")},
        documents=("document",),
    ),
)


@promise(
    "roles.resource_policy",
    says="the bucket, queue or topic carries the policy of the template, no statement less and no open door more",
    severity="critical",
    instrument="aws",
    actions=("s3:GetBucketPolicy", "sqs:GetQueueAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
)
def resource_policy(
    *,
    region: str,
    account: str,
    holders: tuple[str, ...],
    readers: tuple[str, ...],
    statements: tuple[str, ...],
    gaps: tuple[str, ...],
) -> Sight:
    """AWS: one statement more shares a bucket with the world; one less, and plain HTTP is let in again.

    A denial of plain HTTP, or a distribution of the target that may read, is what consoles add and nobody gains by.
    """
    judge = partial(judge_resource_policy, readers=readers, statements=statements, gaps=gaps)
    return Sight(look=partial(_look, region=region, account=account, holders=holders), judge=judge)


def judge_resource_policy(
    seen: Permissions, _now: datetime, *, readers: tuple[str, ...], statements: tuple[str, ...], gaps: tuple[str, ...]
) -> Verdict:
    """The same statements, by their digests; what the template leaves open is left out, and so is what is too much."""
    expected = f"{len(statements)} statements, those of the template{left_out(gaps)}"
    remedy = "deploy the stack again; who changed the policy by hand is in CloudTrail"
    other = [words for each in seen.policies for words in _amiss(each, readers, statements, is_whole=not gaps)]
    if other or not seen.policies:
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    return Verdict.passed(expected=expected, actual="as the template says")


def _amiss(
    seen: ResourcePolicy | Absent, readers: tuple[str, ...], statements: tuple[str, ...], *, is_whole: bool
) -> Iterator[str]:
    if isinstance(seen, Absent):
        yield "it has no policy, or is gone"
        return
    live = _statements(seen.text)
    digests = {name: document(_nameless(each)) for name, each in live.items()}
    missing = sum(each not in digests.values() for each in statements)
    if missing:
        yield f"{missing} missing"
    if is_whole:
        more = (name for name, digest in digests.items() if digest not in statements)
        yield from (f"{name} is not in the template" for name in more if not _is_harmless(live[name], readers))


def _is_harmless(statement: object, readers: tuple[str, ...]) -> bool:
    return isinstance(statement, Mapping) and opens_nothing(statement, distributions=readers)


def _statements(policy: str) -> dict[str, object]:
    """The statements by their Sids, or by their places where they have none."""
    try:
        read = json.loads(policy or "{}")
    except (ValueError, RecursionError):
        return {"a policy that cannot be read": policy}
    found = intent.part(read, "Statement")
    every = [found] if isinstance(found, Mapping) else intent.items(found)
    return {_called(each, number): each for number, each in enumerate(every, start=1)}


def _called(statement: object, number: int) -> str:
    return intent.text(statement, "Sid") or f"statement {number}"


def _nameless(statement: object) -> object:
    """A Sid is only a name, and services give one to a statement that has none."""
    return (
        {key: each for key, each in statement.items() if key != "Sid"} if isinstance(statement, Mapping) else statement
    )


def checks(target: Target) -> Iterator[Check]:
    """Every role, every policy of one, and every policy of a resource."""
    for role in target.of_type(ROLE):
        yield from checks_of(target, (replace(TRUST, wanted=partial(_wanted, target)),), only=role)
    yield from checks_of(target, ROWS)
    for kind, key in _HOLDERS.items():
        for one in target.of_type(kind):
            yield from _of_holder(target, one, key)


def _wanted(target: Target, role: Resource) -> Mapping[str, object]:
    """Its trust, and the names of all policies that the template gives it, in the role and beside it."""
    beside = [each for each in target.of_type(POLICY) if _names(each, role)]
    inline = [intent.part(each, "PolicyName") for each in intent.items(role.properties, "Policies")]
    inline += [prop(each, "PolicyName") for each in beside]
    own = [each.physical_id for each in target.of_type("AWS::IAM::ManagedPolicy") if _names(each, role)]
    managed = [*intent.items(role.properties, "ManagedPolicyArns"), *own]
    return {
        "trust": prop(role, "AssumeRolePolicyDocument"),
        "managed": managed or "none",
        "inline": inline or "none",
    }


def _names(policy: Resource, role: Resource) -> bool:
    return role.physical_id in intent.texts(policy.properties, "Roles")


def _of_holder(target: Target, one: Resource, key: str) -> Iterator[Check]:
    """The holders that are known; a policy for several is asked of each of them."""
    said = prop(one, key)
    named = (said,) if isinstance(said, str) else intent.texts(said)
    holders = tuple(sorted(_arn(target, one, each) for each in named))
    written = prop(one, "PolicyDocument")
    statements = intent.part(written, "Statement")
    every = [statements] if isinstance(statements, Mapping) else list(intent.items(statements))
    known = tuple(digest for each in every if not intent.gaps(each) for digest in [document(_nameless(each))])
    if holders and every:
        gaps = intent.gaps(written)
        readers = tuple(
            target.arn("cloudfront", "", f"distribution/{each.physical_id}")
            for each in target.of_type(intent.DISTRIBUTION)
        )
        yield resource_policy(
            one.place(*holders),
            region=one.region,
            account=target.account,
            holders=holders,
            readers=readers,
            statements=known,
            gaps=gaps,
        )


def _arn(target: Target, one: Resource, name: str) -> str:
    if one.type == "AWS::S3::BucketPolicy":
        return f"arn:{target.partition}:s3:::{name}"
    return name if name.startswith("arn:") else target.arn("sqs", one.region, name.rpartition("/")[2])


def _look(world: World, *, region: str, account: str, holders: tuple[str, ...]) -> Permissions:
    return Permissions(policies=tuple(_policy(world, region, account, arn) for arn in holders))


def _policy(world: World, region: str, account: str, arn: str) -> ResourcePolicy | Absent:
    service = arn.split(":")[2]
    if service == "s3":
        return world.aws.bucket_policy(region, arn.rpartition(":")[2], account)
    found = world.aws.queue(region, arn) if service == "sqs" else world.aws.topic(region, arn)
    match found:
        case QueueSeen(policy=text) | TopicSeen(policy=text):
            return ResourcePolicy(resource=arn, text=text)
        case Absent():
            return found


PROMISES = (TRUST.promise, *(each.promise for each in ROWS), resource_policy)
