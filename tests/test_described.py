from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.described import Question, base_of, questions, read_only

AT = "https://shop.test/api/openapi.json"
WORDS = {"name": "status", "in": "query", "schema": {"$ref": "#/components/schemas/Status"}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50.0, "default": 20}}
CURSOR = {"name": "cursor", "in": "query", "schema": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}}
SCHEMAS = {"components": {"schemas": {"Status": {"type": "string", "enum": ["open", "closed"]}}}}


def _document(*parameters: dict[str, Any], **operation: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"paths": {"/jobs": {"get": {"parameters": list(parameters), **operation}}}, **SCHEMAS}


def _asked(*parameters: dict[str, Any], **operation: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    return [(each.wanted, each.query) for each in questions(_document(*parameters, **operation))]


def test_each_question_tells_one_thing_that_can_happen_to_a_query() -> None:
    """Dropped, dropped in part, cut at either end, decoded too early, encoded twice."""
    assert [
        ("answered", ""),
        ("refused", "status=nobody-made-this"),
        ("refused", "limit=51"),
        ("refused", "cursor=aaaa"),
        ("answered", "status=%6F%70%65%6E"),
        ("refused", "status=open&limit=51"),
        ("refused", "limit=51&status=open"),
        ("refused", "status=open%26limit=20"),
    ] == _asked(WORDS, LIMIT, CURSOR)


def test_one_parameter_is_enough() -> None:
    """There is no second one then to be cut off."""
    assert [("answered", ""), ("refused", "limit=51"), ("answered", "limit=%32%30")] == _asked(LIMIT)


def test_text_that_may_have_anything_behind_it_is_in_no_question_about_that() -> None:
    """``a&limit=20`` may well be a name."""
    name = {"name": "name", "in": "query", "schema": {"type": "string", "maxLength": 30, "default": "a"}}

    assert not any("%26" in query for _, query in _asked(name))
    assert ("refused", "limit=20%26name=a") in _asked(name, LIMIT)


@pytest.mark.parametrize(
    ("schema", "bad"),
    (
        pytest.param({"type": "integer", "maximum": 9}, "10", id="above"),
        pytest.param({"type": "integer", "minimum": 0}, "-1", id="below"),
        pytest.param({"type": "integer"}, "nobody-made-this", id="no number"),
        pytest.param({"type": ["integer", "null"], "maximum": 9}, "10", id="above, or nothing at all"),
        pytest.param({"type": "number", "maximum": 9.5}, "10", id="above a fraction"),
        pytest.param({"type": "boolean", "enum": [True]}, "nobody-made-this", id="one word"),
        pytest.param({"type": "string", "maxLength": 2}, "aaa", id="too long"),
    ),
)
def test_a_value_beyond_the_bounds_is_known(schema: dict[str, Any], bad: str) -> None:
    """By enum, by number, by length."""
    assert ("refused", f"p={bad}") in _asked({"name": "p", "in": "query", "schema": schema})


@pytest.mark.parametrize(
    "schema",
    (
        {},
        {"type": "string"},
        {"type": "string", "maxLength": 100_000},
        {"type": "string", "pattern": "^a$"},
        {"anyOf": [{"type": "integer", "maximum": 1}, {"type": "string"}]},
        {"$ref": "#/components/schemas/Gone"},
        {"$ref": "https://else.test/schema.json"},
    ),
    ids=str,
)
def test_a_parameter_without_bounds_is_not_asked_about(schema: dict[str, Any]) -> None:
    """Nothing could be told by it."""
    assert [] == _asked({"name": "p", "in": "query", "schema": schema})


def test_what_is_required_is_in_every_question() -> None:
    """Where a value of it is known; where none is, the operation is left alone."""
    assert [("answered", "status=open"), ("refused", "status=open&limit=51")] == _asked(
        {**WORDS, "required": True}, LIMIT
    )[:2]
    unknown = {"name": "where", "in": "query", "required": True, "schema": {"type": "string"}}
    header = {"name": "x-who", "in": "header", "required": True, "schema": {"type": "integer", "default": 1}}
    assert [] == _asked(unknown, LIMIT)
    assert [] == _asked(header, LIMIT)


def test_an_operation_that_asks_who_one_is_is_left_alone() -> None:
    """Its refusal would be for that, and not for the value; everywhere, unless it says otherwise."""
    locked: list[dict[str, list[str]]] = [{"token": []}]

    assert [] == _asked(LIMIT, security=locked)
    assert _asked(LIMIT, security=[{}, *locked])
    assert [] == list(questions({**_document(LIMIT), "security": locked}))
    assert questions({**_document(LIMIT, security=[]), "security": locked})


def test_swagger_is_read_too() -> None:
    """Its schemas are in the parameters, and its address is a path."""
    document = {"swagger": "2.0", "basePath": "/v1", **_document({"name": "n", "in": "query", "type": "integer"})}

    assert Question(path="/jobs", query="n=nobody-made-this", wanted="refused") in questions(document)
    assert "https://shop.test/v1" == base_of(document, AT, "x")


@pytest.mark.parametrize(
    ("servers", "base"),
    (
        pytest.param([{"url": "/api"}], "https://shop.test/api", id="a path"),
        pytest.param([{"url": "https://shop.test/v2/"}], "https://shop.test/v2", id="an address"),
        pytest.param([{"url": "https://else.test/v2"}], "where it was", id="another host's"),
        pytest.param([{"url": "https://{host}/v2"}], "where it was", id="a pattern"),
        pytest.param([{"url": "http://[x"}], "where it was", id="no address"),
        pytest.param([], "where it was", id="none"),
        pytest.param(None, "where it was", id="nothing"),
        pytest.param(["/api"], "where it was", id="not as it should be"),
    ),
)
def test_paths_begin_where_the_description_says(servers: object, base: str) -> None:
    """On the host that it came from."""
    assert base == base_of({"servers": servers}, AT, "where it was")


def test_routes_that_only_read_are_known_the_open_ones_first() -> None:
    """Not those that can be written to, and not those that need a name in their path."""
    read: dict[str, Any] = {"get": {"security": []}, "options": {}, "parameters": []}
    locked: dict[str, Any] = {"get": {"security": [{"token": []}]}}
    paths = {
        "/mine": locked,
        "/a": read,
        "/b": {**read, "post": {}},
        "/c/{id}": read,
        "/d": {"options": {}},
        "/e": read,
    }

    assert ("/a", "/e", "/mine") == read_only({"paths": paths})


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
NAMES = st.sampled_from(["enum", "type", "maximum", "minimum", "maxLength", "default", "anyOf", "$ref", "required"])
SCHEMA = st.dictionaries(
    NAMES, LEAF | st.lists(LEAF, max_size=2) | st.sampled_from(["integer", "number", "string", "#/paths", "query"])
)


@given(JSON, SCHEMA)
def test_any_document_is_read(junk: object, schema: dict[str, Any]) -> None:
    """Whatever somebody serves for a description; and every question can be sent as it is."""
    for document in (
        {"paths": junk, "servers": junk, "security": junk},
        {"paths": {"/a": junk}},
        {"paths": {"/a": {"get": {"parameters": junk}}}},
        _document({"name": "p", "in": "query", "schema": schema}, LIMIT),
    ):
        read_only(document)
        base_of(document, AT, "x")
        assert all(parse_qs(each.query, keep_blank_values=True) or not each.query for each in questions(document))


def test_a_reference_that_leads_to_itself_ends() -> None:
    """Nobody waits for it."""
    document = _document({"name": "p", "in": "query", "schema": {"$ref": "#/x"}}) | {"x": {"$ref": "#/x"}}

    assert () == questions(json.loads(json.dumps(document)))
