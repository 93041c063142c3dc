"""Two emulators that agree are the nearest thing to AWS in a closed network; where they differ, a page says so."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from checks import catalogue, permissions
from checks import twin as twins
from checks.model import CannotLook
from checks.world.aws import Credentials, RealAws, real_aws
from checks.world.real import RealClock
from tests.foreign.making import ACCOUNT, REGION, ROOMS, Client, Made

pytestmark = pytest.mark.twin
PAGE = Path(__file__).parents[2] / "docs" / "twin.md"
# What each emulator draws anew: ids, and the end of a secret's ARN.
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|-[A-Za-z0-9]{6}$")

Answers = Mapping[str, object]


@pytest.fixture(scope="module")
def of_moto() -> Iterator[Answers]:
    """What moto answers."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    patch.setattr("moto.core.models.DEFAULT_ACCOUNT_ID", ACCOUNT, raising=False)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        asked = real_aws(
            regions=[REGION], clock=RealClock(), credentials=Credentials(access_key_id="AKID", secret_access_key="hush")
        )
        session: Any = boto3.Session("AKID", "hush", region_name=REGION)
        yield _answers(asked, session.client)
        asked.close()
    patch.undo()


@pytest.fixture(scope="module")
def of_twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """What the twin answers."""
    home = tmp_path_factory.mktemp("same")
    twin = twins.up(home=home, harness_actions=permissions.actions(catalogue.PROMISES))
    session: Any = boto3.Session(twin.access_key_id, twin.secret_access_key, region_name=REGION)

    def client(service: str) -> Any:  # noqa: ANN401 - one method for all services
        return session.client(service, endpoint_url=twin.endpoint, verify=str(twin.ca_bundle))

    asked = real_aws(
        regions=[REGION], clock=RealClock(), endpoint=twin.endpoint, ca_bundle=twin.ca_bundle,
        credentials=Credentials(access_key_id=twin.access_key_id, secret_access_key=twin.secret_access_key),
    )  # fmt: skip
    try:
        yield _answers(asked, client)
    finally:
        asked.close()
        twins.down(home=home)


def _answers(asked: RealAws, client: Client) -> Answers:
    """Every question's answer with what was drawn, and when, left out; what could not be looked up, in its words."""
    made = {name: one for room in ROOMS.values() for name, one in room(client).items()}
    return {name: _answer(asked, one) for name, one in made.items()}


def _answer(asked: RealAws, one: Made) -> object:
    try:
        return _plain(getattr(asked, one.question)(*one.arguments))
    except (CannotLook, NotImplementedError) as reason:
        return f"cannot look: {str(reason)[:100]}"


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            "": type(value).__name__,
            **{each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)},
        }
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return "a moment"
    return DRAWN.sub("*", value.replace("123456789012", ACCOUNT)) if isinstance(value, str) else value


def _differences(one: object, other: object, at: str) -> Iterator[str]:
    """Where two answers differ, as ``thing.field``."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        if "words" in one:
            words, others = dict(map(tuple, one["words"])), dict(map(tuple, other["words"]))
            yield from (f"{at}.{key}" for key in sorted({*words, *others}) if words.get(key) != others.get(key))
        for key in one:
            if key not in {"words", "name", "id"}:
                yield from _differences(one[key], other[key], f"{at}.{key}")
    elif one != other:
        yield at


def test_moto_and_the_twin_give_equal_evidence_or_the_page_says_where_not(of_moto: Answers, of_twin: Answers) -> None:
    """Field by field; a difference that is gone is taken from the page too."""
    found = {where for name in of_moto for where in _differences(of_moto[name], of_twin[name], name)}
    page = PAGE.read_text(encoding="utf-8").partition("## Where moto answers otherwise")[2]
    told = set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE))

    shown = {where: (of_moto[where.partition(".")[0]], of_twin[where.partition(".")[0]]) for where in found - told}
    assert {} == shown
    assert set() == told - found
