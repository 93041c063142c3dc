"""The page of costs: it says what the tool computes, the sums are sums, and the guide's figures stand beside them."""

from __future__ import annotations

import pytest

from tests.infra.conftest import ROOT
from tools import cost


def test_the_page_is_what_the_tool_computes() -> None:
    """Run `python tools/cost.py` after a change."""
    assert cost.page() == (ROOT / "docs" / "cost.md").read_text("utf-8")


def test_the_guide_s_lines_are_all_there_and_sum_up_to_its_total() -> None:
    """Ten services, R280 for a thousand users; and four lines that it has no figure for."""
    found = cost.lines(cost.usage_of(1_000))

    assert (10, 280) == (
        sum(each.guide is not None for each in found),
        sum(each.guide for each in found if each.guide is not None),
    )
    assert ["Point-in-time recovery", "Backups", "Secrets Manager", "Codes by SMS"] == [
        each.service for each in found if each.guide is None
    ]


def test_ten_times_the_users_cost_ten_times_what_they_use() -> None:
    """And not ten times what stands there anyway: a zone, secrets, alarms."""
    few, many = ({each.service: each.dollars for each in cost.lines(cost.usage_of(users))} for users in (1_000, 10_000))

    for service in ("Lambda", "API Gateway", "S3", "CloudFront", "Codes by SMS", "Backups"):
        assert many[service] == pytest.approx(10 * few[service]), service
    assert (few["Route 53"], few["Secrets Manager"]) == (many["Route 53"], many["Secrets Manager"])


def test_a_line_by_hand() -> None:
    """A million calls of 0.12 s at half a gigabyte: 60,000 GB-s, and the calls themselves."""
    line = cost.lines(cost.usage_of(1_000))[0]

    assert "Lambda" == line.service
    assert line.dollars == pytest.approx((60_000 * 0.0000133334 + 0.20) * 1.3)


def test_what_is_free_for_ever_makes_nothing_dearer() -> None:
    """And no line less than nothing."""
    for users in (0, 1_000, 10_000):
        use = cost.usage_of(users)
        pairs = zip(cost.lines(use, free=True), cost.lines(use), strict=True)
        assert all(0 <= given.dollars <= full.dollars for given, full in pairs)


def test_every_price_says_where_it_is_published() -> None:
    """By AWS itself, over TLS."""
    assert all(each.page.startswith("https://aws.amazon.com/") and each.dollars > 0 for each in cost.PRICES.values())


def test_what_was_compared_again_says_with_what_and_when() -> None:
    """On a public page, over TLS; a price without one is told as such."""
    again = {name for name, each in cost.PRICES.items() if each.again}

    assert {"lambda time", "api requests", "writes", "edge transfer"} <= again
    assert all(each.again.startswith("https://") for each in cost.PRICES.values() if each.again)
    assert cost.page().count("| – |") == len(cost.PRICES) - len(again)
