"""Errands that a schedule runs: where it is read, what it calls, and who lets it in; in a template and in life."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks import intent
from checks.evidence import ScheduleSeen, ScheduleTarget
from checks.frozen import dataclass
from checks.model import Resource, Target
from checks.policy import Decision, Request, decide

SERVICE = "events.amazonaws.com"
_CALLING: Mapping[str, str] = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a schedule is read: a rule on a bus, or with *scheduler* a schedule in a group."""

    region: str
    within: str
    name: str
    scheduler: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A target as the template has it. An empty id or ARN is open; *kept* tells whether failures are thought of."""

    id: str
    arn: str
    dead_letters: str = ""
    retries: int | None = None
    age: int | None = None
    kept: bool = True


def called(source: Source) -> str:
    """What people call it."""
    kind = "schedule" if source.scheduler else "rule"
    within = "" if source.within == "default" else f"{source.within}/"
    return f"{kind} {within}{source.name}"


def bus_and_name(rule: Resource) -> tuple[str, str]:
    """Where a rule is: one on a bus of its own is called bus|rule by CloudFormation."""
    bus, _, name = rule.physical_id.rpartition("|")
    return bus or intent.text(rule.properties, "EventBusName").rpartition("/")[2] or "default", name


def arn_of_rule(target: Target, rule: Resource) -> str:
    """The ARN of a rule, in which a bus of its own stands before a slash."""
    bus, name = bus_and_name(rule)
    return target.arn("events", rule.region, f"rule/{name}" if bus == "default" else f"rule/{bus}/{name}")


def listed(said: object, path: tuple[str, ...]) -> tuple[object, ...]:
    """The targets at *path*, which is a list of a rule's or the only one of a schedule."""
    return intent.items(said, *path) or (intent.part(said, *path),)


def aim_of(said: object) -> Aim:
    """One target as the template has it."""
    policy, letters = intent.part(said, "RetryPolicy"), intent.part(said, "DeadLetterConfig")
    return Aim(
        id=intent.text(said, "Id"),
        arn=intent.text(said, "Arn"),
        dead_letters=intent.text(letters, "Arn"),
        retries=_count(policy, "MaximumRetryAttempts"),
        age=_count(policy, "MaximumEventAgeInSeconds"),
        kept=policy is not None or letters is not None,
    )


def _count(said: object, key: str) -> int | None:
    text = intent.text(said, key)
    return int(text) if text.isdecimal() else None


def callees_of(said: tuple[object, ...]) -> Iterator[str]:
    """A target that is called as a role needs no policy; its dead letters do."""
    for each in said:
        direct = "" if intent.part(each, "RoleArn") is not None else intent.text(each, "Arn")
        for arn in (direct, intent.text(each, "DeadLetterConfig", "Arn")):
            if arn.split(":")[2:3] and arn.split(":")[2] in _CALLING:
                yield arn


def calls(aim: Aim, seen: ScheduleSeen) -> bool:
    """Whether the live schedule calls *aim*."""
    return any(is_same(aim, live) and aim.arn in {"", live.arn} for live in seen.targets)


def is_same(aim: Aim, live: ScheduleTarget) -> bool:
    """Whether both are the one target: by id, or by ARN where the template has no id."""
    return aim.id == live.id if aim.id or not aim.arn else aim.arn == live.arn


def keeping(aim: Aim) -> str:
    """How a template keeps what fails, in a few words."""
    parts = (("queue", aim.dead_letters), ("retries", aim.retries), ("seconds", aim.age))
    return ", ".join(f"{word} {value}" for word, value in parts if value not in {"", None}) or "anything"


def loses(aim: Aim, live: ScheduleTarget) -> str:
    """What is otherwise than the template says about events that fail; empty when nothing is."""
    if aim.dead_letters not in {"", live.dead_letters}:
        return f"{live.arn} leaves them with {live.dead_letters or 'nobody'}"
    if aim.retries not in {None, live.retries} or aim.age not in {None, live.age}:
        return f"{live.arn} is retried {live.retries} times within {live.age} s"
    nothing = not live.dead_letters and live.retries is None and live.age is None
    return f"{live.arn} has neither dead letters nor a retry policy" if nothing and not aim.kept else ""


def lets_in(arn: str, policy: str | None, *, rule: str, account: str) -> Decision:
    """Whether the *policy* of what *arn* names lets EventBridge in for the ARN *rule*; None without one."""
    service = arn.split(":")[2]
    if not policy:
        return Decision(allowed=False, why="it has no policy, or does not exist")
    context = {
        "aws:sourcearn": rule,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": SERVICE,
        # EventBridge User Guide, Troubleshooting: a source account in a function's policy keeps EventBridge out.
        **({} if service == "lambda" else {"aws:sourceaccount": account}),
    }
    return decide(policy, Request(service=SERVICE, action=_CALLING[service], resource=arn, context=context))
