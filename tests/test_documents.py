from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import documents
from checks.documents import NotJson
from tests.promises.worlds import response


@pytest.mark.parametrize(
    ("body", "kind", "page"),
    (
        pytest.param("", "text/html", True, id="by its type"),
        pytest.param("", "Text/HTML; charset=utf-8", True, id="by its type, in any case"),
        pytest.param("<!DOCTYPE  html>", "", True, id="by its beginning"),
        pytest.param("\ufeff\n<?xml version='1.0'?><!-- a --><!-- b --> <html>", "", True, id="behind preludes"),
        pytest.param("<?xml version='1.0'?><Error/>", "application/xml", False, id="XML"),
        pytest.param("<!-- a page that never begins", "", False, id="an endless comment"),
        pytest.param('{"a": "<html>"}', "application/json", False, id="JSON about a page"),
        pytest.param("<htmlx>", "", False, id="almost"),
    ),
)
def test_a_page_is_known_by_its_type_or_its_beginning(body: str, kind: str, *, page: bool) -> None:
    """A page that claims to be something else is a page all the same."""
    assert page == documents.is_page(response(200, body, kind))


def test_titles_and_parts_are_read_as_browsers_do() -> None:
    """Entities, white space, quotes and their absence."""
    parts = "<script src=/b.js></script><link rel='x' href='/a.css'><link href=\"/b.js\">"
    body = f"<TITLE lang=en> A &amp;\n B </TITLE>{parts}"

    assert "A & B" == documents.title(body)
    assert ("/a.css", "/b.js") == documents.parts(body)


@pytest.mark.parametrize("piece", ("<title", "<script ", "<!---->", "<!--", "<link href=", "<title>", "<?xml ?>"))
def test_hostile_pages_are_read_in_no_time(piece: str) -> None:
    """64 KiB of any beginning do not keep a judge busy."""
    body = piece * (64 * 1024 // len(piece))
    began = time.perf_counter()

    documents.read_page(response(200, body, "text/html"))
    documents.title(body)
    documents.parts(body)

    assert 2 > time.perf_counter() - began


@pytest.mark.parametrize(
    ("body", "why"),
    (
        pytest.param("", "empty", id="empty"),
        pytest.param("{} {}", "Extra data", id="two documents"),
        pytest.param('{"a": 1, "a": 1}', "twice", id="a name twice"),
        pytest.param("[Infinity]", "Infinity", id="infinity"),
        pytest.param("1", "neither", id="a number"),
        pytest.param("[" * 200_000, "not JSON", id="too deep"),
        pytest.param(f"[{'1' * 5000}]", "not JSON", id="too large"),
    ),
)
def test_json_is_read_strictly(body: str, why: str) -> None:
    """What one reader takes and another does not is no answer."""
    read = documents.read_json(response(200, body, "application/json"))

    assert isinstance(read, NotJson)
    assert why in read.why


@given(st.text(), st.sampled_from(["application/json", "text/html", ""]))
def test_no_text_makes_reading_stumble(body: str, kind: str) -> None:
    """Whatever comes back, there is an answer about it."""
    seen = response(200, body, kind)

    assert isinstance(documents.answered(seen, 200), str | list | dict)
    assert isinstance(documents.read_page(seen), str)
    assert isinstance(documents.parts(body), tuple)
