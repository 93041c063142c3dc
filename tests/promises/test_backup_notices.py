from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checks import codec
from checks.evidence import (
    Absent,
    AlarmSeen,
    BackupNotices,
    Described,
    ScheduleSeen,
    ScheduleTarget,
    TopicSeen,
    VaultNotices,
)
from checks.model import CannotLook, Check, Resource, Unresolved
from checks.promises import backup_notices
from tests.promises.test_alarms import GOOD as ALARM
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

NAME = "backups.notices[Backup/Plan]"
TOLD = f"arn:aws:sns:{REGION}:{ACCOUNT}:Told"
RULE_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/Failed"
PATTERN = {"source": ["aws.backup"], "detail-type": ["Backup Job State Change"], "detail": {"state": ["FAILED"]}}
OPEN = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "backup.amazonaws.com"]},
            "Action": "sns:Publish",
            "Resource": TOLD,
        }
    }
)
TOPIC = TopicSeen(arn=TOLD, policy=OPEN, subscriptions=(("email", "confirmed"),))
TARGET = ScheduleTarget(id="1", arn=TOLD, role="", dead_letters="", retries=None, age=None)
LIVE = ScheduleSeen(
    name="Failed", arn=RULE_ARN, state="ENABLED", expression="", timezone="UTC", ends=None, targets=(TARGET,),
    pattern=json.dumps(PATTERN),
)  # fmt: skip
RINGS = replace(ALARM, name="Failing", namespace="AWS/Backup", metric="NumberOfBackupJobsFailed")
SPEAKS = VaultNotices(vault="vault-1", topic=TOLD, events=("BACKUP_JOB_COMPLETED",))
PLAN = resource(
    "AWS::Backup::BackupPlan",
    {"BackupPlan": {"BackupPlanRule": [{"RuleName": "Daily", "TargetBackupVault": "vault-1"}]}},
    subject="Backup/Plan",
    physical_id="plan-1",
)


def _rule(pattern: object) -> Resource:
    given = {"EventPattern": pattern, "Targets": [{"Id": "1", "Arn": TOLD}]}
    return resource("AWS::Events::Rule", given, subject="Failed", physical_id="Failed")


def _vault(*events: str) -> Resource:
    said = {"Notifications": {"SNSTopicArn": TOLD, "BackupVaultEvents": list(events)}} if events else {}
    return resource("AWS::Backup::BackupVault", said, subject="Vault", physical_id="vault-1")


def _counting(metric: str = "NumberOfBackupJobsFailed") -> Resource:
    given = {"Namespace": "AWS/Backup", "MetricName": metric}
    return resource("AWS::CloudWatch::Alarm", given, subject="Failing", physical_id="Failing")


def _check(*more: Resource) -> Check:
    return planned(backup_notices.checks(target(PLAN, *more)))[NAME]


@pytest.mark.parametrize("more", range(6))
def test_where_the_template_tells_nobody_nobody_is_asked(more: int) -> None:
    """It may be done by other means; what is about something else is none of this."""
    others = (
        _rule({**PATTERN, "detail": {"state": ["RUNNING"]}}),
        _rule({"source": ["aws.s3"]}),
        _rule(None),
        _rule({**PATTERN, "detail": {"backupVaultName": ["vault-2"]}}),
        _counting("NumberOfCopyJobsFailed"),
        _vault("RESTORE_JOB_STARTED"),
    )

    assert {} == planned(backup_notices.checks(target(PLAN, others[more])))


def _asked(check: Check) -> tuple[object, ...]:
    return tuple(check.params[key] for key in ("vaults", "rules", "alarms"))


@pytest.mark.parametrize(
    ("more", "asked"),
    (
        pytest.param((_rule(PATTERN),), ((), ("Failed",), ()), id="a rule"),
        pytest.param(
            (_rule({**PATTERN, "detail": {"backupVaultName": [Unresolved("Ref V")]}}),),
            ((), ("Failed",), ()),
            id="open",
        ),
        pytest.param((_counting(),), ((), (), ("Failing",)), id="an alarm"),
        pytest.param((_vault("BACKUP_JOB_COMPLETED"),), (("vault-1",), (), ()), id="the vault itself"),
        pytest.param((_vault("RESTORE_JOB_STARTED"), _rule(PATTERN)), ((), ("Failed",), ()), id="of restores alone"),
        pytest.param(
            (_vault("BACKUP_JOB_COMPLETED"), _rule(PATTERN), _counting()),
            (("vault-1",), ("Failed",), ("Failing",)),
            id="all of them",
        ),
    ),
)
def test_what_tells_is_asked_for(more: tuple[Resource, ...], asked: tuple[object, ...]) -> None:
    """Every way that the template goes; where it goes none, the vault's own."""
    assert asked == _asked(_check(*more))


def test_a_vault_that_the_others_leave_out_has_to_tell_by_itself() -> None:
    """The rule is about the first of two; what counts failures counts those of all vaults."""
    two = [{"RuleName": name, "TargetBackupVault": f"vault-{name}"} for name in ("1", "2")]
    plan = replace(PLAN, properties={"BackupPlan": {"BackupPlanRule": two}})
    rule = _rule({**PATTERN, "detail": {"state": ["FAILED"], "backupVaultName": ["vault-1"]}})

    assert (("vault-2",), ("Failed",), ()) == _asked(planned(backup_notices.checks(target(plan, rule)))[NAME])
    assert ((), ("Failed",), ("Failing",)) == _asked(
        planned(backup_notices.checks(target(plan, rule, _counting())))[NAME]
    )


def test_without_a_plan_nobody_is_asked() -> None:
    """And the rule that tells stands behind the plan, so that it is covered."""
    check = _check(_rule(PATTERN))

    assert [] == list(backup_notices.checks(target(_rule(PATTERN), _vault())))
    assert ("BackupPlan", "Failed") == check.place.covers
    assert (RULE_ARN, TOLD) == check.place.resources
    assert "warning" == check.promise.severity


def _seen(**changes: object) -> BackupNotices:
    given: dict[str, object] = {"rules": (LIVE,), "vaults": (), "alarms": (), "topics": (TOPIC,), **changes}
    return BackupNotices(**given)  # type: ignore[arg-type]


def _waiting(**said: object) -> ScheduleSeen:
    return replace(LIVE, pattern=json.dumps({**PATTERN, **said}))


LAMBDA = replace(TARGET, arn=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:told")


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(_seen(), "pass", "each of them", id="whole"),
        pytest.param(
            _seen(rules=(_waiting(detail={"state": ["FAILED", "EXPIRED"]}),)), "pass", "each", id="more states"
        ),
        pytest.param(_seen(rules=(_waiting(detail={}),)), "pass", "each", id="every state"),
        pytest.param(_seen(rules=(replace(LIVE, pattern='{"source": ["aws.backup"]}'),)), "pass", "each", id="of all"),
        pytest.param(
            _seen(rules=(_waiting(detail={"backupVaultName": ["vault-1"]}),)), "pass", "each", id="of one vault"
        ),
        pytest.param(_seen(rules=(replace(LIVE, targets=(LAMBDA,)),), topics=()), "pass", "each", id="a function"),
        pytest.param(
            _seen(rules=(replace(LIVE, targets=(LAMBDA, TARGET)),)), "pass", "each", id="a function and a topic"
        ),
        pytest.param(
            _seen(rules=(replace(LIVE, state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),)),
            "pass",
            "each",
            id="another kind of on",
        ),
        pytest.param(_seen(rules=(Absent(what="rule"),)), "fail", "there is no rule Failed", id="no rule"),
        pytest.param(_seen(rules=(replace(LIVE, state="DISABLED"),)), "fail", "is DISABLED", id="off"),
        pytest.param(_seen(rules=(replace(LIVE, targets=()),)), "fail", "calls nothing", id="it calls nothing"),
        pytest.param(
            _seen(rules=(_waiting(detail={"state": ["ABORTED"]}),)), "fail", "hears of no", id="another state"
        ),
        pytest.param(_seen(rules=(_waiting(source=["aws.s3"]),)), "fail", "hears of no", id="another service"),
        pytest.param(_seen(rules=(replace(LIVE, pattern=""),)), "fail", "hears of no", id="no pattern"),
        pytest.param(_seen(rules=(replace(LIVE, pattern="[]"),)), "fail", "hears of no", id="no pattern at all"),
        pytest.param(_seen(topics=(Absent(what=TOLD),)), "fail", "leads to nobody", id="no topic"),
        pytest.param(_seen(topics=(replace(TOPIC, policy=""),)), "fail", "leads to nobody", id="a shut topic"),
        pytest.param(_seen(topics=(replace(TOPIC, subscriptions=()),)), "fail", "nobody has confirmed", id="unheard"),
        pytest.param(
            _seen(topics=(replace(TOPIC, subscriptions=(("email", "pending"),)),)),
            "fail",
            "nobody has confirmed",
            id="not confirmed yet",
        ),
    ),
)
def test_a_rule_leads_a_failed_job_to_somebody(seen: BackupNotices, status: str, told: str) -> None:
    """It is there and on, waits for failed jobs, and calls what lets it in and is heard."""
    verdict = _check(_rule(PATTERN)).sight.judge(seen, NOW)

    assert (status, status == "fail") == (verdict.status, bool(verdict.remedy))
    assert told in verdict.actual


@pytest.mark.parametrize(
    ("vault", "topic", "status"),
    (
        pytest.param(SPEAKS, TOPIC, "pass", id="whole"),
        pytest.param(
            replace(SPEAKS, events=("BACKUP_JOB_STARTED", "BACKUP_JOB_FAILED")), TOPIC, "pass", id="by its old name"
        ),
        pytest.param(replace(SPEAKS, events=("BACKUP_JOB_STARTED",)), TOPIC, "fail", id="that it began"),
        pytest.param(replace(SPEAKS, topic="", events=()), TOPIC, "fail", id="nobody"),
        pytest.param(SPEAKS, Absent(what=TOLD), "fail", id="no topic"),
        pytest.param(SPEAKS, replace(TOPIC, policy=OPEN.replace("backup.", "b.")), "fail", id="a shut topic"),
        pytest.param(SPEAKS, replace(TOPIC, subscriptions=()), "fail", id="unheard"),
    ),
)
def test_a_vault_tells_somebody(vault: VaultNotices, topic: TopicSeen | Absent, status: str) -> None:
    """Of jobs that came to an end, at a topic that lets AWS Backup in and is heard."""
    verdict = _check(_vault("BACKUP_JOB_COMPLETED")).sight.judge(_seen(rules=(), vaults=(vault,), topics=(topic,)), NOW)

    assert status == verdict.status


@pytest.mark.parametrize(
    ("alarm", "status"),
    (
        pytest.param(RINGS, "pass", id="whole"),
        pytest.param(replace(RINGS, actions_enabled=False), "fail", id="it may not act"),
        pytest.param(replace(RINGS, alarm_actions=()), "fail", id="it acts on nothing"),
        pytest.param(replace(RINGS, metric="NumberOfCopyJobsFailed"), "fail", id="another metric"),
        pytest.param(Absent(what="alarm"), "fail", id="gone"),
    ),
)
def test_an_alarm_rings_for_failed_jobs(alarm: AlarmSeen | Absent, status: str) -> None:
    """Whether anybody hears it is asked where alarms are."""
    verdict = _check(_counting()).sight.judge(_seen(rules=(), alarms=(alarm,), topics=()), NOW)

    assert status == verdict.status


def test_one_way_that_leads_to_nobody_is_one_too_many() -> None:
    """Another that is whole does not make up for it."""
    check = _check(_rule(PATTERN), _counting())
    whole, lost = (check.sight.judge(_seen(alarms=(each,)), NOW) for each in (RINGS, Absent(what="alarm")))

    assert ("pass", "each of them leads to somebody") == (whole.status, whole.actual)
    assert ("fail", "there is no alarm Failing") == (lost.status, lost.actual)


@pytest.mark.parametrize(
    ("planned_for", "seen"),
    (
        pytest.param(_rule(PATTERN), _seen(rules=()), id="rules"),
        pytest.param(_counting(), _seen(rules=(), alarms=()), id="alarms"),
    ),
)
def test_a_way_that_nobody_looked_at_is_no_pass(planned_for: Resource, seen: BackupNotices) -> None:
    """What was seen and what was asked for do not belong together: an error of ours, and no verdict."""
    with pytest.raises(ValueError, match="shorter"):
        _check(planned_for).sight.judge(seen, NOW)


def test_the_topics_that_it_leads_to_are_asked_once() -> None:
    """Whatever leads there; one of another region cannot be told at all."""
    far = replace(TARGET, id="2", arn=TOLD.replace(REGION, "eu-west-1"))
    rule = replace(LIVE, targets=(TARGET, LAMBDA, far))
    words = (("events", "BACKUP_JOB_COMPLETED"), ("topic", TOLD))
    kind = "AWS::Backup::BackupVaultNotifications"
    answers = {
        ("rule", REGION, "default", "Failed"): rule,
        ("described", kind, REGION, "vault-1"): Described(kind=kind, name="vault-1", state="there", words=words),
        ("alarm", REGION, "Failing"): RINGS,
        ("topic", REGION, TOLD): TOPIC,
    }
    check = _check(_rule(PATTERN), _vault("BACKUP_JOB_COMPLETED"), _counting())
    seen = check.sight.look(world(answers))

    assert BackupNotices(rules=(rule,), vaults=(SPEAKS,), alarms=(RINGS,), topics=(TOPIC,)) == seen
    assert "pass" == check.sight.judge(seen, NOW).status


def test_a_vault_that_was_never_told_to_tells_nobody() -> None:
    """AWS answers that there are no notices."""
    kind = "AWS::Backup::BackupVaultNotifications"
    check = _check(_vault("BACKUP_JOB_COMPLETED"))
    seen = check.sight.look(world({("described", kind, REGION, "vault-1"): Absent(what="notices")}))

    assert (VaultNotices(vault="vault-1", topic="", events=()),) == getattr(seen, "vaults", ())
    assert "fail" == check.sight.judge(seen, NOW).status
    with pytest.raises(CannotLook):
        check.sight.look(world({}))


def test_the_question_can_be_stored_with_the_plan() -> None:
    """And read back."""
    check = _check(_rule(PATTERN), _vault("BACKUP_JOB_COMPLETED"), _counting())

    assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
