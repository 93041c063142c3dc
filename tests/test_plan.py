"""The frozen list of checks."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from checks.model import Check, Place, Severity, Sight, Verdict, promise
from checks.plan import Difference, Plan, PlanError, as_text, compare, fingerprint, freeze, from_json, to_json


def _judge(seen: object, now: datetime) -> Verdict:
    return Verdict.passed(expected=str(seen), actual=str(now))


@promise(
    "tls.expiry",
    says="It lasts.",
    severity="critical",
    instrument="tls",
    actions=("acm:DescribeCertificate",),
)
def expiry(*, host: str, spare: timedelta) -> Sight:
    """A certificate lasts."""
    return Sight(look=lambda _: (host, spare), judge=_judge)


@promise("tables.present", says="It is there.", severity="critical", instrument="aws")
def present(*, table: str) -> Sight:
    """A table is there."""
    return Sight(look=lambda _: table, judge=_judge)


PROMISES: dict[str, Any] = {"tls.expiry": expiry, "tables.present": present}


def _expiry(host: str = "e.org", days: int = 7, severity: Severity = "critical") -> Check:
    check = expiry(Place(subject=host), host=host, spare=timedelta(days=days))
    return Check(
        **{
            **{f: getattr(check, f) for f in ("name", "promise", "place", "params", "sight")},
            "severity": severity,
        }
    )


def _present(table: str = "Users", logical: str = "UsersTable") -> Check:
    return present(Place(subject=logical, stack="S", covers=(logical,)), table=table)


def _plan(*checks: Check) -> Plan:
    return freeze(checks, target="t", account="000000000000", regions=("af-south-1",))


def test_two_checks_of_one_name_are_refused_naming_both() -> None:
    """A result could not be told apart, so the plan is not made."""
    one = present(Place(subject="Users", stack="A", covers=("One",)), table="a")
    two = present(Place(subject="Users", stack="B", covers=("Two",)), table="b")

    with pytest.raises(PlanError, match=r"tables.present\[Users\]: one covers One in A, the other Two in B"):
        _plan(one, two)


def test_the_digest_does_not_depend_on_ids_or_order() -> None:
    """A fresh deployment of the same template has the same digest."""
    assert _plan(_expiry(), _present("Users-1")).digest == _plan(_present("Users-2"), _expiry()).digest


@pytest.mark.parametrize(
    "other",
    (_plan(_expiry()), _plan(_expiry(days=6), _present()), _plan(_expiry(severity="warning"), _present())),
    ids=["a check is gone", "a limit is looser", "a check weighs less"],
)
def test_the_digest_shows_what_must_not_change_unseen(other: Plan) -> None:
    """Losing a check, loosening a limit and lowering a severity all show."""
    assert _plan(_expiry(), _present()).digest != other.digest


def test_a_fingerprint_is_short_enough_to_be_read() -> None:
    """Sixteen of its digits tell as many checks apart as anybody will ever plan, and those who accepted have these."""
    assert {16} == {len(fingerprint(each)) for each in (_expiry(), _present())}


def test_a_stored_plan_comes_back_whole() -> None:
    """Names, places, parameters, severities and digest survive; the looks are bound to their promises again."""
    plan = _plan(_expiry(), _present())

    back = from_json(json.loads(json.dumps(to_json(plan))), PROMISES)

    assert plan.digest == back.digest
    assert "accepted" == back.source
    assert [(c.name, c.place, c.params, c.severity) for c in plan.checks] == [
        (c.name, c.place, c.params, c.severity) for c in back.checks
    ]
    assert ("e.org", timedelta(days=7)) == back.checks[0].sight.look(None)  # type: ignore[arg-type]  # the look ignores its world


@pytest.mark.parametrize(
    ("change", "told"),
    (
        ({"schema": 2}, "expected schema 1, found 2"),
        ({"digest": "0"}, "edited by hand or cut short"),
        ({"checks": [{"name": "x.y[z]", "promise": "x.y"}]}, "which this release does not have"),
        ({"checks": [{"promise": "tables.present"}]}, "cannot be read"),
        ({"checks": None}, "cannot be read"),
        (
            {"checks": [{"name": "a", "promise": "tables.present", "place": {"subject": 4}, "params": {}}]},
            "expected str, found 4",
        ),
    ),
)
def test_a_stored_plan_that_cannot_be_trusted_is_refused(change: dict[str, Any], told: str) -> None:
    """An edited, foreign or damaged plan is an error that says what to do, never a smaller plan."""
    stored = {**to_json(_plan(_expiry(), _present())), **change}

    with pytest.raises(PlanError) as caught:
        from_json(stored, PROMISES)

    assert told in str(caught.value)


def test_a_selection_keeps_the_digest_of_the_whole() -> None:
    """Choosing some checks does not make another plan."""
    plan = _plan(_expiry(), _present())

    chosen = plan.only(["tls.*"])

    assert (plan.digest, ["tls.expiry[e.org]"]) == (chosen.digest, [each.name for each in chosen.checks])


@pytest.mark.parametrize(
    ("patterns", "names"),
    (
        pytest.param(["tls.*"], ["tls.expiry[a]", "tls.expiry[b]"], id="names"),
        pytest.param(["severity=critical"], ["tls.expiry[a]", "tables.present[UsersTable]"], id="a weight"),
        pytest.param(["severity=critical", "tls.*"], ["tls.expiry[a]"], id="names of a weight"),
        pytest.param(["severity=warning", "tables.*"], [], id="names of another weight"),
        pytest.param(
            ["severity=warning", "severity=critical"],
            ["tls.expiry[a]", "tls.expiry[b]", "tables.present[UsersTable]"],
            id="either weight",
        ),
        pytest.param([], [], id="nothing"),
    ),
)
def test_a_selection_is_by_name_by_weight_or_by_both(patterns: list[str], names: list[str]) -> None:
    """A weight beside names narrows them, and alone it chooses from all."""
    plan = _plan(_expiry("a"), _expiry("b", severity="warning"), _present())

    assert names == [each.name for each in plan.only(patterns).checks]


def test_equal_plans_do_not_differ() -> None:
    """Other ids are no difference."""
    assert Difference(missing=(), weakened=(), added=(), changed=()) == compare(
        _plan(_present("a")), _plan(_present("b"))
    )


def test_a_difference_is_told_by_name() -> None:
    """What is missing, weaker, new and changed is told apart."""
    accepted = _plan(_expiry("a"), _expiry("b"), _expiry("c"), _expiry("d"))
    live = _plan(_expiry("b", severity="warning"), _expiry("c", days=1), _expiry("d"), _expiry("e"))

    expected = Difference(
        missing=("tls.expiry[a]",),
        weakened=("tls.expiry[b]",),
        added=("tls.expiry[e]",),
        changed=("tls.expiry[c]",),
    )
    assert expected == compare(live, accepted)


def test_a_stored_plan_is_json_with_a_line_for_each_check() -> None:
    """What a review shows is which check changed, and nothing else."""
    plan = _plan(_expiry("bücher.example"), _present())

    text = as_text(plan)

    assert text.isascii()
    assert to_json(plan) == json.loads(text)
    assert 2 == sum('"promise":' in line for line in text.splitlines())
