from __future__ import annotations

import pytest

from checks.evidence import Absent, Described
from checks.model import Check, Unresolved
from checks.promises import mappings
from checks.template import Surroundings, resolve
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Jobs-1/stream/2026"
TABLE = resource(
    "AWS::DynamoDB::Table",
    {"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}},
    subject="Jobs",
    physical_id="Jobs-1",
)


def _checks(source: object = STREAM, **said: object) -> dict[str, Check]:
    given = {"FunctionName": "f", "EventSourceArn": source, "StartingPosition": "LATEST", **said}
    return planned(
        mappings.checks(target(resource(mappings.MAPPING, given, subject="Reader", physical_id="u1"), TABLE))
    )


def _seen(state: str = "Enabled", **words: str) -> Described:
    return Described(kind=mappings.MAPPING, name="u1", state=state, words=tuple(sorted(words.items())))


def test_a_stream_and_its_reader_are_asked_about() -> None:
    """The mapping first, then whether anybody reads at all."""
    names = [
        "mappings.enabled[Reader]",
        "mappings.working[Reader]",
        "mappings.failures[Reader]",
        "mappings.consumed[Jobs]",
    ]

    assert names == list(_checks())


def test_a_queue_keeps_what_fails_by_itself() -> None:
    """Its redrive policy is a matter of the queue."""
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs"

    assert "mappings.failures[Reader]" not in _checks(queue, StartingPosition=None)


def test_a_mapping_that_the_template_switches_off_is_not_asked_to_work() -> None:
    """And the stream has no reader by it."""
    checks = _checks(Enabled=False)

    assert ["mappings.consumed[Jobs]"] == list(checks)


@pytest.mark.parametrize(
    ("last", "status"),
    (("OK", "pass"), ("No records processed", "pass"), ("", "pass"), ("PROBLEM: Function call failed", "fail")),
)
def test_a_problem_is_a_failure(last: str, status: str) -> None:
    """A stream stands still behind the batch that its function refuses."""
    check = _checks()["mappings.working[Reader]"]
    found = check.sight.look(world({("described", mappings.MAPPING, REGION, "u1"): _seen(last=last)}))

    assert status == check.sight.judge(found, NOW).status


@pytest.mark.parametrize("name", ("mappings.working[Reader]", "mappings.failures[Reader]"))
def test_a_mapping_that_is_gone_fails(name: str) -> None:
    """It reads nothing."""
    assert "fail" == _checks()[name].sight.judge(Absent(what="x"), NOW).status


@pytest.mark.parametrize(("kept", "status"), (("arn:aws:sqs:r:1:dead", "pass"), ("", "fail")))
def test_what_is_given_up_is_kept(kept: str, status: str) -> None:
    """Whatever the template says."""
    assert status == _checks()["mappings.failures[Reader]"].sight.judge(_seen(failures=kept), NOW).status


@pytest.mark.parametrize(
    ("seen", "status"),
    ((_seen(), "pass"), (_seen("Creating"), "pass"), (_seen("Disabled"), "fail"), (Absent(what="x"), "fail")),
)
def test_a_stream_is_read_by_somebody(seen: Described | Absent, status: str) -> None:
    """One that is switched on."""
    check = _checks()["mappings.consumed[Jobs]"]
    found = check.sight.look(world({("described", mappings.MAPPING, REGION, "u1"): seen}))

    assert status == check.sight.judge(found, NOW).status


def test_a_stream_whose_arn_is_not_known_is_found_by_its_table() -> None:
    """CloudFormation knows the ARN of a stream alone; the template names the table."""
    assert ("u1",) == _checks(Unresolved("Fn::GetAtt Jobs.StreamArn"))["mappings.consumed[Jobs]"].params["mappings"]


def test_a_stream_without_a_mapping_is_read_by_nobody() -> None:
    """There is nothing to ask, and that is the answer."""
    (check,) = planned(mappings.checks(target(TABLE))).values()

    assert "fail" == check.sight.judge(check.sight.look(world({})), NOW).status


def test_an_attribute_that_does_not_follow_still_tells_whose_it_is() -> None:
    """The reason names the resource, which is all that it takes to find a stream's table."""
    written = {"Resources": {"Jobs": {"Type": "AWS::DynamoDB::Table"}, "R": {"Type": "X::Y::Z"}}}
    written["Resources"]["R"]["Properties"] = {"Source": {"Fn::GetAtt": ["Jobs", "StreamArn"]}}  # type: ignore[assignment]
    around = Surroundings(
        stack="S", stack_id="", region=REGION, account=ACCOUNT, partition="aws", parameters={}, outputs={},
        physical_ids={"Jobs": "Jobs-1", "R": "r"},
    )  # fmt: skip

    source = resolve(written, around).properties["R"]["Source"]

    assert isinstance(source, Unresolved)
    assert "Jobs.StreamArn" in source.why
