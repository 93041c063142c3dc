"""Writing is asked for: by the person who verifies, or by the settings themselves."""

from __future__ import annotations

import pytest

from checks.doors import assembly
from checks.target import SettingsError, parse
from tests.promises import worlds
from tests.promises.worlds import APEX, resource

CLIENT = resource("AWS::Cognito::UserPoolClient", {"UserPoolId": "pool1"}, subject="Pool/Site", physical_id="c1")


def _planned(journeys: str, *, writes: bool) -> set[str]:
    text = f'schema = 1\n[site]\ndomain = "{APEX}"\n[journeys]\n{journeys}\n'
    settings = parse(text, name="shop", source="shop.toml")
    plan = assembly.live_plan(settings, worlds.site(CLIENT), accepted=None, release="", writes=writes)
    return {each.promise.name for each in plan.checks if each.promise.effect == "write"}


WALKED = {"journeys.signed_in", "journeys.refused", "journeys.swept", "journeys.locked"}


@pytest.mark.parametrize(
    ("journeys", "writes", "planned"),
    (
        ('client = "Pool/Site"', True, WALKED),
        ('client = "Pool/Site"', False, set()),
        ('client = "Pool/Site"\nalways = true', False, WALKED),
        ("always = true", True, set()),
        ("", True, set()),
    ),
    ids=("allowed", "not asked for", "always", "nothing described", "no journey"),
)
def test_nothing_is_written_that_nobody_asked_for(journeys: str, *, writes: bool, planned: set[str]) -> None:
    """Two keys to one door."""
    assert planned == _planned(journeys, writes=writes)


@pytest.mark.parametrize("writes", (True, False))
def test_a_misspelt_journey_is_refused_like_any_other_setting(*, writes: bool) -> None:
    """By file and key, whether it would have been walked or not."""
    with pytest.raises(SettingsError, match=r"shop.toml: journeys: unknown \['cleint'\]"):
        _planned('cleint = "Pool/Site"', writes=writes)
