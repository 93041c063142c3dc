"""Faults of what others stand on: secrets, lifetimes, counters of logs, and what a role may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.model import Check
from checks.twin.faults import data
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.files import newest
from checks.twin.faults.staging import Undo, broken, harmless, told, unheeded
from checks.twin.faults.words import Fault, Unfit, View

if TYPE_CHECKING:
    from checks.run import Run

_STACK, _TABLES, _OBS = "Account, IAM, stack", "DynamoDB", "Alarms, logs, SNS"
_BACKUP = "Backup and recovery"
_GLOBAL = "us-east-1"


def secret_gone(bench: Bench, check: Check) -> Undo:
    """The secret is about to be deleted: nobody can read it any more."""
    secrets, name = bench.aws("secretsmanager", str(check.params["region"])), str(check.params["name"])
    secrets.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    return lambda: secrets.restore_secret(SecretId=name)


def for_ever(bench: Bench, check: Check) -> Undo:
    """Items of the table are never removed."""
    tables, name = bench.aws("dynamodb", str(check.params["region"])), str(check.params["name"])
    attribute = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["AttributeName"]

    def expire(*, on: bool) -> None:
        wanted = {"Enabled": on, "AttributeName": attribute}
        tables.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)

    expire(on=False)
    return lambda: expire(on=True)


def misread(bench: Bench, check: Check) -> Undo:
    """The pattern that feeds a metric is misspelt: it fits nothing, and the metric stays silent."""
    logs = bench.aws("logs", str(check.params["region"]))
    group, _, name = str(check.params["name"]).partition(" ")
    seen = logs.describe_metric_filters(logGroupName=group, filterNamePrefix=name)["metricFilters"][0]
    kept = {"logGroupName": group, "filterName": name, "metricTransformations": seen["metricTransformations"]}
    logs.put_metric_filter(**kept, filterPattern='{ $.typo = "nothing" }')
    return lambda: logs.put_metric_filter(**kept, filterPattern=seen["filterPattern"])


def _policy_of(bench: Bench, check: Check) -> tuple[Any, str, str, dict[str, Any]]:
    """IAM, the role, the name of its policy and the document."""
    role, _, name = str(check.params["name"]).partition("/")
    people = bench.aws("iam", _GLOBAL)
    document = people.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return people, role, name, document if isinstance(document, dict) else json.loads(document)


def may(change_it: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Bench, Check], Undo]:
    """The role may do something else than the template says."""

    def change(bench: Bench, check: Check) -> Undo:
        people, role, name, before = _policy_of(bench, check)

        def put(document: dict[str, Any]) -> None:
            people.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

        put(change_it(before))
        return lambda: put(before)

    return change


def _everything(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def _reading(document: dict[str, Any]) -> dict[str, Any]:
    """Nothing may be written into tables any more."""
    denied = {
        "Effect": "Deny",
        "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:TransactWriteItems", "dynamodb:BatchWriteItem"],
        "Resource": "*",
    }
    return {**document, "Statement": [*document["Statement"], denied]}


def trusts_anybody(bench: Bench, check: Check) -> Undo:
    """Any account may take the role on."""
    people, role = bench.aws("iam", _GLOBAL), str(check.params["name"])
    before = people.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    usual = before if isinstance(before, dict) else json.loads(before)
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}

    def put(document: dict[str, Any]) -> None:
        people.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))

    put({**usual, "Statement": [*usual["Statement"], anybody]})
    return lambda: put(usual)


@contextmanager
def nothing_is_written(bench: Bench) -> Iterator[View]:
    """The API's function may read and not write: it says that it is well, and no job is ever posted."""
    if not bench.walks:
        raise Unfit("the settings describe no journey")
    check = bench.check("roles.policy", "/ApiFunction/Role")
    undo = may(_reading)(bench, check)
    try:
        yield View(named=("journeys.written[*]",), writes=True)
    finally:
        undo()


def weighing(size: int, *, before: int, held: int) -> Callable[[Bench, Check], Tamper]:
    """The newest recovery point has this *size*, in bytes, the one *before* it another; the table has *held* now."""

    def made(bench: Bench, check: Check) -> Tamper:
        arn = str(check.params["arn"])
        name = arn.rpartition("/")[2].encode()
        three_hours_old = newest(3, BackupSizeBytes=size)(bench, check)

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = three_hours_old(visit, onward)
            if isinstance(reply, Raw):
                return reply
            if visit.service == "backup" and "recovery-points" in visit.path:
                return reply.amended(lambda seen: _one_before(seen, before))
            if visit.operation == "DescribeTable" and name in visit.body:
                return reply.amended(lambda seen: seen["Table"].update(TableSizeBytes=held))
            return reply

        return tamper

    return made


def _one_before(seen: dict[str, Any], size: int) -> None:
    """Half an hour older than the newest, which the table was made an hour before."""
    seen["RecoveryPoints"] += [
        {
            **each,
            "RecoveryPointArn": f"{each['RecoveryPointArn']}-before",
            "CreationDate": each["CreationDate"] - 1_800,
            "BackupSizeBytes": size,
        }
        for each in seen["RecoveryPoints"][:1]
        if each["BackupVaultName"] == "rehearsed"
    ]


def _rule_of(bench: Bench, check: Check) -> tuple[Any, str]:
    rules: Any = check.params["rules"]
    if not rules:
        raise Unfit("no rule tells of failed backups")
    return bench.aws("events", str(check.params["region"])), str(rules[0])


def untold(bench: Bench, check: Check) -> Undo:
    """What hears of failed backups calls nobody."""
    events, rule = _rule_of(bench, check)
    kept = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[each["Id"] for each in kept])
    return lambda: events.put_targets(Rule=rule, Targets=kept)


def hears(detail: dict[str, list[str]]) -> Callable[[Bench, Check], Undo]:
    """The rule waits for jobs with this *detail*."""

    def change(bench: Bench, check: Check) -> Undo:
        events, rule = _rule_of(bench, check)
        before = events.describe_rule(Name=rule)
        said = {**json.loads(before["EventPattern"]), "detail": detail}

        def put(pattern: str) -> None:
            kept = {key: before[key] for key in ("Name", "State", "Description") if before.get(key)}
            events.put_rule(**kept, EventPattern=pattern)

        put(json.dumps(said))
        return lambda: put(before["EventPattern"])

    return change


def restored(days: int | None) -> Callable[[Bench, Check], Tamper]:
    """The plan is a year old, and the last restore was so many days ago, or there was none."""

    def made(_bench: Bench, check: Check) -> Tamper:
        now = datetime.now(UTC)
        wanted: Any = check.params["wanted"]
        job = {"RestoreJobId": "rehearsed", "Status": "COMPLETED", "SourceResourceArn": wanted[0]}
        moment = (now - timedelta(days=days or 0)).timestamp()
        jobs = [{**job, "CreationDate": moment, "CompletionDate": moment}] if days is not None else []

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            if visit.service == "backup" and visit.path.rstrip("/").endswith("/restore-jobs"):
                return reply.amended(lambda seen: seen.update(RestoreJobs=jobs))
            if visit.service == "backup" and visit.path.rstrip("/").endswith(f"/plans/{check.params['plan_id']}"):
                return reply.amended(lambda seen: seen.update(CreationDate=(now - timedelta(days=365)).timestamp()))
            return reply

        return tamper

    return made


@contextmanager
def a_memory_of_it(bench: Bench) -> Iterator[View]:
    """The table is gone, and DynamoDB keeps the backup that it made of it when it went."""
    recent = bench.check("backups.recent")
    gone = bench.check("tables.present", str(recent.name).partition("[")[2])
    last = newest(1, BackupName=f"{gone.params['table']}$DeletedTableBackup")(bench, recent)

    def kept(visit: Visit, onward: Onward) -> Reply | Raw:
        return last(visit, onward) if "recovery-points" in visit.path else onward(visit)

    def left(run: Run) -> str:
        seen = next(each for each in run.results if each.name == recent.name)
        return "" if (seen.own_verdict or seen.status) == "fail" else f"{recent.name} takes it for a backup"

    with data.remade("tables.present", lambda _: None)(bench) as view:
        yield replace(view, aws=kept, after=left)


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="BKP-17",
        family=_BACKUP,
        breaks="the newest recovery point is empty",
        promise="backups.size",
        stage=told("backups.size", weighing(0, before=5_000_000, held=5_100_000)),
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-06",
        family=_BACKUP,
        breaks="the newest recovery point holds a hundredth of the one before",
        promise="backups.size",
        stage=told("backups.size", weighing(50_000, before=5_000_000, held=5_100_000)),
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-07",
        family=_BACKUP,
        breaks="no recovery point of a large table ever held anything",
        promise="backups.size",
        stage=told("backups.size", weighing(0, before=0, held=5_100_000)),
        fidelity="patched",
    ),
    Fault(
        id="X-B-BKP-03",
        family=_BACKUP,
        kind="benign",
        breaks="the table was emptied, and so is its newest recovery point",
        stage=unheeded("backups.size", weighing(0, before=5_000_000, held=0)),
        fidelity="patched",
    ),
    Fault(
        id="X-B-BKP-04",
        family=_BACKUP,
        kind="benign",
        breaks="the table got its first items after its last recovery point",
        stage=unheeded("backups.size", weighing(0, before=0, held=4_000)),
        fidelity="patched",
    ),
    Fault(
        id="BKP-22",
        family=_BACKUP,
        breaks="nobody is told of failed backups",
        promise="backups.notices",
        stage=broken("backups.notices", untold),
    ),
    Fault(
        id="X-BKP-09",
        family=_BACKUP,
        breaks="what tells of failed backups waits for another word",
        promise="backups.notices",
        stage=broken("backups.notices", hears({"state": ["BROKEN"]})),
    ),
    Fault(
        id="X-B-BKP-06",
        family=_BACKUP,
        kind="benign",
        breaks="failed backups of any vault are told",
        stage=harmless("backups.notices", hears({"state": ["FAILED"]})),
    ),
    Fault(
        id="BKP-18",
        family=_BACKUP,
        breaks="nothing was restored for 90 days",
        promise="backups.tried",
        stage=told("backups.tried", restored(91)),
        fidelity="patched",
    ),
    Fault(
        id="X-BKP-08",
        family=_BACKUP,
        breaks="nothing was ever restored",
        promise="backups.tried",
        stage=told("backups.tried", restored(None)),
        fidelity="patched",
    ),
    Fault(
        id="X-B-BKP-05",
        family=_BACKUP,
        kind="benign",
        breaks="the last restore was 89 days ago",
        stage=unheeded("backups.tried", restored(89)),
        fidelity="patched",
    ),
    Fault(
        id="BKP-21",
        family=_BACKUP,
        breaks="the last backup of a deleted table passes for a backup",
        promise="tables.present",
        stage=a_memory_of_it,
        behind=("api.*", "backups.*"),
        fidelity="patched",
    ),
    Fault(
        id="INF-07",
        family=_STACK,
        breaks="a secret is about to be deleted",
        promise="secrets.present",
        stage=broken("secrets.present", secret_gone),
        behind=("api.*",),
    ),
    Fault(
        id="DDB-19",
        family=_TABLES,
        breaks="expiry of items is off",
        promise="tables.lifetime",
        stage=broken("tables.lifetime", for_ever),
    ),
    Fault(
        id="OBS-23",
        family=_OBS,
        breaks="a pattern that feeds an alarm is wrong",
        promise="logs.filter",
        stage=broken("logs.filter", misread),
    ),
    Fault(
        id="X-INF-02",
        family=_STACK,
        breaks="a role may do everything",
        promise="roles.policy",
        stage=broken("roles.policy", may(_everything)),
    ),
    Fault(
        id="X-INF-03",
        family=_STACK,
        breaks="any account may take a role on",
        promise="roles.trusted",
        stage=broken("roles.trusted", trusts_anybody),
    ),
    Fault(
        id="LAM-08",
        family="Lambda",
        breaks="the function may not write any more",
        promise="roles.policy",
        stage=broken("roles.policy", may(_reading), containing="/ApiFunction/Role"),
        behind=("api.deep[*]",),
    ),
    Fault(
        id="HLT-19",
        family="Health endpoint",
        breaks="writing fails while the API says that it is well",
        promise="journeys.written",
        stage=nothing_is_written,
        behind=("roles.policy[*]", "journeys.*", "api.deep[*]"),
    ),
)
