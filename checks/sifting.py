"""What a filter of a subscription lets through, told of messages that are known in part.

Pure. A filter keeps a message back only where that is sure: a value that nobody knows beforehand may be any, and an
operator that is not known here may match.

Source: SNS Developer Guide, "Message filtering" and "Key matching": each property of the filter must be in the message,
and what looks for an absent one takes a message that has others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

# A value that is there, and that only the moment itself decides.
SOMETHING: Final = ...
# What a rule is written with, so that a member of "$or" with such a name is none.
_OPERATORS = frozenset(
    {"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix", "wildcard"}
)
_AT_LEAST = 2

Message = Mapping[str, object]


def of_alarm(name: str, account: str) -> Message:
    """What an alarm of that name publishes when it begins to ring; it gives no attributes along.

    Source: CloudWatch User Guide, "Amazon SNS notifications": the body of a metric alarm's or a composite alarm's.
    """
    opened = dict.fromkeys(
        ("AlarmDescription", "AlarmArn", "NewStateReason", "StateChangeTime", "Region", "OldStateValue", "Trigger"),
        SOMETHING,
    )
    lists = dict.fromkeys(("OKActions", "AlarmActions", "InsufficientDataActions"), SOMETHING)
    rest = dict.fromkeys(("AlarmConfigurationUpdatedTimestamp", "AlarmRule", "TriggeringChildren"), SOMETHING)
    return {**opened, **lists, **rest, "AlarmName": name, "AWSAccountId": account, "NewStateValue": "ALARM"}


def lets_through(policy: str, scope: str, body: Message) -> bool:
    """Whether a subscription with this filter *policy* (empty for none) may be given a message without attributes."""
    if not policy:
        return True
    try:
        wanted = json.loads(policy)
    except (ValueError, RecursionError):
        return False
    if not isinstance(wanted, dict):
        return False
    return not wanted or (scope == "MessageBody" and fits(wanted, body))


def fits(wanted: Mapping[str, object], body: Message) -> bool:
    """Whether a message has all that a pattern wants of it, as an event has for a rule of EventBridge."""
    return all(_holds(key, rules, body) for key, rules in wanted.items())


def _holds(key: str, rules: object, body: Message) -> bool:
    if key == "$or" and isinstance(rules, list) and _is_choice(rules):
        return any(fits(each, body) for each in rules)
    value = body.get(key)
    if isinstance(rules, Mapping):
        return value is SOMETHING or (isinstance(value, Mapping) and fits(rules, value))
    return any(_matches(each, value) for each in (rules if isinstance(rules, list) else [rules]))


def _is_choice(members: list[object]) -> bool:
    whole = all(isinstance(each, Mapping) and _OPERATORS.isdisjoint(each) for each in members)
    return whole and len(members) >= _AT_LEAST


def _matches(rule: object, value: object) -> bool:
    """Whether one of the rules of a property is met by its value, None where the message has no such property."""
    if isinstance(rule, Mapping) and "exists" in rule:
        return rule["exists"] is (value is not None)
    if value is None:
        return False
    if value is SOMETHING:
        return True
    return _by_operator(rule, str(value)) if isinstance(rule, Mapping) else rule == value


def _by_operator(rule: Mapping[str, object], value: str) -> bool:
    """Of the operators on texts; a number or an address is no word of an alarm's that is known."""
    for operator, operand in rule.items():
        match operator, operand:
            case "anything-but", _:
                return not _excepted(operand, value)
            case "prefix" | "suffix" | "equals-ignore-case" | "wildcard", str():
                return _is_like(operator, operand, value)
            case (("numeric" | "cidr"), _):
                return False
            case _:
                return True
    return False


def _excepted(operand: object, value: str) -> bool:
    every = operand if isinstance(operand, list) else [operand]
    return any(_by_operator(each, value) if isinstance(each, Mapping) else each == value for each in every)


def _is_like(operator: str, operand: str, value: str) -> bool:
    match operator:
        case "prefix":
            return value.startswith(operand)
        case "suffix":
            return value.endswith(operand)
        case "equals-ignore-case":
            return value.casefold() == operand.casefold()
        case _:
            return re.fullmatch(".*".join(map(re.escape, operand.split("*"))), value, re.DOTALL) is not None
