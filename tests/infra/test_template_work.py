"""Functions, roles, schedules, alarms and outputs as the template makes them. A-numbers: defect register."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from khaya_api import settings as api_settings
from khaya_api import triggers
from khaya_api.uploads import Purpose
from khaya_infra.grants import UPLOADS
from khaya_infra.signin import STEPS
from tests.api.grants import granted
from tests.infra.conftest import RELEASE, ROOT, Assembly, Json, Template

FUNCTIONS = ("ApiFunction", "DailyFunction", "TrustFunction", "AuditFunction")
SCHEDULED = ("Daily", "Trust")
TABLES = ("USERS", "PROFILES", "JOBS", "BIDS", "LISTINGS", "REVIEWS", "CREDITS", "REFERRALS", "STORIES")
OUTPUTS = {
    "APIUrl", "CDNUrl", "DistributionId", "UserPoolId", "UserPoolClientId", "FrontendBucket", "StorageBucket",
    "CertificateArn", "HostedZoneId", "DomainName",
}  # fmt: skip
# CloudWatch's own names of what an alarm looks at, and the types that can be meant.
DIMENSIONS = {
    "FunctionName": "AWS::Lambda::Function",
    "TableName": "AWS::DynamoDB::Table",
    "RuleName": "AWS::Events::Rule",
    "QueueName": "AWS::SQS::Queue",
    "Stage": "AWS::ApiGateway::Stage",
}

STREAM_READING = {
    "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
}  # fmt: skip

# Where a resource's own name would be written.
NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::Events::Rule": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Cognito::UserPool": "UserPoolName",
    "AWS::Backup::BackupVault": "BackupVaultName",
    "AWS::SecretsManager::Secret": "Name",
}


def function(main: Template, name: str) -> Json:
    """Properties of a function."""
    found: Json = main.at(f"{name}/Function")["Properties"]
    return found


def statements(main: Template, name: str) -> list[Json]:
    """What a function's role allows."""
    found: list[Json] = main.at(f"{name}/Role/DefaultPolicy")["Properties"]["PolicyDocument"]["Statement"]
    return found


def actions(statement: Json) -> list[str]:
    """The actions of a statement, one or several."""
    written = statement["Action"]
    return [written] if isinstance(written, str) else list(written)


def test_all_functions_are_ours(main: Template) -> None:
    """No custom resource brings a function along that nobody wrote, patches or watches."""
    kinds = {resource["Type"] for resource in main.resources.values()}
    written = {*FUNCTIONS, "Notices/NoticeFunction", *(f"SignIn/{step.name}" for step in STEPS)}

    assert {f"{name}/Function" for name in written} == main.of("AWS::Lambda::Function").keys()
    assert [] == [
        kind for kind in kinds if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"
    ]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_run_a_living_python_on_arm(main: Template, name: str) -> None:
    """A43."""
    assert ("python3.13", ["arm64"]) == (function(main, name)["Runtime"], function(main, name)["Architectures"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_serves_is_a_published_version_behind_one_name(main: Template, name: str) -> None:
    """B24: going back is one UpdateAlias call, so that no published version goes with the deploy that replaces it."""
    alias = main.at(f"{name}/Function/Aliaslive")["Properties"]
    (version,) = alias["FunctionVersion"]["Fn::GetAtt"][:1]
    published = main.resources[version]

    assert "live" == alias["Name"]
    assert {"Ref": main.id_at(f"{name}/Function")} == alias["FunctionName"] == published["Properties"]["FunctionName"]
    assert ("AWS::Lambda::Version", "Retain", "Retain") == (
        published["Type"],
        published["DeletionPolicy"],
        published["UpdateReplacePolicy"],
    )


def test_everybody_calls_what_serves(main: Template) -> None:
    """B24: gateway, rules and streams by the alias; one that called the function itself would not go back with it."""
    serving = (*FUNCTIONS, "Notices/NoticeFunction", *(f"SignIn/{step.name}" for step in STEPS))
    aliases = {main.id_at(f"{name}/Function/Aliaslive") for name in serving}
    methods = main.of("AWS::ApiGateway::Method").values()
    called = [each["Integration"]["Uri"] for each in methods]
    rules = [each for each in main.of("AWS::Events::Rule").values() if "ScheduleExpression" in each]
    called += [target["Arn"] for rule in rules for target in rule["Targets"]]
    called += [each["FunctionName"] for each in main.of("AWS::Lambda::EventSourceMapping").values()]
    called += [each["FunctionName"] for each in main.of("AWS::Lambda::Permission").values()]

    assert aliases == {reference for each in called for reference in _references(each)} - {"AWS::Region"}
    for each in main.of("AWS::Lambda::EventInvokeConfig").values():
        assert "live" == each["Qualifier"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_concurrency_is_taken_out_of_the_account(main: Template, name: str) -> None:
    """A25, A26: a new account has ten to give, and a reserve is a ceiling too."""
    assert "ReservedConcurrentExecutions" not in function(main, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_told_every_table_and_its_release(main: Template, name: str) -> None:
    """A38, C29: one variable per table, each the table itself; the release is the commit that was deployed."""
    variables = function(main, name)["Environment"]["Variables"]
    tables = {f"{noun}_TABLE": {"Ref": main.id_at(f"Data/{noun.capitalize()}Table")} for noun in TABLES}

    assert tables == {key: variables[key] for key in variables if key.endswith("_TABLE")}
    assert (RELEASE, "9.8.7", "local") == (variables["GIT_SHA"], variables["VERSION"], variables["STAGE"])


def test_the_api_is_told_all_that_its_settings_ask_for(main: Template) -> None:
    """Nothing it would miss at its first call; and of the signing key only the name."""
    variables = dict.fromkeys(function(main, "ApiFunction")["Environment"]["Variables"], "x" * 40)
    origins = function(main, "ApiFunction")["Environment"]["Variables"]["ALLOWED_ORIGINS"]
    read = api_settings.read_settings({**variables, "AWS_REGION": "af-south-1", "ALLOWED_ORIGINS": origins})

    assert () == read.problems
    assert {"https://khaya.example", "https://www.khaya.example"} == read.allowed_origins
    assert {"Ref": main.id_at("SigningKey/Secret")} == function(main, "ApiFunction")["Environment"]["Variables"][
        "SIGNING_SECRET"
    ]
    assert "SecretString" not in main.one("AWS::SecretsManager::Secret")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_log_to_a_group_of_a_known_name_for_a_month(main: Template, name: str) -> None:
    """A21, F05: a name that a person can type, a retention, JSON."""
    group = main.at(f"{name}/Logs")["Properties"]
    logging = function(main, name)["LoggingConfig"]

    assert (f"/KhayaStack/{name.lower()}", 30) == (group["LogGroupName"], group["RetentionInDays"])
    assert {"LogFormat": "JSON", "LogGroup": {"Ref": main.id_at(f"{name}/Logs")}} == logging
    assert "Active" == function(main, name)["TracingConfig"]["Mode"]


def test_every_log_group_forgets(main: Template) -> None:
    """A21: logs kept for ever are a cost and a liability."""
    assert {30} == {group["RetentionInDays"] for group in main.of("AWS::Logs::LogGroup").values()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(main: Template, name: str) -> None:
    """Guide: separate least-privilege roles; no managed policy."""
    role = main.at(f"{name}/Role")["Properties"]

    assert {"Fn::GetAtt": [main.id_at(f"{name}/Role"), "Arn"]} == function(main, name)["Role"]
    assert "ManagedPolicyArns" not in role
    assert [{"Ref": main.id_at(f"{name}/Role")}] == main.at(f"{name}/Role/DefaultPolicy")["Properties"]["Roles"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_role_scans_deletes_or_reaches_for_everything(main: Template, name: str) -> None:
    """A39: a bare star is for what AWS defines no resource for; the name of an upload or a batch is of its folder."""
    granted = [action for statement in statements(main, name) for action in actions(statement)]
    starred = {
        action
        for each in statements(main, name)
        if "*" in json.dumps(each["Resource"]) and actions(each) != ["s3:PutObject"]
        for action in actions(each)
    }

    assert [] == [action for action in granted if "*" in action or re.search("Scan|Delete|Batch", action)]
    bare = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
    assert bare | ({"dynamodb:ListStreams"} if name == "AuditFunction" else set()) == starred


@pytest.mark.parametrize(
    ("name", "title"),
    (
        ("ApiFunction", "API function"),
        ("DailyFunction", "daily function"),
        ("TrustFunction", "trust function"),
        ("AuditFunction", "audit function"),
    ),
)
def test_roles_grant_what_the_code_says_it_calls(main: Template, name: str, title: str) -> None:
    """A39: neither more nor less than the table that the code itself is tested against, table by table."""
    own = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    given = {
        (action, place)
        for statement in statements(main, name)
        for action in actions(statement)
        if action not in own | STREAM_READING | {"dynamodb:ListStreams", "sqs:SendMessage"}
        for place in places(main, statement, action)
    }

    assert granted(title) == given


def places(main: Template, statement: Json, action: str) -> set[str]:
    """Where an action is allowed, in the words of the code: tables and `table/Index`; else nothing but that it is."""
    if not action.startswith("dynamodb:"):
        return {""}
    named = {main.id_at(f"Data/{noun.capitalize()}Table"): noun.lower() for noun in TABLES}
    found = set()
    for resource in resources(statement):
        ((table,), index) = (list(_references(resource)), re.search(r"/index/[A-Za-z]+", json.dumps(resource)))
        found.add(named[table] + (index.group().replace("/index", "") if index else ""))
    return found


def resources(statement: Json) -> list[Any]:
    """The resources of a statement, one or several."""
    written = statement["Resource"]
    return written if isinstance(written, list) else [written]


def test_uploads_go_into_the_folders_that_the_code_names(main: Template) -> None:
    """A39: a signed address leads nowhere else in the bucket, and the code signs for each of these folders."""
    (allowed,) = (each for each in statements(main, "ApiFunction") if actions(each) == ["s3:PutObject"])
    bucket = {"Fn::GetAtt": [main.id_at("Storage/Bucket"), "Arn"]}
    folders = {str(purpose.value) for purpose in Purpose}

    assert [{"Fn::Join": ["", [bucket, f"/{folder}/*"]]} for folder in UPLOADS] == resources(allowed)
    assert folders == set(UPLOADS)


@pytest.mark.parametrize("name", SCHEDULED)
def test_failed_work_is_kept(main: Template, name: str) -> None:
    """A20: a dead-letter queue and a bounded number of tries, for the rule and for the function behind it."""
    (target,) = main.at(f"Schedules/{name}")["Properties"]["Targets"]
    asynchronous = main.at(f"{name}Function/Asynchronous")["Properties"]
    queue = {"Fn::GetAtt": [main.id_at("DeadLetters/Queue"), "Arn"]}

    assert {"Ref": main.id_at(f"{name}Function/Function/Aliaslive")} == target["Arn"]
    assert (queue, 2) == (target["DeadLetterConfig"]["Arn"], target["RetryPolicy"]["MaximumRetryAttempts"])
    assert (queue, 2) == (
        asynchronous["DestinationConfig"]["OnFailure"]["Destination"],
        asynchronous["MaximumRetryAttempts"],
    )
    assert main.one("AWS::SQS::Queue")["MessageRetentionPeriod"] == 14 * 24 * 3600


@pytest.mark.parametrize(("name", "hour"), (("Daily", 23), ("Trust", 0)))
def test_the_daily_rules_fire_once_a_day(main: Template, name: str, hour: int) -> None:
    """Pitfall 84, 85: enabled, and in UTC; one after the other."""
    rule = main.at(f"Schedules/{name}")["Properties"]

    assert ("ENABLED", f"cron(30 {hour} * * ? *)") == (rule["State"], rule["ScheduleExpression"])


def test_every_stream_is_heard_and_none_goes_on_over_a_failed_record(main: Template) -> None:
    """From the oldest record on, record by record, a bounded number of tries, and what fails for good is kept."""
    mappings = main.of("AWS::Lambda::EventSourceMapping").values()
    streamed = {
        main.id_at(path) for path, each in main.of("AWS::DynamoDB::Table").items() if "StreamSpecification" in each
    }
    queue = {"Fn::GetAtt": [main.id_at("DeadLetters/Queue"), "Arn"]}

    assert len(streamed) == 5
    assert sorted(streamed) == sorted(each["EventSourceArn"]["Fn::GetAtt"][0] for each in mappings)
    for each in mappings:
        assert {"Ref": main.id_at("AuditFunction/Function/Aliaslive")} == each["FunctionName"]
        assert ("TRIM_HORIZON", ["ReportBatchItemFailures"]) == (
            each["StartingPosition"],
            each["FunctionResponseTypes"],
        )
        assert (queue, 10) == (each["DestinationConfig"]["OnFailure"]["Destination"], each["MaximumRetryAttempts"])


def test_the_audit_function_reads_the_streams_and_the_others_do_not(main: Template) -> None:
    """A39: each stream by its own name."""
    readers = {
        name: [each["Resource"] for each in statements(main, name) if STREAM_READING & set(actions(each))]
        for name in FUNCTIONS
    }
    read = [resource for written in readers.pop("AuditFunction") for resource in resources({"Resource": written})]

    assert {(): 3} == {tuple(found): len(readers) for found in readers.values()}
    assert sorted(
        json.dumps(each["EventSourceArn"]) for each in main.of("AWS::Lambda::EventSourceMapping").values()
    ) == (sorted(json.dumps(each) for each in read))


def test_falling_behind_a_stream_is_noticed(main: Template) -> None:
    """A batch that is answered in part is no error of the function's; its records only grow older."""
    alarm = main.at("Alarms/AuditFunctionBehindAlarm")["Properties"]

    assert ("IteratorAge", "Maximum", 3_600_000) == (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"])


def test_every_alarm_tells_somebody(main: Template) -> None:
    """A19, F03, pitfall 76, 79: actions on alarm and on recovery, to a topic of this stack, not disabled."""
    topics = [{"Ref": name} for name, each in main.resources.items() if each["Type"] == "AWS::SNS::Topic"]
    alarms = main.of("AWS::CloudWatch::Alarm")

    assert len(topics) == 2
    for path, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"], path
        assert all(action in topics for action in alarm["AlarmActions"]), path
        assert alarm.get("ActionsEnabled", True) is True
        assert alarm["AlarmDescription"]


def test_what_functions_count_is_counted_where_this_stacks_alarms_listen(main: Template) -> None:
    """Two stages of one account and region share neither a name nor an alarm's ear."""
    told = [
        each["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
        for each in main.of("AWS::Lambda::Function").values()
        if each["Handler"].startswith("khaya_api.")
    ]

    assert {"KhayaStack"} == set(told)
    assert "Khaya" not in {each.get("Namespace") for each in main.of("AWS::CloudWatch::Alarm").values()}


def test_every_alarm_looks_at_something_that_exists(main: Template) -> None:
    """F01, F02: each dimension is a reference to a resource of this stack, of the type that its name says."""
    name_of_api = main.one("AWS::ApiGateway::RestApi")["Name"]
    for path, alarm in main.of("AWS::CloudWatch::Alarm").items():
        if alarm.get("Namespace") == "KhayaStack" and not alarm.get("Dimensions"):
            made = [name for each in main.of("AWS::Logs::MetricFilter").values() for name in _metrics(each)]
            assert ("KhayaStack", alarm["MetricName"]) in made, path
            continue
        metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each] or [alarm]
        for dimension in (each for metric in metrics for each in metric["Dimensions"]):
            if dimension["Name"] == "ApiName":
                assert name_of_api == dimension["Value"]
                continue
            if dimension["Name"] == "service":
                assert ("KhayaStack", triggers.SERVICE) == (alarm["Namespace"], dimension["Value"])
                continue
            (logical,) = _references(dimension["Value"])
            assert DIMENSIONS[dimension["Name"]] == main.resources[logical]["Type"], path


def _metrics(made: Json) -> list[tuple[str, str]]:
    return [(each["MetricNamespace"], each["MetricName"]) for each in made["MetricTransformations"]]


@pytest.mark.parametrize("name", ("ApiFunction", "AuditFunction"))
def test_failing_is_a_rate_where_the_sentence_says_so(main: Template, name: str) -> None:
    """F04: of the calls, in percent, and more than two of them, since two of three at night are no rate of anything."""
    alarm = main.at(f"Alarms/{name}ErrorsAlarm")["Properties"]
    taken = {each["Id"]: each for each in alarm["Metrics"]}
    (rate,) = (each for each in taken.values() if "Expression" in each)

    assert "IF(failed > 2, 100 * failed / calls, 0)" == rate["Expression"]
    assert ("Errors", "Invocations") == tuple(
        taken[key]["MetricStat"]["Metric"]["MetricName"] for key in ("failed", "calls")
    )
    assert (5, "GreaterThanThreshold", 1) == (
        alarm["Threshold"],
        alarm["ComparisonOperator"],
        alarm["EvaluationPeriods"],
    )
    assert "5 %" in alarm["AlarmDescription"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_is_watched_in_every_way(main: Template, name: str) -> None:
    """Domain 6.2: errors, throttles, slow and stuck, and memory by what Lambda itself reports of each call."""
    alarms = {path for path in main.of("AWS::CloudWatch::Alarm") if path.startswith(f"Alarms/{name}")}
    wanted = {f"Alarms/{name}{kind}Alarm" for kind in ("Errors", "Throttled", "Slow", "Stuck", "Memory")}
    slow, stuck = (main.at(f"Alarms/{name}{kind}Alarm")["Properties"] for kind in ("Slow", "Stuck"))
    limit = function(main, name)["Timeout"] * 1000
    made = main.at(f"{name}/MemoryUsed")["Properties"]

    assert wanted <= alarms
    assert slow["Threshold"] < stuck["Threshold"] < limit
    assert (slow["AlarmActions"], stuck["AlarmActions"]) == (
        [{"Ref": main.id_at("Alarms/Notice")}],
        [{"Ref": main.id_at("Alarms/Page")}],
    )
    memory = main.at(f"Alarms/{name}MemoryAlarm")["Properties"]
    assert 0.8 * function(main, name)["MemorySize"] == memory["Threshold"]
    assert ("$.record.metrics.maxMemoryUsedMB", {"Ref": main.id_at(f"{name}/Logs")}) == (
        made["MetricTransformations"][0]["MetricValue"],
        made["LogGroupName"],
    )


def test_the_limits_of_the_api_are_those_of_the_domain(main: Template) -> None:
    """Domain 6.2: 25 s calls people, 15 s is told; 1 % of 5xx calls people, 10 % of 4xx and a p95 of 3 s are told."""
    found = {path: each for path, each in main.of("AWS::CloudWatch::Alarm").items() if path.startswith("Alarms/Api")}

    assert (15_000, 25_000) == (
        found["Alarms/ApiFunctionSlowAlarm"]["Threshold"],
        found["Alarms/ApiFunctionStuckAlarm"]["Threshold"],
    )
    assert {"ApiFailing": (0.01, "Average"), "ApiRefusing": (0.10, "Average"), "ApiSlow": (3000, "p95")} == {
        name: (each["Threshold"], each.get("Statistic") or each["ExtendedStatistic"])
        for name in ("ApiFailing", "ApiRefusing", "ApiSlow")
        if (each := found[f"Alarms/{name}Alarm"])
    }


def test_one_page_shows_everything_that_serves(main: Template) -> None:
    """A19: API, edge, functions, tables, runs; each metric of a resource of this stack, under the stack's own name."""
    board = main.one("AWS::CloudWatch::Dashboard")
    body = json.dumps(board["DashboardBody"])

    assert "KhayaStack" == board["DashboardName"]
    assert {main.id_at(f"{name}/Function") for name in FUNCTIONS} <= set(_references(board["DashboardBody"]))
    assert {main.id_at(f"Data/{noun.capitalize()}Table") for noun in TABLES} <= set(_references(board["DashboardBody"]))
    for counted in ("AWS/CloudFront", "AWS/ApiGateway", "JobsExpired", "UpkeepSucceeded", "ChangesAudited"):
        assert counted in body


def _references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        if "Ref" in value:
            yield value["Ref"]
        elif "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        else:
            for part in value.values():
                yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


@pytest.mark.parametrize("noun", [noun.capitalize() for noun in TABLES])
@pytest.mark.parametrize("kind", ("Read", "Write"))
def test_throttling_of_every_table_is_noticed(main: Template, noun: str, kind: str) -> None:
    """Domain 6.2: any throttle."""
    alarm = main.at(f"Alarms/{noun}{kind}ThrottledAlarm")["Properties"]

    assert (f"{kind}ThrottleEvents", 0, "GreaterThanThreshold") == (
        alarm["MetricName"],
        alarm["Threshold"],
        alarm["ComparisonOperator"],
    )
    assert [{"Name": "TableName", "Value": {"Ref": main.id_at(f"Data/{noun}Table")}}] == alarm["Dimensions"]


def test_silence_of_the_daily_tasks_is_an_alarm_and_silence_about_errors_is_not(main: Template) -> None:
    """Pitfall 78, 81: a heartbeat treats missing data as breaching, over 26 h; sparse counts do not."""
    heartbeats = {f"Alarms/{name}SilentAlarm" for name in (*SCHEDULED, "Notice")}
    others = [alarm for path, alarm in main.of("AWS::CloudWatch::Alarm").items() if path not in heartbeats]

    for silent in (main.at(path)["Properties"] for path in heartbeats):
        assert ("breaching", "LessThanThreshold", 1) == (
            silent["TreatMissingData"],
            silent["ComparisonOperator"],
            silent["Threshold"],
        )
        taken = {each["Id"]: each for each in silent["Metrics"]}
        (succeeded,) = (each["Expression"] for each in taken.values() if "Expression" in each)
        assert "runs - failures" == succeeded
        assert {"runs": "Invocations", "failures": "Errors"} == {
            key: taken[key]["MetricStat"]["Metric"]["MetricName"] for key in ("runs", "failures")
        }
        assert 26 * 3600 == taken["runs"]["MetricStat"]["Period"] * silent["EvaluationPeriods"]
    assert {"notBreaching"} == {alarm["TreatMissingData"] for alarm in others}


def test_one_failed_day_is_one_too_many(main: Template) -> None:
    """More than five errors in five minutes can never happen to what runs once a day."""
    thresholds = {name: main.at(f"Alarms/{name}ErrorsAlarm")["Properties"]["Threshold"] for name in FUNCTIONS}

    assert {"ApiFunction": 5, "DailyFunction": 0, "TrustFunction": 0, "AuditFunction": 5} == thresholds


def test_alarms_may_publish_and_nobody_may_without_tls(main: Template) -> None:
    """Pitfall 79: a policy of our own replaces the default one, which is what had let CloudWatch in."""
    let_in = []
    for policy in main.of("AWS::SNS::TopicPolicy").values():
        written = policy["PolicyDocument"]["Statement"]
        let_in.append([each["Principal"]["Service"] for each in written if each["Effect"] == "Allow"])

        assert {"sns:Publish"} == {each["Action"] for each in written if each["Effect"] == "Allow"}
        assert "Deny" in {each["Effect"] for each in written}
    # The rule about failed backups speaks to the topic that can wait for the morning.
    assert [["cloudwatch.amazonaws.com"], ["cloudwatch.amazonaws.com", "events.amazonaws.com"]] == let_in


def test_failed_backups_are_told_and_good_ones_are_not(main: Template) -> None:
    """Of our own vault, whatever the way in which they failed."""
    (rule,) = (each for each in main.of("AWS::Events::Rule").values() if "EventPattern" in each)
    detail = rule["EventPattern"]["detail"]
    (vault,) = (name for name, each in main.resources.items() if each["Type"] == "AWS::Backup::BackupVault")

    assert ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"] == sorted(detail["state"])
    assert [{"Fn::GetAtt": [vault, "BackupVaultName"]}] == detail["backupVaultName"]
    assert "Notice" in json.dumps(rule["Targets"])


def test_somebody_is_asked_to_listen_to_each_topic(main: Template) -> None:
    """A19: an alarm without a subscriber is a tree that falls in an empty forest."""
    topics = [{"Ref": name} for name, each in main.resources.items() if each["Type"] == "AWS::SNS::Topic"]
    subscribed = list(main.of("AWS::SNS::Subscription").values())

    assert [("email", "alarms@khaya.example")] * 2 == [(each["Protocol"], each["Endpoint"]) for each in subscribed]
    assert topics == [each["TopicArn"] for each in subscribed]


def test_the_promised_outputs_are_there_and_none_is_exported(main: Template) -> None:
    """A35, B07: an export name is unique in its account and region, and would forbid a second stage."""
    assert main.outputs.keys() >= OUTPUTS
    assert [] == [name for name, output in main.outputs.items() if "Export" in output]


def test_a_second_stage_fits_into_the_same_account(main: Template) -> None:
    """A35: no name is fixed but those that contain the stack's own."""
    fixed = {
        path: value for kind, key in NAMES.items() for path, each in main.of(kind).items() if (value := each.get(key))
    }

    assert [] == [path for path, name in fixed.items() if "KhayaStack" not in name]


def test_everything_lives_in_the_region_of_the_settings(assembly: Assembly) -> None:
    """A24, B17: the main stack's environment is the target's, and no ARN leads elsewhere but to the certificate."""
    artifact = assembly.manifest["artifacts"]["KhayaStack"]
    regions = set(re.findall(r"arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]+):", json.dumps(assembly.main.document)))

    assert "aws://000000000000/af-south-1" == artifact["environment"]
    assert {"af-south-1", "us-east-1"} == regions


def test_resources_say_whose_they_are(main: Template) -> None:
    """Tags of domain 6.1, on a table as on everything else."""
    tags = {tag["Key"]: tag["Value"] for tag in main.at("Data/UsersTable")["Properties"]["Tags"]}

    assert {"Project": "Khaya", "Environment": "local", "ManagedBy": "AWS CDK", "Domain": "khaya.example"} == tags


@pytest.mark.parametrize("target", ("local", "prod", "staging"))
def test_the_floor_of_a_target_counts_every_resource(assembly: Assembly, target: str) -> None:
    """Whatever is taken out of the templates, the floor notices; whatever is added, this test asks to raise it."""
    counts = Counter(
        resource["Type"]
        for template in (assembly.certificate, assembly.main, assembly.edge)
        for resource in template.resources.values()
    )
    document = tomllib.loads((ROOT / "checks" / "targets" / f"{target}.toml").read_text("utf-8"))

    assert dict(counts) == document["expect"]["resources"]
