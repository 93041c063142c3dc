"""How fast each API may be asked: a token bucket per quota, so that we are never the ones who get throttled."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from checks.frozen import dataclass
from checks.world.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A quota: *rate* calls a second, and *burst* of them at once."""

    rate: float
    burst: int


# Keyed by service and operation; an operation of "*" is one quota for all operations of the service together.
# What is not named here has a quota far above what one run asks (DynamoDB's other reads: 2,500/s, STS: 600/s).
PACES: Mapping[tuple[str, str], Pace] = {
    # CloudWatch service quotas: DescribeAlarms 9 transactions per second, per account and region.
    ("cloudwatch", "DescribeAlarms"): Pace(rate=9, burst=9),
    # Route 53 developer guide, API throttling: a token bucket of 50 per account, refilled with 10 a second.
    ("route53", "*"): Pace(rate=10, burst=50),
    # DynamoDB API reference, DescribeContinuousBackups: at most 10 times per second.
    ("dynamodb", "DescribeContinuousBackups"): Pace(rate=10, burst=10),
    # AWS Backup publishes none for its reads; DynamoDB's ListBackups, which it replaces here, allows 5 a second.
    ("backup", "*"): Pace(rate=5, burst=5),
    # ACM publishes its quotas in the Service Quotas console; 5 a second is the lowest among the reads.
    ("acm", "*"): Pace(rate=5, burst=5),
    # CloudFront publishes none; "Rate exceeded" is reported from 6 or 7 rapid calls on.
    ("cloudfront", "*"): Pace(rate=5, burst=5),
    # SNS endpoints and quotas: GetTopicAttributes and ListSubscriptionsByTopic 30 a second each.
    ("sns", "*"): Pace(rate=30, burst=30),
    # CloudFormation publishes none; deployments that poll with 10 calls a second report "Rate exceeded".
    ("cloudformation", "*"): Pace(rate=5, burst=10),
    # Lambda quotas: the control plane other than GetFunction and GetPolicy, 15 requests per second.
    ("lambda", "*"): Pace(rate=15, burst=15),
    # The same page: GetPolicy has 15 requests per second of its own.
    ("lambda", "GetPolicy"): Pace(rate=15, burst=15),
    # CloudWatch Logs quotas: DescribeLogGroups 10 transactions per second, per account and region.
    ("logs", "DescribeLogGroups"): Pace(rate=10, burst=10),
    # Cognito quotas: UserPoolRead and UserPoolClientRead 15 requests per second each, ListGroups a little more.
    ("cognito-idp", "*"): Pace(rate=15, burst=15),
    # EventBridge publishes quotas for its writes alone, some of which are 5 a second; its reads are kept near them.
    ("events", "*"): Pace(rate=10, burst=20),
    # EventBridge Scheduler: GetSchedule 250 a second in its smaller regions.
    ("scheduler", "*"): Pace(rate=50, burst=50),
    # SQS publishes no quota for GetQueueAttributes; what is not sending, receiving or deleting is kept far from one.
    ("sqs", "*"): Pace(rate=50, burst=50),
    # AWS WAF quotas: GetWebACLForResource once a second, any other Get five times, per account and region.
    ("wafv2", "GetWebACLForResource"): Pace(rate=1, burst=1),
    ("wafv2", "GetWebACL"): Pace(rate=5, burst=5),
    # S3 publishes quotas for objects alone; reading a bucket's settings answers SlowDown beyond some hundred a second.
    ("s3", "*"): Pace(rate=50, burst=100),
}


class Bucket:
    """One quota being spent. Callers are served in the order in which they came."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at = clock.monotonic()

    def take(self) -> float:
        """Wait until one more call is within the quota; the seconds that it took."""
        with self._lock:
            now = self._clock.monotonic()
            # A bucket is described by the moment at which it will be full again; each call moves that
            # moment one token further, and a call may go once no more than `burst` tokens are missing.
            self._full_at = max(self._full_at, now) + 1 / self._pace.rate
            wait = self._full_at - now - self._pace.burst / self._pace.rate
        if wait <= 0:
            return 0.0
        self._clock.sleep(wait)
        return wait


class Pacing:
    """The buckets of one account, each made when it is first needed."""

    def __init__(self, paces: Mapping[tuple[str, str], Pace], clock: Clock) -> None:
        self._paces = paces
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def wait(self, service: str, operation: str, region: str) -> float:
        """Wait for this operation's turn; the seconds that it took."""
        named = operation if (service, operation) in self._paces else "*"
        pace = self._paces.get((service, named))
        if pace is None:
            return 0.0
        with self._lock:
            bucket = self._buckets.setdefault((service, named, region), Bucket(pace, self._clock))
        return bucket.take()
