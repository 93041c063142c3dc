"""The ledger: the folder and AWS's keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from checks.model import CannotLook
from checks.nights.record import Record, to_row
from checks.world.aws.ledger import AwsLedger, Shelf, shelf_of
from checks.world.aws.session import Access, Clients
from checks.world.ledger import Folder, Ledger
from tests.nights.made import NIGHT, record

REGION = "eu-west-1"
OUTPUTS = [
    {"OutputKey": key, "OutputValue": value}
    for key, value in (("EvidenceBucket", "b"), ("IndexTable", "t"), ("PageTopic", "p"), ("NoticeTopic", "n"))
]


@pytest.fixture(params=("folder", "aws"))
def ledger(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Each of the two."""
    if request.param == "folder":
        yield Folder(tmp_path)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield AwsLedger(Access(), _made(), region=REGION)


def _made() -> Shelf:
    sns = boto3.client("sns", region_name=REGION)
    page, notice = (sns.create_topic(Name=name)["TopicArn"] for name in ("page", "notice"))
    place: Any = {"LocationConstraint": REGION}
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="evidence", CreateBucketConfiguration=place)
    boto3.client("dynamodb", region_name=REGION).create_table(
        TableName="index",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return Shelf(bucket="evidence", table="index", page=page, notice=notice)


def begun(run_id: str = "r") -> dict[str, Any]:
    """A run that begins now and may take ten minutes."""
    return to_row(
        Record(target="shop", run_id=run_id, door="canary", started=NIGHT, until=NIGHT + timedelta(minutes=10))
    )


def ended(run_id: str = "r") -> dict[str, Any]:
    """The same run, whole."""
    return to_row(record(run_id=run_id))


def test_a_run_is_begun_once(ledger: Ledger) -> None:
    """Its holder may go on, another must wait until its time is up, and after the end nobody begins it again."""
    later = NIGHT + timedelta(minutes=11)

    assert "ours" == ledger.claim(begun(), holder="a", now=NIGHT)
    assert "ours" == ledger.claim(begun(), holder="a", now=NIGHT)
    assert "busy" == ledger.claim(begun(), holder="b", now=NIGHT)
    assert "ours" == ledger.claim(begun(), holder="b", now=later)
    assert ledger.enter(ended())
    assert "done" == ledger.claim(begun(), holder="b", now=later)


def test_a_run_ends_once(ledger: Ledger) -> None:
    """The first end stays."""
    assert [True, False] == [ledger.enter(ended()), ledger.enter({**ended(), "verdict": "broken"})]
    assert ["kept"] == [each["verdict"] for each in ledger.rows("shop")]


def test_every_run_of_a_target_is_found_and_none_of_another(ledger: Ledger) -> None:
    """The index is by target."""
    for number in range(30):
        ledger.enter(ended(f"r-{number}"))
    ledger.enter({**ended("x"), "target": "other"})

    assert {f"r-{number}" for number in range(30)} == {each["run_id"] for each in ledger.rows("shop")}
    assert [] == list(ledger.rows("nobody"))


def test_what_is_kept_stays(ledger: Ledger) -> None:
    """A document is written once, a checkpoint as often as there is news."""
    link = ledger.keep("runs/shop/r.json", "first")
    ledger.keep("runs/shop/r.json", "second")
    ledger.checkpoint("partial/r.json", "first")
    ledger.checkpoint("partial/r.json", "second")

    assert ("first", "second") == (ledger.read("runs/shop/r.json"), ledger.read("partial/r.json"))
    assert "runs/shop/r.json" in link


def test_what_people_were_told_changes_one_edition_at_a_time(ledger: Ledger) -> None:
    """Of two that decide at once, one decides again."""
    assert ({}, 0) == ledger.told("shop")
    assert [True, False] == [ledger.tell("shop", {"n": 1}, edition=0), ledger.tell("shop", {"n": 2}, edition=0)]
    assert ({"n": 1}, 1) == ledger.told("shop")
    assert ledger.tell("shop", {"n": 3}, edition=1)
    assert [] == list(ledger.rows("shop"))


def test_somebody_is_called(ledger: Ledger) -> None:
    """Either topic."""
    for topic in ("page", "notice"):
        ledger.ring(topic, "subject", "text")


def test_a_topic_that_is_not_there_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would have been called must not be taken for called."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), pytest.raises(CannotLook, match="no topic page"):
        AwsLedger(Access(), Shelf(bucket="b", table="t"), region=REGION).ring("page", "s", "t")


@pytest.mark.parametrize(
    ("outputs", "lacking"),
    ((None, "the canary's stack Canary in eu-west-1"), (OUTPUTS[:1], "no output IndexTable, PageTopic, NoticeTopic")),
)
def test_a_canary_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, outputs: list[dict[str, str]] | None, lacking: str
) -> None:
    """With the stack that was sought, and what it lacks."""
    with _stack(monkeypatch, outputs), pytest.raises(CannotLook, match=lacking):
        shelf_of(Access(), stack="Canary", region=REGION)


def test_the_canarys_stack_names_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bucket, table and topics are its outputs."""
    with _stack(monkeypatch, OUTPUTS):
        assert Shelf(bucket="b", table="t", page="p", notice="n") == shelf_of(Access(), stack="Canary", region=REGION)


@contextmanager
def _stack(monkeypatch: pytest.MonkeyPatch, outputs: list[dict[str, str]] | None) -> Iterator[None]:
    """CloudFormation answers with a stack of these outputs, or with none."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client = boto3.client("cloudformation", region_name=REGION)
    with Stubber(client) as stub:
        if outputs is None:
            stub.add_client_error("describe_stacks", "ValidationError", "Stack with id Canary does not exist")
        else:
            told = {"StackName": "Canary", "CreationTime": NIGHT, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}
            stub.add_response("describe_stacks", {"Stacks": [told]}, {"StackName": "Canary"})
        monkeypatch.setattr(Clients, "make", lambda *_: client)
        yield


def test_what_cannot_be_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In our words, naming the operation."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        ledger = AwsLedger(Access(), Shelf(bucket="none", table="none"), region=REGION)
        for ask in (
            lambda: ledger.rows("shop"),
            lambda: ledger.read("key"),
            lambda: ledger.told("shop"),
            lambda: ledger.keep("key", "text"),
            lambda: ledger.claim(begun(), holder="a", now=NIGHT),
        ):
            with pytest.raises(CannotLook, match=r"the canary's evidence \("):
                ask()
