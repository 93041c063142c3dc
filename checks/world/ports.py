"""The questions that can be put to the outside, in our own words. Answers are in ``checks.evidence``.

Every question may raise CannotLook when our own instrument failed. What the target's public surface did
(refusal, silence, a bad certificate) is an answer. An answer of AWS that a thing does not exist is ``Absent``;
a refusal, throttling or a time-out of AWS is CannotLook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from checks import evidence as seen

Guess = Literal["wrong", "right", "locked"]
# What is read of a body unless somebody asks for more of it.
MOST_BODY = 65_536


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Dns(Protocol):
    """Questions to resolvers and to authoritative servers."""

    def ask(
        self,
        name: str,
        type: str,  # noqa: A002 - DNS's own word
        *,
        server: str | None = None,
        tcp: bool = False,
        mixed: bool = False,
        recursive: bool = False,
    ) -> seen.DnsAnswer | seen.Silence:
        """Ask the target's resolver, or *server* (a host name or address, asked without recursion).

        With *recursive* the *server* is a resolver of others; with *tcp* over TCP alone; with *mixed* the name is spelt
        in mixed case, and an answer that spells it otherwise is none.
        """
        ...

    def signed(self, zone: str, names: tuple[str, ...], *, server: str) -> tuple[seen.SignedAnswer | seen.Silence, ...]:
        """Ask *server* for the keys of *zone*, and for addresses of *names* and what they lack, with signatures."""
        ...


class Tls(Protocol):
    """Handshakes."""

    def handshake(
        self, host: str, *, port: int = 443, address: str | None = None
    ) -> seen.Accepted | seen.Refused | seen.Silence:
        """Shake hands as a browser would, and exchange application data (a HEAD request)."""
        ...

    def protocols(self, host: str, *, port: int = 443) -> seen.Protocols | seen.Silence:
        """Try TLS 1.0, 1.1, 1.2 and 1.3 each on its own."""
        ...

    def suites(self, host: str, *, port: int = 443) -> seen.Suites | seen.Silence:
        """Offer each kind of weak cipher suites on its own."""
        ...

    def group(self, host: str, *, port: int = 443) -> seen.Group | seen.Silence:
        """Offer Diffie-Hellman over finite fields alone, and read how large the server's prime is."""
        ...

    def http2(self, host: str, *, port: int = 443) -> seen.Multiplexed | seen.Refused | seen.Silence:
        """Offer HTTP/2, and where it is agreed on send one request by it."""
        ...


class Http(Protocol):
    """Requests. Redirects are never followed, each request uses a connection of its own."""

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = MOST_BODY,
    ) -> seen.Response | seen.Silence:
        """One request to *url* and its answer, within the wall-clock budget of a look.

        Of a body *most* bytes are read; what is longer comes back ``capped``.
        """
        ...


class Aws(Protocol):
    """The control plane. Names and ids are those of the live resources."""

    def caller(self, region: str) -> seen.Caller:
        """Who we are (sts:GetCallerIdentity, asked of the region's own endpoint)."""
        ...

    def stack(self, region: str, name: str) -> seen.StackSeen | seen.Absent:
        """cloudformation:DescribeStacks."""
        ...

    def stack_resources(self, region: str, name: str) -> Sequence[tuple[str, str, str]]:
        """cloudformation:ListStackResources, as ``(logical id, type, physical id)``; deleted ones left out."""
        ...

    def stack_template(self, region: str, name: str) -> str:
        """cloudformation:GetTemplate, the text as submitted."""
        ...

    def table(self, region: str, name: str) -> seen.TableSeen | seen.Absent:
        """dynamodb:DescribeTable."""
        ...

    def continuous_backups(self, region: str, table: str) -> seen.ContinuousBackups | seen.Absent:
        """dynamodb:DescribeContinuousBackups."""
        ...

    def table_policy(self, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
        """dynamodb:GetResourcePolicy; an empty text without one."""
        ...

    def items(self, region: str, table: str, most: int) -> seen.ItemsCounted | seen.Absent:
        """dynamodb:Scan for a count that ends at *most*; no item is read."""
        ...

    def backup_plan(self, region: str, plan_id: str) -> seen.BackupPlanSeen | seen.Absent:
        """backup:GetBackupPlan. A plan in state deleted is Absent."""
        ...

    def backup_selections(self, region: str, plan_id: str) -> seen.BackupSelections | seen.Absent:
        """backup:ListBackupSelections, then backup:GetBackupSelection of each."""
        ...

    def recovery_points(self, region: str, resource_arn: str) -> Sequence[seen.RecoveryPoint]:
        """backup:ListRecoveryPointsByResource, newest first."""
        ...

    def alarm(self, region: str, name: str) -> seen.AlarmSeen | seen.Absent:
        """cloudwatch:DescribeAlarms (asked once for all alarms that a run needs, a hundred names a call)."""
        ...

    def counted(
        self, region: str, metric: tuple[str, str], dimensions: tuple[tuple[str, str], ...], since: datetime
    ) -> int:
        """cloudwatch:GetMetricStatistics: the sum of *metric* (namespace, name) from *since* until now."""
        ...

    def topic(self, region: str, arn: str) -> seen.TopicSeen | seen.Absent:
        """sns:GetTopicAttributes and sns:ListSubscriptionsByTopic."""
        ...

    def registration(self, domain: str) -> seen.Registration | seen.Absent:
        """route53domains:GetDomainDetail. A domain that another account, or another registrar, holds is Absent."""
        ...

    def distribution(self, distribution_id: str) -> seen.DistributionSeen | seen.Absent:
        """cloudfront:GetDistribution."""
        ...

    def cache_policy(self, policy_id: str) -> seen.CachePolicySeen | seen.Absent:
        """cloudfront:GetCachePolicy."""
        ...

    def origin_request_policy(self, policy_id: str) -> seen.OriginRequestPolicySeen | seen.Absent:
        """cloudfront:GetOriginRequestPolicy."""
        ...

    def certificate(self, region: str, arn: str) -> seen.CertificateSeen | seen.Absent:
        """acm:DescribeCertificate."""
        ...

    def zones(self, name: str) -> seen.Zones:
        """route53:ListHostedZonesByName, then route53:GetHostedZone of each public zone of that very name."""
        ...

    def records(self, zone_id: str, name: str) -> seen.Records:
        """route53:ListResourceRecordSets, the sets of one name."""
        ...

    def function(self, region: str, name: str) -> seen.FunctionSeen | seen.Absent:
        """lambda:GetFunctionConfiguration and lambda:GetFunctionConcurrency."""
        ...

    def function_policy(self, region: str, arn: str) -> seen.ResourcePolicy | seen.Absent:
        """lambda:GetPolicy of a function or of an alias of it. Absent without a policy too: Lambda tells them alike."""
        ...

    def bucket(self, region: str, name: str, owner: str) -> seen.BucketSeen | seen.Absent:
        """s3:HeadBucket, as the account *owner* expects it, and once more as anybody's when that is refused."""
        ...

    def bucket_access(self, region: str, name: str, owner: str) -> seen.BucketAccess | seen.Absent:
        """s3:GetPublicAccessBlock and s3:GetBucketPolicyStatus."""
        ...

    def bucket_policy(self, region: str, name: str, owner: str) -> seen.ResourcePolicy | seen.Absent:
        """s3:GetBucketPolicy; an empty text without one."""
        ...

    def bucket_versions(self, region: str, name: str, owner: str) -> seen.BucketVersions | seen.Absent:
        """s3:GetBucketVersioning."""
        ...

    def bucket_encryption(self, region: str, name: str, owner: str) -> seen.BucketEncryption | seen.Absent:
        """s3:GetBucketEncryption."""
        ...

    def bucket_website(self, region: str, name: str, owner: str) -> seen.BucketWebsite | seen.Absent:
        """s3:GetBucketWebsite."""
        ...

    def bucket_cors(self, region: str, name: str, owner: str) -> seen.BucketCors | seen.Absent:
        """s3:GetBucketCors."""
        ...

    def bucket_lifecycle(self, region: str, name: str, owner: str) -> seen.BucketLifecycle | seen.Absent:
        """s3:GetBucketLifecycleConfiguration."""
        ...

    def rule(self, region: str, bus: str, name: str) -> seen.ScheduleSeen | seen.Absent:
        """events:DescribeRule and events:ListTargetsByRule."""
        ...

    def schedule(self, region: str, group: str, name: str) -> seen.ScheduleSeen | seen.Absent:
        """scheduler:GetSchedule."""
        ...

    def queue(self, region: str, arn: str) -> seen.QueueSeen | seen.Absent:
        """sqs:GetQueueAttributes."""
        ...

    def key(self, region: str, name: str) -> seen.KmsKeySeen | seen.Absent:
        """kms:DescribeKey, then kms:GetKeyPolicy by its ARN. *name* may be an id, an ARN, or an alias with its word."""
        ...

    def user_pool(self, region: str, pool: str) -> seen.PoolSeen | seen.Absent:
        """cognito-idp:DescribeUserPool."""
        ...

    def user_pool_client(self, region: str, pool: str, client: str) -> seen.ClientSeen | seen.Absent:
        """cognito-idp:DescribeUserPoolClient; its secret is not kept."""
        ...

    def user_pool_groups(self, region: str, pool: str) -> seen.PoolGroups | seen.Absent:
        """cognito-idp:ListGroups."""
        ...

    def log_group(self, region: str, name: str) -> seen.LogGroupSeen | seen.Absent:
        """logs:DescribeLogGroups, the one of exactly this name."""
        ...

    def described(self, kind: str, region: str, name: str) -> seen.Described | seen.Absent:
        """One thing of a CloudFormation type that is compared word by word (the call is the type's own)."""
        ...

    def make_user(self, region: str, pool: str, name: str, password: str, groups: tuple[str, ...]) -> str:
        """Make somebody who can sign in, without telling them; gives their subject (journeys alone ask this)."""
        ...

    def sign_in(self, region: str, pool: str, client: str, name: str, password: str) -> Mapping[str, str]:
        """Tokens by their kinds ``id``, ``access`` and ``refresh``; none when the pool refuses."""
        ...

    def guess(self, region: str, pool: str, client: str, name: str, password: str) -> Guess:
        """What the pool says to a password: that it is wrong, is right, or that it looks at none for now."""
        ...

    def refresh(self, region: str, pool: str, client: str, token: str) -> Mapping[str, str]:
        """New tokens for a refresh token; none when the pool refuses."""
        ...

    def drop_user(self, region: str, pool: str, name: str) -> bool:
        """Delete somebody, and whether they are gone."""
        ...

    def users(self, region: str, pool: str, prefix: str) -> Sequence[tuple[str, datetime]]:
        """cognito-idp:ListUsers: those whose names begin so, with the moment each was made."""
        ...

    def remove_row(self, region: str, table: str, key: tuple[tuple[str, str], ...]) -> bool:
        """Delete one row by its key, and whether it is gone."""
        ...

    def stored(self, region: str, bucket: str, key: str, owner: str) -> tuple[int, ...]:
        """s3:ListBucketVersions: how many bytes each version of one object has."""
        ...

    def remove_object(self, region: str, bucket: str, key: str, owner: str) -> bool:
        """Delete every version of one object, and whether all are gone."""
        ...

    def refuses_forged_key(self, region: str) -> tuple[bool, str]:
        """Whether AWS refuses a made-up access key (a control: an endpoint that says yes to everybody is not AWS)."""
        ...


class World(Protocol):
    """The outside, put together. ``again`` forgets every answer, so that the next attempt reads afresh.

    *anchor* is a URL outside the target that answers 200 on a working network (an AWS endpoint);
    controls use it.
    """

    @property
    def dns(self) -> Dns:
        """Names."""
        ...

    @property
    def tls(self) -> Tls:
        """Handshakes."""
        ...

    @property
    def http(self) -> Http:
        """Requests."""
        ...

    @property
    def aws(self) -> Aws:
        """The control plane."""
        ...

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def anchor(self) -> str:
        """A URL outside the target that answers 200 where the network works."""
        ...

    def again(self) -> World:
        """The same world with nothing remembered."""
        ...
