"""What CloudFormation makes of a template's words."""

from __future__ import annotations

import os

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store, wrap_handler

_SECRET, _TABLE = "AWS::SecretsManager::Secret", "AWS::DynamoDB::Table"
Props = dict[str, Untyped]


def hear_custom_resources(_: Grounds) -> None:
    """The address that a custom resource is to answer at is this emulator's.

    MiniStack names its region's public host, as in other addresses; a function finds nobody there, and the stack waits
    for an hour.
    """

    def here(_: Function) -> Function:
        return lambda: f"https://127.0.0.1:{os.environ['GATEWAY_PORT']}"

    replace(service("services.cloudformation.custom_resource"), "_gateway_url", (), here)


def refer_to_secrets_by_arn(_: Grounds) -> None:
    """`Ref` to a secret gives its ARN.

    MiniStack gives the name, and a policy that grants by `Ref`, as the CDK writes it, then allows nothing.
    """
    secrets = store(service("services.secretsmanager"), "_secrets")

    def name_of(arn: str) -> str:
        return next((str(name) for name, secret in secrets.items() if arn in (secret["ARN"], name)), arn)

    def created(original: Function) -> Function:
        def create(*args: Untyped, **kwargs: Untyped) -> Untyped:
            _, attributes = original(*args, **kwargs)
            return attributes["Arn"], attributes

        return create

    def by_name(original: Function) -> Function:
        def handle(physical_id: str, *args: Untyped, **kwargs: Untyped) -> Untyped:
            return original(name_of(physical_id), *args, **kwargs)

        return handle

    wrap_handler(_SECRET, "create", created)
    wrap_handler(_SECRET, "update", lambda original: created(by_name(original)))
    wrap_handler(_SECRET, "delete", by_name)


def complete_indexes_of_tables(_: Grounds) -> None:
    """An index that CloudFormation made has status, ARN and sizes, like one made through the API.

    MiniStack stores what the template says, so that nobody could wait for an index, nor tell it from one in the making.
    """
    tables = store(service("services.dynamodb"), "_tables")

    def completed(original: Function) -> Function:
        def handle(*args: Untyped, **kwargs: Untyped) -> Untyped:
            name, attributes = original(*args, **kwargs)
            table = tables[name]
            table["GlobalSecondaryIndexes"] = [_index(table, each, "ACTIVE") for each in _indexes(table, "Global")]
            table["LocalSecondaryIndexes"] = [_index(table, each, "") for each in _indexes(table, "Local")]
            return name, attributes

        return handle

    wrap_handler(_TABLE, "create", completed)
    wrap_handler(_TABLE, "update", completed)


def keep_percentiles_of_alarms(_: Grounds) -> None:
    """An alarm on a percentile has no plain statistic.

    MiniStack's CloudFormation adds `Average`, and an alarm on the average hides what the percentile would show.
    """
    provisioners = service("services.cloudformation.provisioners")

    def exclusive(original: Function) -> Function:
        def record(name: str, props: Props) -> Untyped:
            made = original(name, props)
            if made.get("ExtendedStatistic"):
                made["Statistic"] = None
            return made

        return record

    replace(provisioners, "_cw_metric_alarm_record", ("name", "props"), exclusive)


def _indexes(table: Props, kind: str) -> list[Props]:
    return list(table.get(f"{kind}SecondaryIndexes") or [])


def _index(table: Props, index: Props, status: str) -> Props:
    # A copy: the definition belongs to the template, which the next update is compared with.
    arn = f"{table['TableArn']}/index/{index['IndexName']}"
    known = {"IndexStatus": status} if status else {}
    return {"IndexSizeBytes": 0, "ItemCount": 0, **known, **index, "IndexArn": arn}
