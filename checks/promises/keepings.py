"""Secrets, keys, parameters, vaults, lifetimes and buses: what others stand on, there and as the template says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks import intent
from checks.evidence import digest_of
from checks.likeness import checks_of, like, prop
from checks.model import Check, Promise, Resource, Target

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - the name of a type


def _value(one: Resource) -> object:
    """A digest: a parameter is no place for secrets, and still nobody's business."""
    said = prop(one, "Value")
    return digest_of(intent.text(said)) if intent.text(said) else said


def _vault(one: Resource) -> Mapping[str, object]:
    locked = prop(one, "LockConfiguration")
    return {
        "locked": True if locked is not None else None,
        "least days": prop(one, "LockConfiguration", "MinRetentionDays"),
        "most days": prop(one, "LockConfiguration", "MaxRetentionDays"),
    }


def _lifetime(table: Resource) -> str:
    return table.physical_id if intent.text(table.properties, "TimeToLiveSpecification", "Enabled") == "true" else ""


ROWS = (
    like(
        "secrets.present",
        SECRET,
        says="the secret exists and is not about to be deleted",
        severity="critical",
        source="AWS: a secret that is to be deleted answers every reader with an error, and is gone after its window. "
        "Whether its value is still a placeholder cannot be seen: no value is ever read.",
        noun="secret",
        actions=("secretsmanager:DescribeSecret",),
        arn="{id}",
        remedy="aws secretsmanager restore-secret --secret-id …, while its recovery window lasts",
        wanted=lambda one: {"key": prop(one, "KmsKeyId")},
    ),
    like(
        "secrets.rotated",
        "AWS::SecretsManager::RotationSchedule",
        says="the secret is rotated as often as the template says",
        severity="warning",
        source="AWS: a rotation that failed once is switched off by nobody and told to nobody (RotationEnabled).",
        noun="rotation of the secret",
        actions=("secretsmanager:DescribeSecret",),
        arn="{name}",
        read=SECRET,
        asked=lambda one: intent.text(one.properties, "SecretId"),
        wanted=lambda one: {"rotates": True, "days": prop(one, "RotationRules", "AutomaticallyAfterDays")},
    ),
    like(
        "keys.usable",
        "AWS::KMS::Key",
        says="the key is enabled and rotates as the template says",
        severity="critical",
        source="AWS: what was encrypted with a key that is disabled or to be deleted can be read by nobody (KeyState).",
        noun="key",
        actions=("kms:DescribeKey", "kms:GetKeyRotationStatus"),
        arn="arn:{partition}:kms:{region}:{account}:key/{id}",
        good=("Enabled",),
        pending=("Creating", "Updating"),
        remedy="aws kms cancel-key-deletion, then aws kms enable-key, before its waiting period is over",
        wanted=lambda one: {"rotates": prop(one, "EnableKeyRotation"), "use": prop(one, "KeyUsage")},
    ),
    like(
        "parameters.present",
        "AWS::SSM::Parameter",
        says="the parameter exists with the type and value of the template",
        severity="critical",
        source="AWS: whoever reads a parameter at its start does not start without it; another value misleads it.",
        noun="parameter",
        actions=("ssm:GetParameter",),
        arn="arn:{partition}:ssm:{region}:{account}:parameter/{id}",
        wanted=lambda one: {"type": prop(one, "Type"), "value": _value(one)},
    ),
    like(
        "backups.vault",
        "AWS::Backup::BackupVault",
        says="the vault exists, locked as the template says",
        severity="critical",
        source="AWS: without its lock whoever may delete recovery points deletes all of them (BackupVaultLockConfig).",
        noun="backup vault",
        actions=("backup:DescribeBackupVault",),
        arn="arn:{partition}:backup:{region}:{account}:backup-vault:{id}",
        wanted=_vault,
    ),
    like(
        "tables.lifetime",
        "AWS::DynamoDB::Table",
        says="items of the table expire by the attribute of the template",
        severity="critical",
        source="AWS: with TTL off what should be forgotten is kept, personal data and one-time codes among it.",
        noun="time to live of table",
        actions=("dynamodb:DescribeTimeToLive",),
        arn="arn:{partition}:dynamodb:{region}:{account}:table/{id}",
        good=("ENABLED",),
        pending=("ENABLING",),
        remedy="aws dynamodb update-time-to-live with the attribute of the template, or deploy the stack again",
        read="AWS::DynamoDB::TimeToLive",
        asked=_lifetime,
        wanted=lambda one: {"attribute": prop(one, "TimeToLiveSpecification", "AttributeName")},
    ),
    like(
        "schedules.bus",
        "AWS::Events::EventBus",
        says="the event bus exists",
        severity="critical",
        source="AWS: an event for a bus that is gone is refused inside an answer that says 200 (PutEvents).",
        noun="event bus",
        actions=("events:DescribeEventBus",),
        arn="arn:{partition}:events:{region}:{account}:event-bus/{id}",
    ),
    like(
        "logs.filter",
        "AWS::Logs::MetricFilter",
        says="the filter counts what the template says, under its metric",
        severity="critical",
        source="AWS: an alarm on a metric that no filter fills is in INSUFFICIENT_DATA for ever. Pitfall 77.",
        noun="metric filter",
        actions=("logs:DescribeMetricFilters",),
        arn="arn:{partition}:logs:{region}:{account}:log-group:*",
        asked=lambda one: (
            f"{intent.text(one.properties, 'LogGroupName')} {one.physical_id}"
            if intent.text(one.properties, "LogGroupName")
            else ""
        ),
        wanted=lambda one: {"pattern": prop(one, "FilterPattern"), "metric": _metric(one), "value": _counted(one)},
    ),
)


def _metric(one: Resource) -> object:
    made = next(iter(intent.items(one.properties, "MetricTransformations")), None)
    parts = [intent.text(made, key) for key in ("MetricNamespace", "MetricName")]
    return "/".join(parts) if all(parts) else None


def _counted(one: Resource) -> object:
    return intent.part(next(iter(intent.items(one.properties, "MetricTransformations")), None), "MetricValue")


def checks(target: Target) -> Iterator[Check]:
    """Each of them that the target has."""
    yield from checks_of(target, ROWS)


PROMISES: tuple[Promise[Any], ...] = tuple(each.promise for each in ROWS)
