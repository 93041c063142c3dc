"""The guide's coverage and the threat model: nothing of the guide is missing, and what both name exists."""

from __future__ import annotations

import re

import pytest

from checks import catalogue
from khaya_infra.operate import VERBS
from tests.infra.conftest import ROOT

COVERAGE = (ROOT / "docs" / "guide-coverage.md").read_text("utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
INCIDENTS = (ROOT / "docs" / "incidents.md").read_text("utf-8")
# Every heading of the guide below its title, each once.
HEADINGS = (
    *("Architecture Overview", "Cost Breakdown (Serverless)", "Monthly Costs", "Free Tier Benefits", "Scaling Costs"),
    *("Quick Deployment (One Command)", "Prerequisites", "Deploy", "Manual Deployment Steps"),
    *("Route 53 Hosted Zone", "Dependencies", "Bootstrap CDK", "Build Application", "Deploy Infrastructure"),
    *("Upload Frontend", "SSL Certificate Setup", "DNS Configuration", "Automatic", "Manual", "Testing Deployment"),
    *("Monitoring & Logs", "Continuous Deployment", "GitHub Actions", "Frontend only", "Backend only", "Full stack"),
    *("Troubleshooting", "SSL Certificate Pending", "CloudFront 403 Errors", "Lambda Timeout", "DynamoDB Throttling"),
    *("Security Best Practices", "IAM Roles", "Scaling Strategy", "Optimization Tips", "Backup & Recovery"),
    *("Automated Backups", "Disaster", "Cleanup / Destroy Stack", "Full Cleanup", "Selective", "Support"),
    "Deployment Checklist",
)
# Every command that the guide has a reader type.
COMMANDS = (
    *("aws configure", "./deploy-serverless.sh", "aws route53 create-hosted-zone", "list-hosted-zones-by-name"),
    *("pnpm install", "npx cdk bootstrap", "pnpm build", "npm install --production", "npx cdk deploy", "aws s3 sync"),
    *("create-invalidation", "aws acm list-certificates", "curl -I", "aws cloudfront list-distributions"),
    *("change-resource-record-sets", "./test-deployment.sh", "aws dynamodb list-tables", "aws logs tail"),
    *("aws cloudwatch get-metric-statistics", "aws cloudwatch put-metric-alarm", "export-table-to-point-in-time"),
    *("restore-table-from-backup", "npx cdk destroy"),
)


@pytest.mark.parametrize("words", (*HEADINGS, *COMMANDS))
def test_nothing_of_the_guide_is_missing(words: str) -> None:
    """A heading, or a command."""
    assert words in COVERAGE


def test_the_eight_steps_and_the_nineteen_items_are_there() -> None:
    """In their order."""
    deploy = COVERAGE.partition("$ make deploy VERIFY=no\n")[2].partition("```")[0]

    assert [str(number) for number in range(1, 9)] == re.findall(r"^(\d)/8 ", deploy, re.MULTILINE)
    assert [str(number) for number in range(1, 20)] == re.findall(
        r"^\| (\d+) (?=\w.*\|.*\|$)", _checklist(), re.MULTILINE
    )


def _checklist() -> str:
    return COVERAGE.partition("## Deployment Checklist")[2]


def test_every_make_target_that_is_named_exists() -> None:
    """And every verb of operating is named: none is hidden from who reads the guide."""
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", COVERAGE))

    assert set() == named - targets
    assert set() == {verb.name for verb in VERBS} - named
    assert set() == {verb.name for verb in VERBS} - targets


@pytest.mark.parametrize("page", (COVERAGE, SECURITY, INCIDENTS), ids=("coverage", "security", "incidents"))
def test_every_promise_that_is_named_exists(page: str) -> None:
    """Or has been renamed."""
    families = {name.partition(".")[0] for name in catalogue.BY_NAME}
    named = {each for each in re.findall(r"`([a-z]+\.[a-z_0-9]+)`", page) if each.partition(".")[0] in families}

    assert len(named) > 15
    assert set() == named - set(catalogue.BY_NAME)


def test_every_row_about_templates_and_deploys_is_there_once() -> None:
    """43 of the one and 24 of the other, each with tests; a promise, or the reason why there is none."""
    rows = re.findall(r"^\| ([AB]\d\d) \| [^|]+ \| (`test_[^|]+) \| (.+) \|$", INCIDENTS, re.MULTILINE)
    told = {
        each for part in INCIDENTS.split("\n\n") if not part.startswith("|") for each in re.findall(r"[AB]\d\d", part)
    }

    assert [*(f"A{each:02}" for each in range(1, 44)), *(f"B{each:02}" for each in range(1, 25))] == [
        record for record, _, _ in rows
    ]
    assert set() == {record for record, _, promises in rows if "`" not in promises} - told


def test_every_test_that_holds_a_threat_exists() -> None:
    """A threat whose test was removed is a threat."""
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", SECURITY))

    assert len(named) > 25
    assert set() == named - written


def test_every_threat_is_held_by_something() -> None:
    """No line without a test or a promise."""
    threats = SECURITY.partition("## Threats")[2].partition("## What is left")[0]
    rows = [line.split("|")[1:3] for line in threats.splitlines() if line.startswith("| ") and "---" not in line]

    assert [] == [threat for threat, held in rows if "`" not in held and held.strip() != "held by"]
