from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.identifiers import API, CLIENT, DOMAIN, IDENTITIES, POOL, REGION, ids_in

CLIENT_ID = "1h57kf5cpq17m0eml12EXAMPLE"


@pytest.mark.parametrize(
    ("text", "found"),
    (
        pytest.param('userPoolId:"af-south-1_aB3dE6gH9"', [(POOL, "af-south-1_aB3dE6gH9")], id="a pool"),
        pytest.param(
            "https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_aB3dE6gH9/.well-known",
            [(POOL, "us-gov-west-1_aB3dE6gH9")],
            id="an issuer",
        ),
        pytest.param("us-east-1_XXXXXXXXX", [], id="an example's"),
        pytest.param("us-east-1_short", [], id="too short"),
        pytest.param("us-east-1_aB3dE6gH9x", [], id="too long"),
        pytest.param("xus-east-1_aB3dE6gH9", [], id="the end of another word"),
        pytest.param(
            "us-east-1:12345678-1234-1234-1234-123456789abc",
            [(IDENTITIES, "us-east-1:12345678-1234-1234-1234-123456789abc")],
            id="an identity pool",
        ),
        pytest.param(
            "fetch(`https://a1b2c3d4e5.execute-api.af-south-1.amazonaws.com/prod`)", [(API, "a1b2c3d4e5")], id="an API"
        ),
        pytest.param("wss://shop.auth.eu-west-1.amazoncognito.com", [(DOMAIN, "shop")], id="a domain"),
        pytest.param(f'userPoolWebClientId:"{CLIENT_ID}"', [(CLIENT, CLIENT_ID)], id="a client by its name"),
        pytest.param(f'{{"client_id": "{CLIENT_ID}"}}', [(CLIENT, CLIENT_ID)], id="a client in JSON"),
        pytest.param(f"?client_id={CLIENT_ID}&x", [(CLIENT, CLIENT_ID)], id="a client in an address"),
        pytest.param('clientId:"123-abc.apps.googleusercontent.com"', [], id="a client of somebody else"),
        pytest.param('letters:"abcdefghijklmnopqrstuvwxyz"', [], id="the alphabet"),
        pytest.param('{region:"us-east-1"}', [], id="a region in a script"),
    ),
)
def test_an_id_is_known_by_its_shape(text: str, found: list[tuple[str, str]]) -> None:
    """As scripts and documents write them."""
    assert found == list(ids_in(text))


def test_regions_are_read_in_documents_alone() -> None:
    """A library for AWS names every region there is."""
    text = '{"aws_project_region": "eu-west-1", "Region" : "nowhere"}'

    assert [(REGION, "eu-west-1")] == list(ids_in(text, document=True))
    assert [] == list(ids_in(text))


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """Nothing of it raises."""
    assert list(ids_in(text, document=True)) is not None


@pytest.mark.parametrize("piece", ("us-east-1_", "client_id=", "a1-", "region  ", "a.auth.", '"region":'))
def test_a_long_text_takes_no_time(piece: str) -> None:
    """Two million characters by a stranger are read in one pass."""
    started = time.process_time()
    list(ids_in(piece * (2_000_000 // len(piece)), document=True))

    assert time.process_time() - started < 10
