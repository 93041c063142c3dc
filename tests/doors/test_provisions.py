"""What a canary takes along says the same as the settings that it was made of."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from checks import twin
from checks.doors.provisions import travelling
from checks.target import find, read
from checks.target.settings import from_plain
from checks.twin.state import Twin


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Twin:
    """A twin as its state says where it is."""
    edge = ("127.0.0.1", 4430)
    made = Twin(
        name="local", home=tmp_path, generation="g", fresh=False, endpoint="https://127.0.0.1:4566",
        account="000000000000", region="af-south-1", access_key_id="AKIA", secret_access_key="s",
        ca_bundle=tmp_path / "root.pem", ca_spki="", edge=edge, edge_http=("127.0.0.1", 8080), dns=("127.0.0.1", 5353),
        connect=MappingProxyType({("192.0.2.1", 443): edge, ("2001:db8::1", 443): edge}), role_arn="",
        pids=MappingProxyType({}),
    )  # fmt: skip
    made.ca_bundle.write_text("a certificate")
    monkeypatch.setattr(twin, "read", lambda **_: made)
    return made


def test_a_twin_is_written_out_for_its_canary(there: Twin) -> None:
    """Inside the function nobody knows of a twin: where it is found, and whom its visitors ask, comes along."""
    settings = read(find("local"))

    taken = from_plain(travelling(settings), name="local", source="the package")

    assert (False, settings.resolvers) == (taken.twin, taken.resolvers)
    assert ("127.0.0.1:5353", there.ca_bundle) == (taken.network.resolver, taken.network.ca_bundle)
    assert there.connect == taken.network.connect


def test_a_target_on_aws_takes_its_settings_along_as_they_are() -> None:
    """Its domain, stacks, limits and resolvers; not what only a deploy needs."""
    settings = read(find("prod"))

    taken = from_plain(travelling(settings), name="prod", source="the package")

    assert (settings.domain, settings.stacks, settings.resolvers) == (taken.domain, taken.stacks, taken.resolvers)
    assert () == taken.deploy
