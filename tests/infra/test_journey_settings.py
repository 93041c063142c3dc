"""The journeys of our own targets are about our own API: what they ask is what it offers, and to whom."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from checks.journey import Script, requests, script_of
from khaya_api.access import OPERATIONS, Operation, Role
from khaya_api.uploads import FileType

LOCAL = Path(__file__).parents[2] / "checks" / "targets" / "local.toml"


def _script() -> Script:
    script = script_of(tomllib.loads(LOCAL.read_text("utf-8"))["journeys"])
    assert script is not None
    return script


def _as_asked(operation: Operation) -> str:
    return f"{operation.method} {re.sub('<[^>]*>', '{id}', operation.path)}"


def test_every_route_of_another_group_is_tried() -> None:
    """A new one is not forgotten; the gateway weighs a body before anybody asks who sent it, so none with a body."""
    script = _script()
    groups = {Role(each) for each in requests(script.groups)}
    others = [each for each in OPERATIONS if each.who is not None and not groups & each.who]

    assert {_as_asked(each) for each in others if not each.has_body} == set(requests(script.closed))
    assert frozenset({Role.ADMIN}) in [each.who for each in others]


def test_the_lists_whose_pages_are_turned_have_what_was_written() -> None:
    """One's own, and everybody's: each takes a limit and gives a cursor."""
    known = {_as_asked(each): each.parameters or frozenset() for each in OPERATIONS}

    for request in requests(_script().pages):
        path, _, query = request.partition("?")
        assert {"limit", "cursor"} <= known[path], path
        assert query.startswith("limit=")


def test_the_page_that_is_uploaded_is_of_no_type_that_is_taken() -> None:
    """Should the API ever take pages, the journey looks where they come back."""
    assert '"contentType": "text/html"' in _script().upload_page
    assert "text/html" not in {each.value for each in FileType}
