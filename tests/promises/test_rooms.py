from __future__ import annotations

import json
import re
from datetime import timedelta
from types import ModuleType

import pytest

from checks import plan
from checks.model import Check, Promise
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
    contract,
    dns,
    doubles,
    error_pages,
    firewalls,
    handshakes,
    identity,
    jobs,
    logs,
    manners,
    queues,
    samples,
    schedules,
    servers,
    site,
    table_rules,
    tls,
    upkeep,
    zones,
)
from tests.promises import worlds
from tests.promises.worlds import ACCOUNT, DAY, REGION

SITE = (identity, zones, dns, certificates, tls, cdn, behaviours, site, api, contract)
PLAIN = (doubles, error_pages, firewalls, handshakes, jobs, manners, samples, table_rules, upkeep)
BESIDE = (assets, servers, *PLAIN)
ROOMS = (*SITE, *BESIDE, auth, clients, buckets, bucket_rules, schedules, queues, logs)
SOURCE = re.compile(r"Pitfalls? \d|RFC \d|CWE-\d|W3C|AWS|negative twin|own resources")


def _everything() -> list[Check]:
    target = worlds.site(
        worlds.resource("AWS::S3::Bucket", subject="Files", physical_id="files-1"),
        worlds.resource("AWS::Events::Rule", {"ScheduleExpression": "rate(1 day)"}, subject="Daily"),
        worlds.resource("AWS::SQS::Queue", subject="Jobs", physical_id="https://sqs.test/1/jobs"),
        worlds.resource("AWS::Cognito::UserPool", subject="Pool", physical_id="p"),
        worlds.resource("AWS::Cognito::UserPoolClient", {"UserPoolId": "p"}, subject="Pool/Site", physical_id="c"),
        worlds.resource("AWS::WAFv2::WebACL", {"Rules": [{"Name": "a"}]}, subject="Wall", physical_id="w|u|REGIONAL"),
        worlds.resource("AWS::Logs::LogGroup", subject="Logs", physical_id="/shop"),
    )
    limits = {"expiry_critical": 7 * DAY, "expiry_warning": 30 * DAY}
    return [
        *identity.checks(target),
        *zones.checks(target),
        *dns.checks(target, negative_ttl=timedelta(minutes=15)),
        *certificates.checks(target, **limits),
        *tls.checks(target, **limits),
        *cdn.checks(target, deploying=timedelta(minutes=30), errors_kept=timedelta(minutes=5)),
        *behaviours.checks(target),
        *site.checks(target, hsts=180 * DAY),
        *api.checks(target, release_sha="0123456"),
        *contract.checks(target),
        *assets.checks(target, page=timedelta(minutes=10), asset=DAY),
        *servers.checks(target, longest=timedelta(hours=1)),
        *(each for room in PLAIN for each in room.checks(target)),
        *(
            each
            for room in (auth, clients, buckets, bucket_rules, schedules, queues, logs)
            for each in room.checks(target)
        ),
    ]


def _by_name(room: ModuleType) -> list[str]:
    rows = [each.promise for each in getattr(room, "ROWS", ())]
    return [each.name for each in (*vars(room).values(), *rows) if isinstance(each, Promise)]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.__name__).rpartition(".")[2])
def test_the_tuple_of_a_room_names_each_of_its_promises_once(room: ModuleType) -> None:
    """What the catalogue reads is all there is."""
    assert sorted(_by_name(room)) == sorted(each.name for each in room.PROMISES)


@pytest.mark.parametrize("each", [one for room in ROOMS for one in room.PROMISES], ids=lambda one: str(one.name))
def test_a_promise_names_the_source_of_its_rule(each: Promise[...]) -> None:
    """A rule without a source cannot be argued with."""
    assert SOURCE.search(each.bind.__doc__ or "")


def test_a_plan_of_all_rooms_is_stored_and_read_back() -> None:
    """Every parameter is a plain value; every name is one check's alone."""
    promises = {each.name: each for room in ROOMS for each in room.PROMISES}
    made = plan.freeze(_everything(), target="test", account=ACCOUNT, regions=(REGION,))

    read = plan.from_json(json.loads(json.dumps(plan.to_json(made))), promises)

    assert made.digest == read.digest
    assert [(each.name, each.params) for each in made.checks] == [(each.name, each.params) for each in read.checks]


def test_whoever_asks_aws_says_which_actions_that_takes() -> None:
    """The permissions of a run are computed from its plan."""
    silent = {each.name for each in _everything() if each.promise.instrument == "aws" and not each.promise.actions}

    assert set() == silent
