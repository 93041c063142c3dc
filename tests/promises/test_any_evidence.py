from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks import evidence as seen
from checks.errands import Aim, Source
from checks.model import Verdict
from checks.promises import (
    api,
    assets,
    auth,
    behaviours,
    bucket_rules,
    buckets,
    cdn,
    certificates,
    clients,
    configured,
    contract,
    cookies,
    descriptions,
    dns,
    engines,
    error_pages,
    firewalls,
    guards,
    handshakes,
    jobs,
    logs,
    queues,
    registrations,
    samples,
    schedules,
    servers,
    signatures,
    signers,
    site,
    stages,
    table_rules,
    tls,
    upkeep,
    zones,
)
from tests.promises.worlds import ACCOUNT, APEX, CERTIFICATE_ARN, DISTRIBUTION_ARN, NOW, WWW

WEEK = timedelta(days=7)
HANDSHAKE = seen.Accepted | seen.Refused | seen.Silence
CERTIFICATE = seen.CertificateSeen | seen.Absent
DISTRIBUTION = seen.DistributionSeen | seen.Absent
ANSWER = seen.Response | seen.Silence
SOURCE = Source(region="r", within="default", name="daily", scheduler=True)
AIMS = (Aim(id="", arn="arn:aws:lambda:r:1:function:f", retries=2, kept=False), Aim(id="1", arn=""))
SCHEDULE = seen.ScheduleSeen | seen.Absent
QUEUE_ARN = "arn:aws:sqs:r:1:jobs"
QUEUE = seen.QueueSeen | seen.Absent
POOL = seen.PoolSeen | seen.Absent
DESCRIBED = seen.Described | seen.Absent
WORDS_OF = (("a", "b"), ("flows", ""))

JUDGES: dict[str, tuple[Callable[..., Verdict], object]] = {
    "cookies": (cookies.judge_cookies, seen.Cookies),
    "forgets": (partial(guards.judge_forgets, name="a/b", longest=WEEK), DESCRIBED),
    "query": (descriptions.judge_query, seen.Trials),
    "refuses": (descriptions.judge_refuses, seen.Trials),
    "keys": (signers.judge_keys, seen.KeysSeen),
    "mails": (partial(auth.judge_mails, pool="p", words=WORDS_OF, gaps=()), POOL),
    "configured": (partial(configured.judge_configured, known=(("region", "r"),)), seen.Mentions),
    "engines": (partial(engines.judge_engines, paths=("/",), hidden=False), seen.Welcome),
    "engines of a hidden site": (partial(engines.judge_engines, paths=("/",), hidden=True), seen.Welcome),
    "zone": (partial(zones.judge_zone, zone_id="Z1"), seen.Zones),
    "delegation": (zones.judge_delegation, seen.Delegation),
    "authorities": (partial(zones.judge_authorities, domain=APEX), seen.DnsAnswers | seen.Absent),
    "alias": (partial(zones.judge_alias, host=APEX), seen.Aliased),
    "address": (partial(dns.judge_address, host=APEX, kind="A"), seen.DnsAnswer | seen.Silence),
    "address_v6": (partial(dns.judge_address, host=APEX, kind="AAAA"), seen.DnsAnswer | seen.Silence),
    "registration": (
        partial(registrations.judge_registration, domain=APEX, left=WEEK),
        seen.Registration | seen.Absent,
    ),
    "resolvers": (partial(dns.judge_resolvers, host=APEX), seen.DnsAnswers),
    "caa": (partial(dns.judge_caa, wildcard=True), seen.DnsAnswers),
    "negative": (partial(dns.judge_negative, longest=WEEK), seen.DnsAnswers),
    "issued": (partial(certificates.judge_issued, distributions=(DISTRIBUTION_ARN,)), CERTIFICATE),
    "names": (partial(certificates.judge_names, hosts=(APEX, WWW)), CERTIFICATE),
    "expiry": (partial(certificates.judge_expiry, least=WEEK), CERTIFICATE),
    "renewal": (partial(certificates.judge_renewal, least=WEEK), CERTIFICATE),
    "validation": (certificates.judge_validation, seen.Validated),
    "certificate": (partial(tls.judge_certificate, host=APEX), HANDSHAKE),
    "addresses": (partial(tls.judge_addresses, host=APEX), seen.Handshakes),
    "served": (tls.judge_served, seen.Served),
    "lifetime": (partial(tls.judge_lifetime, host=APEX, least=WEEK), HANDSHAKE),
    "floor": (tls.judge_floor, seen.Protocols | seen.Silence),
    "modern": (tls.judge_modern, seen.Protocols | seen.Silence),
    "deployed": (partial(cdn.judge_deployed, within=WEEK), DISTRIBUTION),
    "aliases": (partial(cdn.judge_aliases, wanted=(APEX,), left_out=()), DISTRIBUTION),
    "viewer_certificate": (
        partial(cdn.judge_viewer_certificate, certificate=CERTIFICATE_ARN, policy="TLSv1.2_2021"),
        DISTRIBUTION,
    ),
    "errors": (cdn.judge_errors, DISTRIBUTION),
    "origins": (partial(behaviours.judge_origins, wanted=(("o", (("domain", "d"),)),), left_out=()), DISTRIBUTION),
    "behaviour": (
        partial(behaviours.judge_behaviour, wanted=(("origin", "o"),), left_out=("x",)),
        seen.Route | seen.Absent,
    ),
    "https": (partial(site.judge_https, host=APEX), ANSWER),
    "home": (site.judge_home, ANSWER),
    "canonical": (partial(site.judge_canonical, host=WWW, apex=APEX, root="index.html"), seen.Responses),
    "page": (site.judge_page, seen.Responses),
    "missing": (site.judge_missing, ANSWER),
    "headers": (partial(site.judge_headers, hsts=WEEK), ANSWER),
    "health": (api.judge_health, ANSWER),
    "direct": (api.judge_direct, seen.Responses),
    "release": (partial(api.judge_release, sha="0123456789abcdef"), ANSWER),
    "fresh": (api.judge_fresh, seen.Responses),
    "deep": (api.judge_deep, ANSWER),
    "borrowed": (api.judge_borrowed, ANSWER),
    "route": (contract.judge_route, ANSWER),
    "refused": (contract.judge_refused, ANSWER),
    "unknown": (contract.judge_unknown, ANSWER),
    "cors": (partial(contract.judge_cors, origins=(f"https://{APEX}",), guarded=True), seen.Responses),
    "foreign": (partial(contract.judge_foreign, guarded=True), seen.Responses),
    "bucket": (partial(buckets.judge_present, bucket="b", owner=ACCOUNT), seen.BucketSeen | seen.Absent),
    "private": (partial(buckets.judge_private, bucket="b"), seen.BucketAccess | seen.Absent),
    "tls_only": (partial(buckets.judge_tls_only, bucket="b", arn="arn"), seen.ResourcePolicy | seen.Absent),
    "versioned": (partial(buckets.judge_versioned, bucket="b"), seen.BucketVersions | seen.Absent),
    "encrypted": (partial(buckets.judge_encrypted, bucket="b", algorithm=""), seen.BucketEncryption | seen.Absent),
    "website": (partial(bucket_rules.judge_website, bucket="b"), seen.BucketWebsite | seen.Absent),
    "bucket_cors": (partial(bucket_rules.judge_cors, bucket="b", rules=(), gaps=()), seen.BucketCors | seen.Absent),
    "lifecycle": (
        partial(
            bucket_rules.judge_lifecycle,
            bucket="b",
            rules=(seen.LifecycleRule(id="", status="ok", expires=""),),
            gaps=(),
        ),
        seen.BucketLifecycle | seen.Absent,
    ),
    "enabled": (partial(schedules.judge_enabled, source=SOURCE, gaps=()), SCHEDULE),
    "expression": (partial(schedules.judge_expression, source=SOURCE, words=(), gaps=("x",)), SCHEDULE),
    "targets": (partial(schedules.judge_targets, source=SOURCE, aims=AIMS, gaps=()), SCHEDULE),
    "dead_letters": (partial(schedules.judge_dead_letters, source=SOURCE, aims=AIMS, gaps=()), SCHEDULE),
    "permitted": (
        partial(schedules.judge_permitted, rule="arn", account=ACCOUNT, callees=(QUEUE_ARN,)),
        seen.Permissions,
    ),
    "queue": (partial(queues.judge_present, queue=QUEUE_ARN), QUEUE),
    "queue_settings": (partial(queues.judge_settings, queue=QUEUE_ARN, words=WORDS_OF, gaps=()), QUEUE),
    "queue_tls_only": (partial(queues.judge_tls_only, queue=QUEUE_ARN), QUEUE),
    "empty": (partial(queues.judge_empty, queue=QUEUE_ARN), QUEUE),
    "error_page": (partial(error_pages.judge_error_page, path="/404.html"), seen.Responses),
    "firewall": (partial(firewalls.judge_firewall, acl="arn", left_out=()), DISTRIBUTION),
    "rules": (
        partial(firewalls.judge_rules, acl="a|b|REGIONAL", names=("a",), words=WORDS_OF, closed=True, gaps=("x",)),
        DESCRIBED,
    ),
    "pool": (partial(auth.judge_pool, pool="p", words=WORDS_OF, gaps=()), POOL),
    "pool_settings": (partial(auth.judge_settings, pool="p", words=WORDS_OF, gaps=()), POOL),
    "groups": (partial(auth.judge_groups, pool="p", names=("ok",), gaps=()), seen.PoolGroups | seen.Absent),
    "client": (
        partial(clients.judge_client, client="c", hosts=(APEX,), writable=(), words=WORDS_OF, gaps=()),
        seen.SignIn,
    ),
    "site_assets": (assets.judge_assets, seen.Assets),
    "cache": (partial(assets.judge_cache, page=WEEK, asset=WEEK), seen.Assets),
    "foreign_parts": (partial(assets.judge_foreign, host=APEX), seen.Assets),
    "hidden": (assets.judge_hidden, seen.Assets),
    "listing": (assets.judge_listing, seen.Assets),
    "chain": (partial(handshakes.judge_chain, host=APEX), HANDSHAKE),
    "suites": (partial(handshakes.judge_suites, host=APEX), seen.Suites | seen.Silence),
    "signatures": (signatures.judge_signatures, seen.SignedZone),
    "denials": (signatures.judge_denials, seen.SignedZone),
    "group": (partial(handshakes.judge_group, host=APEX), seen.Group | seen.Silence),
    "http2": (partial(handshakes.judge_http2, host=APEX), seen.Multiplexed | seen.Refused | seen.Silence),
    "jobs": (partial(jobs.judge_jobs, region="r", arn="arn"), DESCRIBED),
    "steady": (partial(samples.judge_steady, samples=9), seen.Responses),
    "methods": (partial(samples.judge_methods, methods=("POST", "PUT")), seen.Responses),
    "each_server": (partial(servers.judge_all, how="over TCP"), seen.DnsAnswers),
    "remembered": (partial(servers.judge_lifetime, longest=WEEK), seen.DnsAnswers),
    "apex": (partial(servers.judge_apex, domain=APEX), seen.DnsAnswers),
    "signed": (servers.judge_signed, seen.DnsAnswers),
    "part": (partial(stages.judge_part, noun="model", name="m", wanted="ok", gaps=()), DESCRIBED),
    "encrypted_table": (
        partial(table_rules.judge_encrypted, table="t", words=WORDS_OF, gaps=()),
        seen.TableSeen | seen.Absent,
    ),
    "private_table": (
        partial(table_rules.judge_private, table="t", accounts=(ACCOUNT,)),
        seen.ResourcePolicy | seen.Absent,
    ),
    "window": (partial(table_rules.judge_window, table="t", days=35), seen.Recoverable),
    "drift": (partial(upkeep.judge_drift, region="r", stack="s"), seen.StackSeen | seen.Absent),
    "discreet": (partial(upkeep.judge_discreet, stack="s"), seen.StackSeen | seen.Absent),
    "bucket_words": (partial(bucket_rules.judge_words, bucket="b", words=WORDS_OF, gaps=(), remedy="x"), DESCRIBED),
    "kept": (partial(logs.judge_kept, region="r", group="g", days="", gaps=()), seen.LogGroupSeen | seen.Absent),
}

# Made-up answers rarely get past the first comparison; words that judges look for take them further.
WORDS = st.sampled_from(
    [
        *("", "ok", "NOERROR", "NXDOMAIN", "SOA", "A", "*", "/api/*", "1.0", "1.3", "TLSv1", "ISSUED", "EXPIRED"),
        *(
            APEX,
            WWW,
            "InProgress",
            "Deployed",
            "allViewer",
            "allExcept",
            "whitelist",
            "a b 1 2 3 4 900",
            "::1",
            ACCOUNT,
        ),
        *('0 issue "amazon.com"', '{"status": "ok"}', '{"own": {"jobs": {"status": "out"}}}', "[1]", "max-age=1"),
        *("<html><title>x</title>", "content-type", "application/json", "text/html", "location", "age", "x-cache"),
        *("style", "script", "text/css", f"https://{APEX}/", "COMPLETED", "DRIFTED", "1 2 3 ab", "257 3 13 AAAA"),
    ]
)
TEXTS = st.text(max_size=20) | WORDS
NUMBERS = st.integers() | st.sampled_from([200, 301, 401, 404, 503])


def _anything(kind: object) -> st.SearchStrategy[Any]:
    return st.from_type(kind)  # type: ignore[arg-type]


@pytest.fixture(autouse=True, scope="module")
def _made_up() -> Any:  # noqa: ANN401
    ways: dict[type, st.SearchStrategy[Any]] = {
        str: TEXTS,
        int: NUMBERS,
        type(NOW): st.datetimes(timezones=st.just(UTC)),
    }
    for kind, way in ways.items():
        st.register_type_strategy(kind, way)
    yield
    for kind, way in {str: st.text(), int: st.integers(), type(NOW): st.datetimes()}.items():
        st.register_type_strategy(kind, way)


@pytest.mark.parametrize("name", tuple(JUDGES))
def test_whatever_is_seen_there_is_a_verdict_that_says_what_to_do(name: str) -> None:
    """No evidence makes a judge stumble, and nothing but a pass comes without a remedy."""
    judge, kind = JUDGES[name]

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(_anything(kind))
    def holds(evidence: object) -> None:
        verdict = judge(evidence, NOW)

        assert verdict.expected
        assert verdict.actual.isprintable()
        assert len(verdict.actual) < 4000
        assert bool(verdict.remedy) == (verdict.status != "pass")

    holds()
