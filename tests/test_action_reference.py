"""Every action that a promise names exists, reads, and is granted where AWS lets it be granted.

The reference is the Service Authorization Reference, as policy-sentry carries it, pinned in requirements/dev.txt.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data

from checks import catalogue
from checks.permissions import WITHOUT_RESOURCE, actions, policy
from checks.plan import from_json

ROOT = Path(__file__).parents[1]
ACTIONS = actions(catalogue.PROMISES)
_READING = {"Read", "List"}
# policy-sentry keeps one page for each prefix, of API Gateway that of HTTP APIs; these are of "API Gateway Management".
_LEFT_OUT = {"apigateway": (re.compile(r"arn:aws:apigateway:[a-z0-9-]+::/(account|restapis/[^/]+(/.+)?)"),)}


@cache
def rows(action: str) -> list[dict[str, Any]]:
    """What the reference says of *action*, a row for each type of resource; nothing for one that it does not know."""
    service, _, name = action.partition(":")
    found: Any = get_action_data(service, name)
    return list(found[service]) if found else []


def shape(raw: str) -> re.Pattern[str]:
    """The pattern of the ARNs that a row is about; two of them are of no use to us."""
    parts = re.split(r"\$\{\w+\}", raw)
    return re.compile(".*".join(re.escape(each) for each in parts), re.DOTALL)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_exists(action: str) -> None:
    """IAM takes a policy with a misspelt action, and grants nothing by it."""
    assert rows(action)


def test_a_misspelt_action_would_be_noticed() -> None:
    """The failing twin: the reference does not know whatever it is asked."""
    assert [] == rows("dynamodb:DescribeTabel")


@pytest.mark.parametrize(
    "promise", [each for each in catalogue.PROMISES if each.effect == "read"], ids=lambda p: p.name
)
def test_what_only_reads_needs_nothing_that_writes(promise: Any) -> None:  # noqa: ANN401 - a promise of any parameters
    """Whoever runs it can prove with the policy that nothing is changed."""
    assert set() == {row["access_level"] for each in promise.actions for row in rows(each)} - _READING


@pytest.mark.parametrize("action", ACTIONS)
def test_what_can_be_granted_on_nothing_but_everything_is_known(action: str) -> None:
    """An ARN for such an action grants nothing on AWS, whatever an emulator thinks of it."""
    only_everything = {row["resource_arn_format"] for row in rows(action)} == {"*"}

    assert only_everything == (action in WITHOUT_RESOURCE)


def granted() -> list[tuple[str, tuple[str, ...]]]:
    """Each action of the accepted plan's policy with what it is granted on."""
    stored = json.loads((ROOT / "checks" / "targets" / "local.plan.json").read_text(encoding="utf-8"))
    plan = from_json(stored, catalogue.BY_NAME)
    stacks = ["arn:aws:cloudformation:af-south-1:000000000000:stack/Main/1"]
    statements: Any = policy(plan.checks, stacks=stacks)["Statement"]
    return [(action, tuple(each["Resource"])) for each in statements for action in each["Action"]]


@pytest.mark.parametrize(("action", "resources"), granted(), ids=lambda each: each if isinstance(each, str) else "")
def test_an_action_is_granted_on_resources_of_its_own_kind(action: str, resources: tuple[str, ...]) -> None:
    """An ARN of the action's service fits a type of resource that the reference lists for it, or it is all of them.

    Without an ARN of that service the plan has no such thing, and nothing is granted in effect.
    """
    shapes = [shape(row["resource_arn_format"]) for row in rows(action)]
    shapes += _LEFT_OUT.get(action.partition(":")[0], ())
    own = [each for each in resources if each.split(":")[2:3] == [action.partition(":")[0]]]

    assert not own or any(each.fullmatch(arn) for each in shapes for arn in own)
