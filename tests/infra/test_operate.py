"""Operating: what is refused in one line, what is chosen, and what is told, without an AWS or with moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from khaya_infra import (
    changes,
    copies,
    deploy,
    destroy,
    live,
    logs,
    operate,
    publish,
    rehearsal,
    releases,
    restore,
    rollback,
)
from khaya_infra.arrival import Place
from khaya_infra.clients import Client, Session
from khaya_infra.releases import LAST, UNPUBLISHED, Release
from khaya_infra.settings import Settings, read_settings
from khaya_infra.stop import BROKEN, USAGE, Stop
from tests.infra.conftest import ROOT

REGION = "af-south-1"
LOCAL = read_settings(ROOT / "checks" / "targets" / "local.toml")
PROD = read_settings(ROOT / "checks" / "targets" / "prod.toml")
MADE = {"createdAt": {"S": "2026-01-01T00:00:00Z"}}

FIRST = Release(sha="aaaa1111", version="1", template="t1.json", pages={"index.html": "v1"}, functions={"f": "1"})
SECOND = replace(FIRST, sha="bbbb2222", template="t2.json", pages={"index.html": "v2"}, functions={"f": "2"})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """An account of moto's."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        yield boto3.Session("AKID", "hush", region_name=REGION)


@dataclass
class Stacks:
    """CloudFormation with one stack of one table, or with none; moto's own wants more packages than we have."""

    table: str
    outputs: dict[str, str]

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        """The stack and its outputs."""
        if not self.outputs:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}

    def get_paginator(self, _: str) -> Stacks:
        """Itself."""
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Its only resource."""
        table = {"ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "DataUsersTableA308CF66"}
        return [{"StackResourceSummaries": [{**table, "PhysicalResourceId": self.table}]}]


@dataclass
class Account:
    """Moto's services, and a CloudFormation that knows the stack."""

    moto: Session
    stacks: Stacks

    def client(self, service: str, **_: str) -> Client:
        """A client."""
        return self.stacks if service == "cloudformation" else self.moto.client(service)


@pytest.fixture
def users(session: Session) -> str:
    """The name of a table of the stack."""
    name = "KhayaStack-DataUsersTableA308CF66-X"
    session.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return name


@pytest.fixture
def place(session: Session, users: str) -> Place:
    """The deployment there."""
    outputs = {"FrontendBucket": "front", "BackupsBucket": "copies", "DistributionId": "D"}
    for bucket in ("front", "copies"):
        session.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    account = Account(session, Stacks(table=users, outputs=outputs))
    return Place(target=Path("local.toml"), settings=LOCAL, session=account)


# Releases


def test_a_record_is_a_version_and_the_same_again_is_none(session: Session) -> None:
    """A deploy that changed nothing is no release; the newest comes first."""
    ssm = session.client("ssm")

    assert [1, 1, 2] == [releases.record(ssm, "S", each) for each in (FIRST, FIRST, SECOND)]
    assert [replace(SECOND, number=2), replace(FIRST, number=1)] == list(releases.history(ssm, "S"))
    assert () == releases.history(ssm, "Another")


def test_a_record_that_does_not_fit_says_what_to_do(session: Session) -> None:
    """Four kilobytes are a hundred files of one name."""
    many = replace(FIRST, pages={f"page-{number}.html": "v" * 32 for number in range(200)})

    with pytest.raises(Stop, match="more than 4096"):
        releases.record(session.client("ssm"), "S", many)


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    (
        pytest.param(SECOND, None, FIRST, id="the one before"),
        pytest.param(FIRST, None, SECOND, id="after a rollback, the one that was rolled back"),
        pytest.param(replace(SECOND, functions={"f": "3"}), None, SECOND, id="a deploy broke half-way"),
        pytest.param(SECOND, "aaaa", FIRST, id="by its commit"),
        pytest.param(SECOND, LAST, SECOND, id="the last whole one, though it is live"),
    ),
)
def test_which_release_is_brought_back(current: Release, wanted: str | None, expected: Release) -> None:
    """The newest that is not what serves now."""
    assert expected is releases.choose((SECOND, FIRST), current, wanted)


def test_the_same_release_recorded_twice_is_not_the_one_before() -> None:
    """Its files may have been brought back from a copy: other versions, the same release."""
    again = replace(SECOND, pages={"index.html": "v3"})

    assert FIRST is releases.choose((again, SECOND, FIRST), again, None)


@pytest.mark.parametrize(
    ("known", "wanted", "says"),
    (
        pytest.param((), None, "there is no release before", id="nothing on record"),
        pytest.param((SECOND,), None, "there is no release before", id="only what is live"),
        pytest.param((SECOND,), "cccc", "no record of a release cccc. Known are bbbb2222", id="a stranger"),
        pytest.param((), LAST, "no record of a release last", id="no last"),
    ),
)
def test_where_there_is_nothing_to_go_back_to_nothing_is_done(
    known: tuple[Release, ...], wanted: str | None, says: str
) -> None:
    """And said."""
    with pytest.raises(Stop, match=says):
        releases.choose(known, SECOND, wanted)


@pytest.mark.parametrize(
    ("wanted", "now", "needed"),
    (
        pytest.param({"f": "1"}, {"f": "2"}, False, id="published"),
        pytest.param({"f": f"{UNPUBLISHED}aa"}, {"f": f"{UNPUBLISHED}bb"}, True, id="another commit without an alias"),
        pytest.param({"f": f"{UNPUBLISHED}aa"}, {"f": f"{UNPUBLISHED}aa"}, False, id="the same commit"),
        pytest.param({"f": "1", "gone": "4"}, {"f": "1"}, True, id="a function that is there no more"),
        pytest.param({"f": "1"}, {"f": "1", "new": "1"}, False, id="a function that is new"),
    ),
)
def test_when_a_rollback_needs_the_whole_template(wanted: dict[str, str], now: dict[str, str], needed: object) -> None:
    """Where an alias cannot lead back."""
    assert needed is rollback._needs_template(replace(FIRST, functions=wanted), replace(FIRST, functions=now))


def test_the_template_of_a_release_is_named_by_the_assembly() -> None:
    """The name of the asset, whatever the bucket."""
    url = "s3://cdk-assets-${AWS::AccountId}/0f0e.json"
    manifest = {"artifacts": {"S": {"properties": {"stackTemplateAssetObjectUrl": url}}}}

    assert "0f0e.json" == rollback.template_of(manifest, "S")


@dataclass
class Lambda:
    """One function with an alias; notes what it is moved to."""

    version: str = "2"
    weights: bool = False
    moved: str = ""

    def get_alias(self, **_: str) -> dict[str, Any]:
        """Where it stands."""
        routing = {"AdditionalVersionWeights": {"1": 0.5}} if self.weights else {}
        return {"FunctionVersion": self.version, "RoutingConfig": routing}

    def update_alias(self, *, FunctionVersion: str, **_: object) -> None:  # noqa: N803 - AWS's word
        """Move it."""
        self.moved = FunctionVersion


@pytest.mark.parametrize(
    ("function", "moved"),
    (
        pytest.param(Lambda(version="2"), "1", id="elsewhere"),
        pytest.param(Lambda(version="1"), "", id="there"),
        pytest.param(Lambda(version="1", weights=True), "1", id="there by half"),
    ),
)
def test_an_alias_is_moved_wholly_or_left(function: Lambda, moved: str) -> None:
    """No share of the calls stays at another version."""
    live.move(function, {"f": "1"})

    assert moved == function.moved


@dataclass
class Stack:
    """CloudFormation with one stack of two functions with aliases; notes the templates that it is updated to."""

    template: dict[str, Any]
    updated: list[str] = field(default_factory=list)
    status: str = "UPDATE_COMPLETE"
    refuses: str = ""
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name=REGION))

    def get_template(self, **_: str) -> dict[str, Any]:
        """As text, as AWS gives what was sent as text."""
        return {"TemplateBody": json.dumps(self.template)}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's word
        """The stack, or the bootstrap's with its bucket."""
        outputs = [{"OutputKey": "BucketName", "OutputValue": "assets"}] if StackName == "CDKToolkit" else []
        parameters = [{"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk/version"}]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": outputs, "Parameters": parameters}]}

    def get_paginator(self, _: str) -> Stack:
        """Itself."""
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        """Logical and physical ids; a version's is its ARN."""
        ids = {"F": "f", "G": "g", "F2": "arn:aws:lambda:x:1:function:f:2", "G7": "arn:aws:lambda:x:1:function:g:7"}
        return [{"StackResourceSummaries": [{"LogicalResourceId": a, "PhysicalResourceId": b} for a, b in ids.items()]}]

    def update_stack(self, *, TemplateURL: str, **_: object) -> None:  # noqa: N803 - AWS's word
        """Take another template, or say why not."""
        if self.refuses:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": self.refuses}}, "UpdateStack")
        self.updated.append(TemplateURL)


@dataclass
class Told:
    """A session of that CloudFormation, and of an S3 that keeps what it is sent."""

    cloudformation: Stack
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def client(self, name: str, **_: str) -> Any:  # noqa: ANN401 - of any service
        """Either."""
        return self.cloudformation if name == "cloudformation" else self

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - AWS's words
        """Keep it."""
        self.sent[f"{Bucket}/{Key}"] = json.loads(Body)


def aliases(**versions: object) -> dict[str, Any]:
    """A template of functions with an alias each, wanted on these versions."""
    return {
        "Resources": {
            f"{name}Live": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"Name": "live", "FunctionName": {"Ref": name}, "FunctionVersion": version},
            }
            for name, version in versions.items()
        }
    }


NEWEST = aliases(F={"Fn::GetAtt": ["F2", "Version"]}, G={"Fn::GetAtt": ["G7", "Version"]})


def test_a_stack_is_told_where_its_aliases_were_moved() -> None:
    """By its own template with other numbers, since one that was moved by a call alone looks meddled with."""
    stack = Stack(json.loads(json.dumps(NEWEST)))
    session = Told(stack)
    place = Place(target=Path("x"), settings=LOCAL, session=session)

    said = rollback._tell_stack(place, replace(FIRST, functions={"f": "1", "g": "7"}))

    assert "KhayaStack was told, and says the same" == said
    ((name, sent),) = session.sent.items()
    assert {"f": "1", "g": "7"} == live.declared(Stack(sent), "S")
    assert [f"https://s3.af-south-1.amazonaws.com/{name}"] == stack.updated
    assert name.startswith("assets/rollback/")


def test_a_stack_that_says_so_already_is_left_alone() -> None:
    """As after a rollback with the whole template."""
    stack = Stack(json.loads(json.dumps(NEWEST)))
    session = Told(stack)
    place = Place(target=Path("x"), settings=LOCAL, session=session)

    assert "KhayaStack says the same" == rollback._tell_stack(place, replace(FIRST, functions={"f": "2", "g": "7"}))
    assert ([], {}) == (stack.updated, session.sent)


def test_a_stack_that_does_not_take_it_is_named() -> None:
    """The release serves and is on record by then; what is left is the stack's."""
    stack = Stack(json.loads(json.dumps(NEWEST)), status="UPDATE_ROLLBACK_COMPLETE")
    place = Place(target=Path("x"), settings=LOCAL, session=Told(stack))

    with pytest.raises(Stop, match="KhayaStack did not take where its aliases stand: it is UPDATE_ROLLBACK_COMPLETE"):
        rollback._tell_stack(place, replace(FIRST, functions={"f": "1", "g": "7"}))


@pytest.mark.parametrize(
    ("stack", "release", "said"),
    (
        pytest.param(Stack({}), replace(FIRST, edge="e1.json"), ["KhayaEdge with it"], id="it had one"),
        pytest.param(
            Stack({}, refuses="No updates are to be performed."),
            replace(FIRST, edge="e1.json"),
            [],
            id="it is the same",
        ),
        pytest.param(Stack({}), FIRST, [], id="nobody wrote down which"),
    ),
)
def test_the_stack_that_watches_the_edge_goes_back_with_its_release(
    stack: Stack, release: Release, said: list[str]
) -> None:
    """Its alarms are part of the release, though not of the stack that serves."""
    place = Place(target=Path("x"), settings=LOCAL, session=Told(stack))

    assert said == rollback._restore_edge(place, release)
    assert stack.updated == [f"https://s3.{REGION}.amazonaws.com/assets/e1.json" for _ in said]


def test_what_the_edge_refuses_is_not_hidden() -> None:
    """The failing twin: any other refusal ends the way back."""
    denied = Place(target=Path("x"), settings=LOCAL, session=Told(Stack({}, refuses="AccessDenied")))
    with pytest.raises(ClientError, match="AccessDenied"):
        rollback._restore_edge(denied, replace(FIRST, edge="e1.json"))
    place = Place(target=Path("x"), settings=LOCAL, session=Told(Stack({}, status="UPDATE_ROLLBACK_COMPLETE")))
    with pytest.raises(Stop, match="KhayaEdge did not take the template of aaaa1111"):
        rollback._restore_edge(place, replace(FIRST, edge="e1.json"))


def test_a_record_names_the_templates_of_both_stacks() -> None:
    """From the assembly that was deployed; a target without such a stack has none."""

    def artifact(name: str) -> dict[str, Any]:
        return {"properties": {"stackTemplateAssetObjectUrl": f"s3://assets/{name}.json"}}

    whole = {"artifacts": {name: artifact(name) for name in ("KhayaStack", "KhayaEdge")}}
    alone = {"artifacts": {"KhayaStack": artifact("KhayaStack")}}

    assert ("KhayaStack.json", "KhayaEdge.json") == deploy._templates(LOCAL, whole)
    assert ("KhayaStack.json", "") == deploy._templates(LOCAL, alone)


# Destroying


@pytest.mark.parametrize(
    ("yes", "confirm", "typed", "agreed"),
    (
        pytest.param(True, None, None, True, id="a yes"),
        pytest.param(False, "KhayaStack", None, True, id="its name"),
        pytest.param(False, None, "y\n", True, id="typed y"),
        pytest.param(False, None, "\n", False, id="typed nothing"),
        pytest.param(False, None, None, False, id="nobody there"),
    ),
)
def test_a_twin_goes_by_a_yes(yes: bool, confirm: str | None, typed: str | None, agreed: object) -> None:  # noqa: FBT001 - a column
    """It is made again in a minute."""
    assert agreed is _agreed(LOCAL, yes=yes, confirm=confirm, typed=typed)


@pytest.mark.parametrize(
    ("yes", "confirm", "typed", "agreed"),
    (
        pytest.param(False, "KhayaStack", None, True, id="its name"),
        pytest.param(False, None, "KhayaStack\n", True, id="typed its name"),
        pytest.param(True, None, None, False, id="a yes is not enough"),
        pytest.param(True, "khayastack", None, False, id="another spelling"),
        pytest.param(False, None, "yes\n", False, id="typed yes"),
        pytest.param(True, "prod", "KhayaStack\n", False, id="a wrong name is not asked again"),
    ),
)
def test_production_goes_by_its_name_alone(yes: bool, confirm: str | None, typed: str | None, agreed: object) -> None:  # noqa: FBT001 - a column
    """No flag and no habit destroys it."""
    assert agreed is _agreed(PROD, yes=yes, confirm=confirm, typed=typed)


def _agreed(settings: Settings, *, yes: bool, confirm: str | None, typed: str | None) -> bool:
    try:
        ask = None if typed is None else (lambda _: typed)
        destroy.check_consent(settings, yes=yes, confirm=confirm, ask=ask)
    except Stop as stop:
        return stop.code != USAGE
    return True


# Changes

DIFF = """\
Stack KhayaCertificate (aws://000000000000/us-east-1)
There were no differences
Stack KhayaStack (aws://000000000000/af-south-1)
Resources
[-] AWS::Lambda::Version Api/Version ApiVersionABC orphan
[-] AWS::SNS::Topic Alarms/Old AlarmsOld12345678 destroy
[+] AWS::Lambda::Version Api/Version ApiVersionDEF
[~] AWS::DynamoDB::Table Data/UsersTable DataUsersTableA308CF66 replace
 └─ [~] KeySchema (requires replacement)
\x1b[33m[~]\x1b[0m AWS::Lambda::Function Api/Function ApiFunction1
"""


def test_changes_are_counted_and_what_is_lost_is_said_last() -> None:
    """A version that leaves the stack stays in the account; a table that is replaced does not."""
    told = changes.summary(changes.changes_in(DIFF))

    assert "KhayaStack: 1 to add, 2 to change, 2 to remove" == told[0]
    assert [
        "LOSES  AWS::SNS::Topic Alarms/Old (destroy)",
        "LOSES  AWS::DynamoDB::Table Data/UsersTable (replace)",
    ] == told[-2:]


def test_where_nothing_would_change_that_is_said() -> None:
    """One line."""
    assert ["nothing would change"] == changes.summary(changes.changes_in("Stack S\nThere were no differences\n"))


# Logs


@pytest.mark.parametrize("word", ("api", "Api", "ApiFunction", "api-access"))
def test_a_log_is_named_as_a_person_would(word: str) -> None:
    """Whatever the case."""
    outputs = {"ApiLogGroup": "/S/api", "ApiAccessLogGroup": "/S/access", "ApiName": "x"}

    assert logs.group_named(outputs, word) in {"/S/api", "/S/access"}


def test_an_unknown_log_lists_those_there_are() -> None:
    """64."""
    with pytest.raises(Stop, match=r"nothing logs as 'nope'. Known are api, daily") as stopped:
        logs.group_named({"DailyLogGroup": "/S/d", "ApiLogGroup": "/S/a"}, "nope")
    assert USAGE == stopped.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    (("90s", timedelta(seconds=90)), ("10m", timedelta(minutes=10)), ("2h", timedelta(hours=2)), ("3d", timedelta(3))),
)
def test_a_span_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    """Of seconds, minutes, hours or days."""
    assert expected == logs.span(text)


@pytest.mark.parametrize("text", ("", "10", "m", "1y", "-1h", "1.5h"))
def test_anything_else_is_no_span(text: str) -> None:
    """64, with an example."""
    with pytest.raises(Stop, match=r"is not a duration. Give one such as 90s"):
        logs.span(text)


# Backups


def put(session: Session, table: str, *names: str, made: dict[str, Any] = MADE) -> None:
    """Write items of these names."""
    for name in names:
        session.client("dynamodb").put_item(TableName=table, Item={"id": {"S": name}, **made})


def source_now() -> restore.Source:
    """A copy that was complete this moment."""
    return restore.Source(kind="backup", at=datetime.now(UTC), arn="arn:x")


def test_a_backup_brings_back_what_was_deleted(place: Place, users: str, session: Session) -> None:
    """To a table beside, compared whole, and put back where it is missing; moto is another AWS than the twin."""
    dynamodb = session.client("dynamodb")
    put(session, users, "kept", "lost")
    arn = copies.back_up(place, "users")
    dynamodb.delete_item(TableName=users, Key={"id": {"S": "lost"}})
    source = restore.Source(kind="backup", at=datetime.now(UTC), arn=arn)
    restore.restore(place, users, source, name="scratch")

    seen = rehearsal.compare(dynamodb, users, "scratch", source)
    put_back = rehearsal._put_back(dynamodb, users, "scratch", seen)

    assert (1, 2, (), ('[{"S": "lost"}]',), True) == (seen.live, seen.copy, seen.lost, seen.deleted, seen.good)
    assert 1 == put_back
    assert {"kept", "lost"} == {each["id"]["S"] for each in dynamodb.scan(TableName=users)["Items"]}


def test_a_copy_that_lacks_what_it_should_hold_is_not_good(place: Place, users: str, session: Session) -> None:
    """What was made before the copy is missed, what was made after it is not."""
    put(session, users, "old")
    put(session, users, "new", made={"createdAt": {"S": "2999-01-01T00:00:00Z"}})
    put(session, users, "dateless", made={})
    _like(session, users, "scratch")

    seen = rehearsal.compare(session.client("dynamodb"), users, "scratch", source_now())

    assert (('[{"S": "old"}]',), False) == (seen.lost, seen.good)


@pytest.mark.parametrize(("changed", "good"), (("2026-01-01T00:00:00Z", False), ("2999-01-01T00:00:00Z", True)))
def test_an_item_that_differs_is_a_fault_unless_it_was_changed_since(
    place: Place,
    users: str,
    session: Session,
    changed: str,
    good: object,
) -> None:
    """Its own date says so."""
    put(session, users, "one", made={**MADE, "updatedAt": {"S": changed}, "n": {"N": "2"}})
    _like(session, users, "scratch")
    put(session, "scratch", "one", made={**MADE, "n": {"N": "1"}})

    assert good is rehearsal.compare(session.client("dynamodb"), users, "scratch", source_now()).good


def test_what_has_expired_and_what_was_written_again_is_not_put_back(
    place: Place, users: str, session: Session
) -> None:
    """A second life for nobody's code, and nothing is written over."""
    _like(session, users, "scratch")
    put(session, "scratch", "expired", made={**MADE, "expiresAt": {"N": "1"}})
    put(session, "scratch", "gone")
    put(session, "scratch", "rewritten")
    dynamodb = session.client("dynamodb")
    seen = rehearsal.compare(dynamodb, users, "scratch", source_now())
    put(session, users, "rewritten", made={"n": {"N": "9"}})

    assert 1 == rehearsal._put_back(dynamodb, users, "scratch", seen)
    found = {each["id"]["S"]: each for each in dynamodb.scan(TableName=users)["Items"]}
    assert {"gone", "rewritten"} == set(found)
    assert "9" == found["rewritten"]["n"]["N"]


def _like(session: Session, table: str, name: str) -> None:
    dynamodb = session.client("dynamodb")
    described = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=described["AttributeDefinitions"],
        KeySchema=described["KeySchema"],
    )


def test_what_a_killed_rehearsal_left_is_swept(place: Place, users: str, session: Session) -> None:
    """And nothing else."""
    _like(session, users, "KhayaStack-rehearsal-Users-1")
    _like(session, users, "KhayaStack-Other")
    rehearsal._sweep(session.client("dynamodb"), "KhayaStack-rehearsal-", lambda _: None)

    assert {users, "KhayaStack-Other"} == set(session.client("dynamodb").list_tables()["TableNames"])


@pytest.mark.parametrize(
    ("wanted", "says"),
    (
        pytest.param("yesterday", "neither 'newest', nor an ARN, nor a moment", id="a word"),
        pytest.param("2026-01-31T06:00:00", "has no time zone", id="no zone"),
        pytest.param("2026-01-31T06:00:00Z", "has no point-in-time recovery", id="no recovery"),
    ),
)
def test_a_moment_that_cannot_be_restored_is_refused(session: Session, users: str, wanted: str, says: str) -> None:
    """Before anything is made."""
    with pytest.raises(Stop, match=says):
        restore._moment(session.client("dynamodb"), users, wanted)


def test_the_site_is_copied_and_brought_back(
    place: Place,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To a folder and back; a folder without a site is refused, with those there are."""
    s3, outputs = session.client("s3"), place.outputs()
    monkeypatch.setattr(publish, "invalidate", lambda *_, **__: "told the edge")
    for key in ("index.html", "assets/a.js"):
        s3.put_object(Bucket=outputs["FrontendBucket"], Key=key, Body=b"first")

    assert 2 == copies.copy_site(place, bucket=None, folder="then")[0]
    s3.put_object(Bucket=outputs["FrontendBucket"], Key="index.html", Body=b"second")
    assert (2, "told the edge") == copies.restore_site(place, bucket=None, folder="then")
    assert b"first" == s3.get_object(Bucket=outputs["FrontendBucket"], Key="index.html")["Body"].read()
    with pytest.raises(Stop, match=r"holds no site: 0 files, no index.html. There are then"):
        copies.restore_site(place, bucket=None, folder="never")
    with pytest.raises(Stop, match="is no name for a folder"):
        copies.copy_site(place, bucket=None, folder="../x")


def test_a_table_that_is_not_there_lists_those_that_are(place: Place) -> None:
    """64."""
    with pytest.raises(Stop, match=r"there is no table 'Nope'. Known are Users") as stopped:
        copies.back_up(place, "Nope")
    assert USAGE == stopped.value.code


def test_what_was_never_deployed_says_so(session: Session) -> None:
    """1, with the command that deploys it."""
    nowhere = Place(target=Path("local.toml"), settings=LOCAL, session=Account(session, Stacks(table="", outputs={})))

    with pytest.raises(Stop, match=r"local is not deployed.*Run `make deploy TARGET=local`") as stopped:
        nowhere.outputs()
    assert BROKEN == stopped.value.code


# The door


@pytest.mark.parametrize("verb", operate.VERBS, ids=lambda verb: verb.name)
def test_every_verb_refuses_a_target_that_is_none(verb: operate.Verb, capsys: pytest.CaptureFixture[str]) -> None:
    """64 and one line, before anything is asked of AWS."""
    words = [verb.name, "--target", "nowhere"]
    for flag, how in verb.options:
        words += [flag, "x"] if how.get("required") else []

    assert USAGE == operate.main(words)
    said = capsys.readouterr().err
    assert f"{verb.name}: " in said
    assert ("nowhere.toml: no such target file", 1) == (said[said.index("nowhere") : said.index(";")], said.count("\n"))


@pytest.mark.parametrize("words", ([], ["fly"], ["logs", "--target", "local"], ["rollback"]))
def test_bad_words_are_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As everywhere."""
    assert USAGE == operate.main(words)
    assert "error:" in capsys.readouterr().err
