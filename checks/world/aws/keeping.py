"""Secrets, keys, parameters, vaults, lifetimes of items, filters of logs, budgets, buses: what keeps, and how long."""

from __future__ import annotations

from collections.abc import Mapping

from checks import evidence as seen
from checks.evidence import digest_of
from checks.spelling import spelt
from checks.world.aws.readers import NOT_FOUND, Found, Read, inside, reading
from checks.world.aws.wire import Answer, Ask, Asking, shaped

SECRET = Ask(service="secretsmanager", operation="DescribeSecret", needs=("ARN", "Name"), gone=NOT_FOUND)
KEY = Ask(service="kms", operation="DescribeKey", needs=("KeyMetadata",), gone=NOT_FOUND)
ROTATION = Ask(
    service="kms", operation="GetKeyRotationStatus", needs=("KeyRotationEnabled",), gone=NOT_FOUND,
    bare=("UnsupportedOperationException", "KMSInvalidStateException", "DisabledException"),
)  # fmt: skip
POLICY = Ask(service="kms", operation="GetKeyPolicy", needs=("Policy",), gone=NOT_FOUND)
PARAMETER = Ask(service="ssm", operation="GetParameter", needs=("Parameter",), gone=("ParameterNotFound",))
VAULT = Ask(
    service="backup", operation="DescribeBackupVault", needs=("BackupVaultName",), gone=("ResourceNotFoundException",)
)
TOLD = Ask(
    service="backup",
    operation="GetBackupVaultNotifications",
    needs=("SNSTopicArn",),
    gone=("ResourceNotFoundException",),
)
LIFETIME = Ask(service="dynamodb", operation="DescribeTimeToLive", needs=("TimeToLiveDescription",), gone=NOT_FOUND)
FILTERS = Ask(
    service="logs", operation="DescribeMetricFilters", needs=("metricFilters",), gone=NOT_FOUND, more="nextToken"
)
BUS = Ask(service="events", operation="DescribeEventBus", needs=("Name", "Arn"), gone=NOT_FOUND)
BUDGET = Ask(service="budgets", operation="DescribeBudget", needs=("Budget",), gone=NOT_FOUND, iam="budgets:ViewBudget")
NOTICES = Ask(service="budgets", operation="DescribeNotificationsForBudget", gone=NOT_FOUND, iam="budgets:ViewBudget")
SUBSCRIBERS = Ask(
    service="budgets", operation="DescribeSubscribersForNotification", gone=NOT_FOUND, iam="budgets:ViewBudget"
)


def key(asking: Asking, region: str, name: str) -> seen.KmsKeySeen | seen.Absent:
    """One key by its id, ARN or alias. Only the ARN is understood by whoever asks for its policy."""
    absent = seen.Absent(what=f"key {name} in {region}")
    answer = asking.call(KEY, region, KeyId=name)
    if answer is None:
        return absent
    about = answer["KeyMetadata"]
    arn, state = shaped(KEY, region, lambda: (str(about["Arn"]), str(about["KeyState"])))
    told = asking.call(POLICY, region, KeyId=arn, PolicyName="default")
    if told is None:
        return absent
    owned = about.get("KeyManager", "CUSTOMER") == "CUSTOMER"
    return seen.KmsKeySeen(arn=arn, state=state, owned=owned, policy=str(told["Policy"]))


def _key(asking: Asking, region: str, name: str) -> Found | None:
    """A key with its state; a key that cannot be rotated does not."""
    answer = asking.call(KEY, region, KeyId=name)
    if answer is None:
        return None
    about = answer["KeyMetadata"]
    state = shaped(KEY, region, lambda: str(about["KeyState"]))
    turns = asking.call(ROTATION, region, KeyId=name) if about.get("KeyManager", "CUSTOMER") == "CUSTOMER" else {}
    rotated = bool((turns or {}).get("KeyRotationEnabled"))
    return state, {"rotates": rotated, "use": about.get("KeyUsage", "ENCRYPT_DECRYPT")}


def _secret(answer: Answer) -> Mapping[str, object]:
    return {
        "rotates": bool(answer.get("RotationEnabled")),
        "key": answer.get("KmsKeyId"),
        "days": inside(answer, "RotationRules", "AutomaticallyAfterDays"),
    }


def _parameter(answer: Answer) -> Mapping[str, object]:
    said = answer["Parameter"]
    return {"type": said["Type"], "value": digest_of(str(said["Value"]))}


def _vault(answer: Answer) -> Mapping[str, object]:
    return {
        "locked": bool(answer.get("Locked")),
        "least days": answer.get("MinRetentionDays"),
        "most days": answer.get("MaxRetentionDays"),
    }


def _filter(asking: Asking, region: str, name: str) -> Found | None:
    """One filter of a group, called ``group filter``; groups have no spaces in their names."""
    group, _, called = name.partition(" ")
    for page in asking.pages(FILTERS, region, logGroupName=group, filterNamePrefix=called):
        for one in page["metricFilters"]:
            if one.get("filterName") == called:
                made = (one.get("metricTransformations") or [{}])[0]
                metric = f"{made.get('metricNamespace', '')}/{made.get('metricName', '')}"
                return "there", {
                    "pattern": one.get("filterPattern"),
                    "metric": metric,
                    "value": made.get("metricValue"),
                }
    return None


def _budget(asking: Asking, region: str, name: str) -> Found | None:
    """A budget, called ``account name``, and at how much of it how many people are told."""
    account, _, called = name.partition(" ")
    which: dict[str, object] = {"AccountId": account, "BudgetName": called}
    answer = asking.call(BUDGET, region, **which)
    if answer is None:
        return None
    notices = (asking.call(NOTICES, region, **which) or {}).get("Notifications") or []
    told = 0
    for each in notices:
        asked = {
            key: each[key]
            for key in ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
            if key in each
        }
        heard = asking.call(SUBSCRIBERS, region, **which, Notification=asked) or {}
        told += bool(heard.get("Subscribers"))
    budget = answer["Budget"]
    return "there", {
        "limit": inside(budget, "BudgetLimit", "Amount") and spelt(float(budget["BudgetLimit"]["Amount"])),
        "unit": inside(budget, "BudgetLimit", "Unit"),
        "every": budget.get("TimeUnit"),
        "notices": len(notices),
        "heard": told,
    }


READERS: Mapping[str, Read] = {
    "AWS::SecretsManager::Secret": reading(
        SECRET,
        lambda name: {"SecretId": name},
        _secret,
        state=lambda answer: "to be deleted" if answer.get("DeletedDate") else "there",
    ),
    "AWS::KMS::Key": _key,
    "AWS::SSM::Parameter": reading(PARAMETER, lambda name: {"Name": name}, _parameter),
    "AWS::Backup::BackupVault": reading(VAULT, lambda name: {"BackupVaultName": name}, _vault),
    "AWS::Backup::BackupVaultNotifications": reading(
        TOLD,
        lambda name: {"BackupVaultName": name},
        lambda answer: {"topic": answer["SNSTopicArn"], "events": " ".join(answer.get("BackupVaultEvents") or ())},
    ),
    "AWS::DynamoDB::TimeToLive": reading(
        LIFETIME,
        lambda name: {"TableName": name},
        lambda answer: {"attribute": answer["TimeToLiveDescription"].get("AttributeName")},
        state=lambda answer: str(answer["TimeToLiveDescription"]["TimeToLiveStatus"]),
    ),
    "AWS::Logs::MetricFilter": _filter,
    "AWS::Events::EventBus": reading(BUS, lambda name: {"Name": name}),
    "AWS::Budgets::Budget": _budget,
}
