"""What each step of sign-in asks of AWS when the user pool calls it: exactly what its own role allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from khaya_api import triggers
from khaya_api.settings import read_carriers
from tests.api.conftest import Stage
from tests.api.grants import STEPS, called
from tests.api.walks import Seen, watch

USER = "0b9c2f9e-3f0e-4a51-9a77-0d3f4f3f8c11"
CARRIERS = read_carriers({"SYNTHETIC_PREFIX": "/khaya/synthetic", "SMS": "on"})
# A step by its name, with what the pool calls it with beside the user.
CALLS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "PreSignUp": ("PreSignUp_SignUp", {}),
    "PostConfirmation": ("PostConfirmation_ConfirmSignUp", {"clientMetadata": {"role": "worker"}}),
    "DefineAuthChallenge": ("DefineAuthChallenge_Authentication", {"session": []}),
    "CreateAuthChallenge": ("CreateAuthChallenge_Authentication", {"session": []}),
    "VerifyAuthChallenge": ("VerifyAuthChallengeResponse_Authentication", {"challengeAnswer": "000000"}),
    "PostAuthentication": ("PostAuthentication_Authentication", {}),
}


@dataclass(slots=True)
class Services:
    """What there is beside DynamoDB: takes whatever it is asked; `groups` are everybody's."""

    groups: list[str] = field(default_factory=list)

    def __getattr__(self, _name: str) -> Callable[..., Mapping[str, Any]]:
        def call(**_named: object) -> Mapping[str, Any]:
            groups = [{"GroupName": group} for group in self.groups]
            return {"SecretString": "Zk3v9QmT7xWb2LrN8cYp5HdJ6sFgA4eU", "Groups": groups}

        return call


def run(stage: Stage, name: str) -> None:
    """Call a step as the user pool does."""
    source, request = CALLS[name]
    about = {"userAttributes": {"sub": USER, "phone_number": "+27821234567"}, **request}
    event = {"triggerSource": source, "userPoolId": "pool", "userName": USER, "request": about, "response": {}}
    triggers.build(stage.kit, CARRIERS)(event, None)


def watched(stage: Stage, services: Services) -> Seen:
    """Note what is asked from now on, of DynamoDB and of everything else."""
    connect = stage.kit.connect
    stage.connected_by(lambda service: connect(service) if service == "dynamodb" else services)
    seen = watch(stage)
    stage.with_environ(SIGNING_SECRET="khaya/signing")
    return seen


@pytest.mark.parametrize("name", STEPS)
def test_a_step_asks_what_its_role_allows_and_nothing_else(stage: Stage, name: str) -> None:
    """A39: a synthetic user and another one, as both ways of a code are one step's; everything else the same."""
    services = Services()
    if name == "VerifyAuthChallenge":
        watched(stage, services)
        run(stage, "CreateAuthChallenge")
    seen = watched(stage, services)
    for groups in ([], [triggers.SYNTHETIC]):
        services.groups = groups
        run(stage, name)

    assert STEPS[name] == called(seen)
