from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import Absent, ContinuousBackups, IndexSeen, TableSeen
from checks.model import CannotLook, Check, Unresolved
from checks.promises import tables
from checks.shapes import IndexShape
from tests.promises.worlds import ACCOUNT, NOW, REGION, planned, resource, target, world

HOUR = timedelta(hours=1)
ID = ("id", "HASH", "S")
WHEN = ("createdAt", "RANGE", "S")
BY_MAIL = IndexSeen(
    name="EmailIndex", keys=(("email", "HASH", "S"),), projection="ALL", status="ACTIVE", backfilling=False
)
MAIL_SHAPE = IndexShape(name="EmailIndex", keys=(("email", "HASH", "S"),), projection="ALL")
GOOD = TableSeen(
    name="Users-1",
    arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Users-1",
    id="1",
    status="ACTIVE",
    created=NOW - timedelta(days=30),
    keys=(ID, WHEN),
    indexes=(BY_MAIL,),
    billing="PAY_PER_REQUEST",
    stream="NEW_AND_OLD_IMAGES",
    deletion_protection=True,
    items=12,
)
RECOVERABLE = ContinuousBackups(table="Users-1", status="ENABLED", days=35, earliest=NOW - 35 * 24 * HOUR, latest=NOW)
GONE = Absent(what="table Users-1")
WORDS = st.sampled_from(("", "id", "ACTIVE", "CREATING", "UPDATING", "DELETING", "EmailIndex", "ALL"))
ANY_KEYS = st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=2).map(tuple)
ANY_INDEX = st.builds(IndexSeen, name=WORDS, keys=ANY_KEYS, projection=WORDS, status=WORDS)
ANY_TABLE = st.builds(
    TableSeen,
    status=WORDS | st.text(),
    created=st.datetimes(timezones=st.just(UTC)),
    keys=ANY_KEYS,
    indexes=st.lists(ANY_INDEX, max_size=2).map(tuple),
) | st.builds(Absent)
PROPERTIES = {
    "KeySchema": [
        {"AttributeName": "id", "KeyType": "HASH"},
        {"AttributeName": "createdAt", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "createdAt", "AttributeType": "S"},
        {"AttributeName": "email", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "EmailIndex",
            "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        },
    ],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
}


def _table(**changes: object) -> dict[str, Check]:
    properties = {key: value for key, value in {**PROPERTIES, **changes}.items() if value is not None}
    found = resource("AWS::DynamoDB::Table", properties, subject="Data/Users", physical_id="Users-1")
    return planned(tables.checks(target(found), creating=HOUR))


def _present(seen: TableSeen | Absent) -> str:
    return tables.judge_present(seen, NOW, region=REGION, table="Users-1", creating=HOUR).status


def test_a_table_is_asked_about_in_the_order_a_person_would() -> None:
    """There first, then its shape, then whether it can be lost, then what it costs."""
    assert [
        "tables.present[Data/Users]",
        "tables.keys[Data/Users]",
        "tables.indexes[Data/Users]",
        "tables.pitr[Data/Users]",
        "tables.protected[Data/Users]",
        "tables.stream[Data/Users]",
        "tables.billing[Data/Users]",
    ] == list(_table())


def test_every_promise_passes_on_the_table_that_the_template_describes() -> None:
    """What is planned from a template is kept by the table that it makes, looked at through the world."""
    answers: dict[tuple[object, ...], object] = {
        ("table", REGION, "Users-1"): GOOD,
        ("continuous_backups", REGION, "Users-1"): RECOVERABLE,
    }
    found = resource("AWS::DynamoDB::Table", PROPERTIES, subject="Data/Users", physical_id="Users-1")

    verdicts = {
        check.name: check.sight.judge(check.sight.look(world(answers)), NOW).status
        for check in tables.checks(target(found), creating=HOUR)
    }

    assert {"pass"} == set(verdicts.values())


def test_a_table_that_cannot_be_looked_at_is_not_judged() -> None:
    """What the world could not see stays CannotLook."""
    check = next(tables.checks(target(resource("AWS::DynamoDB::Table")), creating=HOUR))

    with pytest.raises(CannotLook):
        check.sight.look(world({}))


def test_what_a_template_does_not_say_is_not_planned() -> None:
    """Without keys, indexes and stream in the template only the policies remain, and the default billing."""
    bare = _table(KeySchema=None, GlobalSecondaryIndexes=None, StreamSpecification=None, BillingMode=None)

    assert ["present", "pitr", "protected", "billing"] == [name.split(".")[1].split("[")[0] for name in bare]
    assert "PROVISIONED" == bare["tables.billing[Data/Users]"].params["mode"]


def test_an_unresolved_billing_mode_is_not_planned() -> None:
    """There is nothing to compare with."""
    assert "tables.billing[Data/Users]" not in _table(BillingMode=Unresolved("Ref Mode"))


def test_a_replica_is_asked_about_in_its_own_region() -> None:
    """A global table without recovery in its second region is half protected."""
    found = resource(
        "AWS::DynamoDB::GlobalTable",
        {"Replicas": [{"Region": REGION}, {"Region": "eu-west-1"}, Unresolved("x")]},
        subject="Users",
        physical_id="Users-1",
    )

    checks = planned(tables.checks(target(found), creating=HOUR))

    there = checks["tables.pitr[Users@eu-west-1]"]
    assert {"region": "eu-west-1", "table": "Users-1"} == there.params
    assert (f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Users-1",) == there.place.resources
    assert 8 == len(checks)


def test_params_survive_being_stored() -> None:
    """A frozen plan is read back into the same parameters."""
    found = resource("AWS::DynamoDB::Table", PROPERTIES, subject="Users")

    for check in tables.checks(target(found), creating=HOUR):
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


@pytest.mark.parametrize(
    ("status", "expected"),
    (
        ("ACTIVE", "pass"),
        ("UPDATING", "pass"),
        ("CREATING", "not_yet"),
        ("DELETING", "fail"),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", "fail"),
        ("ARCHIVING", "fail"),
        ("ARCHIVED", "fail"),
        ("REPLICATION_NOT_AUTHORIZED", "fail"),
        ("", "fail"),
    ),
)
def test_each_status_of_a_table_has_its_verdict(status: str, expected: str) -> None:
    """A table that is UPDATING answers; one that is being made will; every other one does not."""
    assert expected == _present(replace(GOOD, status=status, created=NOW - timedelta(minutes=5)))


@pytest.mark.parametrize(
    ("age", "expected"),
    (
        pytest.param(HOUR, "not_yet", id="just in time"),
        pytest.param(HOUR + timedelta(seconds=1), "fail", id="a second late"),
    ),
)
def test_a_table_that_is_made_for_ever_is_stuck(age: timedelta, expected: str) -> None:
    """CREATING is believed for as long as the threshold says."""
    assert expected == _present(replace(GOOD, status="CREATING", created=NOW - age))


def test_an_encryption_key_is_named_as_the_cause() -> None:
    """The remedy for an inaccessible key is the key."""
    seen = replace(GOOD, status="INACCESSIBLE_ENCRYPTION_CREDENTIALS")

    assert "kms" in tables.judge_present(seen, NOW, region=REGION, table="T", creating=HOUR).remedy.lower()


def test_a_missing_table_fails_every_promise_and_the_remedy_is_its_data() -> None:
    """Deploying alone would bring it back empty."""
    for name, check in _table().items():
        verdict = check.sight.judge(GONE, NOW)
        assert "fail" == verdict.status, name
        assert "$DeletedTableBackup" in verdict.remedy


@pytest.mark.parametrize(
    ("shape", "live", "expected"),
    (
        pytest.param((ID,), (ID,), "pass", id="the same"),
        pytest.param((ID, WHEN), (ID,), "fail", id="sort key lost"),
        pytest.param((ID,), (ID, WHEN), "fail", id="sort key gained"),
        pytest.param((ID,), (("pk", "HASH", "S"),), "fail", id="renamed"),
        pytest.param((ID,), (("id", "HASH", "N"),), "fail", id="another type"),
        pytest.param((ID, WHEN), (WHEN, ID), "fail", id="another order"),
        pytest.param((("id", "HASH", ""),), (("id", "HASH", "B"),), "pass", id="an open type"),
        pytest.param((("", "HASH", "S"),), (("x", "HASH", "S"),), "pass", id="an open name"),
        pytest.param((("", "HASH", "S"),), (("x", "RANGE", "S"),), "fail", id="open, and wrong in what is known"),
        pytest.param((ID,), (), "fail", id="no keys at all"),
    ),
)
def test_keys_are_compared_part_by_part(
    shape: tuple[tuple[str, str, str], ...], live: tuple[tuple[str, str, str], ...], expected: str
) -> None:
    """Name, role, type and order; what the template leaves open is not compared."""
    verdict = tables.judge_keys(replace(GOOD, keys=live), NOW, table="T", shape=shape, gaps=())

    assert expected == verdict.status


def test_what_was_left_out_is_said() -> None:
    """An unresolved attribute type is named in what is expected."""
    open_type = {"AttributeName": "id", "AttributeType": Unresolved("Fn::ImportValue Kind")}

    check = _table(AttributeDefinitions=[open_type])["tables.keys[Data/Users]"]
    verdict = check.sight.judge(GOOD, NOW)

    assert "pass" == verdict.status
    assert "not compared: Fn::ImportValue Kind" in verdict.expected


@pytest.mark.parametrize(
    ("live", "expected", "word"),
    (
        pytest.param((BY_MAIL,), "pass", "all 1", id="as declared"),
        pytest.param((), "fail", "missing", id="missing"),
        pytest.param((replace(BY_MAIL, name="emailindex"),), "fail", "missing", id="a near name"),
        pytest.param((replace(BY_MAIL, keys=(("email", "HASH", "N"),)),), "fail", "keys", id="another type"),
        pytest.param((replace(BY_MAIL, projection="KEYS_ONLY"),), "fail", "KEYS_ONLY", id="narrowed"),
        pytest.param((replace(BY_MAIL, status="DELETING"),), "fail", "DELETING", id="being dropped"),
        pytest.param((replace(BY_MAIL, status="UPDATING"),), "pass", "all 1", id="being changed"),
        pytest.param((replace(BY_MAIL, status="CREATING"),), "not_yet", "12 items", id="being made"),
        pytest.param((replace(BY_MAIL, backfilling=True),), "not_yet", "12 items", id="backfilling"),
        pytest.param((BY_MAIL, replace(BY_MAIL, name="Extra")), "pass", "Extra", id="one too many"),
    ),
)
def test_each_state_of_an_index_has_its_verdict(live: tuple[IndexSeen, ...], expected: str, word: str) -> None:
    """Missing, different and going fail; coming is not yet; an extra one is mentioned."""
    seen = replace(GOOD, indexes=live)

    verdict = tables.judge_indexes(seen, NOW, table="T", shapes=(MAIL_SHAPE,), gaps=())

    assert expected == verdict.status
    assert word in verdict.actual


def test_a_wrong_index_comes_before_one_that_is_being_built() -> None:
    """Waiting does not help while another one is missing."""
    seen = replace(GOOD, indexes=(replace(BY_MAIL, status="CREATING"),))
    shapes = (MAIL_SHAPE, replace(MAIL_SHAPE, name="PhoneIndex"))

    assert "fail" == tables.judge_indexes(seen, NOW, table="T", shapes=shapes, gaps=()).status


def test_an_index_whose_keys_are_open_is_compared_in_the_rest() -> None:
    """Its name, projection and state are still judged."""
    open_keys = replace(MAIL_SHAPE, keys=(), projection="")

    assert "pass" == tables.judge_indexes(GOOD, NOW, table="T", shapes=(open_keys,), gaps=("x",)).status


def test_an_included_projection_names_its_attributes() -> None:
    """INCLUDE of other attributes is another projection."""
    index = {
        "IndexName": "I",
        "KeySchema": [],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["b", "a"]},
    }

    check = _table(GlobalSecondaryIndexes=[index, {"IndexName": Unresolved("?")}])["tables.indexes[Data/Users]"]

    assert (IndexShape(name="I", keys=(), projection="INCLUDE a,b"),) == check.params["shapes"]


@pytest.mark.parametrize(
    ("seen", "expected", "actual"),
    (
        pytest.param(RECOVERABLE, "pass", "ENABLED over 35 days", id="on"),
        pytest.param(replace(RECOVERABLE, days=None), "pass", "ENABLED", id="on, days unsaid"),
        pytest.param(replace(RECOVERABLE, status="DISABLED"), "fail", "DISABLED", id="off"),
        pytest.param(replace(RECOVERABLE, status=""), "fail", "", id="unsaid"),
        pytest.param(GONE, "fail", "there is no table T", id="gone"),
    ),
)
def test_only_enabled_recovery_counts(seen: ContinuousBackups | Absent, expected: str, actual: str) -> None:
    """Whatever the template says; over how many days is told where it is known."""
    verdict = tables.judge_pitr(seen, NOW, region=REGION, table="T")

    assert (expected, actual) == (verdict.status, verdict.actual)


@pytest.mark.parametrize(("on", "expected"), ((True, "pass"), (False, "fail")))
def test_deletion_protection_is_a_policy(on: bool, expected: str) -> None:  # noqa: FBT001 - a column
    """Off fails, and the remedy is the command that switches it on."""
    verdict = tables.judge_protected(replace(GOOD, deletion_protection=on), NOW, region=REGION, table="T")

    assert expected == verdict.status
    assert on or "--deletion-protection-enabled" in verdict.remedy


@pytest.mark.parametrize(
    ("view", "live", "expected"),
    (
        pytest.param("NEW_IMAGE", "NEW_IMAGE", "pass", id="as declared"),
        pytest.param("NEW_IMAGE", "KEYS_ONLY", "fail", id="another view"),
        pytest.param("NEW_IMAGE", "", "fail", id="off"),
        pytest.param("", "KEYS_ONLY", "pass", id="open, on"),
        pytest.param("", "", "fail", id="open, off"),
    ),
)
def test_a_declared_stream_is_on(view: str, live: str, expected: str) -> None:
    """With the declared view, or any where the template leaves it open."""
    assert expected == tables.judge_stream(replace(GOOD, stream=live), NOW, table="T", view=view, gaps=()).status


@pytest.mark.parametrize(("live", "expected"), (("PROVISIONED", "fail"), ("PAY_PER_REQUEST", "pass"), ("", "fail")))
def test_billing_is_as_declared(live: str, expected: str) -> None:
    """Another mode is a failure of warning weight."""
    assert expected == tables.judge_billing(replace(GOOD, billing=live), NOW, table="T", mode="PAY_PER_REQUEST").status
    assert "warning" == tables.billing.severity


@given(ANY_TABLE)
def test_no_table_makes_a_judge_raise(seen: TableSeen | Absent) -> None:
    """Whatever DynamoDB says, there is a verdict with a remedy unless it passes."""
    shape, shapes = (ID,), (MAIL_SHAPE,)
    verdicts = (
        tables.judge_present(seen, NOW, region=REGION, table="T", creating=HOUR),
        tables.judge_keys(seen, NOW, table="T", shape=shape, gaps=()),
        tables.judge_indexes(seen, NOW, table="T", shapes=shapes, gaps=()),
        tables.judge_protected(seen, NOW, region=REGION, table="T"),
        tables.judge_stream(seen, NOW, table="T", view="NEW_IMAGE", gaps=()),
        tables.judge_billing(seen, NOW, table="T", mode="PROVISIONED"),
    )

    assert all(verdict.remedy or verdict.status == "pass" for verdict in verdicts)


@given(st.builds(ContinuousBackups) | st.builds(Absent))
def test_no_recovery_makes_its_judge_raise(seen: ContinuousBackups | Absent) -> None:
    """A pass only for ENABLED."""
    verdict = tables.judge_pitr(seen, NOW, region=REGION, table="T")

    assert (verdict.status == "pass") == (isinstance(seen, ContinuousBackups) and seen.status == "ENABLED")
