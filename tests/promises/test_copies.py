from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import Absent, BackupPlanSeen, Described, RecoveryPoint, RecoveryPoints, Restores
from checks.model import Check, Resource
from checks.promises import copies
from tests.promises.test_tables import GOOD as TABLE
from tests.promises.worlds import ACCOUNT, DAY, NOW, REGION, planned, resource, target, world

HOUR = timedelta(hours=1)
MB = 1_048_576
LIMIT = 90 * DAY
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Users-1"
SIZE, TRIED = "backups.size[Users]", "backups.tried[Backup/Plan]"
USERS = resource("AWS::DynamoDB::Table", subject="Users", physical_id="Users-1")
PLAN = resource("AWS::Backup::BackupPlan", subject="Backup/Plan", physical_id="plan-1")
SELECTION = resource(
    "AWS::Backup::BackupSelection",
    {"BackupPlanId": "plan-1", "BackupSelection": {"SelectionName": "All", "Resources": [TABLE_ARN]}},
    subject="Backup/All",
)


def _checks(*resources: Resource) -> dict[str, Check]:
    every = resources or (USERS, PLAN, SELECTION)
    return planned(copies.checks(target(*every), least=0.1, tried_within=LIMIT))


def _point(size: int | None, hours: float, *, status: str = "COMPLETED") -> RecoveryPoint:
    moment = NOW - hours * HOUR
    whole = moment if status == "COMPLETED" else None
    return RecoveryPoint(arn=f"rp-{hours}", status=status, created=moment, completed=whole, size=size)


def _points(
    *points: RecoveryPoint, held: int | None = 50 * MB, made: datetime | None = NOW - 9 * DAY
) -> RecoveryPoints:
    return RecoveryPoints(resource=TABLE_ARN, made=made, points=points, held=held)


def test_what_is_backed_up_is_weighed_and_each_plan_is_tried() -> None:
    """A target that backs nothing up is told so elsewhere."""
    assert [SIZE, TRIED] == list(_checks())
    assert ("critical", "warning") == tuple(each.promise.severity for each in _checks().values())
    assert {} == _checks(USERS)


@pytest.mark.parametrize(
    ("seen", "status"),
    (
        pytest.param(_points(_point(50 * MB, 2), _point(49 * MB, 26)), "pass", id="as large as ever"),
        pytest.param(_points(_point(5 * MB, 2), _point(50 * MB, 26)), "pass", id="exactly a tenth"),
        pytest.param(_points(_point(5 * MB - 1, 2), _point(50 * MB, 26)), "fail", id="a byte less than a tenth"),
        pytest.param(_points(_point(0, 2), _point(50 * MB, 26)), "fail", id="empty"),
        pytest.param(_points(_point(0, 2), _point(1, 26), held=1), "fail", id="empty, of next to nothing"),
        pytest.param(_points(_point(0, 2), _point(50 * MB, 26), held=0), "pass", id="an empty table"),
        pytest.param(_points(_point(MB, 2), _point(50 * MB, 26), held=10 * MB), "pass", id="a table that shrank"),
        pytest.param(_points(_point(MB - 1, 2), _point(50 * MB, 26), held=10 * MB), "fail", id="shrank, and less"),
        pytest.param(_points(_point(50 * MB, 2), _point(1, 26)), "pass", id="a table that grew"),
        pytest.param(_points(_point(0, 2), held=MB), "fail", id="the only one is empty, the table is not"),
        pytest.param(_points(_point(0, 2), _point(0, 26), held=MB), "fail", id="all of them are empty"),
        pytest.param(_points(_point(0, 2), _point(0, 26), held=MB - 1), "pass", id="a table that was just begun"),
        pytest.param(_points(_point(0, 2), _point(0, 26), _point(9, 50), held=9), "pass", id="empty for two days"),
        pytest.param(_points(_point(0, 2, status="PARTIAL"), _point(50 * MB, 26)), "pass", id="a part is no point"),
        pytest.param(_points(_point(50 * MB, 26), _point(0, 2)), "fail", id="whatever the order"),
        pytest.param(_points(_point(None, 2), _point(50 * MB, 26)), "pass", id="one that tells no size"),
        pytest.param(_points(_point(0, 2), _point(50 * MB, 26), held=None), "pass", id="a table that tells none"),
        pytest.param(_points(), "pass", id="none yet: backups.recent's matter"),
        pytest.param(
            _points(_point(0, 2), _point(50 * MB, 26), made=NOW - 3 * HOUR, held=9), "pass", id="another table's points"
        ),
        pytest.param(Absent(what="table Users-1"), "fail", id="no table"),
    ),
)
def test_the_newest_copy_holds_what_the_table_holds(seen: RecoveryPoints | Absent, status: str) -> None:
    """Weighed against the one before and against the table: what is small by right is small in both."""
    verdict = _checks()[SIZE].sight.judge(seen, NOW)

    assert (status, status == "fail") == (verdict.status, bool(verdict.remedy))


@given(
    st.lists(st.tuples(st.integers(0, 10**12) | st.none(), st.integers(0, 400)), max_size=4),
    st.integers(0, 10**12) | st.none(),
)
def test_a_larger_newest_copy_is_never_worse(sizes: list[tuple[int | None, int]], held: int | None) -> None:
    """Whatever else there is: more in it cannot turn a pass into a failure."""
    older = tuple(_point(one, 30 + hours) for one, hours in sizes)
    judge = _checks()[SIZE].sight.judge
    small, large = (judge(_points(_point(one, 1), *older, held=held), NOW).status for one in (7, 7 * MB))

    assert (small, large) != ("pass", "fail")


def test_the_table_is_weighed_beside_its_points() -> None:
    """By the size that DescribeTable tells."""
    point = _point(9, 2)
    answers = {("table", REGION, "Users-1"): replace(TABLE, size=77), ("recovery_points", REGION, TABLE_ARN): [point]}
    look = _checks()[SIZE].sight.look

    assert RecoveryPoints(resource=TABLE_ARN, made=TABLE.created, points=(point,), held=77) == look(world(answers))
    assert Absent(what="t") == look(world({("table", REGION, "Users-1"): Absent(what="t")}))


def _restores(days: float | None, *, made: float | None = 400) -> Restores:
    return Restores(
        plan="plan-1",
        made=None if made is None else NOW - made * DAY,
        newest=None if days is None else NOW - days * DAY,
        what=("DynamoDB",),
    )


@pytest.mark.parametrize(
    ("seen", "status", "told"),
    (
        pytest.param(_restores(3), "pass", "DynamoDB, 3 d ago", id="lately"),
        pytest.param(_restores(90), "pass", "90 d ago", id="exactly so long ago"),
        pytest.param(_restores(90.001), "fail", "90 d 1 min ago", id="a minute longer"),
        pytest.param(_restores(None), "fail", "none", id="never"),
        pytest.param(_restores(None, made=None), "fail", "none", id="never, of a plan without a date"),
        pytest.param(_restores(None, made=90), "pass", "due by", id="a young plan"),
        pytest.param(_restores(None, made=90.001), "fail", "none", id="no longer young"),
        pytest.param(_restores(91, made=10), "fail", "91 d ago", id="a plan that was changed lately"),
        pytest.param(Absent(what="plan"), "fail", "no plan", id="no plan"),
    ),
)
def test_something_was_brought_back_lately(seen: Restores | Absent, status: str, told: str) -> None:
    """Within the limit; a plan that is younger has until then."""
    verdict = _checks()[TRIED].sight.judge(seen, NOW)

    assert (status, status == "fail") == (verdict.status, bool(verdict.remedy))
    assert told in verdict.actual


def _world(**words: datetime) -> Restores:
    told = tuple((name.replace("_", ":"), moment.isoformat()) for name, moment in words.items())
    kind = "AWS::Backup::RestoreJob"
    answers = {
        ("described", kind, REGION, "last of each"): Described(kind=kind, name="", state="there", words=told),
        ("backup_plan", REGION, "plan-1"): BackupPlanSeen(id="plan-1", name="Plan", rules=(), made=NOW),
    }
    found = _checks()[TRIED].sight.look(world(answers))
    assert isinstance(found, Restores)
    return found


def test_only_what_the_plan_keeps_counts() -> None:
    """By its ARN, or by its kind where a job says no more; a machine of somebody else's does not."""
    arn = TABLE_ARN.replace(":", "_")
    early, late = NOW - 9 * DAY, NOW - DAY

    assert (early, (TABLE_ARN,)) == _found(_world(**{arn: early, "EC2": late}))
    assert (late, ("DynamoDB",)) == _found(_world(**{arn: early, "DynamoDB": late}))
    assert (None, ()) == _found(_world(EC2=late))
    assert (early.astimezone(UTC), NOW) == (_world(**{arn: early}).newest, _world().made)


def _found(seen: Restores) -> tuple[datetime | None, tuple[str, ...]]:
    return seen.newest, seen.what


def test_a_plan_that_is_gone_is_not_asked_for_its_restores() -> None:
    """That it is gone is said as it is."""
    gone = Absent(what="plan-1")

    assert gone == _checks()[TRIED].sight.look(world({("backup_plan", REGION, "plan-1"): gone}))


def test_without_a_known_selection_any_restore_counts() -> None:
    """Whose copies it brought back cannot be told then."""
    answers = {
        ("described", "AWS::Backup::RestoreJob", REGION, "last of each"): Described(
            kind="AWS::Backup::RestoreJob", name="", state="there", words=(("EC2", NOW.isoformat()),)
        ),
        ("backup_plan", REGION, "plan-1"): BackupPlanSeen(id="plan-1", name="Plan", rules=()),
    }
    seen = _checks(PLAN)[TRIED].sight.look(world(answers))

    assert Restores(plan="plan-1", made=None, newest=NOW, what=("EC2",)) == seen


def test_the_questions_can_be_stored_with_the_plan() -> None:
    """And read back, and so can what was seen."""
    for check in _checks().values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))
    assert [SIZE.partition("[")[0], TRIED.partition("[")[0]] == [each.name for each in copies.PROMISES]
