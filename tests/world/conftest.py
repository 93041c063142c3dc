from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from moto import mock_aws

from checks.world.aws import Credentials, Limits, RealAws, real_aws
from checks.world.real import RealClock
from tests.world.authorities import Issuer, issuer_in
from tests.world.scripted_aws import Endpoint, Make, Reply

REGION = "af-south-1"


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The authority that the looks of the tests trust."""
    return issuer_in(tmp_path_factory.mktemp("trusted"), "Trusted")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """An authority that nobody trusts."""
    return issuer_in(tmp_path_factory.mktemp("stranger"), "Stranger")


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, for servers that would otherwise go on."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[RealAws]:
    """Asks moto."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with mock_aws():
        asked = real_aws(
            regions=[REGION],
            clock=RealClock(),
            credentials=Credentials(access_key_id="AKID", secret_access_key="hush"),
        )
        yield asked
        asked.close()


@pytest.fixture
def told() -> Iterator[Make]:
    """Makes an AWS that gives these replies in turn, and somebody who asks it."""
    made: list[tuple[RealAws, Endpoint]] = []

    def make(*replies: Reply) -> tuple[RealAws, Endpoint]:
        endpoint = Endpoint(replies)
        asked = real_aws(
            regions=[REGION],
            clock=RealClock(),
            endpoint=endpoint.url,
            credentials=Credentials(access_key_id="AKIDEXAMPLE", secret_access_key="hush"),
            limits=Limits(attempts=1),
        )
        made.append((asked, endpoint))
        return made[-1]

    yield make
    for asked, endpoint in made:
        asked.close()
        endpoint.close()
