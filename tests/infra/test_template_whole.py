"""What no template and no script of ours may have, and what follows when one changes. A, B: defect register."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from khaya_infra.toolchain import find_tools
from tests.infra.conftest import ROOT, Assembly, context

SERVERS = ("AWS::EC2::", "AWS::RDS::", "AWS::ElastiCache::", "AWS::ECS::", "AWS::ElasticLoadBalancing")
KEYS = {"AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::UserToGroupAddition"}
# Ids that AWS gave to something once: a distribution, a hosted zone, an API, an access key.
GIVEN = re.compile(r"\bE[A-Z0-9]{12,13}\b|\bZ[A-Z0-9]{13,20}\b|\b[a-z0-9]{10}\.execute-api\b|\bAKIA[A-Z0-9]{16}\b")


def resources(assembly: Assembly) -> list[tuple[str, dict[str, object]]]:
    """Type and properties of everything there is."""
    return [
        (each["Type"], each.get("Properties", {}))
        for template in (assembly.certificate, assembly.main, assembly.edge)
        for each in template.resources.values()
    ]


def scripts() -> list[Path]:
    """Whatever deploys: code, make, CI."""
    found = [ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / ".github").rglob("*.yml")]
    return [*found, *(ROOT / "khaya_infra").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]


def test_there_is_no_server_to_leave_open(assembly: Assembly) -> None:
    """B19, B20: no machine, database or security group, so no port that the world can reach."""
    assert [] == [kind for kind, _ in resources(assembly) if kind.startswith(SERVERS)]


def test_nobody_gets_a_key_that_lasts(assembly: Assembly) -> None:
    """B23: no user and no access key is made; who deploys signs in for the time it takes."""
    assert [] == [kind for kind, _ in resources(assembly) if kind in KEYS]


def test_no_stack_is_deleted_by_one_call(assembly: Assembly) -> None:
    """Each is protected, the rehearsal's like production's; whoever destroys a stage by name lifts it first."""
    stacks = {
        name: said["properties"].get("terminationProtection")
        for name, said in assembly.manifest["artifacts"].items()
        if said["type"] == "aws:cloudformation:stack"
    }

    assert 3 <= len(stacks)
    assert dict.fromkeys(stacks, True) == stacks


def test_no_secret_is_in_a_template(assembly: Assembly) -> None:
    """B21, D06: a variable that sounds like a secret is a reference to where the secret is kept."""
    functions = [said for kind, said in resources(assembly) if kind == "AWS::Lambda::Function"]
    variables = [
        pair for each in functions for pair in json.loads(json.dumps(each))["Environment"]["Variables"].items()
    ]
    spoken = {name: value for name, value in variables if re.search("SECRET|KEY|TOKEN|PASSWORD", name)}

    assert "SIGNING_SECRET" in spoken
    assert [] == [name for name, value in spoken.items() if isinstance(value, str) and not name.endswith("_SECRET")]
    assert '"SecretString":' not in json.dumps(resources(assembly))


def test_no_script_has_the_id_of_another_deployment() -> None:
    """B12, B13, B18: buckets, distributions and zones are found by the stack's outputs or by name, not written down."""
    found = {
        # The key of AWS's own documentation is named where the search for secrets is told to leave it alone.
        str(path.relative_to(ROOT)): [each for each in GIVEN.findall(path.read_text("utf-8")) if "EXAMPLE" not in each]
        for path in scripts()
    }

    assert {} == {name: ids for name, ids in found.items() if ids}


@pytest.mark.parametrize(
    "text", ("E1ABCDEFGHIJKL", "Z0123456789ABCDEFGHIJ", "abcde12345.execute-api", "AKIAIOSFODNN7EXAMPLE")
)
def test_an_id_that_was_written_down_would_be_seen(text: str) -> None:
    """The other side of the test above."""
    assert GIVEN.search(f"bucket = '{text}'")


def test_no_failure_is_talked_away() -> None:
    """B08, B15: neither CI nor make goes on over a step that failed."""
    talk = r"(?:step|make|python|pytest|npm|cdk|aws)\b.*\|\|\s*(?:true|echo|:)"
    hidden = re.compile(rf"{talk}|continue-on-error:\s*true|^\t-[a-z]", re.MULTILINE)
    found = {str(path.relative_to(ROOT)): hidden.findall(path.read_text("utf-8")) for path in scripts()[:2]}
    found |= {str(path): hidden.findall(path.read_text("utf-8")) for path in (ROOT / ".github").rglob("*.yml")}

    assert {} == {name: lines for name, lines in found.items() if lines}


def test_what_changes_the_api_changes_what_is_served(tmp_path: Path) -> None:
    """A41: a stage serves a copy; another route, protection, shape or error has to make another copy."""
    package = tmp_path / "package.zip"
    package.write_bytes(b"x")
    given = context(package)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "JSII_NODE": str(find_tools().node)}
    command = [sys.executable, str(Path(__file__).with_name("ask_deployments.py")), json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, cwd=ROOT)
    assert 0 == done.returncode, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])

    assert found["nothing"] == found["nothing again"]
    changed = {name: each for name, each in found.items() if not name.startswith("nothing")}
    assert [] == [name for name, each in changed.items() if each == found["nothing"]]
    assert len(changed) == len(set(changed.values()))
