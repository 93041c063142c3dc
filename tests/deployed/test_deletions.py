"""A resource that is taken out of the template and deployed away never ends green."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks import catalogue
from checks.doors import assembly
from checks.model import Resource, Target
from checks.run import exit_code
from checks.target import resolve
from tests.deployed.conftest import House, deployed_without, leaves_of, template_of, told

pytestmark = [pytest.mark.twin, pytest.mark.usefixtures("quiet")]

# Kinds of which something stands by itself: nothing else in the template refers to it.
DEPLOYED_AWAY = (
    "AWS::Lambda::Permission",
    *(
        pytest.param(each, marks=pytest.mark.long)
        for each in (
            "AWS::Backup::BackupSelection",
            "AWS::CloudWatch::Alarm",
            "AWS::Lambda::EventInvokeConfig",
            "AWS::Route53::RecordSet",
            "AWS::S3::BucketPolicy",
        )
    ),
)


def one_of_each_kind(whole: Target) -> list[Resource]:
    """The first of its kind in its stack."""
    return list({(stack.name, each.type): each for stack in whole.stacks for each in stack.resources[::-1]}.values())


def every_single_one(whole: Target) -> list[Resource]:
    """All of both stacks."""
    return [each for stack in whole.stacks for each in stack.resources]


@pytest.mark.parametrize("chosen", (one_of_each_kind, pytest.param(every_single_one, marks=pytest.mark.long)))
def test_no_resource_can_go_unseen(house: House, chosen: Callable[[Target], list[Resource]]) -> None:
    """Without it the floor or the accepted plan fails."""
    reach = assembly.connect(house.settings)
    ready = assembly.prepare(house.settings, reach)
    whole = resolve(house.settings, reach.world, pool=ready.pool)
    accepted = assembly.read_plan(assembly.accepted_file(house.settings))
    unseen = []
    for gone in chosen(whole):
        stacks = tuple(
            replace(stack, resources=tuple(each for each in stack.resources if each is not gone))
            for stack in whole.stacks
        )
        plan = assembly.live_plan(house.settings, replace(whole, stacks=stacks), accepted=accepted, release="")
        about = [each for each in plan.checks if each.promise.name in {"stack.floor", "stack.plan"}]
        if all(
            each.sight.judge(each.sight.look(reach.world), reach.world.clock.now()).status == "pass" for each in about
        ):
            unseen.append(gone.subject)

    assert [] == unseen
    assert len(catalogue.PROMISES) >= 25


@pytest.mark.parametrize("kind", DEPLOYED_AWAY)
def test_what_is_deployed_away_is_seen(house: House, kind: str) -> None:
    """One resource of the kind leaves the template, the stack is deployed for real, and the gate stays shut."""
    name = next(name for name, each in leaves_of(template_of(house)).items() if each == kind)

    with deployed_without(house, name):
        poorer = house.verify()
    mended = house.verify()

    assert 1 == exit_code(poorer), told(poorer)
    assert 0 == exit_code(mended), told(mended)
