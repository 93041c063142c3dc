"""A document is read to its end, or it was not read."""

from __future__ import annotations

import pytest

from checks import whole
from checks.evidence import Response, Silence
from checks.model import CannotLook
from tests.promises.worlds import response, silence, world

URL = "https://shop.test/api/openapi.json"


@pytest.mark.parametrize("seen", (response(url=URL), response(503, url=URL), silence()))
def test_a_document_comes_back_as_it_was(seen: Response | Silence) -> None:
    """With room for eight times of what is read of a page."""
    assert seen is whole.read_whole(world({("fetch", URL, ("most", 524_288)): seen}), URL)


def test_of_a_document_that_is_too_long_nothing_is_said() -> None:
    """Its first half would be no JSON, which is no fault of the API's; and it will not be shorter in a moment."""
    endless = response(url=URL, body="[" * 9, capped=True)

    with pytest.raises(CannotLook, match="longer than 512 KiB") as raised:
        whole.read_whole(world({("fetch", URL, ("most", 524_288)): endless}), URL)

    assert raised.value.final
