"""Everything that can be promised, in the order a person would ask; its limits; and what stands on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

from checks.blocking import Dependency
from checks.coverage import coverage, is_about_coverage, named
from checks.frozen import dataclass
from checks.journey import Script
from checks.model import Check, Place, Promise, Target, Waiver
from checks.naming import glob
from checks.plan import Plan, compare, freeze
from checks.promises import (
    alarms,
    api,
    api_names,
    assets,
    auth,
    backup_notices,
    backups,
    behaviours,
    boards,
    bucket_rules,
    buckets,
    callers,
    cdn,
    certificates,
    clients,
    configured,
    contract,
    cookies,
    copies,
    descriptions,
    dns,
    doubles,
    edges,
    engines,
    error_pages,
    filters,
    firewalls,
    functions,
    guards,
    guests,
    handshakes,
    httpapis,
    identity,
    intruders,
    jobs,
    journeys,
    keepings,
    lendings,
    logs,
    manners,
    mappings,
    queues,
    records,
    registrations,
    releases,
    roles,
    samples,
    schedules,
    servers,
    signals,
    signatures,
    signers,
    signins,
    site,
    stack,
    stages,
    table_rules,
    tables,
    tls,
    topics,
    upkeep,
    workflows,
    zones,
)
from checks.promises.functions import Ended
from checks.recoveries import Past
from checks.settling import Settling
from checks.target.settings import Expectations, SettingsError
from checks.vantage import Need

PROMISES: tuple[Promise[Any], ...] = (
    *identity.PROMISES,
    *stack.PROMISES,
    *upkeep.PROMISES,
    *zones.PROMISES,
    *registrations.PROMISES,
    *dns.PROMISES,
    *records.PROMISES,
    *servers.PROMISES,
    *signatures.PROMISES,
    *certificates.PROMISES,
    *tls.PROMISES,
    *handshakes.PROMISES,
    *cdn.PROMISES,
    *behaviours.PROMISES,
    *edges.PROMISES,
    *firewalls.PROMISES,
    *site.PROMISES,
    *error_pages.PROMISES,
    *assets.PROMISES,
    *configured.PROMISES,
    *engines.PROMISES,
    *cookies.PROMISES,
    *api.PROMISES,
    *contract.PROMISES,
    *descriptions.PROMISES,
    *samples.PROMISES,
    *manners.PROMISES,
    *stages.PROMISES,
    *guards.PROMISES,
    *httpapis.PROMISES,
    *api_names.PROMISES,
    *auth.PROMISES,
    *signins.PROMISES,
    *guests.PROMISES,
    *signers.PROMISES,
    *clients.PROMISES,
    *functions.PROMISES,
    *callers.PROMISES,
    *mappings.PROMISES,
    *workflows.PROMISES,
    *tables.PROMISES,
    *table_rules.PROMISES,
    *backups.PROMISES,
    *jobs.PROMISES,
    *copies.PROMISES,
    *backup_notices.PROMISES,
    *buckets.PROMISES,
    *bucket_rules.PROMISES,
    *schedules.PROMISES,
    *doubles.PROMISES,
    *queues.PROMISES,
    *topics.PROMISES,
    *alarms.PROMISES,
    *filters.PROMISES,
    *signals.PROMISES,
    *boards.PROMISES,
    *logs.PROMISES,
    *keepings.PROMISES,
    *lendings.PROMISES,
    *roles.PROMISES,
    *releases.PROMISES,
    *journeys.PROMISES,
    *intruders.PROMISES,
)
BY_NAME: Mapping[str, Promise[Any]] = {each.name: each for each in PROMISES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The limits, each with its one default. Settings override them by name, as a number of the unit in the name."""

    # Seven days are what it takes to notice over a long weekend and to issue another; ACM renews 60 days before.
    certificate_critical_days: float = 7
    # ACM has told of trouble for two weeks by then (its notices begin 45 days before the end).
    certificate_warning_days: float = 30
    # Registrars send their notices 45, 30, 15 and 7 days before the end, to an address that somebody may have left.
    registration_warning_days: float = 45
    # The negative TTL of a Route 53 zone is the lesser of its SOA's TTL (900) and minimum (86400): RFC 2308, 5.
    negative_ttl_seconds: float = 900
    # An hour: what a move to another address may take; CloudFront's own addresses live for a minute.
    address_ttl_seconds: float = 3600
    # DynamoDB says that the latest restorable time is typically five minutes before now.
    restorable_critical_minutes: float = 60
    restorable_warning_minutes: float = 15
    # Half a year: what browsers' preload lists asked for at first (hstspreload.org asks for a year today).
    hsts_days: float = 180
    # CloudFront's guide speaks of minutes; after half an hour no edge is still on its way.
    distribution_minutes: float = 30
    # Five minutes: CloudFront's own default until it became ten seconds.
    error_kept_seconds: float = 300
    # Ten minutes: who opened the page before a release has the new one soon after it.
    page_kept_seconds: float = 600
    # A day at least for what gets another name with every change.
    asset_kept_seconds: float = 86400
    # A table without data is made within a minute; restoring one may take an hour.
    table_creating_minutes: float = 60
    # Five minutes: what API Gateway keeps an authorizer's answer for where nothing is said.
    authorizer_kept_seconds: float = 300
    # A daily plan, its start window and its completion.
    recovery_point_critical_hours: float = 26
    # A tenth: what a table loses in a day by its own doing is less, and a copy that holds nothing is far below.
    recovery_point_least_percent: float = 10
    # A quarter of a year, as often as people who know the way change.
    restore_tried_days: float = 90
    # As long as CloudWatch lists a metric that nobody tells any more (API reference, ListMetrics).
    metric_silent_days: float = 14
    # A day: whatever is looked after for longer needs somebody who watches it.
    silenced_hours: float = 24


# The share of checks that may need a second look before that is news: a lost packet in a run of a hundred is not.
RECOVERED = 0.02

# From which day AWS no longer patches a runtime: "Lambda runtimes", table "Deprecated runtimes" and the planned dates.
ENDED_RUNTIMES: tuple[Ended, ...] = (
    Ended(runtime="python2.7", on="2021-07-15"),
    Ended(runtime="python3.6", on="2022-07-18"),
    Ended(runtime="python3.7", on="2023-12-04"),
    Ended(runtime="python3.8", on="2024-10-14"),
    Ended(runtime="python3.9", on="2025-12-15"),
    Ended(runtime="python3.10", on="2026-10-31"),
    Ended(runtime="python3.11", on="2027-06-30"),
    Ended(runtime="python3.12", on="2028-10-31"),
    Ended(runtime="python3.13", on="2029-06-30"),
    Ended(runtime="nodejs10.x", on="2021-07-30"),
    Ended(runtime="nodejs12.x", on="2023-03-31"),
    Ended(runtime="nodejs14.x", on="2023-12-04"),
    Ended(runtime="nodejs16.x", on="2024-06-12"),
    Ended(runtime="nodejs18.x", on="2025-09-01"),
    Ended(runtime="nodejs20.x", on="2026-04-30"),
    Ended(runtime="nodejs22.x", on="2027-04-30"),
    Ended(runtime="ruby2.7", on="2023-12-07"),
    Ended(runtime="ruby3.2", on="2026-03-31"),
    Ended(runtime="java8", on="2024-01-08"),
    Ended(runtime="go1.x", on="2024-01-08"),
    Ended(runtime="provided", on="2024-01-08"),
    Ended(runtime="dotnetcore3.1", on="2023-04-03"),
    Ended(runtime="dotnet6", on="2024-12-20"),
    Ended(runtime="dotnet8", on="2026-11-10"),
)

_ASKED = ("dns.tcp", "dns.case", "dns.lifetime")
_LIVE = ("dns.address", "dns.address_v6", "dns.resolvers", "dns.caa", "dns.negative", "dns.apex", *_ASKED)
_SIGNED = ("dns.signed", "dns.signatures", "dns.denials")
_SHAKEN = (
    *("certificate", "addresses", "addresses_v6", "served", "lifetime", "lifetime_warning", "floor", "modern"),
    *("chain", "suites", "group", "http2"),
)
_SCHEDULED = ("expression", "targets", "dead_letters")
# How the API answers, told apart from what it is made of: the one stands on the other.
_ANSWERS = (
    *("api.health", "api.direct", "api.release", "api.fresh", "api.deep", "api.borrowed"),
    *("api.route", "api.guarded", "api.forged", "api.cors", "api.foreign", "api.unknown"),
    *("api.steady", "api.methods", "api.discreet", "api.cookies", "api.query", "api.refuses"),
)
_MADE_OF = ("site.assets", "site.cache", "site.foreign", "site.hidden", "site.listing", "site.configured")
_PAGES = (
    "cdn.home",
    "cdn.page",
    "cdn.canonical",
    "cdn.missing",
    "cdn.error_page",
    "cdn.headers",
    "cdn.protected",
    "cdn.cookies",
    "site.engines",
    *_MADE_OF,
)
_FETCHED = (*_PAGES, *_ANSWERS)

DEPENDENCIES: tuple[Dependency, ...] = (
    # Who we are comes before everything: without it nothing that is unknown says more than that.
    Dependency("*", "identity.caller[*]"),
    # A stack that is gone takes with it what was planned from it.
    Dependency("identity.region[*]", "stack.status[{subject}]"),
    Dependency("stack.outputs[*]", "stack.status[{subject}]"),
    Dependency("stack.protected[*]", "stack.status[{subject}]"),
    Dependency("stack.drift[*]", "stack.status[{subject}]"),
    Dependency("stack.discreet[*]", "stack.status[{subject}]"),
    Dependency("stack.floor[*]", "stack.status[*]"),
    Dependency("stack.plan[*]", "stack.status[*]"),
    Dependency("stack.plan[*]", "stack.floor[*]"),
    Dependency("stack.plan_digest[*]", "stack.status[*]"),
    Dependency("dns.alias[*]", "stack.status[*]"),
    Dependency("dns.address*[*]", "stack.status[*]"),
    # Names.
    Dependency("dns.delegation[*]", "dns.zone[{subject}]"),
    Dependency("dns.authorities[*]", "dns.zone[{subject}]"),
    Dependency("dns.authorities[*]", "dns.delegation[{subject}]"),
    Dependency("dns.alias[*]", "dns.zone[*]"),
    Dependency("dns.alias[*]", "cdn.deployed[*]"),
    *(Dependency(f"{live}[*]", "dns.delegation[*]") for live in (*_LIVE, *_SIGNED)),
    *(Dependency(f"{each}[*]", "dns.signed[{subject}]") for each in _SIGNED if each != "dns.signed"),
    *(Dependency(f"{live}[*]", "dns.authorities[*]") for live in _LIVE),
    # What has no address has none over TCP either, and none to be remembered.
    *(Dependency(f"{asked}[*]", "dns.address[{subject}]") for asked in _ASKED),
    Dependency("dns.address[*]", "dns.alias[{subject}]"),
    Dependency("dns.address[*]", "cdn.deployed[*]"),
    Dependency("dns.resolvers[*]", "dns.address[{subject}]"),
    Dependency("dns.address_v6[*]", "dns.alias[{subject}]"),
    Dependency("dns.address_v6[*]", "cdn.deployed[*]"),
    # Certificates, then what the edge shows of them.
    Dependency("tls.issued[*]", "cdn.viewer_certificate[*]"),
    Dependency("tls.names[*]", "tls.issued[{subject}]"),
    Dependency("tls.expiry[*]", "tls.issued[{subject}]"),
    Dependency("tls.renewal[*]", "tls.expiry[{subject}]"),
    Dependency("tls.validation[*]", "tls.issued[{subject}]"),
    Dependency("tls.validation[*]", "dns.delegation[*]"),
    *(Dependency(f"tls.{shaken}[*]", "dns.address[{subject}]") for shaken in _SHAKEN),
    *(Dependency(f"tls.{shaken}[*]", "tls.certificate[{subject}]") for shaken in _SHAKEN if shaken != "certificate"),
    *(
        Dependency(f"tls.{shaken}[*]", under)
        for shaken in _SHAKEN
        for under in (
            "tls.issued[*]",
            "tls.names[*]",
            "tls.expiry[*]",
            "cdn.deployed[*]",
            "cdn.aliases[*]",
            "cdn.viewer_certificate[*]",
        )
    ),
    # The distribution, then what it serves.
    Dependency("cdn.aliases[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.viewer_certificate[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.errors[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.error_lifetime[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.firewall[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.sni[*]", "cdn.viewer_certificate[{subject}]"),
    Dependency("cdn.origin_tls[*]", "cdn.origins[{subject}]"),
    Dependency("cdn.origins[*]", "cdn.deployed[{subject}]"),
    Dependency("cdn.behaviour[*]", "cdn.deployed[*]"),
    Dependency("cdn.https[*]", "dns.address[{host}]"),
    Dependency("cdn.https[*]", "cdn.deployed[*]"),
    *(
        Dependency(f"{fetched}[*]", under)
        for fetched in _FETCHED
        for under in (
            "dns.address[{host}]",
            "tls.certificate[{host}]",
            "cdn.deployed[*]",
            "cdn.aliases[*]",
            "cdn.origins[*]",
            "cdn.behaviour[*]",
            "cdn.errors[*]",
        )
    ),
    Dependency("cdn.page[*]", "cdn.home[*]"),
    *(Dependency(f"{each}[*]", "cdn.home[*]") for each in (*_MADE_OF, "site.engines")),
    # What is said of every page is said of none that is not there.
    Dependency("site.engines[*]", "cdn.page[*]"),
    Dependency("cdn.canonical[*]", "cdn.home[*]"),
    Dependency("cdn.headers[*]", "cdn.home[*]"),
    Dependency("cdn.error_page[*]", "cdn.home[*]"),
    # A page comes out of a bucket.
    *(Dependency(f"{page}[*]", "buckets.present[*]") for page in _PAGES),
    *(Dependency(f"{page}[*]", "cdn.function[*]") for page in _PAGES),
    *(Dependency(f"{page}[*]", "cdn.access_control[*]") for page in _PAGES),
    Dependency("cdn.headers[*]", "cdn.headers_policy[*]"),
    Dependency("cdn.protected[*]", "cdn.headers_policy[*]"),
    # Both ask for what nobody made.
    Dependency("cdn.protected[*]", "cdn.missing[*]"),
    Dependency("cdn.protected[*]", "api.unknown[*]"),
    Dependency("api.forgets[*]", "api.authorizer[{subject}]"),
    Dependency("api.forgets[*]", "httpapis.authorizer[{subject}]"),
    Dependency("api.methods[*]", "api.unknown[{subject}]"),
    # Both read what the API says of itself, and ask routes that are promised on their own.
    Dependency("api.query[*]", "api.route[*]"),
    Dependency("api.refuses[*]", "api.route[*]"),
    # Who may sign in.
    Dependency("auth.settings[*]", "auth.pool[{subject}]"),
    Dependency("auth.groups[*]", "auth.pool[{subject}]"),
    Dependency("auth.mails[*]", "auth.pool[{subject}]"),
    Dependency("auth.keys[*]", "auth.pool[{subject}]"),
    Dependency("auth.client[*]", "auth.pool[*]"),
    # The API stands on its functions, these on their tables.
    *(
        Dependency(f"{answer}[*]", under)
        for answer in _ANSWERS
        for under in (
            "functions.callable[*]",
            "functions.alias[*]",
            "functions.version[*]",
            "api.stage[*]",
            "api.method[*]",
            "api.authorizer[*]",
            "cdn.function[*]",
            "functions.ready[*]",
            "functions.environment[*]",
            "functions.settings[*]",
            "tables.present[*]",
            "tables.keys[*]",
            "tables.indexes[*]",
            "api.health[*]",
        )
    ),
    Dependency("functions.environment[*]", "functions.ready[{subject}]"),
    Dependency("functions.settings[*]", "functions.ready[{subject}]"),
    # Data, and how it comes back.
    Dependency("tables.*[*]", "tables.present[{subject}]"),
    Dependency("backups.*[*]", "tables.present[{subject}]"),
    Dependency("tables.window[*]", "tables.pitr[{subject}]"),
    Dependency("backups.restorable[*]", "tables.pitr[{subject}]"),
    Dependency("backups.lag[*]", "tables.pitr[{subject}]"),
    Dependency("backups.lag[*]", "backups.restorable[{subject}]"),
    Dependency("backups.selection[*]", "backups.plan[{subject}]"),
    Dependency("backups.covered[*]", "backups.plan[*]"),
    Dependency("backups.covered[*]", "backups.selection[*]"),
    Dependency("backups.recent[*]", "backups.covered[{subject}]"),
    Dependency("backups.recent[*]", "backups.plan[*]"),
    Dependency("backups.notices[*]", "alarms.topic[*]"),
    Dependency("backups.tried[*]", "backups.plan[{subject}]"),
    Dependency("backups.recent[*]", "backups.selection[*]"),
    Dependency("buckets.*[*]", "buckets.present[{subject}]"),
    # Work that nobody asks for: what calls, what is called, what is left over.
    *(Dependency(f"schedules.{each}[*]", "schedules.enabled[{subject}]") for each in _SCHEDULED),
    Dependency("schedules.dead_letters[*]", "schedules.targets[{subject}]"),
    Dependency("schedules.permitted[*]", "functions.ready[*]"),
    Dependency("schedules.permitted[*]", "queues.present[*]"),
    Dependency("schedules.permitted[*]", "alarms.topic[*]"),
    Dependency("queues.*[*]", "queues.present[{subject}]"),
    # Who is told.
    Dependency("alarms.*[*]", "alarms.armed[{subject}]"),
    # An alarm that rings for what is broken is a consequence.
    *(
        Dependency("alarms.calm[*]", under)
        for under in (
            "functions.ready[*]",
            "functions.environment[*]",
            "tables.present[*]",
            "api.health[*]",
            "api.deep[*]",
        )
    ),
    Dependency("alarms.data[*]", "alarms.watches[{subject}]"),
    Dependency("alarms.subject[*]", "alarms.watches[{subject}]"),
    Dependency("alarms.reaches[*]", "alarms.topic[*]"),
    Dependency("alarms.heard[*]", "alarms.topic[{subject}]"),
    Dependency("alarms.filters[*]", "alarms.topic[{subject}]"),
    Dependency("logs.of_functions[*]", "functions.ready[{subject}]"),
    # What is compared with its template stands behind what says the same in words of its own.
    Dependency("dns.record[*]", "dns.delegation[*]"),
    Dependency("dns.record[*]", "dns.authorities[*]"),
    Dependency("dns.caa[*]", "dns.record[*]"),
    Dependency("functions.alias[*]", "functions.version[*]"),
    *(
        Dependency(f"functions.{each}[*]", "functions.ready[*]")
        for each in ("version", "unasked", "address", "callable", "private")
    ),
    Dependency("functions.callable[*]", "schedules.permitted[*]"),
    *(Dependency(f"mappings.{each}[*]", "mappings.enabled[{subject}]") for each in ("working", "failures")),
    Dependency("mappings.consumed[*]", "mappings.enabled[*]"),
    Dependency("mappings.*[*]", "functions.ready[*]"),
    Dependency("workflows.works[*]", "workflows.ready[{subject}]"),
    Dependency("workflows.ready[*]", "workflows.whole[{subject}]"),
    Dependency("httpapis.*[*]", "httpapis.present[*]"),
    Dependency("api.mapping[*]", "api.name[*]"),
    *(
        Dependency(f"httpapis.{each}[*]", under)
        for each in ("answers", "guarded", "unknown")
        for under in (
            "httpapis.route[*]",
            "httpapis.stage[*]",
            "httpapis.integration[*]",
            "httpapis.authorizer[*]",
            "functions.ready[*]",
            "functions.callable[*]",
        )
    ),
    Dependency("topics.*[*]", "alarms.topic[{subject}]"),
    Dependency("topics.*[*]", "topics.present[{subject}]"),
    Dependency("topics.subscription[*]", "topics.present[*]"),
    Dependency("topics.delivers[*]", "queues.present[*]"),
    Dependency("secrets.rotated[*]", "secrets.present[*]"),
    *(
        Dependency("keys.lends[*]", under)
        for under in (
            "keys.usable[*]",
            "queues.present[{subject}]",
            "topics.present[{subject}]",
            "alarms.topic[{subject}]",
        )
    ),
    *(
        Dependency("roles.resource_policy[*]", under)
        for under in (
            "buckets.present[*]",
            "buckets.private[*]",
            "buckets.tls_only[*]",
            "queues.present[*]",
            "alarms.topic[*]",
            "topics.private[*]",
            "topics.delivers[*]",
            "schedules.permitted[*]",
        )
    ),
    Dependency("queues.tls_only[*]", "roles.resource_policy[*]"),
    *(
        Dependency(f"release.{each}[*]", under)
        for each in ("whole", "told", "site")
        for under in ("cdn.home[*]", "api.health[*]", "api.release[*]")
    ),
    *(
        Dependency(f"journeys.{each}[*]", under)
        for each in ("written", "isolated", "refused", "paged", "uploaded", "closed", "locked", "harmless")
        for under in ("journeys.signed_in[{subject}]", "api.health[*]", "api.deep[*]")
    ),
    *(
        Dependency("journeys.signed_in[*]", under)
        for under in ("api.health[*]", "auth.pool[*]", "auth.client[*]", "api.authorizer[*]", "cdn.behaviour[*]")
    ),
    Dependency("release.code[*]", "functions.ready[*]"),
    Dependency("release.function[*]", "functions.environment[{subject}]"),
    Dependency("topics.tls_only[*]", "roles.resource_policy[*]"),
)


# What each kind of change is waited for, and the longest that it is fair to. The run's own patience may be shorter.
SETTLING: tuple[Settling, ...] = (
    # CloudFront: "Distribution.Status"; its guide speaks of minutes, at most fifteen.
    Settling(check="cdn.*", signal="Distribution.Status", within=timedelta(minutes=20)),
    Settling(check="tls.served*", signal="Distribution.Status", within=timedelta(minutes=20)),
    # A certificate is issued within half an hour of its validation records being seen.
    Settling(check="tls.*", signal="Certificate.Status", within=timedelta(minutes=30)),
    # Route 53 answers everywhere within a minute of GetChange being INSYNC.
    Settling(check="dns.*", signal="ChangeInfo.Status", within=timedelta(minutes=3)),
    Settling(check="functions.*", signal="LastUpdateStatus", within=timedelta(minutes=2)),
    # An index is filled at the pace of its table: whoever waits says himself for how long.
    Settling(check="tables.indexes*", signal="IndexStatus", within=timedelta(hours=6)),
    Settling(check="tables.*", signal="TableStatus", within=timedelta(minutes=10)),
    Settling(check="backups.restorable*", signal="EarliestRestorableDateTime", within=timedelta(minutes=10)),
    Settling(check="stack.status*", signal="StackStatus", within=timedelta(hours=1)),
    Settling(check="alarms.*", signal="StateValue", within=timedelta(minutes=15)),
    # API Gateway Developer Guide: a name at the edge takes up to forty minutes.
    Settling(check="api.name*", signal="DomainNameStatus", within=timedelta(minutes=40)),
    Settling(check="api.*", signal="the stage's deployment", within=timedelta(minutes=2)),
)

_DATED = (
    *(
        "tls.certificate",
        "tls.addresses",
        "tls.addresses_v6",
        "tls.expiry",
        "tls.renewal",
        "tls.lifetime",
        "tls.lifetime_warning",
    ),
    *("cdn.deployed", "tables.present", "tables.window", "backups.restorable", "backups.lag", "backups.recent"),
    *(
        "dns.registration",
        "dns.signatures",
        "schedules.enabled",
        "schedules.expression",
        "functions.settings",
        "stack.waiver",
    ),
    *("alarms.data", "alarms.silenced", "backups.tried", "journeys.refused", "journeys.swept"),
)

# What checks need of the place that they look from.
NEEDS: tuple[Need, ...] = (
    # Authoritative servers are asked themselves; many networks let nobody but their own resolver out.
    Need(check="dns.delegation[*]", capability="udp53"),
    Need(check="dns.authorities[*]", capability="udp53"),
    *(Need(check=f"dns.{each}[*]", capability="udp53") for each in ("tcp", "case", "lifetime", "apex", "signed")),
    *(Need(check=f"dns.{each}[*]", capability="udp53") for each in ("resolvers", "signatures", "denials")),
    # A client or a proxy that speaks nothing old cannot see that a server still does.
    Need(check="tls.floor[*]", capability="tls10-client"),
    Need(check="tls.addresses[*]", capability="ipv6", gains=True),
    # Most machines of others (functions, hosted runners) have none: a place that has it says so.
    Need(check="tls.addresses_v6[*]", capability="ipv6", assumed=False),
    # Whoever compares a date with now says nothing where our clock is not that of everybody else.
    *(Need(check=f"{each}[*]", capability="clock", gains=True) for each in _DATED),
)


def thresholds(overrides: Mapping[str, float]) -> Thresholds:
    """The limits with *overrides* of the settings. Raises SettingsError naming an unknown one, and one below nought."""
    known = {each.name for each in fields(Thresholds)}
    odd = [f"thresholds: unknown {name!r}; known are {sorted(known)}" for name in sorted(set(overrides) - known)]
    odd += [
        f"thresholds.{name}: expected more than 0, found {value}" for name, value in overrides.items() if value <= 0
    ]
    if odd:
        raise SettingsError("\n".join(odd))
    return replace(Thresholds(), **dict(overrides))


def checks_for(  # noqa: PLR0913 - each is a decision of its own, by name
    target: Target,
    *,
    limits: Thresholds,
    expect: Expectations,
    waivers: Iterable[Waiver] = (),
    accepted: Plan | None = None,
    release: str = "",
    recovered: float = RECOVERED,
    past: Past = (),
    script: Script | None = None,
) -> tuple[Check, ...]:
    """Every check of *target*, in the order a person would ask, with those about the plan itself at the end."""
    planned = [*_of_rooms(target, limits, release), *journeys.checks(target, script=script)]
    planned += intruders.checks(target, script=script)
    planned += table_rules.filled_checks(target, expect.items)
    planned += _floor(target, planned, expect)
    planned += _waivers(target, planned, tuple(waivers))
    planned.append(stack.recovered(Place(subject=target.name), allowed=recovered, **({"past": past} if past else {})))
    if accepted is not None:
        planned += _accepted(target, planned, accepted)
    return tuple(planned)


def fits(pattern: str, promise: str) -> bool:
    """Whether a pattern for check names can fit checks of the promise called *promise*."""
    return glob(pattern.partition("[")[0], promise)


def _of_rooms(target: Target, limits: Thresholds, release: str) -> Iterator[Check]:
    yield from _of_names(target, limits)
    yield from _of_answers(target, limits, release)
    yield from _of_work(target, limits)
    yield from releases.checks(target, release_sha=release)


def _of_names(target: Target, limits: Thresholds) -> Iterator[Check]:
    """Where everything is, and whether it is what it says."""
    critical, warning = (
        timedelta(days=limits.certificate_critical_days),
        timedelta(days=limits.certificate_warning_days),
    )
    yield from identity.checks(target)
    yield from stack.checks(target)
    yield from upkeep.checks(target)
    yield from zones.checks(target)
    yield from registrations.checks(target, left=timedelta(days=limits.registration_warning_days))
    yield from dns.checks(target, negative_ttl=timedelta(seconds=limits.negative_ttl_seconds))
    yield from records.checks(target)
    yield from servers.checks(target, longest=timedelta(seconds=limits.address_ttl_seconds))
    yield from signatures.checks(target)
    yield from certificates.checks(target, expiry_critical=critical, expiry_warning=warning)
    yield from tls.checks(target, expiry_critical=critical, expiry_warning=warning)
    yield from handshakes.checks(target)


def _of_answers(target: Target, limits: Thresholds, release: str) -> Iterator[Check]:
    """What whoever comes is given: the edge, the site, the API, and signing in."""
    yield from cdn.checks(
        target,
        deploying=timedelta(minutes=limits.distribution_minutes),
        errors_kept=timedelta(seconds=limits.error_kept_seconds),
    )
    yield from behaviours.checks(target)
    yield from edges.checks(target)
    yield from firewalls.checks(target)
    yield from site.checks(target, hsts=timedelta(days=limits.hsts_days))
    yield from error_pages.checks(target)
    yield from assets.checks(
        target,
        page=timedelta(seconds=limits.page_kept_seconds),
        asset=timedelta(seconds=limits.asset_kept_seconds),
    )
    yield from configured.checks(target)
    yield from engines.checks(target)
    yield from cookies.checks(target)
    yield from api.checks(target, release_sha=release)
    yield from contract.checks(target)
    yield from descriptions.checks(target)
    yield from manners.checks(target)
    yield from samples.checks(target)
    yield from stages.checks(target)
    yield from guards.checks(target, longest=timedelta(seconds=limits.authorizer_kept_seconds))
    yield from httpapis.checks(target)
    yield from api_names.checks(target)
    yield from auth.checks(target)
    yield from signins.checks(target)
    yield from guests.checks(target)
    yield from signers.checks(target)
    yield from clients.checks(target)


def _of_work(target: Target, limits: Thresholds) -> Iterator[Check]:
    """What is done and kept out of sight, and who watches it."""
    yield from functions.checks(target, ended=ENDED_RUNTIMES)
    yield from callers.checks(target)
    yield from mappings.checks(target)
    yield from workflows.checks(target)
    yield from tables.checks(target, creating=timedelta(minutes=limits.table_creating_minutes))
    yield from table_rules.checks(target)
    yield from backups.checks(
        target,
        restorable_within=timedelta(minutes=limits.restorable_critical_minutes),
        lag_within=timedelta(minutes=limits.restorable_warning_minutes),
        newest_within=timedelta(hours=limits.recovery_point_critical_hours),
    )
    yield from jobs.checks(target)
    yield from copies.checks(
        target,
        least=limits.recovery_point_least_percent / 100,
        tried_within=timedelta(days=limits.restore_tried_days),
    )
    yield from backup_notices.checks(target)
    yield from buckets.checks(target)
    yield from bucket_rules.checks(target)
    yield from schedules.checks(target)
    yield from doubles.checks(target)
    yield from queues.checks(target)
    yield from topics.checks(target)
    yield from alarms.checks(target)
    yield from filters.checks(target)
    yield from signals.checks(target, silent=timedelta(days=limits.metric_silent_days))
    yield from boards.checks(target, silenced_within=timedelta(hours=limits.silenced_hours))
    yield from logs.checks(target)
    yield from keepings.checks(target)
    yield from lendings.checks(target)
    yield from roles.checks(target)


def _floor(target: Target, planned: list[Check], expect: Expectations) -> Iterator[Check]:
    families = Counter(each.family for each in planned)
    types = Counter(each.type for one in target.stacks for each in one.resources)
    for family in expect.families:
        kind = f"family:{family}"
        yield stack.floor(Place(subject=kind), kind=kind, least=1, found=families[family])
    for kind, least in expect.resources.items():
        yield stack.floor(Place(subject=kind), kind=kind, least=least, found=types[kind])
    named = {each.subject for each in target.of_type("AWS::DynamoDB::Table")}
    for name in expect.items:
        if name not in named:
            yield stack.floor(Place(subject=f"table:{name}"), kind=f"table:{name}", least=1, found=0)
    if expect.domain:
        found = int(target.domain == expect.domain)
        kind = f"domain:{expect.domain}"
        yield stack.floor(Place(subject=kind), kind=kind, least=1, found=found)


def _waivers(target: Target, planned: list[Check], waivers: tuple[Waiver, ...]) -> Iterator[Check]:
    about_rows = any(is_about_coverage(each.check) for each in waivers)
    rows = coverage(planned, target, waivers=waivers).of("waived") if about_rows else ()
    names = [*(each.name for each in planned), *(named(each) for each in rows)]
    for each in waivers:
        yield stack.waiver(
            Place(subject=each.check),
            check=each.check,
            owner=each.owner,
            reason=each.reason,
            expires=each.expires.isoformat(),
            matches=sum(glob(each.check, one) for one in names),
        )


def _accepted(target: Target, planned: list[Check], accepted: Plan) -> Iterator[Check]:
    """What the live plan lost against the accepted one, check by check; and whether it is still the same plan."""
    live = freeze(planned, target=target.name, account=target.account, regions=())
    difference = compare(live, accepted)
    lost = dict.fromkeys(difference.missing, "it is not planned any more")
    lost |= dict.fromkeys(difference.weakened, "it is only a warning now")
    for name, change in lost.items():
        yield stack.plan(
            Place(subject=name),
            target=target.name,
            check=name,
            change=change,
            owner=accepted.accepted_by,
            reason=accepted.reason,
        )
    yield stack.plan_digest(
        Place(subject=target.name),
        target=target.name,
        accepted=accepted.digest,
        live=live.digest,
        added=difference.added,
        changed=difference.changed,
    )
