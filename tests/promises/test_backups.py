from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import codec
from checks.evidence import (
    Absent,
    BackupPlanSeen,
    BackupRule,
    BackupSelection,
    BackupSelections,
    ContinuousBackups,
    RecoveryPoint,
    RecoveryPoints,
    Safekeeping,
    TableSeen,
)
from checks.model import CannotLook, Check, Resource, Unresolved
from checks.promises import backups
from checks.safekeeping import Kept, RuleShape
from tests.promises.worlds import ACCOUNT, DAY, NOW, REGION, planned, resource, target, world

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NEWEST = 26 * HOUR
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Users-1"
BUCKET_ARN = "arn:aws:s3:::pictures"
USERS = Kept(arn=TABLE_ARN, tags=(("keep", "yes"),))
RECOVERY = ContinuousBackups(table="Users-1", status="ENABLED", days=35, earliest=NOW - DAY, latest=NOW - 5 * MINUTE)
DAILY = BackupRule(name="Daily", vault="Vault", schedule="cron(0 1 * * ? *)", delete_after=35)
SHAPE = RuleShape(name="Daily", vault="Vault", schedule="cron(0 1 * * ? *)", days=35)
PLAN = BackupPlanSeen(id="plan-1", name="Plan", rules=(DAILY,))
EVERYTHING = BackupSelection(name="All", role="r", resources=(TABLE_ARN,), excluded=(), by_tag=False)
SELECTIONS = BackupSelections(plan="plan-1", selections=(EVERYTHING,))
POINT = RecoveryPoint(arn="rp", status="COMPLETED", created=NOW - 11 * HOUR, completed=NOW - 10 * HOUR)
AWARE = st.datetimes(timezones=st.just(UTC))


def _users(**changes: object) -> Resource:
    given: dict[str, object] = {"Tags": [{"Key": "keep", "Value": "yes"}], **changes}
    return resource("AWS::DynamoDB::Table", given, subject="Users", physical_id="Users-1")


def _plan(rules: object) -> Resource:
    return resource(
        "AWS::Backup::BackupPlan",
        {"BackupPlan": {"BackupPlanRule": rules}},
        subject="Backup/Plan",
        physical_id="plan-1",
    )


def _selection(plan: object = "plan-1", **selected: object) -> Resource:
    return resource(
        "AWS::Backup::BackupSelection",
        {"BackupPlanId": plan, "BackupSelection": {"SelectionName": "All", "IamRoleArn": "r", **selected}},
        subject="Backup/Plan/All",
    )


RULE = {
    "RuleName": "Daily",
    "TargetBackupVault": "Vault",
    "ScheduleExpression": "cron(0 1 * * ? *)",
    "Lifecycle": {"DeleteAfterDays": 35},
}
BUCKET = resource("AWS::S3::Bucket", subject="Pictures", physical_id="pictures")


def _checks(*resources: Resource) -> dict[str, Check]:
    return planned(
        backups.checks(target(*resources), restorable_within=HOUR, lag_within=15 * MINUTE, newest_within=NEWEST)
    )


def _wanted(*resources: Resource) -> tuple[str, ...]:
    wanted = _checks(_plan([RULE]), *resources)["backups.selection[Backup/Plan]"].params["wanted"]
    assert isinstance(wanted, tuple)
    return tuple(one.arn for one in wanted)


def test_recovery_first_then_the_plans_then_where_copies_come_from() -> None:
    """The order in which a person would ask."""
    assert [
        "backups.restorable[Users]",
        "backups.lag[Users]",
        "backups.plan[Backup/Plan]",
        "backups.selection[Backup/Plan]",
        "backups.covered[Users]",
        "backups.recent[Users]",
    ] == list(_checks(_users(), _plan([RULE]), _selection(Resources=[TABLE_ARN])))


def test_everything_passes_where_everything_is_right() -> None:
    """Planned from the template, looked at through the world, judged."""
    table = TableSeen(
        name="Users-1", arn=TABLE_ARN, id="1", status="ACTIVE", created=NOW - DAY, keys=(), indexes=(),
        billing="", stream="", deletion_protection=True, items=0,
    )  # fmt: skip
    answers: dict[tuple[object, ...], object] = {
        ("continuous_backups", REGION, "Users-1"): RECOVERY,
        ("backup_plan", REGION, "plan-1"): PLAN,
        ("backup_selections", REGION, "plan-1"): SELECTIONS,
        ("table", REGION, "Users-1"): table,
        ("recovery_points", REGION, TABLE_ARN): [POINT],
    }

    checks = _checks(_users(), _plan([RULE]), _selection(Resources=[TABLE_ARN]))

    assert {"pass"} == {each.sight.judge(each.sight.look(world(answers)), NOW).status for each in checks.values()}


def test_what_cannot_be_looked_at_is_not_judged() -> None:
    """No look of this room swallows CannotLook."""
    for check in _checks(_users(), _plan([RULE])).values():
        with pytest.raises(CannotLook):
            check.sight.look(world({}))


def test_params_survive_being_stored() -> None:
    """A frozen plan is read back into the same parameters."""
    for check in _checks(_users(), _plan([RULE]), _selection(Resources=[TABLE_ARN])).values():
        assert check.params == codec.decode_params(check.promise.bind, codec.encode(check.params))


@pytest.mark.parametrize(
    ("age", "expected"),
    (
        pytest.param(7 * MINUTE, "pass", id="usual"),
        pytest.param(HOUR, "pass", id="exactly the limit"),
        pytest.param(HOUR + timedelta(seconds=1), "fail", id="a second over"),
        pytest.param(timedelta(0), "pass", id="just enabled"),
        pytest.param(-MINUTE, "pass", id="a clock a minute off"),
        pytest.param(-2 * HOUR, "fail", id="from the future"),
    ),
)
def test_the_latest_restorable_moment_has_a_limit(age: timedelta, expected: str) -> None:
    """On both sides: a moment in the future would stay green for ever."""
    seen = replace(RECOVERY, earliest=NOW - age, latest=NOW - age)

    assert expected == backups.judge_lag(seen, NOW, region=REGION, table="T", limit=HOUR).status


@pytest.mark.parametrize(
    ("seen", "expected"),
    (
        pytest.param(replace(RECOVERY, status="DISABLED", latest=None), "fail", id="off"),
        pytest.param(replace(RECOVERY, status="DISABLED"), "fail", id="off, with yesterday's moment"),
        pytest.param(replace(RECOVERY, latest=None), "not_yet", id="on, no moment yet"),
        pytest.param(Absent(what="table"), "fail", id="gone"),
    ),
)
def test_recovery_without_a_moment_is_no_recovery(seen: ContinuousBackups | Absent, expected: str) -> None:
    """Off fails; on without a moment is still on its way."""
    verdict = backups.judge_lag(seen, NOW, region=REGION, table="T", limit=HOUR)

    assert expected == verdict.status
    assert verdict.remedy


def test_the_early_warning_has_its_own_limit_and_weight() -> None:
    """Twenty minutes warn and do not close the gate."""
    checks = _checks(_users())
    seen = replace(RECOVERY, latest=NOW - 20 * MINUTE)
    names = ("backups.restorable[Users]", "backups.lag[Users]")

    assert ["pass", "fail"] == [checks[name].sight.judge(seen, NOW).status for name in names]
    assert ["critical", "warning"] == [checks[name].severity for name in names]


def test_a_replica_has_a_recovery_of_its_own() -> None:
    """Copies are made at home alone, recovery is per region."""
    replicated = resource(
        "AWS::DynamoDB::GlobalTable", {"Replicas": [{"Region": "eu-west-1"}]}, subject="Users", physical_id="Users-1"
    )

    assert [
        "backups.restorable[Users]",
        "backups.lag[Users]",
        "backups.restorable[Users@eu-west-1]",
        "backups.lag[Users@eu-west-1]",
        "backups.covered[Users]",
        "backups.recent[Users]",
    ] == list(_checks(replicated))


@pytest.mark.parametrize(
    ("seen", "expected", "word"),
    (
        pytest.param(PLAN, "pass", "Daily", id="as declared"),
        pytest.param(replace(PLAN, rules=(DAILY, replace(DAILY, name="Monthly"))), "pass", "Monthly", id="one more"),
        pytest.param(replace(PLAN, rules=(replace(DAILY, schedule="rate(30 days)"),)), "fail", "rate", id="monthly"),
        pytest.param(replace(PLAN, rules=(replace(DAILY, vault="Other"),)), "fail", "Other", id="another vault"),
        pytest.param(replace(PLAN, rules=(replace(DAILY, delete_after=7),)), "fail", "7 days", id="kept a week"),
        pytest.param(replace(PLAN, rules=(replace(DAILY, delete_after=None),)), "fail", "for ever", id="kept for ever"),
        pytest.param(replace(PLAN, rules=(replace(DAILY, name="X"),)), "fail", "missing", id="renamed"),
        pytest.param(replace(PLAN, rules=()), "fail", "no rules", id="no rules"),
        pytest.param(Absent(what="plan"), "fail", "no plan", id="deleted"),
    ),
)
def test_a_plan_is_compared_rule_by_rule(seen: BackupPlanSeen | Absent, expected: str, word: str) -> None:
    """Schedule, vault and lifecycle of each rule; further rules do no harm."""
    verdict = backups.judge_plan(seen, NOW, region=REGION, plan_id="plan-1", rules=(SHAPE,), gaps=())

    assert expected == verdict.status
    assert word in verdict.actual


def test_what_a_rule_leaves_open_is_not_compared() -> None:
    """And the verdict says so; a lifecycle that is simply absent keeps for ever, which is compared."""
    bare = {"RuleName": "Daily", "TargetBackupVault": Unresolved("GetAtt Vault"), "Lifecycle": Unresolved("If Kept")}
    checks = _checks(_plan([bare, {"RuleName": Unresolved("?")}]))
    verdict = checks["backups.plan[Backup/Plan]"].sight.judge(PLAN, NOW)
    kept_for_ever = _checks(_plan([{"RuleName": "Daily"}]))["backups.plan[Backup/Plan]"]

    assert "pass" == verdict.status
    assert "not compared: GetAtt Vault, If Kept" in verdict.expected
    assert "fail" == kept_for_ever.sight.judge(PLAN, NOW).status


@pytest.mark.parametrize(
    ("selection", "selected"),
    (
        pytest.param({"resources": (TABLE_ARN,)}, True, id="by its ARN"),
        pytest.param({"resources": ("*",)}, True, id="by a star"),
        pytest.param({"resources": ("arn:aws:dynamodb:*:*:table/*",)}, True, id="by a pattern"),
        pytest.param({"resources": ("arn:aws:dynamodb:*:*:table/users-*",)}, False, id="by a near pattern"),
        pytest.param({"resources": ("arn:aws:s3:::*",)}, False, id="another service"),
        pytest.param({"resources": ("*",), "excluded": ("*table/Users*",)}, False, id="excluded"),
        pytest.param({"resources": ()}, False, id="nothing"),
        pytest.param({"by_tag": True, "tags": (("keep", "yes"),)}, True, id="by its tag"),
        pytest.param({"by_tag": True, "tags": (("keep", "no"),)}, False, id="by another value"),
        pytest.param({"by_tag": True, "tags": (("a", "b"), ("keep", "yes"))}, True, id="by one of several tags"),
        pytest.param({"by_tag": True, "tags": (("a", "b"),), "resources": ("*",)}, True, id="by tag or pattern"),
        pytest.param({"by_tag": True, "resources": ("*",)}, False, id="narrowed by conditions"),
        pytest.param({"by_tag": True, "tags": (("keep", "yes"),), "excluded": ("*",)}, False, id="tagged, excluded"),
    ),
)
def test_a_selection_selects_what_it_surely_selects(selection: dict[str, object], selected: bool) -> None:  # noqa: FBT001 - a column
    """The same holds for a plan's own promise and for a table's."""
    given: dict[str, object] = {"name": "S", "role": "r", "resources": (), "excluded": (), "by_tag": False, **selection}
    live = BackupSelections(plan="plan-1", selections=(BackupSelection(**given),))  # type: ignore[arg-type]

    of_plan = backups.judge_selection(live, NOW, region=REGION, plan_id="plan-1", wanted=(USERS,), gaps=())
    of_table = backups.judge_covered(Safekeeping(resource=TABLE_ARN, plans=(live,)), NOW, table=USERS)

    assert ["pass" if selected else "fail"] * 2 == [of_plan.status, of_table.status]


@pytest.mark.parametrize(
    ("seen", "wanted", "told"),
    (
        pytest.param(Absent(what="plan"), (USERS,), "there is no plan p", id="no plan"),
        pytest.param(BackupSelections(plan="p", selections=()), (USERS,), "1 of 1 not selected", id="no selection"),
        pytest.param(
            BackupSelections(plan="p", selections=()), (), "the plan has no selection", id="nothing wanted or there"
        ),
        pytest.param(SELECTIONS, (), "the template selects nothing of this target", id="nothing wanted"),
    ),
)
def test_an_empty_list_is_never_green(seen: BackupSelections | Absent, wanted: tuple[Kept, ...], told: str) -> None:
    """A plan that selects nothing fails, whoever is to blame; and who it is, is said."""
    verdict = backups.judge_selection(seen, NOW, region=REGION, plan_id="p", wanted=wanted, gaps=())

    assert "fail" == verdict.status
    assert verdict.remedy
    assert told in verdict.actual


@pytest.mark.parametrize(
    ("selected", "wanted"),
    (
        pytest.param({"Resources": [TABLE_ARN]}, (TABLE_ARN,), id="an ARN"),
        pytest.param({"Resources": ["*"]}, (TABLE_ARN, BUCKET_ARN), id="everything here"),
        pytest.param({"Resources": ["arn:aws:s3:::*"]}, (BUCKET_ARN,), id="every bucket"),
        pytest.param({"Resources": ["*"], "NotResources": [BUCKET_ARN]}, (TABLE_ARN,), id="all but one"),
        pytest.param({"Resources": ["arn:aws:rds:*:*:db:*"]}, ("arn:aws:rds:*:*:db:*",), id="another service"),
        pytest.param({"Resources": [f"{TABLE_ARN}x"]}, (f"{TABLE_ARN}x",), id="an ARN that is not here"),
        pytest.param({"Resources": ["arn:aws:dynamodb:*:*:table/None*"]}, (), id="a pattern that fits nothing"),
        pytest.param({"ListOfTags": [{"ConditionKey": "keep", "ConditionValue": "yes"}]}, (TABLE_ARN,), id="by tag"),
        pytest.param({"ListOfTags": [{"ConditionKey": "keep", "ConditionValue": "no"}]}, (), id="by an absent tag"),
        pytest.param({"Resources": ["*"], "Conditions": {"StringEquals": []}}, (), id="by conditions"),
        pytest.param({}, (), id="nothing"),
    ),
)
def test_what_a_template_means_to_select(selected: dict[str, object], wanted: tuple[str, ...]) -> None:
    """Patterns and tags are spelt out over the tables and buckets of the target."""
    assert wanted == _wanted(_users(), BUCKET, _selection(**selected))


def test_the_selection_of_another_plan_is_not_ours() -> None:
    """Nor one whose plan could not be resolved."""
    assert () == _wanted(_users(), _selection("plan-2", Resources=["*"]))
    assert () == _wanted(_users(), _selection(Unresolved("Ref Plan"), Resources=["*"]))


def test_a_replica_is_selected_by_the_tags_of_its_region() -> None:
    """A global table keeps its tags per replica."""
    tagged = {"Region": REGION, "Tags": [{"Key": "keep", "Value": "yes"}]}
    table = resource("AWS::DynamoDB::GlobalTable", {"Replicas": [tagged]}, physical_id="Users-1")

    assert (TABLE_ARN,) == _wanted(table, _selection(ListOfTags=[{"ConditionKey": "keep", "ConditionValue": "yes"}]))


def test_an_unresolved_pattern_is_said() -> None:
    """What else is selected is compared."""
    checks = _checks(_users(), _plan([RULE]), _selection(Resources=[TABLE_ARN, Unresolved("Fn::ImportValue Arn")]))
    verdict = checks["backups.selection[Backup/Plan]"].sight.judge(SELECTIONS, NOW)

    assert "pass" == verdict.status
    assert "not compared: Fn::ImportValue Arn" in verdict.expected


@pytest.mark.parametrize(
    ("plans", "expected", "told"),
    (
        pytest.param((), "fail", "no backup plan", id="no plan at all"),
        pytest.param((Absent(what="plan"),), "fail", "0 of 1 backup plans there", id="its plan is gone"),
        pytest.param(
            (BackupSelections(plan="p", selections=()),), "fail", "1 of 1 backup plans there", id="without selection"
        ),
        pytest.param((SELECTIONS,), "pass", "selected by plan-1", id="selected"),
        pytest.param((Absent(what="plan"), SELECTIONS), "pass", "selected by plan-1", id="selected by the other one"),
    ),
)
def test_every_table_is_in_some_plan(plans: tuple[BackupSelections | Absent, ...], expected: str, told: str) -> None:
    """A policy: planned and judged whether or not the template has a plan."""
    verdict = backups.judge_covered(Safekeeping(resource=TABLE_ARN, plans=plans), NOW, table=USERS)

    assert expected == verdict.status
    assert told in verdict.actual


def test_a_table_without_any_plan_is_still_asked_about() -> None:
    """The look asks nobody and finds nothing."""
    check = _checks(_users())["backups.covered[Users]"]

    assert "fail" == check.sight.judge(check.sight.look(world({})), NOW).status


@pytest.mark.parametrize(
    ("points", "made", "expected"),
    (
        pytest.param((POINT,), NOW - 90 * DAY, "pass", id="ten hours old"),
        pytest.param((replace(POINT, completed=NOW - NEWEST),), NOW - 90 * DAY, "pass", id="exactly the limit"),
        pytest.param(
            (replace(POINT, completed=NOW - NEWEST - timedelta(seconds=1)),), NOW - 90 * DAY, "fail", id="too old"
        ),
        pytest.param((replace(POINT, completed=NOW + 2 * DAY),), NOW - 90 * DAY, "fail", id="from the future"),
        pytest.param((replace(POINT, status="AVAILABLE"),), NOW - 90 * DAY, "pass", id="continuous"),
        pytest.param(
            (replace(POINT, created=NOW - 30 * HOUR, completed=NOW - 25 * HOUR),), NOW - 90 * DAY, "pass",
            id="completion counts",
        ),
        pytest.param(
            (replace(POINT, status="CREATING", completed=None), replace(POINT, completed=NOW - 23 * HOUR)),
            NOW - 90 * DAY, "pass", id="one running, yesterday's fresh",
        ),
        pytest.param(
            (replace(POINT, status="EXPIRED"), replace(POINT, completed=NOW - 40 * HOUR)), NOW - 90 * DAY, "fail",
            id="today's expired, the last one old",
        ),
        pytest.param((), NOW - 2 * HOUR, "pass", id="a new table, none due"),
        pytest.param((), NOW - NEWEST, "pass", id="due this moment"),
        pytest.param((), NOW - NEWEST - timedelta(seconds=1), "fail", id="due a second ago"),
        pytest.param((), NOW + HOUR, "fail", id="made in the future"),
        pytest.param((), None, "fail", id="nobody knows when it was made"),
        pytest.param((replace(POINT, status="PARTIAL"),), NOW - 2 * HOUR, "pass", id="a new table, a first failure"),
    ),
)  # fmt: skip
def test_the_newest_whole_point_is_recent(
    points: tuple[RecoveryPoint, ...], made: datetime | None, expected: str
) -> None:
    """By completion; a young table may still have none."""
    seen = RecoveryPoints(resource=TABLE_ARN, made=made, points=points)

    assert expected == backups.judge_recent(seen, NOW, region=REGION, arn=TABLE_ARN, limit=NEWEST).status


@pytest.mark.parametrize("status", ("CREATING", "PARTIAL", "EXPIRED", "STOPPED", "DELETING", "ABORTED", ""))
def test_what_is_not_whole_does_not_count(status: str) -> None:
    """Even with a time of completion on it."""
    seen = RecoveryPoints(resource=TABLE_ARN, made=NOW - 90 * DAY, points=(replace(POINT, status=status),))

    verdict = backups.judge_recent(seen, NOW, region=REGION, arn=TABLE_ARN, limit=NEWEST)

    assert "fail" == verdict.status
    assert status in verdict.actual


def test_the_copies_of_a_table_that_was_deleted_are_not_of_the_one_of_its_name() -> None:
    """The one that is there now has none yet, and has to have one in time; a copy of the same moment is its own."""
    made = NOW - 2 * HOUR
    older, own = replace(POINT, created=made - timedelta(seconds=1), completed=NOW), replace(POINT, created=made)

    def judged(point: RecoveryPoint, made: datetime) -> tuple[str, str]:
        seen = RecoveryPoints(resource=TABLE_ARN, made=made, points=(point,))
        verdict = backups.judge_recent(seen, NOW, region=REGION, arn=TABLE_ARN, limit=NEWEST)
        return verdict.status, verdict.actual

    assert ("pass", True) == (judged(older, made)[0], "1 of a table before it do not count" in judged(older, made)[1])
    assert ("pass", "10 h ago") == (judged(own, made)[0], judged(own, made)[1].partition(",")[0])
    assert "fail" == judged(replace(older, created=NOW - 28 * HOUR), NOW - 27 * HOUR)[0]


def test_a_young_table_is_told_when_its_first_copy_is_due() -> None:
    """Two hours after it was made, 24 hours are left; nothing else is said where there is nothing to tell."""
    seen = RecoveryPoints(resource=TABLE_ARN, made=NOW - 2 * HOUR, points=())

    verdict = backups.judge_recent(seen, NOW, region=REGION, arn=TABLE_ARN, limit=NEWEST)

    assert "none yet, the first is due by 2026-03-02 12:00 UTC" == verdict.actual


def test_the_copies_of_a_table_that_is_gone_are_no_comfort() -> None:
    """The look stops at the table, and its absence fails."""
    check = _checks(_users())["backups.recent[Users]"]
    gone = Absent(what="table Users-1")

    verdict = check.sight.judge(check.sight.look(world({("table", REGION, "Users-1"): gone})), NOW)

    assert ("fail", "there is no table Users-1") == (verdict.status, verdict.actual)


WORDS = st.sampled_from(("", "*", "plan", TABLE_ARN, "arn:aws:dynamodb:*", "keep"))
ANY_RULE = st.builds(BackupRule, name=WORDS, vault=WORDS, schedule=WORDS)
ANY_SELECTION = st.builds(
    BackupSelection,
    name=WORDS,
    role=WORDS,
    resources=st.lists(WORDS, max_size=2).map(tuple),
    excluded=st.lists(WORDS, max_size=2).map(tuple),
    tags=st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
)
ANY_SELECTIONS = st.builds(
    BackupSelections, plan=WORDS, selections=st.lists(ANY_SELECTION, max_size=2).map(tuple)
) | st.builds(Absent, what=WORDS)
ANY_POINT = st.builds(RecoveryPoint, created=AWARE, completed=AWARE | st.none())


@given(st.builds(ContinuousBackups, earliest=AWARE | st.none(), latest=AWARE | st.none()) | st.builds(Absent))
def test_no_recovery_makes_its_judge_raise(seen: ContinuousBackups | Absent) -> None:
    """Whatever DynamoDB says, there is a verdict with a remedy unless it passes."""
    verdict = backups.judge_lag(seen, NOW, region=REGION, table="T", limit=HOUR)

    assert verdict.remedy or verdict.status == "pass"


@given(
    st.builds(BackupPlanSeen, rules=st.lists(ANY_RULE, max_size=2).map(tuple)) | st.builds(Absent),
    ANY_SELECTIONS,
    st.lists(ANY_SELECTIONS, max_size=2).map(tuple),
)
def test_no_plan_makes_a_judge_raise(
    plan: BackupPlanSeen | Absent,
    selections: BackupSelections | Absent,
    plans: tuple[BackupSelections | Absent, ...],
) -> None:
    """Whatever AWS Backup says, there is a verdict with a remedy unless it passes."""
    verdicts = (
        backups.judge_plan(plan, NOW, region=REGION, plan_id="p", rules=(SHAPE,), gaps=()),
        backups.judge_selection(selections, NOW, region=REGION, plan_id="p", wanted=(USERS,), gaps=()),
        backups.judge_covered(Safekeeping(resource=TABLE_ARN, plans=plans), NOW, table=USERS),
    )

    assert all(verdict.remedy or verdict.status == "pass" for verdict in verdicts)


@given(
    st.builds(RecoveryPoints, made=AWARE | st.none(), points=st.lists(ANY_POINT, max_size=3).map(tuple))
    | st.builds(Absent)
)
def test_no_points_make_their_judge_raise(seen: RecoveryPoints | Absent) -> None:
    """Whatever there is, there is a verdict with a remedy unless it passes."""
    verdict = backups.judge_recent(seen, NOW, region=REGION, arn=TABLE_ARN, limit=NEWEST)

    assert verdict.remedy or verdict.status == "pass"
