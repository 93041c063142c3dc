"""The canary's stack and its package."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import App, Environment
from aws_cdk.assertions import Match, Template
from botocore.exceptions import ClientError

from khaya_infra import nightly
from khaya_infra.app import FLAGS
from khaya_infra.canary import CanaryStack
from khaya_infra.canary_package import PRUNED, build_canary, locked, runtime
from khaya_infra.nightly import as_it_was, look_once
from khaya_infra.package import PackageError
from khaya_infra.settings import Settings, SettingsError, StackPlace, read_settings, settings_from
from khaya_infra.stop import Stop

ROOT = Path(__file__).parents[2]
LOOKS = {"Effect": "Allow", "Action": ["dynamodb:DescribeTable"], "Resource": ["arn:aws:dynamodb:af-south-1:1:table/T"]}
# 1.5 MB, of which the harness itself takes some more with every room.
MOST_BYTES = 1_500_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `checks canary` wrote, in small."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "policy.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [LOOKS]}))
    (folder / "plan.json").write_text("{}")
    (folder / "local.json").write_text("{}")
    return folder


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The twin's."""
    return read_settings(ROOT / "checks" / "targets" / "local.toml")


@pytest.fixture(scope="module")
def template(told: Path, settings: Settings) -> Template:
    """The stack, synthesised."""
    package = told / "package.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("checks/__init__.py", "")
    assert settings.canary is not None
    stack = CanaryStack(
        App(context=FLAGS),
        settings.canary.name,
        settings=settings,
        told=told,
        package=package,
        runtime="3.13",
        env=Environment(account=settings.account, region=settings.canary.region),
    )
    return Template.from_stack(stack)


def test_evidence_is_versioned_locked_and_outlives_the_stack(template: Template) -> None:
    """A rollback may delete the stack, and deletes nothing of what was seen."""
    template.has_resource(
        "AWS::S3::Bucket",
        {
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": Match.object_like(
                {
                    "ObjectLockEnabled": True,
                    "ObjectLockConfiguration": {
                        "ObjectLockEnabled": "Enabled",
                        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 90}},
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                }
            ),
        },
    )
    template.has_resource(
        "AWS::DynamoDB::Table",
        {"DeletionPolicy": "Retain", "Properties": Match.object_like({"DeletionProtectionEnabled": True})},
    )


def test_it_runs_nightly_in_the_time_of_the_place(template: Template) -> None:
    """A schedule with a time zone, retries for an hour, and dead letters for what is left."""
    template.has_resource_properties(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "cron(0 3 * * ? *)",
            "ScheduleExpressionTimezone": "Africa/Johannesburg",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": Match.object_like({"RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5}}),
        },
    )


def test_the_dead_man_rings_for_missing_data_and_not_before_26_hours(template: Template) -> None:
    """No data is what a dead canary looks like."""
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Namespace": "Checks",
            "MetricName": "ValidRuns",
            "Dimensions": [{"Name": "Target", "Value": "local"}],
            "Period": 3600,
            "EvaluationPeriods": 26,
            "DatapointsToAlarm": 26,
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "TreatMissingData": "breaching",
        },
    )


def test_the_role_may_look_as_computed_and_write_its_evidence_and_nothing_else(template: Template) -> None:
    """Every action that any of its policies grants."""
    managed = template.find_resources("AWS::IAM::ManagedPolicy").values()
    inline = [each for name, each in template.find_resources("AWS::IAM::Policy").items() if name.startswith("Canary")]
    granted = [s for each in (*managed, *inline) for s in each["Properties"]["PolicyDocument"]["Statement"]]

    assert [LOOKS] == [_plural(each) for each in granted if _actions(each) == LOOKS["Action"]]
    assert {
        *("dynamodb:DescribeTable", "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"),
        *("s3:PutObject", "s3:GetObject", "sns:Publish", "logs:CreateLogStream", "logs:PutLogEvents"),
    } == {action for each in granted for action in _actions(each)}
    assert all("*" not in _resources(each) for each in granted)


def test_another_region_or_none_at_all(settings: Settings) -> None:
    """What falls silent together is not missed by anybody."""
    import tomllib

    document = tomllib.loads((ROOT / "checks" / "targets" / "local.toml").read_text("utf-8"))
    document["canary"]["region"] = "af-south-1"
    with pytest.raises(SettingsError, match=r"canary\.region must be another than that of KhayaStack"):
        settings_from(document, stage="local", source="local.toml")
    del document["canary"]
    assert settings_from(document, stage="local", source="local.toml").canary is None
    assert settings.canary is not None


@pytest.fixture(scope="module")
def package(told: Path) -> Path:
    """The real package, for this interpreter."""
    return build_canary(told)


def test_the_package_is_small_and_the_same_every_time(package: Path, told: Path) -> None:
    """Small enough for a cold start; the same bytes for the same input, so that nothing is deployed for nothing."""
    before = hashlib.sha256(package.read_bytes()).hexdigest()
    package.unlink()

    assert before == hashlib.sha256(build_canary(told).read_bytes()).hexdigest()
    assert package.stat().st_size <= MOST_BYTES


def test_the_package_holds_what_it_needs_and_no_more(package: Path) -> None:
    """No twin, no door for people, no target of ours; byte code for every module, checked against nothing."""
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        codes = [archive.read(each)[:8] for each in names if each.endswith(".pyc")]

    assert [] == [each for each in names if re.match(r"checks/(twin|targets)/|checks/doors/cli", each)]
    assert {"plan.json", "policy.json", "local.json"} <= set(names)
    assert {"checks", "dns"} == {each.partition("/")[0] for each in names if "/" in each}
    # PEP 552: hash-based, not checked against the source.
    assert {1} == {int.from_bytes(each[4:8], "little") for each in codes}


def test_everything_in_the_package_can_be_imported(package: Path, tmp_path: Path) -> None:
    """What was pruned is asked for by nothing that is left."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    code = """
import importlib, pathlib, sys
sys.path.insert(0, ".")
for file in sorted(pathlib.Path(".").rglob("*.py*")):
    if "__pycache__" in file.parts or file.parts[0] == "dns" and file.parts[1] not in ("rdtypes",):
        continue
    importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
home = str(pathlib.Path.cwd())
print([name for name, module in sys.modules.items()
       if name.partition(".")[0] in ("checks", "dns") and not str(module.__file__).startswith(home)])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ("[]", "") == (done.stdout.strip(), done.stderr)
    assert PRUNED


@pytest.mark.parametrize(
    ("kind", "wire", "read"),
    (("HINFO", b"\x01a\x01b", "GenericRdata \\# 4 01610162"), ("TXT", b"\x02hi", 'TXT "hi"')),
)
def test_a_record_whose_type_was_pruned_is_read_as_its_bytes(
    package: Path, tmp_path: Path, kind: str, wire: bytes, read: str
) -> None:
    """RFC 3597; one that Route 53 keeps is read as what it is."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    code = f"""
import sys
sys.path.insert(0, ".")
import dns.rdata
found = dns.rdata.from_wire("IN", "{kind}", {wire!r}, 0, {len(wire)})
print(type(found).__name__, found)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (read, "") == (done.stdout.strip(), done.stderr)


def test_a_runtime_that_lambda_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte code of another minor version would not be used."""
    monkeypatch.setattr(sys, "version_info", type("V", (), {"major": 3, "minor": 99})())
    with pytest.raises(PackageError, match=r"no runtime for Python 3\.99"):
        runtime()


def test_a_lock_without_an_entry_is_refused() -> None:
    """What is installed has a hash, or is not installed."""
    lock = "a==1 \\\n    --hash=sha256:1\nb==2 \\\n    --hash=sha256:2\n"

    assert "b==2 \\\n    --hash=sha256:2\n" == locked(lock, ("b",))
    with pytest.raises(PackageError, match="no entry for c"):
        locked(lock, ("c",))


class Functions:
    """Lambda, as far as one call goes."""

    def __init__(self, answer: Mapping[str, Any], error: str = "") -> None:
        self.answer, self.error = answer, error
        self.asked: Mapping[str, Any] = {}

    def invoke(self, **asked: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's own keywords
        """As boto3 names it."""
        self.asked = asked
        body = type("Body", (), {"read": lambda _: json.dumps(self.answer).encode()})()
        return {"Payload": body, **({"FunctionError": self.error} if self.error else {})}


def test_a_canary_that_looks_is_a_line(settings: Settings) -> None:
    """Broken or not: that is for the gate to say."""
    functions = Functions({"run_id": "r", "verdict": "broken"})

    assert "first run r: broken" in look_once(functions, {"CanaryFunction": "f"}, "abc")
    assert {"release": "abc", "by": "deploy"} == json.loads(functions.asked["Payload"])
    assert settings.canary


@pytest.mark.parametrize(
    ("answer", "error"),
    (
        ({"errorMessage": "no module"}, "Unhandled"),
        ({"run_id": "r", "verdict": "void", "void": ["a control was wrong"]}, ""),
        ({"run_id": "r", "verdict": "running", "repeated": "busy"}, ""),
    ),
)
def test_a_dead_canary_ends_the_deploy(answer: Mapping[str, Any], error: str) -> None:
    """It would be found out after 26 hours otherwise."""
    with pytest.raises(Stop, match="nothing valid came of it"):
        look_once(Functions(answer, error), {"CanaryFunction": "f"}, "abc")


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def _resources(statement: Mapping[str, Any]) -> list[Any]:
    resources = statement["Resource"]
    return resources if isinstance(resources, list) else [resources]


def _plural(statement: Mapping[str, Any]) -> dict[str, Any]:
    return {**statement, "Action": _actions(statement), "Resource": _resources(statement)}


class Stacks:
    """CloudFormation with the canary's stack, of a template that says what it takes along; notes what comes back."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self) -> None:
        self.template: dict[str, Any] = {}
        self.status = "UPDATE_COMPLETE"
        self.sent: dict[str, dict[str, Any]] = {}
        self.refuses = False

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's word
        """One that finished has outputs; the assets' bucket is always there."""
        told = {"CDKToolkit": {"BucketName": "assets"}}.get(StackName, {"CanaryFunction": "f"} if self.template else {})
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in told.items()]
        return {"Stacks": [{"StackStatus": self.status, "Outputs": outputs}]}

    def get_template(self, **_: str) -> dict[str, Any]:
        """As it stands."""
        return {"TemplateBody": json.dumps(self.template)}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - S3's words
        """Keep it."""
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
        self.sent[f"https://s3.eu-west-1.amazonaws.com/{Bucket}/{Key}"] = json.loads(Body)

    def update_stack(self, *, TemplateURL: str, **_: object) -> None:  # noqa: N803 - AWS's word
        """Take what was sent."""
        self.template = self.sent[TemplateURL]


class Nights:
    """A deploy of the canary that notes what it was told to do; *taken* is what the canary takes along."""

    def __init__(self, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room, self.taken = room, "a plan"
        self.deployed: list[Mapping[str, str]] = []
        self.functions, self.stacks = Functions({"run_id": "r", "verdict": "kept"}), Stacks()
        monkeypatch.setattr(nightly, "_provide", self._provide)
        monkeypatch.setattr(nightly, "build_canary", self._build)

    def client(self, service: str, *, region_name: str, **_: object) -> Functions | Stacks:
        """As a session gives it."""
        assert "eu-west-1" == region_name
        return self.functions if service == "lambda" else self.stacks

    def deploy(self) -> str:
        """One deploy; what it says."""
        place = StackPlace(name="KhayaCanary", region="eu-west-1")
        return nightly.deploy_canary(
            place=place, target=self.room, release="abc", room=self.room, session=self, deploy=self._deploy
        )

    def _deploy(self, stacks: list[str], context: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        self.deployed.append(context)
        self.stacks.template = {"takes": self.taken}
        return {stacks[0]: {"CanaryFunction": "f"}}

    def _provide(self, _: Path, told: Path) -> None:
        told.mkdir(exist_ok=True)
        (told / "plan.json").write_text(self.taken)

    def _build(self, told: Path) -> Path:
        package = self.room / f"{(told / 'plan.json').read_text()}.zip"
        package.touch()
        return package


def test_a_canary_that_takes_along_what_it_took_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was deployed with the other stacks, and called once when it was new."""
    nights = Nights(tmp_path, monkeypatch)
    assert {} == as_it_was(tmp_path)
    assert "first run r: kept" in nights.deploy()
    (made,) = nights.deployed
    assert made == {"only": "canary", **as_it_was(tmp_path)}

    assert "KhayaCanary is as it was" == nights.deploy()
    assert [made] == nights.deployed


def test_a_canary_that_takes_along_something_else_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And looks once."""
    nights = Nights(tmp_path, monkeypatch)
    nights.deploy()
    nights.taken = "another plan"

    assert "first run r: kept" in nights.deploy()
    assert ["a plan.zip", "another plan.zip"] == [Path(each["canaryPackage"]).name for each in nights.deployed]


def test_a_canary_that_died_at_once_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What never looked is not as it was."""
    nights = Nights(tmp_path, monkeypatch)
    nights.functions.error = "Unhandled"
    for _ in range(2):
        with pytest.raises(Stop, match="nothing valid came of it"):
            nights.deploy()

    assert {} == as_it_was(tmp_path)
    assert 2 == len(nights.deployed)


def test_in_the_place_of_a_canary_that_died_is_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nights go on while people repair what they wanted to release."""
    nights = Nights(tmp_path, monkeypatch)
    nights.deploy()
    nights.taken, nights.functions.error = "what cannot be read", "Unhandled"

    with pytest.raises(Stop, match=r"nothing valid came of it: .*; KhayaCanary is the one before"):
        nights.deploy()

    assert {"takes": "a plan"} == nights.stacks.template


def test_a_canary_that_died_as_it_stood_is_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation refuses an update that changes nothing."""
    nights = Nights(tmp_path, monkeypatch)
    nights.stacks.template, nights.functions.error = {"takes": "a plan"}, "Unhandled"

    with pytest.raises(Stop, match="KhayaCanary is the one before"):
        nights.deploy()

    assert {} == nights.stacks.sent


@pytest.mark.parametrize(
    ("trouble", "says"),
    (
        pytest.param({}, "there was no KhayaCanary before", id="the first"),
        pytest.param(
            {"template": {"takes": "less"}, "status": "UPDATE_ROLLBACK_COMPLETE"},
            "KhayaCanary is left as it is: KhayaCanary did not take its template",
            id="it is not taken",
        ),
        pytest.param(
            {"template": {"takes": "less"}, "refuses": True},
            "KhayaCanary is left as it is: AWS refused: .*AccessDenied",
            id="nobody may",
        ),
    ),
)
def test_where_the_one_before_cannot_come_back_the_deploy_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Mapping[str, Any], says: str
) -> None:
    """What the canary died of is said all the same."""
    nights = Nights(tmp_path, monkeypatch)
    nights.functions.error = "Unhandled"
    for name, value in trouble.items():
        setattr(nights.stacks, name, value)

    with pytest.raises(Stop, match=f"nothing valid came of it: .*; {says}"):
        nights.deploy()
