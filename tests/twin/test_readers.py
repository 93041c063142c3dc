"""By which ARN the twin weighs who reads a dashboard or a budget."""

from __future__ import annotations

import json

import pytest

from checks.twin.gaps.credentials import _shown

DASHBOARD = ("cloudwatch", "dashboard/Board")


@pytest.mark.parametrize(
    ("service", "asked", "body", "form", "named"),
    (
        pytest.param("monitoring", "Granite.GetDashboard", {"DashboardName": "Board"}, {}, DASHBOARD, id="as JSON"),
        pytest.param("monitoring", " GetDashboard /", None, {"DashboardName": ["Board"]}, DASHBOARD, id="as a form"),
        pytest.param("monitoring", " ListDashboards /", {}, {}, None, id="a list is of everything"),
        pytest.param(
            "budgets",
            "Budgets.DescribeBudget",
            {"AccountId": "1", "BudgetName": "Month"},
            {},
            ("budgets", "budget/Month"),
            id="a budget",
        ),
        pytest.param(
            "budgets", "Budgets.DescribeBudgets", {"AccountId": "1"}, {}, ("budgets", "budget/*"), id="every budget"
        ),
        pytest.param("logs", "Logs_20140328.DescribeLogGroups", {}, {}, None, id="another service"),
    ),
)
def test_what_has_no_region_is_named_by_its_account_alone(
    service: str,
    asked: str,
    body: dict[str, str] | None,
    form: dict[str, list[str]],
    named: tuple[str, str] | None,
) -> None:
    """Service Authorization Reference: both ARNs have an account and no region."""
    assert named == _shown(service, asked, json.dumps(body).encode() if body is not None else b"", form)
