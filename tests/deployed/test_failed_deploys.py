"""Deploys that fail, and releases that do not work: people are served the release before, and the way goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.run import exit_code
from tests.deployed.conftest import House, serving, told
from tests.deployed.desk import PATIENCE_S, Desk, assert_green, without_canary

# Two deploys each, and a look at everything: a minute or two.
pytestmark = [pytest.mark.twin, pytest.mark.long]


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    """Where commands are given from."""
    with without_canary(house, tmp_path) as made:
        yield made


BROKEN_PACKAGE = """
import sys, zipfile
from pathlib import Path
from khaya_infra import deploy
broken = Path(sys.argv.pop(1))
with zipfile.ZipFile(broken, "w") as archive:
    archive.writestr("khaya_api/__init__.py", "raise RuntimeError('this release cannot start')")
deploy.build_package = lambda *_, **__: broken
sys.exit(deploy.main(sys.argv[1:]))
"""

BROKEN_TEMPLATE = """
import sys
from khaya_infra import deploy
whole = deploy._cdk_deploy
deploy._cdk_deploy = lambda job, environ, stacks, context: whole(job, environ, stacks, {**context, "package": "/none"})
sys.exit(deploy.main(sys.argv[1:]))
"""

# Somebody is waited for who never comes, when all that serves is already the new release's.
STUCK_STACK = """
import sys
from khaya_infra import deploy
app, whole = sys.argv.pop(1), deploy.run_cdk
def stuck(tools, arguments, **rest):
    at = arguments.index("--app") + 1
    whole(tools, [*arguments[:at], f'"{sys.executable}" {app}', *arguments[at + 1 :]], **rest)
deploy.run_cdk = stuck
sys.exit(deploy.main(sys.argv[1:]))
"""

STUCK_APP = """
from aws_cdk import App, CfnResource
from khaya_infra.app import FLAGS, build
app = build(App(context=FLAGS))
main = app.node.try_find_child("KhayaStack")
if main is not None:
    rest = list(main.node.children)
    handle = CfnResource(main, "Handle", type="AWS::CloudFormation::WaitConditionHandle")
    waits = {"Handle": handle.ref, "Count": 1, "Timeout": "1"}
    late = CfnResource(main, "Late", type="AWS::CloudFormation::WaitCondition", properties=waits)
    late.node.add_dependency(*rest)
app.synth()
"""


def test_a_deploy_that_fails_among_the_stacks_is_taken_back_and_the_next_one_goes_on(
    house: House, desk: Desk, tmp_path: Path
) -> None:
    """CloudFormation takes back what it had done already; the release before serves on and stays on record."""
    good = "0c" * 20
    assert 0 == desk.deploy(good)[0]
    app = tmp_path / "stuck.py"
    app.write_text(STUCK_APP, "utf-8")

    command = desk.start("-c", STUCK_STACK, str(app), *desk.deployer("0d" * 20)[2:])
    _, err = command.communicate(timeout=PATIENCE_S)
    stacks = house.aws("cloudformation").describe_stacks(StackName="KhayaStack")["Stacks"]

    assert (1, 1) == (command.returncode, err.count("\n")), err
    assert "UPDATE_ROLLBACK_COMPLETE" == stacks[0]["StackStatus"]
    assert (good, good) == serving(house)
    assert good[:12] in desk.operate("releases")[1].splitlines()[0]
    again = desk.deploy("0e" * 20)
    assert 0 == again[0], again[1]
    assert ("0e" * 20, "0e" * 20) == serving(house)
    assert_green(house)


def test_a_deploy_that_fails_leaves_the_release_before_serving(house: House, desk: Desk) -> None:
    """1, with the reason in one line; the site was not touched, since the stacks come first."""
    good = "0a" * 20
    assert 0 == desk.deploy(good)[0]

    command = desk.start("-c", BROKEN_TEMPLATE, *desk.deployer("0b" * 20)[2:])
    _, err = command.communicate(timeout=PATIENCE_S)

    assert (1, 1) == (command.returncode, err.count("\n")), err
    assert "deploy: cdk deploy failed" in err
    assert (good, good) == serving(house)
    assert good[:12] in desk.operate("releases")[1].splitlines()[0]


def test_a_release_that_does_not_work_is_seen_and_taken_back(house: House, desk: Desk, tmp_path: Path) -> None:
    """The deploy of it succeeds, the gate stays shut, one command brings the release before back, and it opens."""
    good = "c3" * 20
    assert 0 == desk.deploy(good)[0]
    command = desk.start("-c", BROKEN_PACKAGE, str(tmp_path / "broken.zip"), *desk.deployer("d4" * 20)[2:])
    out, err = command.communicate(timeout=PATIENCE_S)
    assert 0 == command.returncode, out + err

    house.clients.clear()
    bad = house.verify()
    code, said = desk.operate("rollback")

    assert 1 == exit_code(bad), told(bad)
    assert 0 == code, said
    assert (good, good) == serving(house)
    house.quieten()
    assert_green(house)
