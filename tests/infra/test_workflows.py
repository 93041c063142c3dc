"""The workflows: actionlint finds nothing, no step holds a key, and each make target that they name exists."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from khaya_infra.toolchain import find_tools
from tests.infra.conftest import ROOT
from tools import account

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LINTER = """
const { createLinter } = require(process.argv[1]);
const { readFileSync } = require("node:fs");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  process.stdout.write(JSON.stringify(found));
  process.exit(0);
});
"""


# This build of actionlint is older than the runner; GitHub lists it among its hosted runners.
NEWER_RUNNER = 'label "ubuntu-24.04" is unknown'


def lint(*files: str) -> list[dict[str, Any]]:
    """What actionlint finds in these files."""
    tools = find_tools()
    module = tools.cdk.parents[2] / "actionlint" / "node.cjs"
    command = [str(tools.node), "-e", LINTER, str(module), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 0 == done.returncode, done.stderr
    return list(json.loads(done.stdout))


def steps_of(name: str, job: str) -> list[dict[str, Any]]:
    """The steps of a job."""
    document = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text("utf-8"))
    return list(document["jobs"][job]["steps"])


def test_actionlint_finds_nothing() -> None:
    """In none of them, but that it does not know the runner's name yet."""
    found = [each for each in lint(*map(str, WORKFLOWS)) if not each["message"].startswith(NEWER_RUNNER)]

    assert [] == found


def test_actionlint_finds_what_is_wrong(tmp_path: Any) -> None:  # noqa: ANN401 - pytest's own
    """The failing twin: a job that needs one that does not exist."""
    broken = tmp_path / "broken.yml"
    broken.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    needs: b\n    steps: [{run: 'true'}]\n")

    assert any("needs job" in each["message"] or '"b"' in each["message"] for each in lint(str(broken)))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_no_workflow_holds_a_key(file: Any) -> None:  # noqa: ANN401 - pytest's own
    """AWS is reached by a token of the moment; no secret of the repository is read at all."""
    text = file.read_text("utf-8")

    assert [] == re.findall(r"secrets\.\w+|AWS_(?:SECRET_)?ACCESS_KEY\w*", text)
    assert "permissions:\n  contents: read" in text


def test_only_the_deployment_may_ask_for_a_token() -> None:
    """And it runs in an environment, whose rules say who may let it through."""
    document = yaml.safe_load((ROOT / ".github/workflows/deploy-production.yml").read_text("utf-8"))

    asking = [name for name, job in document["jobs"].items() if "id-token" in job.get("permissions", {})]
    assert (["deploy"], "production", "test") == (
        asking,
        document["jobs"]["deploy"]["environment"],
        document["jobs"]["deploy"]["needs"],
    )


def test_every_make_target_that_is_named_exists() -> None:
    """Renaming one in the Makefile breaks the release, and is seen here first."""
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        word
        for file in WORKFLOWS
        for line in re.findall(r"run: make ([^\n]+)", file.read_text("utf-8"))
        for word in line.split()
        if "=" not in word
    }

    assert named
    assert named <= targets


def test_what_the_gate_refuses_is_taken_back_and_what_broke_half_way_is_brought_back() -> None:
    """In this order: deploy, the gate with its own way back; or, for half a deploy, what was whole last and a look."""
    steps = steps_of("deploy-production.yml", "deploy")
    runs = [step["run"] for step in steps if "run" in step and "tools.account" not in step["run"]]

    assert [
        "make preflight TARGET=prod",
        "make changes TARGET=prod",
        "make deploy TARGET=prod VERIFY=no",
    ] == runs[:3]
    gate, settle, again = (step for step in steps if step.get("run") in runs[3:])
    assert "python -m khaya_infra.operate gate --target prod --release" in gate["run"]
    assert "if" not in gate, "the gate is asked of every release that was deployed"
    assert (
        "make rollback TARGET=prod TO=last TEMPLATE=yes",
        "${{ failure() && steps.deploy.outcome == 'failure' }}",
    ) == (
        settle["run"],
        settle["if"],
    )
    assert "python -m checks verify --target prod" in again["run"]
    assert "${{ failure() && steps.settle.outcome == 'success' }}" == again["if"]


def test_a_person_has_the_same_gate() -> None:
    """One command, whoever gives it."""
    makefile = (ROOT / "Makefile").read_text("utf-8")

    assert re.search(r"^gate: .*\n\t\$\(call operate,", makefile, re.MULTILINE)


def test_a_release_is_searched_for_secrets_first() -> None:
    """D06: the whole history, of which a checkout brings one commit unless told; nothing deploys without the tests."""
    checkout, _, *steps = steps_of("deploy-production.yml", "test")
    document = yaml.safe_load((ROOT / ".github/workflows/deploy-production.yml").read_text("utf-8"))

    assert 0 == checkout["with"]["fetch-depth"]
    assert "make secrets" == steps[0]["run"]
    assert "test" == document["jobs"]["deploy"]["needs"]


def test_the_gate_is_asked_without_make() -> None:
    """Make turns every code but 0 into 2, and a verdict is more than that."""
    runs = [step.get("run", "") for step in steps_of("deploy-production.yml", "deploy")]

    assert [] == [run for run in runs if re.search(r"make (verify|gate)", run)]
    assert (1, 1) == (
        sum("python -m khaya_infra.operate gate" in run for run in runs),
        sum("python -m checks verify" in run for run in runs),
    )


def test_the_role_is_of_the_account_that_is_deployed_to(capsys: pytest.CaptureFixture[str]) -> None:
    """One number in one place: credentials of another account cannot be asked for."""
    assert (0, 64) == (account.main(["prod"]), account.main(["nowhere"]))
    said = capsys.readouterr()
    assert "account=123456789012\n" == said.out
    assert 1 == said.err.count("\n")


def test_everything_runs_on_a_schedule() -> None:
    """What is too long for every change is run every night."""
    document = yaml.safe_load((ROOT / ".github/workflows/full.yml").read_text("utf-8"))

    # YAML 1.1 reads the key `on` as a truth.
    assert "schedule" in document[True]
    assert "make full" in [step.get("run") for step in document["jobs"]["full"]["steps"]]
