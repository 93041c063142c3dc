"""Whether anybody hears of a backup that failed: rules, notices of vaults, alarms, and the topics that they lead to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from checks import intent
from checks.errands import lets_in
from checks.evidence import Absent, AlarmSeen, BackupNotices, Described, ScheduleSeen, TopicSeen, VaultNotices
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.policy import Request, decide
from checks.safekeeping import PLAN
from checks.sifting import SOMETHING, fits
from checks.telling import is_topic
from checks.together import together
from checks.wording import several
from checks.world.ports import World

RULE, VAULT, ALARM = "AWS::Events::Rule", "AWS::Backup::BackupVault", "AWS::CloudWatch::Alarm"
NOTICES = "AWS::Backup::BackupVaultNotifications"
# AWS Backup API reference, PutBackupVaultNotifications: a job that failed is COMPLETED too, with its state beside.
_EVENTS = frozenset({"BACKUP_JOB_COMPLETED", "BACKUP_JOB_FAILED"})
_METRICS = frozenset({"NumberOfBackupJobsFailed"})
_SERVICE = "backup.amazonaws.com"


@promise(
    "backups.notices",
    says="somebody is told when a backup fails, by every way that the template goes",
    severity="warning",
    instrument="aws",
    actions=(
        *("events:DescribeRule", "events:ListTargetsByRule", "backup:GetBackupVaultNotifications"),
        *("cloudwatch:DescribeAlarms", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"),
    ),
)
def notices(
    *, region: str, account: str, vaults: tuple[str, ...], rules: tuple[str, ...], alarms: tuple[str, ...]
) -> Sight:
    """A job that fails at night fails every night until somebody looks.

    *rules* and *alarms* are those of the template that are about failed jobs; *vaults* the ones that tell by
    themselves, or of which nothing else tells. Source: AWS Backup Developer Guide, "Monitoring AWS Backup events using
    EventBridge" and "Notification options with AWS Backup".
    """
    look = partial(_look, region=region, vaults=vaults, rules=rules, alarms=alarms)
    return Sight(look=look, judge=partial(judge_notices, account=account, rules=rules, alarms=alarms))


def judge_notices(
    seen: BackupNotices, _now: datetime, *, account: str, rules: tuple[str, ...], alarms: tuple[str, ...]
) -> Verdict:
    """Each way is whole: what tells is there and on, hears of failed jobs, and leads to somebody who listens."""
    topics = {each.arn: each for each in seen.topics if isinstance(each, TopicSeen)}
    amiss = [_of_rule(name, rule, topics, account) for name, rule in zip(rules, seen.rules, strict=True)]
    amiss += [_of_vault(each, topics, account) for each in seen.vaults]
    amiss += [_of_alarm(name, alarm) for name, alarm in zip(alarms, seen.alarms, strict=True)]
    ways = several([*rules, *(each.vault for each in seen.vaults), *alarms])
    expected = f"a failed backup is told by {ways}"
    if not any(amiss):
        return Verdict.passed(expected=expected, actual="each of them leads to somebody")
    remedy = (
        "let a rule on failed jobs of aws.backup call a topic that somebody has confirmed, or give the vault notices: "
        "aws backup put-backup-vault-notifications; then deploy"
    )
    return Verdict.failed(expected=expected, actual=several(filter(None, amiss)), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """One question about each plan whose failures the template wants told, about all the vaults that it fills."""
    for plan in target.of_type(PLAN):
        region = plan.region
        mine = _vaults_of(plan)
        here = [each for each in target.of_type(RULE) if each.region == region and _tells(each, mine)]
        alarms = [each for each in target.of_type(ALARM) if each.region == region and _counts(each)]
        told = [each for each in target.of_type(VAULT) if each.region == region and _speaks(each, mine)]
        if not (here or alarms or told):
            # Who tells people of failures by other means, for a whole organisation say, writes it into no template.
            continue
        named = tuple(sorted({each.physical_id for each in told}))
        deaf = tuple(one for one in mine if not alarms and not any(_tells(each, (one,)) for each in here))
        arns = [target.arn("events", region, f"rule/{each.physical_id}") for each in here]
        arns += [target.arn("cloudwatch", region, f"alarm:{each.physical_id}") for each in alarms]
        vaults = tuple(dict.fromkeys((*named, *deaf)))
        arns += [target.arn("backup", region, f"backup-vault:{each}") for each in vaults]
        arns += _topics_of(here, told)
        place = plan.place(*arns)
        yield notices(
            replace(place, covers=(*place.covers, *(each.logical_id for each in here if each.stack == plan.stack))),
            region=region,
            account=target.account,
            vaults=vaults,
            rules=tuple(_name(each) for each in here),
            alarms=tuple(each.physical_id for each in alarms),
        )


def failed_job(vault: str) -> Mapping[str, object]:
    """The event of a failed job, of which the moment decides the rest."""
    told = ("backupJobId", "backupVaultArn", "resourceArn", "resourceType", "creationDate", "iamRoleArn", "percentDone")
    more = ("backupSizeInBytes", "bytesTransferred", "completionDate", "startBy", "statusMessage", "createdBy")
    rest = dict.fromkeys(("id", "time", "account", "region", "resources", "version"), SOMETHING)
    detail = {**dict.fromkeys((*told, *more), SOMETHING), "backupVaultName": vault, "state": "FAILED"}
    return {**rest, "source": "aws.backup", "detail-type": "Backup Job State Change", "detail": detail}


def _vaults_of(plan: Resource) -> tuple[str, ...]:
    said = intent.items(plan.properties, "BackupPlan", "BackupPlanRule")
    return tuple(sorted({vault for each in said if (vault := intent.text(each, "TargetBackupVault"))}))


def _tells(rule: Resource, vaults: tuple[str, ...]) -> bool:
    """Whether the template's rule is about failed jobs of one of *vaults*; where it is open, it may be."""
    pattern = intent.part(rule.properties, "EventPattern")
    if not isinstance(pattern, Mapping) or "aws.backup" not in intent.texts(pattern, "source"):
        return False
    return bool(intent.gaps(pattern)) or any(fits(pattern, failed_job(each)) for each in vaults)


def _counts(alarm: Resource) -> bool:
    said = alarm.properties
    return intent.text(said, "Namespace") == "AWS/Backup" and intent.text(said, "MetricName") in _METRICS


def _speaks(vault: Resource, vaults: tuple[str, ...]) -> bool:
    events = intent.texts(vault.properties, "Notifications", "BackupVaultEvents")
    return vault.physical_id in vaults and not _EVENTS.isdisjoint(events)


def _topics_of(rules: list[Resource], vaults: list[Resource]) -> Iterator[str]:
    called = (intent.text(one, "Arn") for each in rules for one in intent.items(each.properties, "Targets"))
    told = (intent.text(each.properties, "Notifications", "SNSTopicArn") for each in vaults)
    return (arn for arn in dict.fromkeys((*called, *told)) if is_topic(arn))


def _name(rule: Resource) -> str:
    return rule.physical_id.rpartition("|")[2]


def _of_rule(name: str, rule: ScheduleSeen | Absent, topics: Mapping[str, TopicSeen], account: str) -> str:
    if isinstance(rule, Absent):
        return f"there is no rule {name}"
    if not rule.state.startswith("ENABLED"):
        return f"rule {name} is {rule.state}"
    if not _hears(rule.pattern):
        return f"rule {name} hears of no failed job"
    reached = [_reaches(each.arn, topics, rule=rule.arn, account=account) for each in rule.targets]
    whole = not all(reached) if reached else False
    return "" if whole else f"rule {name} leads to nobody: {several(reached) if reached else 'it calls nothing'}"


def _hears(pattern: str) -> bool:
    try:
        said = json.loads(pattern)
    except (ValueError, RecursionError):
        return False
    if not isinstance(said, dict):
        return False
    detail = said.get("detail")
    vaults = detail.get("backupVaultName") if isinstance(detail, dict) else None
    named = [each for each in vaults if isinstance(each, str)] if isinstance(vaults, list) else []
    return fits(said, failed_job(named[0] if named else ""))


def _reaches(arn: str, topics: Mapping[str, TopicSeen], *, rule: str, account: str) -> str:
    """Why what a rule calls reaches nobody; empty for one that does, and for what is no topic."""
    if not is_topic(arn):
        return ""
    topic = topics.get(arn)
    decision = lets_in(arn, topic.policy if topic else None, rule=rule, account=account)
    return _unheard(arn, topic) if decision.allowed else f"{_short(arn)}: {decision.why}"


def _of_vault(vault: VaultNotices, topics: Mapping[str, TopicSeen], account: str) -> str:
    if not vault.topic or _EVENTS.isdisjoint(vault.events):
        return f"vault {vault.vault} tells nobody of failed jobs"
    topic = topics.get(vault.topic)
    if topic is None:
        return f"{_short(vault.topic)} does not exist"
    context = {"aws:sourceaccount": account, "aws:securetransport": "true", "aws:principalservicename": _SERVICE}
    asked = Request(service=_SERVICE, action="sns:Publish", resource=vault.topic, context=context)
    decision = decide(topic.policy, asked)
    return _unheard(vault.topic, topic) if decision.allowed else f"{_short(vault.topic)}: {decision.why}"


def _of_alarm(name: str, alarm: AlarmSeen | Absent) -> str:
    """Whether what it acts on is heard is asked where alarms are."""
    if isinstance(alarm, Absent):
        return f"there is no alarm {name}"
    counts = alarm.namespace == "AWS/Backup" and alarm.metric in _METRICS
    acts = alarm.actions_enabled and bool(alarm.alarm_actions)
    return "" if counts and acts else f"alarm {name} does not ring for failed jobs"


def _unheard(arn: str, topic: TopicSeen | None) -> str:
    heard = topic is not None and any(state == "confirmed" for _, state in topic.subscriptions)
    return "" if heard else f"nobody has confirmed a subscription to {_short(arn)}"


def _short(arn: str) -> str:
    return arn.rpartition(":")[2]


def _look(
    world: World, *, region: str, vaults: tuple[str, ...], rules: tuple[str, ...], alarms: tuple[str, ...]
) -> BackupNotices:
    """What tells, all at once, then the topics that it leads to, each once."""
    looks = [partial(world.aws.rule, region, "default", each) for each in rules]
    found = together(*looks)
    told = together(*(partial(_vault, world, region, each) for each in vaults))
    rung = together(*(partial(world.aws.alarm, region, each) for each in alarms))
    arns = [one.arn for each in found if isinstance(each, ScheduleSeen) for one in each.targets if is_topic(one.arn)]
    arns += [each.topic for each in told if each.topic]
    near = [each for each in dict.fromkeys(arns) if each.split(":")[3] == region]
    topics = together(*(partial(world.aws.topic, region, each) for each in near))
    return BackupNotices(rules=found, vaults=told, alarms=rung, topics=topics)


def _vault(world: World, region: str, vault: str) -> VaultNotices:
    """What a vault tells whom; one that was never told to, nothing."""
    found = world.aws.described(NOTICES, region, vault)
    words: Mapping[str, str] = dict(found.words) if isinstance(found, Described) else {}
    return VaultNotices(vault=vault, topic=words.get("topic", ""), events=tuple(words.get("events", "").split()))


PROMISES = (notices,)
