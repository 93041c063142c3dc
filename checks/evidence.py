"""What can be seen: one small frozen type for each kind of answer.

Impossible combinations cannot be written: a refused handshake has no verified certificate, an absent
table has no keys. ``VERSION`` of a type rises when a stored value of it can no longer be read.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from checks.frozen import dataclass

# --- shared -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The target's public surface gave no usable answer: refused, reset, silent, or out of time.

    Evidence, not a failure of ours: whether our instrument works is what the controls say.
    """

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """AWS itself said that the thing does not exist (a not-found code, never a refusal)."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A fact known when the plan was made (a floor, a waiver, a plan entry) rather than looked up."""

    facts: tuple[tuple[str, str], ...]

    def __getitem__(self, key: str) -> str:
        """The fact called *key*."""
        return dict(self.facts)[key]


# --- dns --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """One DNS response. *records* are the answer's values of the asked type, sorted, as text.

    *chain* are the CNAME targets met on the way, *ttl* the shortest lifetime of what was used, *referral* the name
    servers of a non-authoritative answer without records. Host names are lower-case, without the final dot.
    """

    name: str
    type: str
    server: str
    rcode: str
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    authoritative: bool = False
    ttl: int | None = None
    referral: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswers:
    """The same question put to several servers."""

    answers: tuple[DnsAnswer | Silence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A domain as its registrar has it. *statuses* are those of EPP (RFC 5731, 2.3), by their own names."""

    domain: str
    statuses: tuple[str, ...]
    renews: bool
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of the records of one *type* (RFC 4034, 3). *tag* and *algorithm* name its key.

    *verified* says whether the zone's own key confirms it, None where that could not be computed here.
    """

    type: str
    signer: str
    tag: int
    algorithm: int
    inception: datetime
    expiration: datetime
    verified: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A record that proves absence (NSEC, NSEC3): *of* these names there is nothing but *types*, nothing *between*.

    Both name only what was asked for, or the wildcard that it was made from.
    """

    of: tuple[str, ...]
    types: tuple[str, ...]
    between: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """What a server says of a name when it is asked for signatures too; *present* are the types of its records.

    *owner* is the wildcard where the answer was made from one, else the name. *signatures* are those of the answer, or
    of the word that there is none.
    """

    name: str
    type: str
    server: str
    rcode: str
    owner: str
    present: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()
    denials: tuple[Denial, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedZone:
    """The DS records above a zone, and where there are any what its servers say."""

    zone: str
    above: DnsAnswer | Silence
    answers: tuple[SignedAnswer | Silence, ...] = ()


# --- tls --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The certificate that a server presented. *serial* is lower-case hexadecimal without leading zeros."""

    names: tuple[str, ...]
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A handshake that a browser would accept, after which application data went both ways.

    *chain* are the certificates as they were sent, each as ``(subject, issuer)``; none where they could not be read.
    """

    host: str
    address: str
    version: str
    cipher: str
    leaf: Leaf
    chain: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The server answered and a browser would refuse it. *leaf* is read in a second, unverified handshake.

    *code* is OpenSSL's verify code (10 expired, 62 name mismatch, 20 and 19 unknown authority) or None for a
    failure of the protocol itself.
    """

    host: str
    address: str
    reason: str
    code: int | None = None
    leaf: Leaf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshakes:
    """One handshake with each address that a name gave, and the answer that named them."""

    addresses: DnsAnswer | Silence
    handshakes: tuple[Accepted | Refused | Silence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """Which TLS versions a server agreed to, each tried on its own with a client that could have spoken it.

    A version in *unclear* could not be decided (the connection failed before an alert or a server hello).
    """

    host: str
    address: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    unclear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suites:
    """Which kinds of weak cipher suites a server agreed to, each kind offered alone (TLS 1.2).

    It refused the others by an alert or by closing; a kind in *unclear* was left without an answer.
    """

    host: str
    address: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    unclear: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """How many *bits* the prime has by which a server exchanges keys when it is offered nothing but that.

    None when it does not agree to it; *unclear* when it did neither.
    """

    host: str
    address: str
    bits: int | None = None
    unclear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplexed:
    """What was agreed on when HTTP/2 and HTTP/1.1 were offered (RFC 7301; empty: nothing was said).

    *trouble* is what was wrong when that was HTTP/2 and it was spoken.
    """

    host: str
    address: str
    agreed: str
    trouble: str = ""


# --- http -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; redirects are not followed. Header names are lower-case; *body* is text.

    *complete* is false when the body was cut off by the server; *capped* when we stopped reading, at 64 KiB unless the
    look asked for more.
    """

    url: str
    method: str
    address: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    complete: bool = True
    capped: bool = False

    def header(self, name: str) -> str:
        """The values of a header joined with a comma and a space; empty when it was not sent."""
        return ", ".join(value for key, value in self.headers if key == name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Something that a page names, by its full address. *kind* is script, style, image, icon, manifest or worker."""

    kind: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """About an answer all but what it says: *page* when it is a web page, *listing* when it is a list of files."""

    url: str
    status: int
    type: str
    cache: str
    complete: bool
    page: bool
    listing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """A page, what it names, and what came of each; nothing where it is another host's.

    *unasked* says in words what was left out, since there was too much of it.
    """

    page: Asset | Silence
    references: tuple[Reference, ...]
    parts: tuple[Asset | Silence | None, ...]
    unasked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Several responses that are judged together (the same question asked twice, or two ways in)."""

    responses: tuple[Response | Silence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie that an answer sets, without its value. *same_site* is as it was sent, in lower case.

    *own* when it names no domain, *path* as it was sent. *ended* when it is over already: it takes a cookie away.
    """

    url: str
    name: str
    secure: bool
    http_only: bool
    same_site: str
    own: bool = True
    path: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """What so many answers set, and where nobody answered."""

    answers: int
    cookies: tuple[Cookie, ...]
    silent: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWord:
    """What a page says to search engines, as ``(engine, word)`` in lower case; the engine ``*`` is every one."""

    url: str
    status: int
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What search engines are told: by robots.txt, and by each page."""

    robots: Response | Silence
    pages: tuple[PageWord | Silence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An id that stands in something served. *kind* is pool, client, identity pool, API, sign-in domain or region."""

    kind: str
    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What a page and its parts name of AWS. *unread* says in words what was not read, since there was too much."""

    page: Asset | Silence
    read: int
    mentions: tuple[Mention, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One question by an API's own description: what was asked, what should come of it, and what came."""

    asked: str
    wanted: str
    status: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """Several of them; *unread* says why the description could not be read, and then nothing was asked."""

    trials: tuple[Trial | Silence, ...]
    unread: str = ""


# --- aws --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who we are, as STS sees it."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSeen:
    """What DescribeStacks says of one stack. *parameters* are the values in force (``****`` for a NoEcho one).

    *drift* is what was found when somebody last looked for it; NOT_CHECKED when nobody did. *protected* says whether
    CloudFormation refuses to delete it.
    """

    name: str
    arn: str
    status: str
    reason: str
    updated: datetime
    outputs: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...] = ()
    drift: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSeen:
    """One global secondary index. *keys* are ``(attribute, HASH or RANGE, S, N or B)``.

    *projection* is ALL, KEYS_ONLY, or ``INCLUDE a,b`` with the further attributes sorted.
    """

    name: str
    keys: tuple[tuple[str, str, str], ...]
    projection: str
    status: str
    backfilling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSeen:
    """What DescribeTable says. *encryption* is ``KMS`` and the key's ARN; empty with DynamoDB's own key.

    *ceiling* is the most that may be read and written on demand, in units a second; -1 is as much as AWS allows.
    *items* and *size*, in bytes, are some hours old.
    """

    name: str
    arn: str
    id: str
    status: str
    created: datetime
    keys: tuple[tuple[str, str, str], ...]
    indexes: tuple[IndexSeen, ...]
    billing: str
    stream: str
    deletion_protection: bool
    items: int
    encryption: str = ""
    ceiling: tuple[int, int] = (-1, -1)
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousBackups:
    """Point-in-time recovery as DescribeContinuousBackups reports it (its own status alone counts)."""

    table: str
    status: str
    days: int | None
    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoverable:
    """A table, and how far back it goes."""

    table: TableSeen | Absent
    backups: ContinuousBackups | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRule:
    """One rule of a backup plan. *schedule* is a cron or rate expression; *delete_after* in days."""

    name: str
    vault: str
    schedule: str
    delete_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupPlanSeen:
    """A backup plan and its rules, and when it was *made* or last changed."""

    id: str
    name: str
    rules: tuple[BackupRule, ...]
    made: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSelection:
    """What one selection of a plan names: ARN patterns, excluded patterns, and whether it selects by tag.

    *tags* are the ``(key, value)`` pairs of its ListOfTags, any of which selects; a selection that is *by_tag* without
    them is narrowed by Conditions, so that its patterns alone prove nothing.
    """

    name: str
    role: str
    resources: tuple[str, ...]
    excluded: tuple[str, ...]
    by_tag: bool
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSelections:
    """All selections of one plan."""

    plan: str
    selections: tuple[BackupSelection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Safekeeping:
    """What every backup plan of a target selects, beside the ARN of the one resource that is asked about."""

    resource: str
    plans: tuple[BackupSelections | Absent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """One recovery point. *completed* is None while it is being made; *size* in bytes, None where it is not told."""

    arn: str
    status: str
    created: datetime
    completed: datetime | None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoints:
    """The recovery points of one resource, newest first (at most 100), and when the resource was made.

    *held* is how many bytes the resource holds itself, None where nobody asked.
    """

    resource: str
    made: datetime | None
    points: tuple[RecoveryPoint, ...]
    held: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restores:
    """The *newest* completed restore of *what* a backup plan keeps, and when the plan was *made*."""

    plan: str
    made: datetime | None
    newest: datetime | None
    what: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSeen:
    """What DescribeAlarms says of one metric alarm. Dimensions are sorted; metric maths gives *metrics*.

    Each of *metrics* is ``(namespace, metric, dimensions)``. *queries* are the lines of the maths, ``(id, text)``:
    the text is the expression, or ``Namespace/Metric Stat/period`` such as ``AWS/Lambda/Errors Sum/300``, and behind
    it the dimensions as `` Name=value`` sorted. *datapoints* is None where every evaluation period must breach.
    """

    name: str
    arn: str
    state: str
    state_changed: datetime | None
    configured: datetime | None
    actions_enabled: bool
    alarm_actions: tuple[str, ...]
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    statistic: str
    comparison: str
    threshold: float | None
    period: int | None
    evaluation_periods: int
    missing_data: str
    datapoints: int | None = None
    queries: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSeen:
    """A metric that an alarm watches, whether it was *told* lately, and which *names* its namespace told."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    told: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What an alarm waits for, as far as it is not what AWS is known to publish.

    *configured* is when somebody last changed the alarm, *missing* what it takes missing data for.
    """

    alarm: str
    configured: datetime | None
    missing: str
    metrics: tuple[MetricSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencer:
    """The alarm that keeps another one quiet while it rings; both empty where there is none."""

    alarm: str
    name: str
    state: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSeen:
    """An SNS topic with its subscriptions, as ``(protocol, confirmed or pending)``. Endpoints are personal: not kept.

    *key* is the id, alias or ARN of the KMS key that it is encrypted with, empty without one. *confirmed* are the ARNs
    of the subscriptions that were.
    """

    arn: str
    policy: str
    subscriptions: tuple[tuple[str, Literal["confirmed", "pending"]], ...]
    key: str = ""
    confirmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What one confirmed subscription lets through: its filter *policy*, empty without one, and its *scope*."""

    protocol: str
    policy: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters of all confirmed subscriptions to a topic."""

    topic: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmPath:
    """An alarm and the SNS topics that its actions name, in their order."""

    alarm: AlarmSeen
    topics: tuple[TopicSeen | Absent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One origin of a distribution; *versions* are those of TLS in which it may be spoken to."""

    id: str
    domain: str
    path: str
    kind: Literal["s3", "s3-website", "custom"]
    access_control: str
    protocol: str
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One cache behaviour; *pattern* ``*`` is the default one. Policies are ids; functions ``(event, ARN)``."""

    pattern: str
    origin: str
    viewer: str
    methods: tuple[str, ...]
    cache_policy: str
    origin_request_policy: str
    headers_policy: str
    compress: bool
    functions: tuple[tuple[str, str], ...]
    legacy_ttl: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionSeen:
    """What CloudFront says of one distribution.

    *errors* are custom error responses ``(code, page, answered as, seconds)``, *modified* when it was changed last,
    *attached* how the certificate is (``sni-only``, or ``vip`` on addresses of its own), *firewall* its web ACL
    (an ARN, or an id of WAF Classic).
    """

    id: str
    arn: str
    domain: str
    status: str
    enabled: bool
    aliases: tuple[str, ...]
    root: str
    certificate: str
    minimum_protocol: str
    http_version: str
    ipv6: bool
    price_class: str
    origins: tuple[Origin, ...]
    behaviours: tuple[Behaviour, ...]
    errors: tuple[tuple[int, str, str, int], ...]
    modified: datetime | None = None
    attached: str = ""
    firewall: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicySeen:
    """The lifetimes of a cache policy in seconds, and what is part of its key."""

    id: str
    name: str
    minimum: int
    default: int
    maximum: int
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRequestPolicySeen:
    """Which viewer headers an origin request policy forwards: a behaviour word and names."""

    id: str
    name: str
    header_behaviour: str
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Everything that decides how one path pattern reaches its origin."""

    distribution: DistributionSeen
    pattern: str
    cache: CachePolicySeen | Absent | None
    forwarding: OriginRequestPolicySeen | Absent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSeen:
    """What ACM says of one certificate.

    *validation* are ``(name, status)``; *validation_records* are CNAMEs ``(name, value)``.
    """

    arn: str
    status: str
    names: tuple[str, ...]
    serial: str
    not_before: datetime | None
    not_after: datetime | None
    in_use_by: tuple[str, ...]
    renewal: str
    validation: tuple[tuple[str, str], ...]
    validation_records: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A certificate beside what DNS says today to each of its validation records, in their order."""

    certificate: CertificateSeen | Absent
    answers: tuple[DnsAnswer | Silence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The certificate that ACM holds beside the one that the edge serves, and the distribution between them."""

    certificate: CertificateSeen | Absent
    handshake: Accepted | Refused | Silence
    distribution: DistributionSeen | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSeen:
    """One public hosted zone and the name servers that it was given."""

    id: str
    name: str
    nameservers: tuple[str, ...]
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """All public hosted zones of one name in the account."""

    name: str
    zones: tuple[ZoneSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeen:
    """One record set. *values* are texts; *alias* is the alias target or empty."""

    name: str
    type: str
    ttl: int | None
    values: tuple[str, ...]
    alias: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The record sets of one name in one hosted zone."""

    zone: str
    name: str
    records: tuple[RecordSeen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliased:
    """The record sets of one name beside the distribution that they should lead to."""

    records: Records | Absent
    distribution: DistributionSeen | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """What the parent hands out for a zone beside what Route 53 says the zone's servers are."""

    zones: Zones
    parent: DnsAnswer | Silence


def digest_of(value: str) -> str:
    """What is kept of a value that may be secret: enough to see that it changed, too little to read it."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:16]


def veiled(text: str) -> str:
    """A text with an address in it, so that another one can be told from it and nobody is written to: its domain."""
    before, at, domain = text.rpartition("@")
    return f"{digest_of(before)} at {domain.rstrip('>')}" if at else text


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSeen:
    """One Lambda function. Only the names of environment variables are kept, with ``digest_of`` each value."""

    name: str
    arn: str
    runtime: str
    architecture: str
    handler: str
    memory: int
    timeout: int
    state: str
    last_update: str
    code_sha256: str
    reserved_concurrency: int | None
    environment: tuple[tuple[str, str], ...]
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """The policy that a resource carries, as the JSON text that it was given; empty without one."""

    resource: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsCounted:
    """How many items a table holds, counted no further than it was asked for."""

    table: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What the policies of several resources say, in the order in which they were asked."""

    policies: tuple[ResourcePolicy | Absent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketSeen:
    """A bucket. *ours* is false when it belongs to another account, *region* empty where S3 did not say."""

    name: str
    region: str
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketAccess:
    """The flags of public access block that are on, by their API names; and whether S3 calls the policy public."""

    bucket: str
    blocked: tuple[str, ...]
    public: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketVersions:
    """*status* is Enabled, Suspended, or empty for a bucket that never had versions."""

    bucket: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketEncryption:
    """Default encryption: ``AES256``, ``aws:kms`` … and the key where one is named; both empty without it."""

    bucket: str
    algorithm: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketWebsite:
    """What the bucket serves as a website: its index page or where it redirects to; empty when it serves none."""

    bucket: str
    serves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsRule:
    """One CORS rule, its lists sorted."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketCors:
    """The CORS rules of a bucket, in their order."""

    bucket: str
    rules: tuple[CorsRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """One lifecycle rule. *expires* is when current objects go: days, a date, or empty for never."""

    id: str
    status: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketLifecycle:
    """The lifecycle rules of a bucket, in their order."""

    bucket: str
    rules: tuple[LifecycleRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTarget:
    """What a schedule calls. *dead_letters* is a queue's ARN or empty; *retries* and *age* (s) are None where unset."""

    id: str
    arn: str
    role: str = ""
    dead_letters: str = ""
    retries: int | None = None
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSeen:
    """A rule of EventBridge (always in UTC), or a schedule of EventBridge Scheduler with its *ends*.

    A rule without an expression waits for events that fit its *pattern*.
    """

    name: str
    arn: str
    state: str
    expression: str
    timezone: str
    ends: datetime | None
    targets: tuple[ScheduleTarget, ...]
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultNotices:
    """Of which *events* a backup vault tells which *topic*; both empty where it tells nobody."""

    vault: str
    topic: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupNotices:
    """What tells of failed backups, in the order that it was asked about, and the topics that it leads to."""

    rules: tuple[ScheduleSeen | Absent, ...]
    vaults: tuple[VaultNotices, ...]
    alarms: tuple[AlarmSeen | Absent, ...]
    topics: tuple[TopicSeen | Absent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsSeen:
    """Whether a rule did what was *due*: calls that were *begun* since then, and how many of them *failed* for good.

    *changed* is when its stack was last deployed. What was not due since then has not been counted.
    """

    schedule: ScheduleSeen
    changed: datetime
    due: datetime | None
    begun: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSeen:
    """An SQS queue. *settings* are attributes by their API names; *messages* those waiting, in flight and delayed."""

    arn: str
    policy: str
    settings: tuple[tuple[str, str], ...]
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsKeySeen:
    """A KMS key, and its policy as JSON text. *owned* is false for a key of AWS, whose policy nobody can change."""

    arn: str
    state: str
    owned: bool
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """A queue or topic that is encrypted with no key of KMS."""

    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A queue or topic, and the key that it is encrypted with, as it *named* that."""

    holder: str
    named: str
    key: KmsKeySeen | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSeen:
    """A user pool. *triggers* are ``(name, function)``, *custom* its own attributes that a user may change.

    *mails* are who sends them, by the names of EmailConfiguration, addresses ``veiled``; *mails_fail* is why Cognito
    says that it cannot send them.
    """

    id: str
    arn: str
    deletion_protection: str
    aliases: tuple[str, ...]
    usernames: tuple[str, ...]
    triggers: tuple[tuple[str, str], ...]
    custom: tuple[str, ...]
    mfa: str
    admin_only: bool
    password: tuple[tuple[str, str], ...]
    mails: tuple[tuple[str, str], ...] = ()
    mails_fail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSeen:
    """An app client. *writable* is None where none are named, which means all; the lives are in seconds.

    *signs_in* tells whether its OAuth settings are in use at all; *hides_users* is PreventUserExistenceErrors.
    """

    id: str
    signs_in: bool
    grants: tuple[str, ...]
    callbacks: tuple[str, ...]
    logouts: tuple[str, ...]
    flows: tuple[str, ...]
    writable: tuple[str, ...] | None
    hides_users: str
    access: int
    identity: int
    refresh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """An app client beside its pool."""

    client: ClientSeen | Absent
    pool: PoolSeen | Absent


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolGroups:
    """The groups of a user pool, sorted."""

    pool: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysSeen:
    """The keys that a user pool serves, as ``(digest of the name, bits, algorithm, served with its private part)``.

    *unread* says why there are none to read.
    """

    url: str
    keys: tuple[tuple[str, int, str, bool], ...]
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroupSeen:
    """A log group. *days* is None where its events are kept for ever."""

    name: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One thing of AWS that is compared with its template word by word, as its service describes it.

    *kind* is its CloudFormation type, *state* the service's word (``there`` for one that has none). *words* are sorted
    ``(word, text)`` in the spelling of ``checks.spelling``; of documents and secrets a digest alone is kept.
    """

    kind: str
    name: str
    state: str
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The code of several functions or versions, as ``(name, CodeSha256)``; empty for one that is gone."""

    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a journey: what was tried, whether it went as it should, and what was answered."""

    name: str
    well: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A journey under the name of its run: its steps in their order, and what of it could not be proven to be gone."""

    run: str
    steps: tuple[Step, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """People of journeys, with the moment each was made, and the names of those that were removed just now."""

    people: tuple[tuple[str, datetime], ...]
    removed: tuple[str, ...]


EVIDENCE: tuple[type, ...] = (
    Silence, Absent, Stated,
    DnsAnswer, DnsAnswers, Delegation, Registration, Signature, Denial, SignedAnswer, SignedZone,
    Leaf, Accepted, Refused, Handshakes, Protocols, Suites, Group, Multiplexed, Served,
    Response, Responses, Reference, Asset, Assets, Cookie, Cookies, PageWord, Welcome, Mention, Mentions, Trial, Trials,
    Caller, StackSeen,
    IndexSeen, TableSeen, ContinuousBackups, Recoverable,
    BackupRule, BackupPlanSeen, BackupSelection, BackupSelections, Safekeeping, RecoveryPoint, RecoveryPoints,
    Restores, VaultNotices, BackupNotices,
    AlarmSeen, MetricSeen, Signals, Silencer, TopicSeen, AlarmPath, Filter, Filters,
    Origin, Behaviour, DistributionSeen, CachePolicySeen, OriginRequestPolicySeen, Route,
    CertificateSeen, Validated, ZoneSeen, Zones, RecordSeen, Records, Aliased,
    FunctionSeen,
    ResourcePolicy, ItemsCounted, Permissions,
    BucketSeen, BucketAccess, BucketVersions, BucketEncryption, BucketWebsite,
    CorsRule, BucketCors, LifecycleRule, BucketLifecycle,
    ScheduleTarget, ScheduleSeen, RunsSeen,
    QueueSeen, KmsKeySeen, Sealed, Unsealed,
    PoolSeen, ClientSeen, SignIn, PoolGroups, KeysSeen,
    LogGroupSeen,
    Described,
    Packages,
    Step, Walk, Leftovers,
)  # fmt: skip
