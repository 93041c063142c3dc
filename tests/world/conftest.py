from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.world.authorities import Issuer, issuer_in


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
