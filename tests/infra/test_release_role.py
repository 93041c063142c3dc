"""The role of the release: for one environment of one repository, and no wider than what the deployer asks for."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from policy_sentry.querying.actions import get_action_data

from tests.infra.conftest import ROOT

FILE = ROOT / "khaya_infra" / "release_role.yaml"


def role() -> dict[str, Any]:
    """The role's properties."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))["Resources"]["Role"]["Properties"]
    return found


def statements() -> list[dict[str, Any]]:
    """What it may."""
    return list(role()["Policies"][0]["PolicyDocument"]["Statement"])


def actions(statement: dict[str, Any]) -> list[str]:
    """The actions of one statement."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def test_cfn_lint_finds_nothing() -> None:
    """Against CloudFormation's own schemas."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "af-south-1", "--", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stdout)


def test_one_environment_of_one_repository_may_take_it() -> None:
    """By equality: a pattern would let a branch or a fork in."""
    (trust,) = role()["AssumeRolePolicyDocument"]["Statement"]

    assert ["StringEquals"] == list(trust["Condition"])
    assert {"Fn::Sub": "repo:${Repository}:environment:${Environment}"} == trust["Condition"]["StringEquals"][
        "token.actions.githubusercontent.com:sub"
    ]
    assert "sts.amazonaws.com" == trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"]


def test_every_action_exists_and_a_bare_star_is_for_what_has_no_resource() -> None:
    """In the pinned Service Authorization Reference."""
    for statement in statements():
        for action in actions(statement):
            service, _, name = action.partition(":")
            known = get_action_data(service, name)
            assert known, action
            if statement["Resource"] == "*":
                assert {"*"} == {each["resource_arn_format"] for each in known[service]}, action
    assert [] == [action for each in statements() for action in actions(each) if "*" in action]


def test_what_the_deployer_calls_itself_is_granted() -> None:
    """Each call of a client in the modules that deploy and roll back; the rest is for a person."""
    modules = ("deploy", "ground", "preflight", "publish", "live", "rollback", "releases")
    text = "".join((ROOT / "khaya_infra" / f"{name}.py").read_text("utf-8") for name in modules)
    called = {word.replace("_", "") for word in re.findall(r"\.((?:get|list|create|put|update|describe)_\w+)\(", text)}
    granted = {action.partition(":")[2].lower() for each in statements() for action in actions(each)}
    # A paginator and its arguments are no actions; who one is needs no right; a zone is made by a person, once.
    others = {"getpaginator", "getcalleridentity", "createhostedzone", "getchange"}
    # Actions that are named otherwise than their operations.
    renamed = {"listobjectsv2": "listbucket", "listobjectversions": "listbucketversions"}

    assert called
    assert set() == {renamed.get(each, each) for each in called - others} - granted


def test_the_account_is_always_our_own() -> None:
    """No resource of another account is named."""
    resources = [each["Resource"] for each in statements() if each["Resource"] != "*"]
    named = [one["Fn::Sub"] for each in resources for one in (each if isinstance(each, list) else [each])]

    assert [] == [
        each
        for each in named
        if "${AWS::AccountId}" not in each and not fnmatchcase(each, "arn:*:s3:::*") and "route53" not in each
    ]
