"""What API Gateway says of a stage, in the words of its own reference."""

from __future__ import annotations

from typing import Any

import pytest

from checks.evidence import Described
from tests.world.scripted_aws import Make, json_reply

STAGE = {"stageName": "prod", "deploymentId": "d1"}


@pytest.mark.parametrize(
    ("canary", "share", "leads"),
    (
        (None, "0", ""),
        ({"percentTraffic": 0.0, "deploymentId": "d0"}, "0", "d0"),
        ({"percentTraffic": 50.0, "deploymentId": "d0", "useStageCache": False}, "50", "d0"),
        ({"percentTraffic": 2.5}, "2.5", ""),
    ),
)
def test_a_stage_is_seen_with_its_canary(told: Make, canary: Any, share: str, leads: str) -> None:  # noqa: ANN401 - JSON
    """How much of all calls it serves, and from which deployment."""
    asked, _ = told(json_reply({**STAGE, **({"canarySettings": canary} if canary else {})}))
    seen = asked.described("AWS::ApiGateway::Stage", "af-south-1", "api1/prod")

    assert isinstance(seen, Described)
    words = dict(seen.words)
    assert (share, leads) == (words["canary's share"], words.get("canary", ""))
