"""What a table keeps to itself: how it is encrypted, how much it bears, who else gets at it, how far back it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from checks import intent
from checks.evidence import Absent, ContinuousBackups, ItemsCounted, Recoverable, ResourcePolicy, TableSeen
from checks.model import Check, Sight, Target, Unresolved, Verdict, promise
from checks.policy import accounts_of, opens_beyond, readable
from checks.wording import left_out, quote, several, span
from checks.world.ports import World

# DynamoDB's own, where a template asks for no other (API reference, PointInTimeRecoverySpecification).
_LONGEST = 35
# What AWS says of no ceiling (API reference, OnDemandThroughput).
_ENDLESS = -1
# A table is protected by point-in-time recovery as soon as it is made; what a slow deployment takes is no gap.
_MAKING = timedelta(days=1)


@promise(
    "tables.encrypted",
    says="the table is encrypted with the kind of key that the template says",
    severity="warning",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def encrypted(*, region: str, table: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """Without an SSESpecification the key is DynamoDB's own; one of ours can be taken away (AWS: SSEDescription)."""
    judge = partial(judge_encrypted, table=table, words=words, gaps=gaps)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.private",
    says="no policy of the table lets in anybody but this account and those that the template names",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:GetResourcePolicy",),
)
def private(*, region: str, table: str, arn: str, accounts: tuple[str, ...]) -> Sight:
    """AWS: since 2024 a table has a policy of its own, which lets other accounts read it without a role of ours."""
    judge = partial(judge_private, table=table, accounts=accounts)
    return Sight(look=partial(_look_policy, region=region, arn=arn), judge=judge)


@promise(
    "tables.window",
    says="the table can be restored as far back as the template says, or to when it was made",
    severity="warning",
    instrument="aws",
    actions=("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"),
)
def window(*, region: str, table: str, days: int) -> Sight:
    """Pitfall 67: recovery that was switched off and on again begins anew, and looks as if it had always been on."""
    look = partial(_look_recovery, region=region, table=table)
    return Sight(look=look, judge=partial(judge_window, table=table, days=days))


@promise(
    "tables.ceiling",
    says="the table may be asked as much as the template says, which without a word is as much as AWS allows",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:DescribeTable",),
)
def ceiling(*, region: str, table: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: an on-demand table throttles at its maximum throughput, however little that is (OnDemandThroughput)."""
    judge = partial(judge_ceiling, table=table, words=words, gaps=gaps)
    return Sight(look=partial(_look_table, region=region, table=table), judge=judge)


@promise(
    "tables.filled",
    says="the table holds as many items as the settings expect at least",
    severity="critical",
    instrument="aws",
    actions=("dynamodb:Scan",),
)
def filled(*, region: str, table: str, least: int) -> Sight:
    """AWS: ItemCount is hours old. A table of settings that nobody filled is in service, and its readers are not."""
    look = partial(_look_items, region=region, table=table, least=least)
    return Sight(look=look, judge=partial(judge_filled, table=table, least=least))


def judge_encrypted(
    seen: TableSeen | Absent, _now: datetime, *, table: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """The same kind of key; and the same key where the template names it by its id or ARN."""
    expected = f"{table} encrypted with {intent.said(words) or 'any key'}{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, table)
    kind, _, key = (seen.encryption or "AES256").partition(" ")
    there = {"kind": kind, "key": key, "id": key.rpartition("/")[2]}
    other = intent.differences(words, there)
    if other:
        remedy = "deploy the stack again; the key that encrypts it now must stay until DynamoDB has changed it"
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    return Verdict.passed(expected=expected, actual=quote(seen.encryption) or "with DynamoDB's own key")


def judge_ceiling(
    seen: TableSeen | Absent, _now: datetime, *, table: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """The same most for reads and for writes."""
    expected = f"{table} held to {intent.said(words) or 'anything'} units a second{left_out(gaps)}"
    if isinstance(seen, Absent):
        return _gone(expected, table)
    reads, writes = (_units(each) for each in seen.ceiling)
    other = intent.differences(words, {"reads": reads, "writes": writes})
    if other:
        remedy = "deploy the stack again; above its ceiling a table answers with ThrottlingException"
        return Verdict.failed(expected=expected, actual=several(other), remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"reads {reads}, writes {writes}")


def judge_filled(seen: ItemsCounted | Absent, _now: datetime, *, table: str, least: int) -> Verdict:
    """So many, or more."""
    expected = f"{table} with {least} or more items"
    if isinstance(seen, Absent):
        return _gone(expected, table)
    if seen.count < least:
        remedy = "fill it as a deployment does, or restore it to a moment before it was emptied (see backups)"
        return Verdict.failed(expected=expected, actual=f"{seen.count} items", remedy=remedy)
    return Verdict.passed(expected=expected, actual=f"at least {seen.count}")


def judge_private(seen: ResourcePolicy | Absent, _now: datetime, *, table: str, accounts: tuple[str, ...]) -> Verdict:
    """No policy, or no statement for anybody outside of the accounts."""
    expected = f"no statement of the policy of {table} for anybody outside of {several(accounts)}"
    if isinstance(seen, Absent):
        return _gone(expected, table)
    outside = opens_beyond(seen.text, accounts=accounts) if seen.text else ()
    outside = outside if readable(seen.text) or not seen.text else ("a policy that cannot be read",)
    if outside:
        remedy = "aws dynamodb delete-resource-policy --resource-arn …, then see in CloudTrail who read the table"
        return Verdict.failed(expected=expected, actual=several(outside), remedy=remedy)
    return Verdict.passed(expected=expected, actual="none" if seen.text else "it has no policy")


def judge_window(seen: Recoverable, now: datetime, *, table: str, days: int) -> Verdict:
    """The period of the template, and an earliest moment that is no later than it allows."""
    expected = f"{table} restorable to any moment of the last {days} days, or since it was made"
    match seen:
        case Recoverable(table=TableSeen(created=made), backups=ContinuousBackups(days=period, earliest=earliest)):
            amiss = _short(made, period, earliest, now, days)
            if not amiss:
                return Verdict.passed(expected=expected, actual=f"back to {earliest:%Y-%m-%d %H:%M} UTC")
            remedy = "deploy the stack again for the period; what lies before it is in recovery points alone"
            return Verdict.failed(expected=expected, actual=several(amiss), remedy=remedy)
        case _:
            return _gone(expected, table)


def _short(made: datetime, period: int | None, earliest: datetime | None, now: datetime, days: int) -> list[str]:
    if earliest is None:
        return ["no moment to go back to"]
    begins = max(made, now - timedelta(days=days))
    amiss = [] if period in {None, days} else [f"a period of {period} days"]
    # A moment that was said when it was asked for may lie in a future of a few seconds.
    late = earliest - begins
    return [*amiss, *([f"only back to {span(now - earliest)} ago"] if late > _MAKING else [])]


def checks(target: Target) -> Iterator[Check]:
    """Every promise about what each table keeps to itself."""
    for one in target.of_type("AWS::DynamoDB::Table"):
        name, region, said = one.physical_id, one.region, one.properties
        arn = target.arn("dynamodb", region, f"table/{name}")
        place = one.place(arn)
        words, gaps = intent.known(_key(said))
        yield encrypted(place, region=region, table=name, words=words, gaps=gaps)
        words, gaps = intent.known(_most(said))
        yield ceiling(place, region=region, table=name, words=words, gaps=gaps)
        own = accounts_of(intent.part(said, "ResourcePolicy", "PolicyDocument"))
        accounts = (target.account, *(each for each in own if each != target.account))
        yield private(place, region=region, table=name, arn=arn, accounts=accounts)
        recovery = intent.part(said, "PointInTimeRecoverySpecification")
        if intent.text(recovery, "PointInTimeRecoveryEnabled") == "true" and not intent.gaps(recovery):
            days = int(intent.text(recovery, "RecoveryPeriodInDays") or _LONGEST)
            yield window(place, region=region, table=name, days=days)


def filled_checks(target: Target, expected: Mapping[str, int]) -> Iterator[Check]:
    """One for each table that is *expected* to hold so many items, by the name that reports give it."""
    for one in target.of_type("AWS::DynamoDB::Table"):
        if one.subject in expected:
            place = one.place(target.arn("dynamodb", one.region, f"table/{one.physical_id}"))
            yield filled(place, region=one.region, table=one.physical_id, least=expected[one.subject])


def _key(said: object) -> dict[str, object]:
    """Which key the template asks for. An alias leads to another id, so that only its kind can be compared."""
    wanted = intent.part(said, "SSESpecification")
    on = intent.part(wanted, "SSEEnabled")
    kind = on if intent.gaps(on) else "KMS" if intent.text(on) == "true" else "AES256"
    key = intent.part(wanted, "KMSMasterKeyId")
    text = intent.text(key)
    if intent.gaps(key) or not text or "alias/" in text:
        return {"kind": kind, **({"key": key} if intent.gaps(key) else {})}
    return {"kind": kind, ("key" if text.startswith("arn:") else "id"): text}


def _most(said: object) -> dict[str, object]:
    """The ceilings of the template, by what is held to them."""
    wanted = intent.part(said, "OnDemandThroughput")
    whole = isinstance(wanted, Unresolved)
    parts = {"reads": "MaxReadRequestUnits", "writes": "MaxWriteRequestUnits"}
    every = {word: wanted if whole else intent.part(wanted, key) for word, key in parts.items()}
    return {
        word: each if intent.gaps(each) else _units(int(intent.text(each) or _ENDLESS)) for word, each in every.items()
    }


def _units(count: int) -> str:
    return "as many as AWS allows" if count == _ENDLESS else str(count)


def _gone(expected: str, table: str) -> Verdict:
    remedy = "see tables.present: a table that is gone is restored, not deployed again"
    return Verdict.failed(expected=expected, actual=f"there is no table {table}", remedy=remedy)


def _look_table(world: World, *, region: str, table: str) -> TableSeen | Absent:
    return world.aws.table(region, table)


def _look_policy(world: World, *, region: str, arn: str) -> ResourcePolicy | Absent:
    return world.aws.table_policy(region, arn)


def _look_items(world: World, *, region: str, table: str, least: int) -> ItemsCounted | Absent:
    return world.aws.items(region, table, least)


def _look_recovery(world: World, *, region: str, table: str) -> Recoverable:
    return Recoverable(table=world.aws.table(region, table), backups=world.aws.continuous_backups(region, table))


PROMISES = (encrypted, ceiling, private, window, filled)
