"""Other people's rules about the templates: what they find is meant, with a reason, or it is a defect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from khaya_infra.toolchain import find_tools
from tests.infra import opinions
from tests.infra.conftest import ROOT, Assembly, context

# Where each stack is deployed, which decides what a property may say.
REGIONS = {"KhayaCertificate": "us-east-1", "KhayaStack": "af-south-1", "KhayaEdge": "us-east-1"}


def of_nag(given: dict[str, str]) -> list[opinions.Finding]:
    """What cdk-nag finds: rule and construct path."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": str(find_tools().node)}
    command = [sys.executable, str(Path(__file__).with_name("ask_nag.py")), json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=ROOT)
    assert 0 == done.returncode, done.stderr
    return [(rule, path) for rule, path in json.loads(done.stdout.splitlines()[-1])]


def of_lint(folder: Path) -> list[opinions.Finding]:
    """What cfn-lint finds: rule and construct path, the logical id where there is none."""
    found = []
    for stack, region in REGIONS.items():
        path = folder / f"{stack}.template.json"
        command = [sys.executable, "-c", "from cfnlint import runner; runner.main()", "--format", "json"]
        command += ["--regions", region, "--", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        resources = json.loads(path.read_text("utf-8"))["Resources"]
        assert not done.stderr, done.stderr
        for match in json.loads(done.stdout or "[]"):
            where = str((match["Location"]["Path"] or ["", ""])[1])
            place = resources.get(where, {}).get("Metadata", {}).get("aws:cdk:path", where)
            found.append((match["Rule"]["Id"], place))
    return found


def of_checkov(folder: Path) -> list[opinions.Finding]:
    """What Checkov finds: rule and construct path. It brings its own Python packages, and is fetched if it must be."""
    command = ["uv", "tool", "run", f"checkov=={opinions.CHECKOV}", "--directory", str(folder)]
    command += ["--framework", "cloudformation", "--output", "json", "--compact", "--quiet", "--skip-download"]
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert done.stdout.startswith("{"), done.stderr
    found = []
    for each in json.loads(done.stdout)["results"]["failed_checks"]:
        resources = json.loads((folder / each["file_path"].lstrip("/")).read_text("utf-8"))["Resources"]
        logical = each["resource"].rpartition(".")[2]
        found.append((each["check_id"], resources[logical]["Metadata"]["aws:cdk:path"]))
    return found


@pytest.fixture(scope="module")
def findings(assembly: Assembly) -> list[opinions.Finding]:
    """All findings of both."""
    return of_nag(context(assembly.folder.parent / "package.zip")) + of_lint(assembly.folder)


def test_whatever_they_find_is_meant(findings: list[opinions.Finding]) -> None:
    """An open door is either shut or has its reason in the list."""
    assert [] == opinions.unexplained(findings)


def test_no_reason_outlives_its_finding(findings: list[opinions.Finding]) -> None:
    """A line that is about nothing would excuse the next defect at its place."""
    assert [] == opinions.idle(findings)


def test_both_were_asked(findings: list[opinions.Finding]) -> None:
    """An instrument that finds nothing at all is taken for one that did not look."""
    rules = {rule for rule, _ in findings}

    assert {"AwsSolutions-SQS3", "W3005"} <= rules


@pytest.mark.long
def test_what_checkov_finds_is_meant_too(assembly: Assembly) -> None:
    """Nothing without a reason, no reason without a finding."""
    found = of_checkov(assembly.folder)

    assert [] == opinions.unexplained(found, opinions.MEANT_TO_CHECKOV)
    assert [] == opinions.idle(found, opinions.MEANT_TO_CHECKOV)


def test_a_new_finding_has_no_reason_yet() -> None:
    """The list is about places, not about rules alone."""
    assert [("AwsSolutions-S1", "KhayaStack/Storage/Bucket/Resource")] == opinions.unexplained(
        [
            ("AwsSolutions-S1", "KhayaStack/Storage/Bucket/Resource"),
            ("AwsSolutions-S1", "KhayaEdge/Visits/Bucket/Resource"),
        ]
    )


def test_the_page_is_the_list() -> None:
    """Made again by `python -m tests.infra.opinions > docs/second-opinions.md`."""
    assert opinions.page() == (ROOT / "docs" / "second-opinions.md").read_text("utf-8")
