from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.robots import groups_of, may_fetch, words_of_header, words_of_page

RULES = """\
# a comment
User-agent: Googlebot
User-agent: other
Disallow: /private
Allow: /private/open$

User-agent: *
Disallow: /
Sitemap: https://shop.test/sitemap.xml
"""


@pytest.mark.parametrize(
    ("engine", "path", "may"),
    (
        pytest.param("googlebot", "/", True, id="a group of its own goes before everybody's"),
        pytest.param("other", "/private", False, id="one group for two"),
        pytest.param("googlebot", "/private/x", False, id="below what is barred"),
        pytest.param("googlebot", "/private/open", True, id="the longer rule"),
        pytest.param("googlebot", "/private/opener", False, id="the end is the end"),
        pytest.param("bingbot", "/jobs", False, id="everybody's"),
    ),
)
def test_the_group_and_the_longest_rule_decide(engine: str, path: str, *, may: bool) -> None:
    """RFC 9309, 2.2.1 and 2.2.2."""
    assert may == may_fetch(groups_of(RULES), engine, path)


@pytest.mark.parametrize(
    ("text", "may"),
    (
        pytest.param("", True, id="nothing"),
        pytest.param("User-agent: *\nDisallow:", True, id="an empty rule is none"),
        pytest.param("User-agent: *\nDisallow: /\nAllow: /", True, id="of two as long the one that allows"),
        pytest.param("\ufeffUSER-AGENT : *\r\nDISALLOW : /jobs", False, id="a mark, capitals, spaces"),
        pytest.param("User-agent: *\nDisallow: /*/deep\n", True, id="a star needs what follows"),
        pytest.param("User-agent: *\nDisallow: /*bs\n", False, id="a star"),
        pytest.param("User-agent: *\nDisallow: *$\n", False, id="everything to the end"),
        pytest.param("User-agent: *\nDisallow: /j*x*s$", True, id="not all of the pieces"),
        pytest.param("User-agent: *\nDisallow: /%6Aobs", False, id="spelt with percent signs"),
        pytest.param("Disallow: /", True, id="a rule for nobody"),
        pytest.param("<!doctype html><title>Shop</title>", True, id="a page"),
    ),
)
def test_what_rules_say_of_a_page(text: str, *, may: bool) -> None:
    """``/jobs``, for an engine without a group of its own."""
    assert may == may_fetch(groups_of(text), "googlebot", "/jobs")


def test_a_header_names_its_engine() -> None:
    """A word behind an engine is for that one, until the next is named; a word with a value is no engine."""
    assert [("*", "noindex"), ("*", "max-snippet: 20")] == list(words_of_header("NoIndex, max-snippet: 20"))
    assert [("otherbot", "noindex"), ("otherbot", "nofollow")] == list(words_of_header("otherbot: noindex, nofollow"))


def test_a_page_speaks_by_elements() -> None:
    """In any order and case; what is commented out or for another engine is not said."""
    body = """<META content='NOINDEX,follow' name=robots><!-- <meta name="robots" content="none"> -->
    <meta name="bingbot" content="none"><meta name="otherbot" content="none"><meta name="description" content="noindex">
    """

    assert [("*", "noindex"), ("*", "follow"), ("bingbot", "none")] == list(words_of_page(body, ("bingbot",)))


@given(st.text(), st.text(), st.text(alphabet="*/$a%", max_size=60))
def test_any_text_is_read(text: str, path: str, pattern: str) -> None:
    """Nothing of it raises, whoever wrote it."""
    rules = groups_of(f"{text}\nUser-agent: *\nDisallow: {pattern}")

    assert may_fetch(rules, "googlebot", path) in {True, False}
    assert all(len(pair) == 2 for pair in (*words_of_header(text), *words_of_page(text, ())))


def test_a_rule_full_of_stars_takes_no_time() -> None:
    """Sixty thousand characters by a stranger are read in one pass."""
    started = time.process_time()
    may_fetch(groups_of(f"User-agent: *\nDisallow: {'*a' * 30_000}$"), "googlebot", "/" + "a" * 60_000)
    list(words_of_page("<meta " * 10_000 + "<!--" * 5_000, ()))

    assert time.process_time() - started < 5
