"""Releases by the workflow's own steps: a good one goes out, a bad one is refused, taken back, and leaves its evidence.

The workflow's text is read and run, on the twin in the place of production and without 20 minutes of patience. Each
release is a commit of a checkout of its own, and what is bad about it is in the commit, or befalls it when it is out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from checks import twin as twins
from checks.doors import ledgers
from checks.run import exit_code
from checks.twin import renewal
from tests.deployed.conftest import ROOT, House, serving
from tests.deployed.test_nights import call
from tools.environment import digest

# Minutes for each release: it is deployed, judged, taken back and judged again.
pytestmark = [pytest.mark.twin, pytest.mark.long, pytest.mark.usefixtures("quiet")]

WORKFLOW = ROOT / ".github" / "workflows" / "deploy-production.yml"
PATIENCE_S = 400
# What stands for production's own words on the twin.
REHEARSED = (("TARGET=prod", "TARGET=local"), ("--target prod", "--target local"), ("--wait 20m", "--wait 1s"))

# A machine that is busy with other things keeps a look waiting for too long; then it is made again.
TRIES = 3
UNDECIDED = ("fail", "unknown", "not_yet")

Edit = tuple[str, str, str]
Mishap = Callable[[House], AbstractContextManager[object]]


@dataclass
class Yard:
    """A checkout whose commits are released, and what the steps of the last release said."""

    folder: Path
    house: House
    said: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        """One command of git, by nobody in particular."""
        who = ("-c", "user.name=yard", "-c", "user.email=yard@khaya.example", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, *edits: Edit) -> str:
        """A commit with these edits beside the first one; its sha."""
        self.git("reset", "--hard", "--quiet", "good")
        for name, old, new in edits:
            file = self.folder / name
            text = file.read_text("utf-8")
            assert 1 == text.count(old), f"{name} does not hold {old!r} once"
            file.write_text(text.replace(old, new), encoding="utf-8")
        self.git("commit", "--all", "--allow-empty", "--quiet", "--message", f"Release {len(self.said)}")
        return self.git("rev-parse", "HEAD")

    def release(self, sha: str, *, mishap: Mishap = lambda _: nullcontext(), whole: bool = False) -> dict[str, str]:
        """Run the steps as the workflow would; what became of each. The mishap is from the deploy on.

        Those before the deploy change nothing, and are run for a *whole* one.
        """
        outcomes: dict[str, str] = {}
        self.said.clear()
        # What a release before left would be read as the word of this one.
        for each in (*self.folder.glob("gate.*"), *self.folder.glob("rollback.*")):
            each.unlink()
        with mishap_after_deploy(mishap, self.house) as begin:
            for name, step in steps():
                if not wanted(step, outcomes) or (not whole and name in {"preflight", "changes"}):
                    continue
                outcomes[name] = "success" if self.run(name, step["run"], sha) == 0 else "failure"
                if name == "deploy":
                    begin()
        return outcomes

    def run(self, name: str, text: str, sha: str) -> int:
        """One step in the shell that GitHub gives it; its exit code."""
        for theirs, ours in REHEARSED:
            text = text.replace(theirs, ours)
        environ = twins.environment(self.house.twin) | {
            "RELEASE": sha,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            # The interpreter that the stamp of .venv is for.
            "PYTHON": sys.executable,
        }
        done = subprocess.run(
            ["bash", "-e", "-c", text],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        self.said[name] = done.stdout + done.stderr
        return done.returncode

    @property
    def summary(self) -> Path:
        """What GitHub shows of the job."""
        return self.folder.parent / "summary.md"

    def document(self, name: str) -> dict[str, Any]:
        """A run document that a step left."""
        read: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
        return read


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The steps that run something, but for those of GitHub itself; each by its id, else by its make target or verb."""
    document = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    for step in document["jobs"]["deploy"]["steps"]:
        if "run" in step and "tools.account" not in step["run"]:
            verb = re.search(r"make (\w+)|operate (\w+)|checks (\w+)", step["run"])
            assert verb is not None
            yield step.get("id") or next(each for each in verb.groups() if each), step


def wanted(step: Mapping[str, Any], outcomes: Mapping[str, str]) -> bool:
    """Whether the workflow comes to the step: by itself while nothing failed, else when its condition holds."""
    condition, failed = step.get("if", ""), "failure" in outcomes.values()
    if not condition:
        return not failed
    asked = re.findall(r"steps\.(\w+)\.outcome == '(\w+)'", condition)
    assert "failure()" in condition
    return failed and all(outcomes.get(name) == outcome for name, outcome in asked)


@contextmanager
def mishap_after_deploy(mishap: Mishap, house: House) -> Iterator[Callable[[], None]]:
    """Gives what begins the mishap; it is over with the release."""
    entered: list[AbstractContextManager[object]] = []

    def begin() -> None:
        house.clients.clear()
        entered.append(mishap(house))
        entered[0].__enter__()

    try:
        yield begin
    finally:
        for each in entered:
            each.__exit__(None, None, None)


@pytest.fixture(scope="module")
def yard(house: House, tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """Where releases are made."""
    return make_yard(house, tmp_path_factory.mktemp("yard") / "checkout")


def make_yard(house: House, folder: Path) -> Yard:
    """A checkout of everything that is tracked here, with the tools of this one."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    lend_tools(folder)
    made = Yard(folder=folder, house=house)
    made.git("init", "--quiet")
    # A link is no folder to the patterns of .gitignore; the documents are left by the gate.
    (folder / ".git" / "info" / "exclude").write_text(".build\n/gate.*\n/rollback.*\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "Everything")
    made.git("tag", "good")
    return made


def lend_tools(folder: Path) -> None:
    """Let make find .venv ready there, and what was built here not be built again."""
    (ROOT / ".build").mkdir(exist_ok=True)
    (folder / ".build").symlink_to(ROOT / ".build")
    (folder / ".venv").mkdir()
    for each in (ROOT / ".venv").iterdir():
        if each.name != "stamp":
            (folder / ".venv" / each.name).symlink_to(each)
    (folder / ".venv" / "stamp").write_text(digest(folder), encoding="ascii")


@pytest.fixture
def good(yard: Yard) -> str:
    """A good release that is live."""
    return make_good(yard)


def make_good(yard: Yard) -> str:
    """The sha of the good release; it is deployed by the workflow unless it is live already."""
    sha = yard.git("rev-parse", "good")
    if serving(yard.house) != (sha, sha):
        yard.git("reset", "--hard", "--quiet", "good")
        outcomes = yard.release(sha)
        assert "failure" not in outcomes.values(), yard.said
    return sha


@contextmanager
def certificate_expired(house: House) -> Iterator[None]:
    """Its last day was yesterday."""
    arn = house.output("CertificateArn", stack="KhayaCertificate", region="us-east-1")
    names, now = ["khaya.example", "www.khaya.example"], datetime.now(UTC)
    ends = now - timedelta(days=1)
    renewal.reissue(house.twin, arn, names=names, not_before=now - timedelta(days=120), not_after=ends)
    try:
        yield
    finally:
        renewal.reissue(house.twin, arn, names=names)


@contextmanager
def old_version_serves(house: House) -> Iterator[None]:
    """The alias that everybody calls still stands on the version before."""
    functions, name = house.aws("lambda"), house.resource("AWS::Lambda::Function", "ApiFunction")
    now = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    known = [each["Version"] for each in functions.list_versions_by_function(FunctionName=name)["Versions"]]
    before = max((each for each in known if each.isdigit() and int(each) < int(now)), key=int)
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
    yield


@contextmanager
def page_missing(house: House) -> Iterator[None]:
    """The home page is gone from the bucket."""
    house.aws("s3").delete_object(Bucket=house.output("FrontendBucket"), Key="index.html")
    yield


STACK, DATA, ALARMS = "khaya_infra/stack.py", "khaya_infra/data.py", "khaya_infra/alarms.py"
NO_ROUTE: Edit = (
    "khaya_api/jobs.py",
    "        return browse_jobs(kit, status=status, limit=limit, cursor=cursor)",
    "        raise LookupError(status)",
)
NO_TABLE: Edit = (
    STACK,
    "            **self.data.environment,",
    '            **{key: each for key, each in self.data.environment.items() if key != "JOBS_TABLE"},',
)
OTHER_SHA: Edit = (STACK, '"GIT_SHA": release.sha', '"GIT_SHA": "0" * 40')
NO_RECOVERY: Edit = (
    DATA,
    "point_in_time_recovery_enabled=True, recovery_period_in_days=RECOVERY_DAYS",
    "point_in_time_recovery_enabled=False",
)
DISARMED: Edit = (
    ALARMS,
    "treat_missing_data=limit.missing,",
    "treat_missing_data=limit.missing, actions_enabled=False,",
)
FEWER: Edit = (STACK, "        alarms.watch_sign_in()\n", "")
DEAD: Edit = ("checks/doors/canary.py", "    told = event or {}\n    run_id", "    raise SystemError\n    run_id")


def test_a_good_release_goes_out(yard: Yard) -> None:
    """Every step of it, one after another, and nobody takes anything back."""
    yard.git("reset", "--hard", "--quiet", "good")
    sha = yard.git("rev-parse", "good")
    outcomes = yard.release(sha, whole=True)

    assert dict.fromkeys(("preflight", "changes", "deploy", "gate"), "success") == outcomes, yard.said
    assert (sha, sha) == serving(yard.house)
    document = yard.document("gate")
    assert ("kept", sha, "gate") == (document["verdict"], document["release"], document["door"])
    assert document["gate"]["action"] in {"open", "warn"}
    assert "recent" == document["gate"]["nightly"]["why"]
    assert not (yard.folder / "rollback.json").exists()
    assert yard.summary.read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """What is bad about a release: it is in the commit, or befalls it when it is out. *named* is what the gate says."""

    named: str
    edits: Sequence[Edit] = ()
    mishap: Mishap = lambda _: nullcontext()


def refused(yard: Yard, bad: Bad, sha: str, outcomes: Mapping[str, str]) -> None:
    """The gate says why and takes it back; what was seen of the refused release is kept."""
    assert {"deploy": "success", "gate": "failure"} == outcomes, yard.said
    document = yard.document("gate")
    reasons = [each["what"] for each in document["gate"]["reasons"] if each["action"] == "roll_back"]
    assert ("broken", sha, "roll_back") == (document["verdict"], document["release"], document["gate"]["action"])
    assert any(each.startswith(bad.named) for each in reasons), reasons
    assert yard.git("rev-parse", "good") == yard.document("rollback")["release"]
    assert_evidence(yard.house, document)


def refused_and_well(yard: Yard, bad: Bad, sha: str, outcomes: Mapping[str, str]) -> None:
    """One command, and all is as it was."""
    refused(yard, bad, sha, outcomes)
    back, said = yard.document("rollback"), yard.said["gate"]
    assert ("all is well" in said) is (back["verdict"] == "kept"), said
    assert_seen_well(yard)


def refused_and_said(yard: Yard, bad: Bad, sha: str, outcomes: Mapping[str, str]) -> None:
    """No release brings it back: the one before serves, and the report names what people must repair."""
    refused(yard, bad, sha, outcomes)
    left = {each["name"] for each in yard.document("rollback")["results"] if each["status"] == "fail"}
    assert any(each.startswith(bad.named) for each in left), left
    assert "what is left is in" in yard.said["gate"]


def no_release(yard: Yard, bad: Bad, _: str, outcomes: Mapping[str, str]) -> None:
    """Its deploy fails before it is on record, the gate is not asked, and what was whole last is brought back."""
    assert ("failure", "success") == (outcomes["deploy"], outcomes["settle"]), yard.said
    assert {"deploy", "settle", "verify"} == set(outcomes), "the gate is not asked of half a release"
    assert bad.named in yard.said["deploy"]
    assert "KhayaCanary is the one before" in yard.said["deploy"]
    assert call(yard.house)["verdict"] in {"kept", "broken", "unseen"}, "the one before looks"
    assert_seen_well(yard)


Ending = Callable[[Yard, Bad, str, Mapping[str, str]], None]


@pytest.mark.parametrize(
    ("bad", "ending"),
    (
        pytest.param(Bad(named="api.", edits=(NO_ROUTE,)), refused_and_well, id="a broken route"),
        pytest.param(Bad(named="cdn.", mishap=page_missing), refused_and_well, id="index.html missing"),
        pytest.param(Bad(named="functions.alias", mishap=old_version_serves), refused_and_well, id="old version"),
        pytest.param(Bad(named="api.", edits=(NO_TABLE,)), refused_and_well, id="a table variable missing"),
        pytest.param(Bad(named="api.release", edits=(OTHER_SHA,)), refused_and_well, id="another sha in health"),
        pytest.param(Bad(named="tables.pitr", edits=(NO_RECOVERY,)), refused_and_well, id="tables without PITR"),
        pytest.param(Bad(named="alarms.armed", edits=(DISARMED,)), refused_and_well, id="alarms disarmed"),
        pytest.param(Bad(named="stack.", edits=(FEWER,)), refused_and_well, id="a shrunken plan"),
        pytest.param(Bad(named="tls.expiry", mishap=certificate_expired), refused_and_said, id="expired certificate"),
        pytest.param(Bad(named="nothing valid came of it", edits=(DEAD,)), no_release, id="a dead canary"),
    ),
)
def test_a_bad_release_is_refused_and_taken_back(yard: Yard, good: str, bad: Bad, ending: Ending) -> None:
    """The release before serves again within the same run of the workflow, and the nights are still on record."""
    before = {each.run_id for each in ledgers.records(yard.house.settings) if each.valid}
    sha = yard.commit(*bad.edits)

    outcomes = yard.release(sha, mishap=bad.mishap)

    yard.house.clients.clear()
    assert (good, good) == serving(yard.house)
    ending(yard, bad, sha, outcomes)
    assert before <= {each.run_id for each in ledgers.records(yard.house.settings) if each.valid}


def assert_seen_well(yard: Yard) -> None:
    """The look after the way back found everything well; or was too late for it, and the next one does."""
    results = yard.document("rollback")["results"]
    roots = [each for each in results if each["severity"] == "critical" and each["status"] in UNDECIDED]
    assert all("in time" in each["actual"] for each in roots), roots
    if roots:
        runs = (yard.house.verify() for _ in range(TRIES))
        assert any(exit_code(run) == 0 for run in runs)


def assert_evidence(house: House, document: Mapping[str, Any]) -> None:
    """The refusal is in the bucket and in the index, beside the nights."""
    house.clients.clear()
    row = next(each for each in ledgers.records(house.settings) if each.run_id == document["run_id"])
    kept = json.loads(ledgers.open_ledger(house.settings).read(row.document))

    assert ("gate", "broken", document["release"]) == (row.door, row.verdict, row.release)
    assert document["results"] == kept["results"]
    assert "canary" in {each.door for each in ledgers.records(house.settings)}
    assert os.environ["TWIN_HOME"] == str(house.home)
