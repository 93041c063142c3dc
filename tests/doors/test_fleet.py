"""The fleet's two functions: what becomes of one target, and of all of them, by way of a bucket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest
from moto import mock_aws

from checks.doors import canary, fleet
from checks.model import CannotLook
from tests.doors import scene
from tests.doors.test_canary import Invocation

HOME, BUCKET, NIGHT = "eu-west-1", "fleet", "night-1"
SETTINGS = {
    "schema": 1,
    "account": {"id": scene.ACCOUNT},
    "stack": [{"name": "Main", "region": scene.REGION}],
}
# A shop for each end that a run may come to.
ENDS = {"shop-1": "kept", "shop-2": "broken", "shop-3": "blind", "shop-4": "void", "shop-5": "unread"}


class Bucket:
    """The bucket as the administrator sees it."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name=HOME)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": HOME})

    def read(self, key: str) -> Any:  # noqa: ANN401 - any JSON value
        """What lies there."""
        return json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def list(self, targets: Sequence[Mapping[str, Any]]) -> None:
        """Put the list of targets there."""
        self.s3.put_object(Bucket=BUCKET, Key="targets.json", Body=json.dumps(targets).encode())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty one, and no other AWS."""
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": HOME}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        yield Bucket()


def item(target: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    """A target as the list has it."""
    return {"target": target, "settings": {**SETTINGS, **more}}


def event(target: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    """What the map hands to the function for it."""
    return {**item(target, **more), "bucket": BUCKET, "run_id": NIGHT}


def report() -> dict[str, Any]:
    """The report over what is there."""
    return fleet.report({"bucket": BUCKET, "targets": "targets.json", "run_id": NIGHT}, Invocation())


@pytest.mark.parametrize(
    ("which", "verdict", "roots"),
    (
        ("kept", "kept", []),
        ("broken", "broken", ["tables.pitr[Users]"]),
        ("void", "void", []),
        ("unread", "unreachable", None),
    ),
)
def test_what_came_of_a_target_goes_through_the_bucket(
    bucket: Bucket, enter: Callable[[str], None], which: str, verdict: str, roots: list[str] | None
) -> None:
    """What is handed on is its name and verdict; a map carries no more of a thousand."""
    enter(which)

    told = fleet.look(event("shop-1"), Invocation())

    assert {"target": "shop-1", "verdict": verdict} == told
    kept = bucket.read(f"fleet/{NIGHT}/answers/shop-1.json")
    assert ("shop-1", verdict) == (kept["target"], kept["verdict"])
    assert roots is None or roots == kept["roots"]


def test_a_waiver_of_what_could_not_be_read_accuses_nobody(bucket: Bucket, enter: Callable[[str], None]) -> None:
    """Whether there is anything to waive is not known where the stacks could not be read."""
    waiver = {"check": "tables.pitr[*]", "owner": "shops", "reason": "none is needed", "expires": "2099-12-31"}
    enter("unread")

    assert "unreachable" == fleet.look(event("shop-1", waiver=[waiver]), Invocation())["verdict"]

    assert "stack.waiver[tables.pitr[*]]" in bucket.read(f"fleet/{NIGHT}/answers/shop-1.json")["roots"]


def test_a_waiver_that_waives_nothing_is_broken(bucket: Bucket, enter: Callable[[str], None]) -> None:
    """The failing twin: the stacks were read, and there is nothing of that name."""
    waiver = {"check": "queues.*", "owner": "shops", "reason": "none is needed", "expires": "2099-12-31"}
    enter("kept")

    assert "broken" == fleet.look(event("shop-1", waiver=[waiver]), Invocation())["verdict"]
    assert bucket.read(f"fleet/{NIGHT}/answers/shop-1.json")["roots"]


def test_a_target_that_cannot_be_reached_is_an_answer(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The night goes on without it, and the reason is kept."""
    monkeypatch.setattr(canary, "handler", _raises(CannotLook("AccessDenied: sts:AssumeRole")))

    assert "unreachable" == fleet.look(event("stranger"), Invocation())["verdict"]

    assert "sts:AssumeRole" in bucket.read(f"fleet/{NIGHT}/answers/stranger.json")["says"]


def test_a_defect_of_ours_accuses_no_account(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It proves nothing, as in any other run, and is no reason to look for a role that is missing."""
    monkeypatch.setattr(canary, "handler", _raises(KeyError("a defect")))

    assert "void" == fleet.look(event("shop-1"), Invocation())["verdict"]

    assert "KeyError: 'a defect'" in bucket.read(f"fleet/{NIGHT}/answers/shop-1.json")["says"]


def test_settings_that_cannot_be_understood_are_named(bucket: Bucket, here: object) -> None:
    """In the one report, by their key."""
    assert here
    bucket.list([item("shop-1", stcak=[])])

    fleet.look(event("shop-1", stcak=[]), Invocation())

    (told,) = report()["targets"]
    assert ("void", True) == (told["state"], "stcak" in told["says"])


def test_one_report_says_what_came_of_each(
    bucket: Bucket, enter: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each target that was listed is in it once; the whole is kept, and what is handed back leaves out the good."""
    bucket.list([item(each) for each in (*ENDS, "shop-6")])
    for target, which in ENDS.items():
        enter(which)
        fleet.look(event(target), Invocation())
    capsys.readouterr()

    told = report()

    expected = {"kept": 1, "broken": 1, "unseen": 1, "void": 1, "unreachable": 1, "lost": 1}
    assert expected == told["counts"]
    kept = bucket.read(f"fleet/{NIGHT}.json")
    assert [*ENDS, "shop-6"] == [each["target"] for each in kept["targets"]]
    assert [*ENDS, "shop-6"][1:] == [each["target"] for each in told["targets"]]
    assert "LOST         shop-6  111122223333  no answer came back" in kept["text"].splitlines()
    (line,) = capsys.readouterr().out.splitlines()
    assert (1, expected) == ((said := json.loads(line))["exit_code"], said["counts"])


def test_answers_of_another_night_are_not_this_nights(bucket: Bucket, enter: Callable[[str], None]) -> None:
    """Yesterday's `kept` says nothing about today."""
    enter("kept")
    bucket.list([item("shop-1")])
    fleet.look(event("shop-1") | {"run_id": "night-0"}, Invocation())

    assert ["lost"] == [each["state"] for each in report()["targets"]]


def test_a_list_or_a_bucket_that_is_not_there_is_raised(bucket: Bucket, enter: Callable[[str], None]) -> None:
    """Step Functions then says that the fleet failed; a report of nothing would look like a good one."""
    with pytest.raises(CannotLook, match=r"s3://fleet/targets\.json: .*NoSuchKey"):
        report()
    enter("kept")
    with pytest.raises(CannotLook, match=r"s3://elsewhere/.*NoSuchBucket"):
        fleet.look(event("shop-1") | {"bucket": "elsewhere"}, Invocation())
    assert "Contents" not in bucket.s3.list_objects_v2(Bucket=BUCKET)


def _raises(error: Exception) -> Callable[..., None]:
    def raising(*_: object) -> None:
        raise error

    return raising
