"""The questions that can be put to the outside, in our own words. Answers are in ``checks.evidence``.

Every question may raise CannotLook when our own instrument failed. What the target's public surface did
(refusal, silence, a bad certificate) is an answer. An answer of AWS that a thing does not exist is ``Absent``;
a refusal, throttling or a time-out of AWS is CannotLook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from checks import evidence as seen


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

    def ask(self, name: str, type: str, *, server: str | None = None) -> seen.DnsAnswer | seen.Silence:  # noqa: A002 - DNS's own word
        """Ask the target's resolver, or *server* (a host name or address, asked without recursion)."""
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


class Http(Protocol):
    """Requests. Redirects are never followed, each request uses a connection of its own."""

    def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> seen.Response | seen.Silence:
        """One request to *url* and its answer, within the wall-clock budget of a look."""
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

    def topic(self, region: str, arn: str) -> seen.TopicSeen | seen.Absent:
        """sns:GetTopicAttributes and sns:ListSubscriptionsByTopic."""
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
