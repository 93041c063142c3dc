"""Writes docs/cost.md: what the marketplace costs in a month, computed from stated usage and public prices.

``python tools/cost.py``; a test compares. Every price has the page that it was read from, every amount its arithmetic,
so that whoever doubts a figure changes it in one place.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

# List prices of this month in us-east-1, the region that AWS gives its examples for, without tax.
PRICED_ON = "November 2025"
COMPARED_ON = "22 November 2026"
# Cape Town is listed dearer, by 10 to 35 % and by service. An allowance, not a price: AWS's price list has each.
CAPE_TOWN = 1.30
RAND_PER_DOLLAR = 17.50
_FEW = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One month of so many users. Sizes are in gigabytes, `texts` are sign-in codes sent by SMS."""

    users: int
    requests: float
    seconds: float
    memory: float
    reads: float
    writes: float
    stored: float
    files: float
    transfer: float
    logs: float
    texts: int
    secrets: int
    alarms: int
    canary: int


def usage_of(users: int) -> Usage:
    """What is assumed of each user in a month: 1,000 requests, 50 MB of pages and photos, a code every other month.

    The guide's own million requests for a thousand users, but at the duration that was measured for a read (60 ms, and
    cold starts) rather than at a whole second.
    """
    thousand = users / 1000
    return Usage(
        users=users,
        requests=1e6 * thousand,
        seconds=0.12,
        memory=0.5,
        reads=2e6 * thousand,
        writes=1e6 * thousand,
        stored=1.0 * thousand,
        files=10 * thousand,
        transfer=50 * thousand,
        logs=1.2 * thousand,
        texts=round(500 * thousand),
        secrets=2,
        alarms=60,
        canary=30,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One service: dollars a month, how they come about, and the guide's figure in rand, None where it has none."""

    service: str
    dollars: float
    how: str
    guide: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars for one unit, and where that is published; `everywhere` is a price that no region changes.

    `again` is the page that was seen to say the same on `COMPARED_ON`.
    """

    dollars: float
    unit: str
    page: str
    everywhere: bool = False
    again: str = ""

    @property
    def here(self) -> float:
        """What is paid in Cape Town."""
        return self.dollars if self.everywhere else self.dollars * CAPE_TOWN


_AWS = "https://aws.amazon.com"
_ON_DEMAND = f"{_AWS}/dynamodb/pricing/on-demand/"
_LAMBDA_AGAIN = "https://cloudchipr.com/blog/aws-lambda-pricing"
_ON_DEMAND_AGAIN = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"
_COPIES_AGAIN = "https://finops.com.py/services/dynamodb/backups"
PRICES: dict[str, Price] = {
    "lambda requests": Price(
        dollars=0.20, unit="million requests", page=f"{_AWS}/lambda/pricing/", again=_LAMBDA_AGAIN
    ),
    "lambda time": Price(
        dollars=0.0000133334, unit="GB-second, Arm", page=f"{_AWS}/lambda/pricing/", again=_LAMBDA_AGAIN
    ),
    "api requests": Price(
        dollars=3.50,
        unit="million REST calls",
        page=f"{_AWS}/api-gateway/pricing/",
        again="https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html",
    ),
    "reads": Price(dollars=0.125, unit="million read units", page=_ON_DEMAND, again=_ON_DEMAND_AGAIN),
    "writes": Price(dollars=0.625, unit="million write units", page=_ON_DEMAND, again=_ON_DEMAND_AGAIN),
    "table storage": Price(dollars=0.25, unit="GB-month over 25 GB", page=_ON_DEMAND),
    "recovery": Price(dollars=0.20, unit="GB-month", page=_ON_DEMAND, again=_COPIES_AGAIN),
    "backup": Price(dollars=0.10, unit="GB-month", page=f"{_AWS}/backup/pricing/", again=_COPIES_AGAIN),
    "files": Price(dollars=0.023, unit="GB-month", page=f"{_AWS}/s3/pricing/"),
    "edge transfer": Price(
        dollars=0.110,
        unit="GB, South Africa, over 1,024 GB",
        page=f"{_AWS}/cloudfront/pricing/",
        everywhere=True,
        again=f"{_AWS}/cloudfront/pricing/",
    ),
    "zone": Price(dollars=0.50, unit="zone", page=f"{_AWS}/route53/pricing/", everywhere=True),
    "logs": Price(
        dollars=0.50,
        unit="GB taken in",
        page=f"{_AWS}/cloudwatch/pricing/",
        again="https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "alarms": Price(dollars=0.10, unit="alarm", page=f"{_AWS}/cloudwatch/pricing/"),
    "secrets": Price(dollars=0.40, unit="secret", page=f"{_AWS}/secrets-manager/pricing/"),
    "texts": Price(dollars=0.0280, unit="SMS to South Africa", page=f"{_AWS}/sns/sms-pricing/", everywhere=True),
}
# What is free for ever, not for the first year alone.
_FREE_EDGE_GB, _FREE_TABLE_GB, _FREE_ALARMS, _FREE_LOGS_GB = 1024.0, 25.0, 10, 5.0
_FREE_REQUESTS, _FREE_GB_SECONDS = 1e6, 400_000.0
# How many copies are kept: 35 daily ones and 12 monthly ones, each of the whole, as AWS Backup bills tables.
_COPIES = 35 + 12


def lines(use: Usage, *, free: bool = False) -> tuple[Line, ...]:
    """What each service costs; `free` takes off what AWS gives every account for ever."""

    def cost(name: str, amount: float, given: float = 0.0) -> float:
        return PRICES[name].here * max(0.0, amount - (given if free else 0.0))

    busy = use.requests * use.seconds * use.memory
    return (
        Line(
            service="Lambda",
            dollars=cost("lambda requests", use.requests / 1e6, _FREE_REQUESTS / 1e6)
            + cost("lambda time", busy, _FREE_GB_SECONDS),
            how=f"{use.requests / 1e6:g} M requests × {use.seconds:g} s × {use.memory:g} GB = {busy:,.0f} GB-s",
            guide=50,
        ),
        Line(
            service="API Gateway",
            dollars=cost("api requests", use.requests / 1e6),
            how=f"{use.requests / 1e6:g} M calls",
            guide=30,
        ),
        Line(
            service="DynamoDB",
            dollars=cost("reads", use.reads / 1e6)
            + cost("writes", use.writes / 1e6)
            + PRICES["table storage"].here * max(0.0, use.stored - _FREE_TABLE_GB),
            how=f"{use.reads / 1e6:g} M read and {use.writes / 1e6:g} M write units, {use.stored:g} GB",
            guide=100,
        ),
        Line(service="S3", dollars=cost("files", use.files), how=f"{use.files:g} GB kept", guide=20),
        Line(
            service="CloudFront",
            dollars=cost("edge transfer", use.transfer, _FREE_EDGE_GB),
            how=f"{use.transfer:g} GB to South Africa",
            guide=50,
        ),
        Line(service="Route 53", dollars=cost("zone", 1), how="one zone; alias answers are free", guide=10),
        Line(service="Cognito", dollars=0.0, how=f"{use.users:,} users; 10,000 a month are free", guide=0),
        Line(service="Certificate Manager", dollars=0.0, how="public certificates are free", guide=0),
        Line(service="EventBridge", dollars=0.0, how="AWS's own schedules are free", guide=0),
        Line(
            service="CloudWatch",
            dollars=cost("logs", use.logs, _FREE_LOGS_GB) + cost("alarms", use.alarms, _FREE_ALARMS),
            how=f"{use.logs:g} GB of logs, {use.alarms} alarms",
            guide=20,
        ),
        Line(
            service="Point-in-time recovery",
            dollars=cost("recovery", use.stored),
            how=f"{use.stored:g} GB, nine tables",
            guide=None,
        ),
        Line(
            service="Backups",
            dollars=cost("backup", use.stored * _COPIES),
            how=f"{use.stored:g} GB × {_COPIES} copies",
            guide=None,
        ),
        Line(service="Secrets Manager", dollars=cost("secrets", use.secrets), how=f"{use.secrets} secrets", guide=None),
        Line(service="Codes by SMS", dollars=cost("texts", use.texts), how=f"{use.texts:,} messages", guide=None),
    )


def total(found: tuple[Line, ...]) -> float:
    """Dollars a month, all together."""
    return sum(each.dollars for each in found)


def page() -> str:
    """The whole page."""
    parts = [_HEAD.format(day=PRICED_ON, rate=RAND_PER_DOLLAR, more=CAPE_TOWN - 1)]
    for users, guide in ((_FEW, "R280"), (10_000, "R800 to R1,200")):
        found = lines(usage_of(users))
        parts.append(f"\n## {users:,} users\n\n{_COLUMNS}")
        parts += [_row(each, first=users == _FEW) for each in found]
        parts.append(f"| **total** | | **{total(found):.2f}** | **{_rand(total(found))}** | **{guide}** |\n")
        given = total(lines(usage_of(users), free=True))
        parts.append(f"\nLess what is free for ever: USD {given:.2f}, R{_rand(given)}.")
        named = tuple(each for each in found if each.guide is not None)
        parts.append(f" The guide's own ten lines alone: USD {total(named):.2f}, R{_rand(total(named))}.\n")
    parts.append(_FOOT.format(slow=500_000 * PRICES["lambda time"].here))
    parts.append(_PRICES.format(day=PRICED_ON, again=COMPARED_ON))
    parts += [
        f"| {name} | {each.dollars:g} | {each.unit} | <{each.page}> | {f'<{each.again}>' if each.again else '–'} |\n"
        for name, each in PRICES.items()
    ]
    return "".join(parts)


def _row(line: Line, *, first: bool) -> str:
    guide = "left out" if line.guide is None else str(line.guide) if first else ""
    return f"| {line.service} | {line.how} | {line.dollars:.2f} | {_rand(line.dollars)} | {guide} |\n"


def _rand(dollars: float) -> str:
    return f"{dollars * RAND_PER_DOLLAR:,.0f}"


_PRICES = """
## Prices

As published by AWS in {day}. A last column says which public page, AWS's own or somebody else's, was seen to say the
same on {again}; of the others no copy with a figure was found that day.

| what | USD | for one | published at | seen again at |
| --- | ---: | --- | --- | --- |
"""

_COLUMNS = "| service | usage | USD | ZAR | guide, ZAR |\n| --- | --- | ---: | ---: | ---: |\n"

_HEAD = """\
# Cost

What a month costs, computed by `python tools/cost.py` from the usage in each line and the list prices of {day}, at
R{rate:.2f} to the dollar, before tax. A test compares this page with what the tool computes. Prices and the rand move:
change a figure in the tool, run it, and the page follows. The prices are those of us-east-1; for Cape Town, which is
listed dearer, {more:.0%} are added to all that depends on the region: an allowance, not a price.

The guide's usage for 1,000 users is a million requests a month and 50 GB to visitors. It counts a whole second for each
request, and 25 GB in the tables from the first day; here a request takes 0.12 s at 512 MB, cold starts included, and a
thousand users keep 1 GB.
"""

_FOOT = """
## What the guide left out

- **Codes by SMS** are the largest line of all: each sign-in by phone costs about half a rand. A new account may spend
  one dollar a month, so the limit must be raised before there are users (`make preflight` shows it).
- **Point-in-time recovery and backups.** The guide promises them and gives them no price.
- **Secrets and alarms.** Few cents each, paid by number, whether or not anybody visits.
- **A second's work per request** at 512 MB would be 500,000 GB-s for a million requests: USD {slow:.2f}, beside the
  guide's R50, unless the 400,000 GB-s that every account is given are still free.
- **The free tier of the first 12 months** is not counted, since it ends. What is free for ever is told below a table.
- **The budget of R500** that the guide speaks of is passed by a thousand users who sign in by SMS.
- **Not in use, so not counted:** a web application firewall, WhatsApp messages, provisioned concurrency, a cache before
  DynamoDB.
"""


if __name__ == "__main__":
    (ROOT / "docs" / "cost.md").write_text(page(), encoding="utf-8")
    sys.exit(0)
