"""What came of a thousand targets, in one report."""

from __future__ import annotations

from typing import Any

import pytest

from checks.nights.fleet import as_json, as_text, at_once, by_account, exit_code, failed, merge, short


def item(number: int) -> dict[str, Any]:
    """One target of five accounts."""
    return {"target": f"shop-{number}", "settings": {"account": {"id": f"{number % 5:012d}"}}}


def answer(number: int, verdict: str = "kept", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of an answer
    """What a run handed back."""
    return {"target": f"shop-{number}", "verdict": verdict, "aws_calls": 10, "cost_usd": 0.00001, **more}


def test_one_report_says_exactly_what_is_broken_and_how() -> None:
    """Three broken in different ways, one unreachable, one lost, and all the others kept."""
    items = [item(number) for number in range(105)]
    special = {
        7: answer(7, "broken", roots=["tables.pitr[Users]"]),
        8: answer(8, "unseen", roots=["alarms.armed[Failing]"]),
        9: answer(9, "void", says="control dns.zone_above was wrong"),
        10: failed(item(10), "unreachable", "AccessDenied: sts:AssumeRole"),
    }
    answers = [special.get(number, answer(number)) for number in range(105) if number != 11]
    told = as_json(merge(items, answers), run_id="night-1")

    assert {"kept": 100, "broken": 1, "unseen": 1, "void": 1, "unreachable": 1, "lost": 1} == told["counts"]
    assert 1 == told["exit_code"]
    assert 1030 == told["aws_calls"]
    assert [f"shop-{number}" for number in range(105)] == [each["target"] for each in told["targets"]]
    lines = as_text(merge(items, answers)).splitlines()
    assert ["BROKEN", "VOID", "LOST", "UNREACHABLE", "UNSEEN", "fleet", "cost"] == [each.split()[0] for each in lines]
    assert "sts:AssumeRole" in lines[3]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    (
        (("kept", "kept"), 0),
        (("kept", "unseen"), 2),
        (("void", "unseen"), 3),
        (("broken", "void"), 1),
        ((), 3),
    ),
)
def test_the_gravest_is_the_fleets(verdicts: tuple[str, ...], code: int) -> None:
    """And an empty fleet proves nothing."""
    items = [item(number) for number in range(len(verdicts))]

    assert code == exit_code(merge(items, [answer(number, each) for number, each in enumerate(verdicts)]))


def test_a_target_without_an_answer_is_lost() -> None:
    """A map that dropped it is no reason to forget it."""
    assert ("lost", 3) == ((told := merge([item(1)], []))[0].state, exit_code(told))


def test_accounts_go_side_by_side_and_their_targets_in_turn() -> None:
    """Quotas are an account's own."""
    grouped = by_account([item(number) for number in range(20)])

    assert 5 == len(grouped)
    assert {4} == {len(each["targets"]) for each in grouped}
    with pytest.raises(ValueError, match="shop-1 is listed twice"):
        by_account([item(1), item(1)])


@pytest.mark.parametrize(
    ("quota", "calls", "seconds", "many"), ((9, 1, 2.0, 18), (9, 20, 2.0, 1), (10, 5, 4.0, 8), (1, 100, 1.0, 1))
)
def test_how_many_an_account_bears(quota: float, calls: float, seconds: float, many: int) -> None:
    """DescribeAlarms bears 9 a second; a run alone paces itself."""
    assert many == at_once(quota=quota, calls=calls, seconds=seconds)


def test_a_run_hands_on_little() -> None:
    """A stack that could not be read is an account that could not be reached."""
    told = {"verdict": "unseen", "notes": ["the stacks could not be read: AccessDenied"], "counts": {"fail": 0}}

    assert "unreachable" == short(item(1), told)["verdict"]
    assert "broken" == short(item(1), {"verdict": "broken", "roots": [{"name": "a.b[c]"}]})["verdict"]
    assert ["a.b[c]"] == short(item(1), {"verdict": "broken", "roots": [{"name": "a.b[c]"}]})["roots"]
