from __future__ import annotations

from dataclasses import replace

import pytest

from checks import codec
from checks.evidence import Absent, StackSeen
from checks.model import Check
from checks.promises import upkeep
from tests.promises.worlds import ACCOUNT, HOSTILE, NOW, REGION, planned, target, world

GOOD = StackSeen(
    name="Main", arn="arn:s", status="UPDATE_COMPLETE", reason="", updated=NOW, outputs=(("Table", "users"),),
    drift="IN_SYNC",
)  # fmt: skip
GONE = Absent(what="stack Main")


def _checks() -> dict[str, Check]:
    return planned(upkeep.checks(target()))


@pytest.mark.parametrize(
    ("drift", "status", "told"),
    (
        ("IN_SYNC", "pass", "IN_SYNC"),
        ("NOT_CHECKED", "pass", "NOT_CHECKED: nobody looked for it"),
        ("", "pass", "NOT_CHECKED: nobody looked for it"),
        ("UNKNOWN", "pass", "UNKNOWN: nobody looked for it"),
        ("DRIFTED", "fail", "DRIFTED"),
    ),
)
def test_what_was_never_looked_for_is_told_apart_from_what_was_not_found(drift: str, status: str, told: str) -> None:
    """Whoever reads the report sees which of the two it is."""
    check = _checks()["stack.drift[Main]"]
    found = check.sight.look(world({("stack", REGION, "Main"): replace(GOOD, drift=drift)}))
    verdict = check.sight.judge(found, NOW)

    assert (status, told) == (verdict.status, verdict.actual)


KEY = "AKIA" + "A" * 16


@pytest.mark.parametrize(
    ("key", "value", "status"),
    (
        ("Table", "users", "pass"),
        ("SecretArn", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-AbCdEf", "pass"),
        ("TokenAddress", "https://sign-in.test/oauth2/token", "pass"),
        ("PasswordParameter", "/shop/password", "pass"),
        ("SecretName", "shop-mail", "pass"),
        ("ApiKey", "****", "pass"),
        ("ApiToken", "", "pass"),
        ("PoolClientId", "7h3k2j5l6m1n8o9p0q4r", "pass"),
        ("ApiKey", "d41d8cd98f00b204e9800998ecf8427e", "fail"),
        ("TokenAddress", "https://sign-in.test/hook?key=d41d8cd98f00", "fail"),
        ("SecretsAddress", "https://shop:hunter2@vault.test/", "fail"),
        ("DbPassword", "correct horse battery staple", "fail"),
        ("AccessKeySecret", "wJalrXUtnFEMI/K7MDENG", "fail"),
        ("Deployer", KEY, "fail"),
        ("Session", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "fail"),
    ),
)
def test_an_output_tells_where_a_secret_is_and_not_what_it_is(key: str, value: str, status: str) -> None:
    """Judged on evidence as it is kept: what is a credential by its form is no longer in it."""
    check = _checks()["stack.discreet[Main]"]
    found = codec.scrub(check.sight.look(world({("stack", REGION, "Main"): replace(GOOD, outputs=((key, value),))})))
    verdict = check.sight.judge(found, NOW)

    assert status == verdict.status
    assert not value or value not in verdict.actual


@pytest.mark.parametrize("name", ("stack.drift[Main]", "stack.discreet[Main]"))
def test_a_stack_that_is_gone_fails(name: str) -> None:
    """With a remedy."""
    verdict = _checks()[name].sight.judge(GONE, NOW)

    assert ("fail", True) == (verdict.status, bool(verdict.remedy))


def test_nothing_that_aws_says_reaches_a_terminal() -> None:
    """Hostile text is one harmless line."""
    seen = replace(GOOD, drift=HOSTILE, outputs=((f"secret{HOSTILE}", HOSTILE),))

    assert all(check.sight.judge(seen, NOW).actual.isprintable() for check in _checks().values())
