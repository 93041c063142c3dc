"""What a function is told by its environment, read once when it starts.

Variables of the API function; a missing one never stops the import, `/health/deep` says what is out without it:

| variable | meaning |
| --- | --- |
| `USERS_TABLE` `PROFILES_TABLE` `JOBS_TABLE` `BIDS_TABLE` `LISTINGS_TABLE` | names of the nine tables … |
| `REVIEWS_TABLE` `CREDITS_TABLE` `REFERRALS_TABLE` `STORIES_TABLE` | … by noun |
| `STORAGE_BUCKET` | the bucket of uploads |
| `TRAIL_BUCKET` | the bucket of the trail of changes, for the audit function alone |
| `USER_POOL_ID` `USER_POOL_CLIENT_ID` | the user pool, and the client that the site signs in through |
| `ALLOWED_ORIGINS` | web origins that may call: `https://example.org,https://www.example.org` |
| `SIGNING_SECRET` | name or ARN of a secret in Secrets Manager, a plain random text of ≥ 32 characters |
| `SIGNING_KEY` | such a text itself, where there is no Secrets Manager; `SIGNING_SECRET` wins |
| `WRITES_PER_MINUTE` | how often one user may write, 20 unless told; a load test tells |
| `VERSION` `GIT_SHA` | the release; `khaya_api/release.json` (`{"version": "…", "git_sha": "…"}`) wins |
| `STAGE` | the deployment's name, shown by `/health` |
| `AWS_REGION` | set by Lambda |
| `LOG_LEVEL` | `WARNING`, `ERROR` or `CRITICAL`; anything else is `INFO` |

The daily function (`khaya_api.tasks.handler`) needs `JOBS_TABLE`, `BIDS_TABLE` and the release alone.

The sign-in function (`khaya_api.triggers.handler`, all triggers of the user pool) needs `USERS_TABLE`,
`REFERRALS_TABLE`, `SIGNING_SECRET` or `SIGNING_KEY`, the release, and what ways to carry a code there are, tried in
this order:

| variable | meaning |
| --- | --- |
| `SYNTHETIC_PREFIX` | where codes of users in the group `synthetic` go instead: `/khaya/synthetic` |
| `WHATSAPP_URL` `WHATSAPP_TEMPLATE` `WHATSAPP_SECRET` | the sender's messages address, a template, the token's secret |
| `SMS` | `on` to send through SNS |
| `EMAIL_SENDER` | the address that SES sends from |

Permissions of the sign-in function:

| action | on | for |
| --- | --- | --- |
| `dynamodb:GetItem` | `users` `referrals` | users and their phone and e-mail; codes |
| `dynamodb:PutItem` | `users` `referrals` | phone and e-mail, each one user's; codes and sends |
| `dynamodb:UpdateItem` | `users` `referrals` | sign-ins; tries |
| `cognito-idp:AdminAddUserToGroup` | the user pool | the role of a new user |
| `cognito-idp:AdminListGroupsForUser` | the user pool | whether a user is synthetic |
| `secretsmanager:GetSecretValue` | the signing secret, the WhatsApp secret | digests of codes; the provider's token |
| `sns:Publish` | `*`, as SMS has no resource | codes by SMS |
| `ses:SendEmail` | the sender's identity | codes by e-mail |
| `ssm:PutParameter` | parameters below the synthetic prefix | codes of synthetic users |

Permissions of the API function (`khaya_api.handler.handler`):

| action | on | for |
| --- | --- | --- |
| `dynamodb:GetItem` | `users` `profiles` `jobs` `bids` `listings` `reviews` | deep health; rows by key |
| `dynamodb:GetItem` | `credits` `referrals` `stories` | deep health; rows by key |
| `dynamodb:PutItem` | `jobs` `bids` `listings` `reviews` `credits` `referrals` `stories` | new rows |
| `dynamodb:UpdateItem` | `profiles` `jobs` `bids` `listings` `credits` `referrals` `stories` | changes, counters |
| `dynamodb:Query` | `jobs` `bids` `reviews` `stories` | rows by id, where the table has a sort key |
| `dynamodb:Query` | `profiles/LocationIndex` `jobs/StatusIndex` `jobs/BuyerIndex` | lists |
| `dynamodb:Query` | `bids/JobIndex` `bids/WorkerIndex` `listings/CategoryIndex` `listings/SellerIndex` | lists |
| `dynamodb:Query` | `reviews/ReviewedIndex` `credits/UserIndex` `referrals/CodeIndex` | lists |
| `dynamodb:Query` | `referrals/ReferrerIndex` `stories/PublicIndex` `stories/UserIndex` | lists |
| `s3:PutObject` | `profiles/*` `listings/*` `milestones/*` `messages/*` `proofs/*` of the bucket | signed uploads |
| `s3:ListBucket` | the bucket | deep health: HeadBucket |
| `cognito-idp:DescribeUserPoolClient` | the user pool | deep health: sign-in |
| `secretsmanager:GetSecretValue` | the signing secret | cursors |

Permissions of the daily function:

| action | on | for |
| --- | --- | --- |
| `dynamodb:Query` | `jobs/StatusIndex` `bids/JobIndex` | open jobs older than 30 days; their bids |
| `dynamodb:UpdateItem` | `jobs` `bids` | open → expired; pending → rejected |
| `dynamodb:GetItem` | `jobs` | the checkpoint |
| `dynamodb:PutItem` | `jobs` | the checkpoint |

Permissions of the trust function (`khaya_api.upkeep.handler`, once a day; needs `JOBS_TABLE`, `REVIEWS_TABLE`,
`PROFILES_TABLE` and the release):

| action | on | for |
| --- | --- | --- |
| `dynamodb:Query` | `jobs/StatusIndex` `reviews/ReviewedIndex` | completed jobs; what was said of their parties |
| `dynamodb:GetItem` | `jobs` `profiles` | the checkpoint; profiles |
| `dynamodb:PutItem` | `jobs` | the checkpoint |
| `dynamodb:UpdateItem` | `profiles` | scores |

Permissions of the audit function (`khaya_api.audit.handler`, fed by the streams with `ReportBatchItemFailures`; needs
`JOBS_TABLE`, `BIDS_TABLE`, `TRAIL_BUCKET` and the release), beside reading the streams:

| action | on | for |
| --- | --- | --- |
| `dynamodb:Query` | `bids/JobIndex` | bids that still wait on a job that no longer does |
| `dynamodb:UpdateItem` | `bids` | pending → rejected |
| `s3:PutObject` | `changes/*` of the trail's bucket | the trail |

No function scans, deletes, or touches a resource by wildcard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TABLES = ("users", "profiles", "jobs", "bids", "listings", "reviews", "credits", "referrals", "stories")

# As the contract with the site says, for each user.
WRITES_PER_MINUTE = 20

_RELEASE_FILE = Path(__file__).with_name("release.json")
_UNKNOWN = "unknown"
# A browser sends scheme, host and port, never a path; plain HTTP only ever means a developer's own machine.
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriers:
    """How codes are carried; empty texts for ways that there are not."""

    synthetic_prefix: str
    whatsapp_url: str
    whatsapp_template: str
    whatsapp_secret: str
    sms: bool
    email_sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One function's environment; `tables` has the configured ones alone, `problems` names variables amiss."""

    version: str
    git_sha: str
    region: str
    stage: str
    tables: Mapping[str, str]
    storage_bucket: str
    trail_bucket: str
    user_pool: str
    user_pool_client: str
    allowed_origins: frozenset[str]
    signing_secret: str
    signing_key: str
    writes_per_minute: int
    problems: tuple[str, ...]


def read_settings(environ: Mapping[str, str], release_file: Path = _RELEASE_FILE) -> Settings:
    """Read the environment; never raises, because a function that cannot start cannot say why."""
    release = _read_release(release_file)
    origins = [origin.strip() for origin in environ.get("ALLOWED_ORIGINS", "").split(",") if origin.strip()]
    return Settings(
        version=release.get("version") or environ.get("VERSION") or _UNKNOWN,
        git_sha=release.get("git_sha") or environ.get("GIT_SHA") or _UNKNOWN,
        region=environ.get("AWS_REGION", ""),
        stage=environ.get("STAGE") or _UNKNOWN,
        tables={noun: environ[name] for noun in TABLES if environ.get(name := table_variable(noun))},
        storage_bucket=environ.get("STORAGE_BUCKET", ""),
        trail_bucket=environ.get("TRAIL_BUCKET", ""),
        user_pool=environ.get("USER_POOL_ID", ""),
        user_pool_client=environ.get("USER_POOL_CLIENT_ID", ""),
        allowed_origins=frozenset(origin for origin in origins if _ORIGIN.fullmatch(origin)),
        signing_secret=environ.get("SIGNING_SECRET", ""),
        signing_key=environ.get("SIGNING_KEY", ""),
        writes_per_minute=_whole(environ.get("WRITES_PER_MINUTE"), WRITES_PER_MINUTE),
        problems=_problems(environ, origins),
    )


def read_carriers(environ: Mapping[str, str]) -> Carriers:
    """The ways that codes are carried, as the environment of the sign-in function names them."""
    return Carriers(
        synthetic_prefix=environ.get("SYNTHETIC_PREFIX", "").rstrip("/"),
        whatsapp_url=environ.get("WHATSAPP_URL", ""),
        whatsapp_template=environ.get("WHATSAPP_TEMPLATE", ""),
        whatsapp_secret=environ.get("WHATSAPP_SECRET", ""),
        sms=environ.get("SMS") == "on",
        email_sender=environ.get("EMAIL_SENDER", ""),
    )


def table_variable(noun: str) -> str:
    """The variable that names a table: `JOBS_TABLE` for `jobs`."""
    return f"{noun.upper()}_TABLE"


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and int(text) else otherwise


def _problems(environ: Mapping[str, str], origins: list[str]) -> tuple[str, ...]:
    wanted = [
        *map(table_variable, TABLES),
        "STORAGE_BUCKET",
        "USER_POOL_ID",
        "USER_POOL_CLIENT_ID",
        "AWS_REGION",
    ]
    missing = [name for name in wanted if not environ.get(name)]
    if not origins or not all(_ORIGIN.fullmatch(origin) for origin in origins):
        missing.append("ALLOWED_ORIGINS")
    if not environ.get("SIGNING_SECRET") and not environ.get("SIGNING_KEY"):
        missing.append("SIGNING_SECRET")
    return tuple(missing)


def _read_release(path: Path) -> Mapping[str, str]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {str(key): value for key, value in document.items() if isinstance(value, str)}
