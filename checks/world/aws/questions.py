"""Every question of ``ports.Aws``, put to the real AWS or to a local one."""
# ruff: noqa: D102 - what each question promises is written once, in ports.Aws

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from checks import evidence as seen
from checks.world.aws import (
    alarms,
    auth,
    backups,
    buckets,
    cdn,
    certificates,
    described,
    functions,
    keeping,
    logs,
    people,
    queues,
    registrars,
    schedules,
    stacks,
    tables,
    zones,
)
from checks.world.aws.batch import Batch
from checks.world.aws.pace import PACES, Pace
from checks.world.aws.session import Access, Credentials, Limits
from checks.world.aws.wire import Asking, Wire
from checks.world.memo import Memo
from checks.world.ports import Clock, Guess

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

REGIONAL = (
    *("sts", "cloudformation", "dynamodb", "backup", "cloudwatch", "sns", "lambda", "acm"),
    *("s3", "events", "scheduler", "sqs", "cognito-idp", "cognito-identity", "logs"),
    *("apigateway", "kms", "secretsmanager", "ssm", "stepfunctions", "wafv2"),
)
GLOBAL = ("cloudfront", "route53", "route53domains", "iam", "budgets")
# What IAM calls a service where botocore calls it otherwise.
_IN_ACTIONS = {"stepfunctions": "states"}

# Long enough for checks that start together to be asked together, short beside any round trip.
ALARM_GATHERING = 0.025


def real_aws(  # noqa: PLR0913 - each is one fact of the surroundings, all named
    *,
    regions: Sequence[str],
    clock: Clock,
    endpoint: str = "",
    ca_bundle: Path | None = None,
    ssl_context: ssl.SSLContext | None = None,
    credentials: Credentials | None = None,
    role_arn: str = "",
    limits: Limits | None = None,
    paces: Mapping[tuple[str, str], Pace] | None = None,
) -> RealAws:
    """The control plane of one account. Nothing is imported, read or asked before the first question (or ``prepare``).

    *regions* are those that ``prepare`` makes clients for; any other may be asked too. The rest is as in
    ``session.Access``. *paces* are AWS's quotas; an *endpoint* of one's own has none unless they are given.
    """
    access = Access(
        endpoint=endpoint,
        ca_bundle=ca_bundle,
        ssl_context=ssl_context,
        credentials=credentials,
        role_arn=role_arn,
        limits=limits or Limits(),
    )
    quotas = paces if paces is not None else ({} if endpoint else PACES)
    home = global_region(regions)
    return RealAws(Wire(access, clock, quotas, regions[0] if regions else home), tuple(regions), home, clock)


def global_region(regions: Sequence[str]) -> str:
    """The region that answers for CloudFront and Route 53 in the partition of *regions*."""
    first = regions[0] if regions else ""
    if first.startswith("cn-"):
        return "cn-northwest-1"
    return "us-gov-west-1" if first.startswith("us-gov-") else "us-east-1"


class RealAws:
    """``ports.Aws`` over botocore. Clients are shared by all its twins; answers belong to one attempt."""

    def __init__(self, wire: Wire, regions: tuple[str, ...], home: str, clock: Clock) -> None:
        self._wire = wire
        self._regions = regions
        self._home = home
        self._clock = clock
        self._memory = Memo()

    @property
    def calls(self) -> int:
        """Requests sent to AWS so far, by this and all its twins."""
        return self._wire.calls

    def again(self) -> RealAws:
        """The same with nothing remembered, over the same clients."""
        return RealAws(self._wire, self._regions, self._home, self._clock)

    def close(self) -> None:
        """Close idle connections, for whoever is done; asking again is allowed."""
        self._wire.close()

    def prepare(self, services: Collection[str] | None = None) -> None:
        """Import botocore and make the clients, one after another, in this thread.

        *services* are the ones that matter, as IAM's actions call them; None is all. Whoever does not prepare gets each
        client with its first question. Raises CannotLook as a question would.
        """
        for service in (*REGIONAL, *GLOBAL):
            if services is not None and _IN_ACTIONS.get(service, service) not in services:
                continue
            for region in (self._home,) if service in GLOBAL else self._regions:
                self._wire.prepare(service, region)

    def caller(self, region: str) -> seen.Caller:
        return self._once(stacks.caller, region)

    def stack(self, region: str, name: str) -> seen.StackSeen | seen.Absent:
        return self._once(stacks.stack, region, name)

    def stack_resources(self, region: str, name: str) -> Sequence[tuple[str, str, str]]:
        return self._once(stacks.stack_resources, region, name)

    def stack_template(self, region: str, name: str) -> str:
        return self._once(stacks.stack_template, region, name)

    def table(self, region: str, name: str) -> seen.TableSeen | seen.Absent:
        return self._once(tables.table, region, name)

    def continuous_backups(self, region: str, table: str) -> seen.ContinuousBackups | seen.Absent:
        return self._once(tables.continuous_backups, region, table)

    def table_policy(self, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
        return self._once(tables.table_policy, region, arn)

    def items(self, region: str, table: str, most: int) -> seen.ItemsCounted | seen.Absent:
        return self._once(tables.items, region, table, most)

    def backup_plan(self, region: str, plan_id: str) -> seen.BackupPlanSeen | seen.Absent:
        return self._once(backups.backup_plan, region, plan_id)

    def backup_selections(self, region: str, plan_id: str) -> seen.BackupSelections | seen.Absent:
        return self._once(backups.backup_selections, region, plan_id)

    def recovery_points(self, region: str, resource_arn: str) -> Sequence[seen.RecoveryPoint]:
        return self._once(backups.recovery_points, region, resource_arn)

    def alarm(self, region: str, name: str) -> seen.AlarmSeen | seen.Absent:
        batch = self._memory.once(("alarms", region), lambda: self._alarms_of(region))
        return self._memory.once(("alarm", region, name), lambda: batch.get(name))

    def counted(
        self, region: str, metric: tuple[str, str], dimensions: tuple[tuple[str, str], ...], since: datetime
    ) -> int:
        now = self._clock.now()
        return self._memory.once(
            ("counted", region, metric, dimensions, since),
            lambda: alarms.counted(self._wire.asking(), region, metric, dimensions, (since, now)),
        )

    def topic(self, region: str, arn: str) -> seen.TopicSeen | seen.Absent:
        return self._once(alarms.topic, region, arn)

    def distribution(self, distribution_id: str) -> seen.DistributionSeen | seen.Absent:
        return self._once(cdn.distribution, self._home, distribution_id)

    def cache_policy(self, policy_id: str) -> seen.CachePolicySeen | seen.Absent:
        return self._once(cdn.cache_policy, self._home, policy_id)

    def origin_request_policy(self, policy_id: str) -> seen.OriginRequestPolicySeen | seen.Absent:
        return self._once(cdn.origin_request_policy, self._home, policy_id)

    def certificate(self, region: str, arn: str) -> seen.CertificateSeen | seen.Absent:
        return self._once(certificates.certificate, region, arn)

    def zones(self, name: str) -> seen.Zones:
        return self._once(zones.zones, self._home, name)

    def registration(self, domain: str) -> seen.Registration | seen.Absent:
        return self._once(registrars.registration, self._home, domain)

    def records(self, zone_id: str, name: str) -> seen.Records:
        return self._once(zones.records, self._home, zone_id, name)

    def function(self, region: str, name: str) -> seen.FunctionSeen | seen.Absent:
        return self._once(functions.function, region, name)

    def function_policy(self, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
        return self._once(functions.function_policy, region, arn)

    def bucket(self, region: str, name: str, owner: str) -> seen.BucketSeen | seen.Absent:
        return self._once(buckets.bucket, region, name, owner)

    def bucket_access(self, region: str, name: str, owner: str) -> seen.BucketAccess | seen.Absent:
        return self._once(buckets.bucket_access, region, name, owner)

    def bucket_policy(self, region: str, name: str, owner: str) -> seen.ResourcePolicy | seen.Absent:
        return self._once(buckets.bucket_policy, region, name, owner)

    def bucket_versions(self, region: str, name: str, owner: str) -> seen.BucketVersions | seen.Absent:
        return self._once(buckets.bucket_versions, region, name, owner)

    def bucket_encryption(self, region: str, name: str, owner: str) -> seen.BucketEncryption | seen.Absent:
        return self._once(buckets.bucket_encryption, region, name, owner)

    def bucket_website(self, region: str, name: str, owner: str) -> seen.BucketWebsite | seen.Absent:
        return self._once(buckets.bucket_website, region, name, owner)

    def bucket_cors(self, region: str, name: str, owner: str) -> seen.BucketCors | seen.Absent:
        return self._once(buckets.bucket_cors, region, name, owner)

    def bucket_lifecycle(self, region: str, name: str, owner: str) -> seen.BucketLifecycle | seen.Absent:
        return self._once(buckets.bucket_lifecycle, region, name, owner)

    def rule(self, region: str, bus: str, name: str) -> seen.ScheduleSeen | seen.Absent:
        return self._once(schedules.rule, region, bus, name)

    def schedule(self, region: str, group: str, name: str) -> seen.ScheduleSeen | seen.Absent:
        return self._once(schedules.schedule, region, group, name)

    def queue(self, region: str, arn: str) -> seen.QueueSeen | seen.Absent:
        return self._once(queues.queue, region, arn)

    def key(self, region: str, name: str) -> seen.KmsKeySeen | seen.Absent:
        return self._once(keeping.key, region, name)

    def user_pool(self, region: str, pool: str) -> seen.PoolSeen | seen.Absent:
        return self._once(auth.user_pool, region, pool)

    def user_pool_client(self, region: str, pool: str, client: str) -> seen.ClientSeen | seen.Absent:
        return self._once(auth.user_pool_client, region, pool, client)

    def user_pool_groups(self, region: str, pool: str) -> seen.PoolGroups | seen.Absent:
        return self._once(auth.user_pool_groups, region, pool)

    def log_group(self, region: str, name: str) -> seen.LogGroupSeen | seen.Absent:
        return self._once(logs.log_group, region, name)

    def described(self, kind: str, region: str, name: str) -> seen.Described | seen.Absent:
        return self._once(described.described, described.home_of(kind, region, self._home), kind, name)

    def make_user(self, region: str, pool: str, name: str, password: str, groups: tuple[str, ...]) -> str:
        return people.make_user(self._wire.asking(), region, pool, name, password, groups)

    def sign_in(self, region: str, pool: str, client: str, name: str, password: str) -> Mapping[str, str]:
        return people.sign_in(self._wire.asking(), region, pool, client, name, password)

    def guess(self, region: str, pool: str, client: str, name: str, password: str) -> Guess:
        return people.guess(self._wire.asking(), region, pool, client, name, password)

    def refresh(self, region: str, pool: str, client: str, token: str) -> Mapping[str, str]:
        return people.refresh(self._wire.asking(), region, pool, client, token)

    def drop_user(self, region: str, pool: str, name: str) -> bool:
        return people.drop_user(self._wire.asking(), region, pool, name)

    def users(self, region: str, pool: str, prefix: str) -> Sequence[tuple[str, datetime]]:
        return self._once(people.users, region, pool, prefix)

    def remove_row(self, region: str, table: str, key: tuple[tuple[str, str], ...]) -> bool:
        return people.remove_row(self._wire.asking(), region, table, key)

    def stored(self, region: str, bucket: str, key: str, owner: str) -> tuple[int, ...]:
        return people.stored(self._wire.asking(), region, bucket, key, owner)

    def remove_object(self, region: str, bucket: str, key: str, owner: str) -> bool:
        return people.remove_object(self._wire.asking(), region, bucket, key, owner)

    def refuses_forged_key(self, region: str) -> tuple[bool, str]:
        return self._once(stacks.refuses_forged_key, region)

    def _once(self, ask: Callable[[Asking, str, *Ts], T], region: str, *args: *Ts) -> T:
        key = (ask.__module__, ask.__name__, region, *args)
        return self._memory.once(key, lambda: ask(self._wire.asking(), region, *args))

    def _alarms_of(self, region: str) -> Batch[seen.AlarmSeen | seen.Absent]:
        return Batch(
            ask=lambda names: alarms.alarms(self._wire.asking(), region, names),
            pause=partial(self._clock.sleep, ALARM_GATHERING),
        )
