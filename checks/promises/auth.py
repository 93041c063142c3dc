"""User pools: there with their groups, protected, and asking of people what the template says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, PoolGroups, PoolSeen, veiled
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import left_out, quote, several
from checks.world.ports import World

_POOL = "AWS::Cognito::UserPool"
_GROUP = "AWS::Cognito::UserPoolGroup"
_PASSWORD = ("Policies", "PasswordPolicy")
_DEFAULT = "COGNITO_DEFAULT"
# Cognito developer guide, "Quotas": what the sender that everybody shares takes in a day, of a whole account.
_DEFAULT_QUOTA = 50
_SENDER = "EmailSendingAccount"
_MAILS = ("SourceArn", "From", "ReplyToEmailAddress", "ConfigurationSet")


@promise(
    "auth.pool",
    says="the user pool exists, as protected as the template says, with its sign-in names and triggers",
    severity="critical",
    instrument="aws",
    actions=("cognito-idp:DescribeUserPool",),
)
def pool(*, region: str, pool: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 61: an update that leaves a setting out resets it, and takes the Lambda triggers away."""
    judge = partial(judge_pool, pool=pool, words=words, gaps=gaps)
    return Sight(look=partial(_look_pool, region=region, pool=pool), judge=judge)


@promise(
    "auth.settings",
    says="the user pool asks for passwords and second factors, and lets people sign up, as the template says",
    severity="warning",
    instrument="aws",
    actions=("cognito-idp:DescribeUserPool",),
)
def settings(*, region: str, pool: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """Pitfall 61: the same update weakens passwords and switches the second factor off."""
    judge = partial(judge_settings, pool=pool, words=words, gaps=gaps)
    return Sight(look=partial(_look_pool, region=region, pool=pool), judge=judge)


@promise(
    "auth.groups",
    says="every group of the template exists in its user pool",
    severity="critical",
    instrument="aws",
    actions=("cognito-idp:ListGroups",),
)
def groups(*, region: str, pool: str, names: tuple[str, ...], gaps: tuple[str, ...]) -> Sight:
    """AWS: a token names the groups of its user; whoever cannot be put into one has no rights, or all."""
    judge = partial(judge_groups, pool=pool, names=names, gaps=gaps)
    return Sight(look=partial(_look_groups, region=region, pool=pool), judge=judge)


@promise(
    "auth.mails",
    says="mails of the user pool are sent by whom the template names, and Cognito knows of no reason that they fail",
    severity="warning",
    instrument="aws",
    actions=("cognito-idp:DescribeUserPool",),
)
def mails(*, region: str, pool: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: Cognito's own sender takes 50 mails a day; one of SES that is not verified takes none."""
    judge = partial(judge_mails, pool=pool, words=words, gaps=gaps)
    return Sight(look=partial(_look_pool, region=region, pool=pool), judge=judge)


def judge_pool(
    seen: PoolSeen | Absent, _now: datetime, *, pool: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """What cannot be had back when it is lost: users, the names they sign in with, what runs when they do."""
    expected = f"user pool {pool} with {intent.said(words)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, pool)
    live = {
        "protection": seen.deletion_protection,
        "aliases": intent.plain(seen.aliases),
        "usernames": intent.plain(seen.usernames),
        "triggers": intent.plain([f"{name}={arn}" for name, arn in seen.triggers]),
    }
    return _compared(expected, words, live)


def judge_settings(
    seen: PoolSeen | Absent, _now: datetime, *, pool: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """Every rule of the template for passwords, the second factor, and who makes users."""
    expected = f"user pool {pool} with {intent.said(words)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, pool)
    live = {"second factor": seen.mfa, "invited only": str(seen.admin_only).lower(), **dict(seen.password)}
    return _compared(expected, words, live)


def judge_mails(
    seen: PoolSeen | Absent, _now: datetime, *, pool: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """The same sender, and no failure; of the shared sender it is told how little it takes."""
    expected = f"mails of user pool {pool} with {intent.said(words)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, pool)
    live = {_SENDER: _DEFAULT, **dict(seen.mails)}
    quota = f"{_DEFAULT_QUOTA} mails a day, of the whole account" if live[_SENDER] == _DEFAULT else ""
    other = intent.differences(words, live)
    other += [f"Cognito cannot send: {quote(seen.mails_fail)}"] if seen.mails_fail else []
    if not other:
        actual = f"the same in all {len(words)}{f'; it takes {quota}' if quota else ''}"
        return Verdict.passed(expected=expected, actual=actual)
    remedy = "deploy the stack again; then see in SES whether the sender is verified and out of the sandbox there"
    return Verdict.failed(expected=expected, actual=several([*other, *([quota] if quota else [])]), remedy=remedy)


def judge_groups(
    seen: PoolGroups | Absent, _now: datetime, *, pool: str, names: tuple[str, ...], gaps: tuple[str, ...]
) -> Verdict:
    """None is missing; a further one is no harm."""
    expected = f"groups of user pool {pool}: {several(names)}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, pool)
    missing = [name for name in names if name not in seen.groups]
    if not missing:
        return Verdict.passed(expected=expected, actual=several(seen.groups))
    remedy = "deploy the stack again, then put its users back: a group that was deleted has lost them"
    return Verdict.failed(expected=expected, actual=f"missing: {several(missing)}", remedy=remedy)


def _compared(expected: str, words: intent.Words, live: Mapping[str, str]) -> Verdict:
    other = intent.differences(words, live)
    if not other:
        return Verdict.passed(expected=expected, actual=f"the same in all {len(words)}")
    remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateUserPool)"
    return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every promise about every user pool."""
    for found in target.of_type(_POOL):
        yield from _of_pool(target, found)


def _of_pool(target: Target, found: Resource) -> Iterator[Check]:
    said, name = found.properties, found.physical_id
    place = found.place(target.arn("cognito-idp", found.region, f"userpool/{name}"))
    words, gaps = intent.known(
        {
            "protection": intent.part(said, "DeletionProtection") or "INACTIVE",
            "aliases": intent.part(said, "AliasAttributes"),
            "usernames": intent.part(said, "UsernameAttributes"),
            "triggers": _triggers(said),
        }
    )
    yield pool(place, region=found.region, pool=name, words=words, gaps=gaps)
    asked = intent.part(said, *_PASSWORD)
    wanted = {
        "second factor": intent.part(said, "MfaConfiguration") or "OFF",
        "invited only": _flag(intent.part(said, "AdminCreateUserConfig", "AllowAdminCreateUserOnly")),
        **({str(key): _flag(value) for key, value in asked.items()} if isinstance(asked, Mapping) else {}),
    }
    words, gaps = intent.known(wanted)
    yield settings(place, region=found.region, pool=name, words=words, gaps=gaps)
    words, gaps = intent.known(_mails(said))
    yield mails(place, region=found.region, pool=name, words=words, gaps=gaps)
    mine = [each for each in target.of_type(_GROUP) if _is_of(each, found)]
    if mine:
        # The physical id may have the pool's in it; the name is the template's where it is known.
        names = tuple(sorted(intent.text(each.properties, "GroupName") or each.physical_id for each in mine))
        wider = replace(place, covers=(*place.covers, *(each.logical_id for each in mine)))
        yield groups(wider, region=found.region, pool=name, names=names, gaps=())


def _is_of(group: Resource, found: Resource) -> bool:
    return group.region == found.region and intent.text(group.properties, "UserPoolId") == found.physical_id


def _triggers(said: object) -> object:
    config = intent.part(said, "LambdaConfig")
    if not isinstance(config, Mapping):
        return config
    named = {key: value for key, value in config.items() if key != "KMSKeyID"}
    if intent.gaps(named):
        return list(intent.items([each for each in named.values() if intent.gaps(each)]))
    return [f"{key}={intent.text(value) or intent.text(value, 'LambdaArn')}" for key, value in named.items()]


def _mails(said: object) -> Mapping[str, object]:
    """Who sends; where a template names no sender it is Cognito's own, and its silence on the rest asks for nothing."""
    config = intent.part(said, "EmailConfiguration")
    if intent.gaps(config):
        return {_SENDER: config}
    parts = {name: intent.part(config, name) for name in _MAILS}
    named = {
        name: value if intent.gaps(value) else veiled(intent.text(value)) for name, value in parts.items() if value
    }
    return {_SENDER: intent.part(config, _SENDER) or _DEFAULT, **named}


def _flag(value: object) -> object:
    """A number or boolean as Cognito tells it; one that is not set is off."""
    return value if intent.gaps(value) else intent.text(value) or "false"


def _gone(expected: str, pool: str) -> Verdict:
    remedy = "a user pool cannot be restored: deploy a new one and import its users from the last export"
    return Verdict.failed(expected=expected, actual=f"there is no user pool {quote(pool)}", remedy=remedy)


def _look_pool(world: World, *, region: str, pool: str) -> PoolSeen | Absent:
    return world.aws.user_pool(region, pool)


def _look_groups(world: World, *, region: str, pool: str) -> PoolGroups | Absent:
    return world.aws.user_pool_groups(region, pool)


PROMISES = (pool, settings, mails, groups)
