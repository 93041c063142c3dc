"""The stack's tables as a person calls them: `Users` for what CloudFormation named at length."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from khaya_infra import live
from khaya_infra.stop import USAGE, Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from khaya_infra.arrival import Place
    from khaya_infra.clients import Client

Item = dict[str, Any]
_LOGICAL = re.compile(r"Data(\w+?)Table[0-9A-F]{8}")


def tables_of(place: Place) -> dict[str, str]:
    """Names of the deployed tables by noun; `Stop` when nothing is deployed."""
    place.outputs()
    return {
        found[1]: each["PhysicalResourceId"]
        for each in live.resources_of(place.session.client("cloudformation"), place.settings.main.name)
        if each["ResourceType"] == "AWS::DynamoDB::Table" and (found := _LOGICAL.fullmatch(each["LogicalResourceId"]))
    }


def table_named(place: Place, word: str) -> tuple[str, str]:
    """Noun and name of the table that is called either; `Stop` (64) lists the nouns there are."""
    known = tables_of(place)
    found = next(((noun, name) for noun, name in known.items() if word.lower() in {noun.lower(), name.lower()}), None)
    if found is None:
        raise Stop(f"there is no table {word!r}", f"Known are {', '.join(sorted(known))}", code=USAGE)
    return found


def keys_of(dynamodb: Client, name: str) -> tuple[str, ...]:
    """The attributes that name an item of a table, the partition key first."""
    schema = dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]
    return tuple(each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"] != "HASH"))


def scan(dynamodb: Client, name: str) -> Iterator[Item]:
    """All items of a table, as the service spells them."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        yield from page["Items"]


def await_table(dynamodb: Client, name: str) -> None:
    """Wait until a table can be read; a restore of a few gigabytes takes half an hour."""
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 3600})


def drop(dynamodb: Client, name: str) -> None:
    """Remove a scratch table and wait until it is gone."""
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 900})
