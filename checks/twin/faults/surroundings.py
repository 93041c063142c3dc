"""Faults of the harness's own surroundings: peers that misbehave, an AWS that cannot be asked, a machine in trouble."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import dns.flags

from checks.twin.faults import reports
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.http import Onward, Raw, Reply, Tamper, Visit, answer
from checks.twin.faults.between.names import Answer, Question, Twist
from checks.twin.faults.between.names import Onward as Asked
from checks.twin.faults.handshakes import speaking
from checks.twin.faults.staging import at_path, calls, edge_of, health, instead, pages, resolved, said, visited
from checks.twin.faults.words import Fault, Stage, View

_IO, _DNS, _AWS, _REP = (
    "Meta: network input handling",
    "Meta: resolver behaviour",
    "Meta: AWS API failures",
    "Meta: hostile content in reports",
)
_API, _LOGIC, _TIME = "AWS API behaviour", "Meta: configuration and verdict logic", "Runner environment / time"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def _endless() -> Iterator[bytes]:
    yield _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in itertools.repeat(0):
        yield b"2000\r\n" + b"x" * 0x2000 + b"\r\n"


def _dripping() -> Iterator[bytes]:
    """A byte at a time: each read is in time, the whole never is."""
    yield _HEAD + b"Content-Length: 500\r\n\r\n"
    pause = threading.Event()
    for _ in range(500):
        pause.wait(0.5)
        yield b"x"


def _bomb() -> bytes:
    import gzip

    return gzip.compress(b"\0" * 50_000_000)


def raw(*pieces: bytes, hold: bool = False) -> Callable[[Visit, Onward], Reply | Raw]:
    """Pages are these bytes."""
    return lambda visit, onward: Raw(pieces=pieces, hold=hold) if pages(visit) else onward(visit)


def flowing(made: Callable[[], Iterator[bytes]]) -> Tamper:
    """Pages flow on and on."""
    return lambda visit, onward: Raw(pieces=made()) if pages(visit) else onward(visit)


def bombed(visit: Visit, onward: Onward) -> Reply | Raw:
    """Pages are a few kilobytes that would be fifty megabytes."""
    return answer(200, _bomb(), "text/html", content_encoding="gzip") if pages(visit) else onward(visit)


_NESTED = "[" * 100_000 + "]" * 100_000


def unsettled(promise: str, tamper: Callable[[Bench], Tamper], *, every: bool = True) -> Stage:
    """AWS answers as *tamper* has it; checks of *promise*, *every* one or some, say that they could not look."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        bench.check(promise)
        named = tuple(each.name for each in bench.checks(promise)) if every else (f"{promise}[*]",)
        yield View(named=named, aws=tamper(bench))

    return stage


def refusing(service: str, operation: str, code: str, status: int = 400) -> Callable[[Bench], Tamper]:
    """One operation is refused, in the words of JSON services."""
    body = json.dumps({"__type": code, "message": "rehearsed"})
    refusal = answer(status, body, "application/x-amz-json-1.0", x_amzn_requestid="rehearsed", x_amzn_errortype=code)

    def fits(visit: Visit) -> bool:
        return visit.service == service and operation in visit.operation

    return lambda _: instead(fits, refusal)


def everywhere(reply: Reply) -> Callable[[Bench], Tamper]:
    """Whatever AWS is asked, this is the answer. What no service is asked, such as the anchor, is passed on."""
    return lambda _: instead(lambda visit: bool(visit.service), reply)


_PORTAL = answer(200, "<!doctype html><html><title>Sign in to the network</title></html>", "text/html")
_EXPIRED = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>ExpiredToken</Code><Message>rehearsed</Message></Error><RequestId>rehearsed</RequestId></ErrorResponse>"""


def after(calls_: int, reply: Reply, *, of: str) -> Callable[[Bench], Tamper]:
    """From the so-manieth question to a service on, this is the answer."""

    def made(_bench: Bench) -> Tamper:
        count = itertools.count()

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            late = visit.service == of and next(count) >= calls_
            return reply if late else onward(visit)

        return tamper

    return made


def cut_short(service: str, operation: str) -> Callable[[Bench], Tamper]:
    """The JSON of one operation ends in the middle."""

    def cut(reply: Reply) -> Reply:
        return Reply(status=reply.status, headers=reply.headers, body=reply.body[: len(reply.body) // 2])

    return lambda _: at_path(lambda visit: visit.service == service and operation in visit.operation, cut)


def second_page_lost(_bench: Bench) -> Tamper:
    """There is a second page of recovery points, and it cannot be had."""
    refusal = answer(500, '{"message": "rehearsed"}', x_amzn_requestid="rehearsed")

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        if visit.service != "backup" or "recovery-points" not in visit.path:
            return onward(visit)
        if "nextToken" in visit.target:
            return refusal
        reply = onward(visit)
        return reply.amended(lambda seen: seen.update(NextToken="more"))

    return tamper


def not_switched_on(_bench: Bench) -> Tamper:
    """The certificate's region knows our credentials not: the account has not opted in to it."""
    body = (
        '{"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid"}'
    )
    refusal = answer(400, body, "application/x-amz-json-1.1", x_amzn_requestid="rehearsed")
    return instead(lambda visit: visit.service == "acm", refusal)


def another_account(_bench: Bench) -> Tamper:
    """STS names another account."""
    old, new = b"<Account>000000000000</Account>", b"<Account>000000000001</Account>"
    return at_path(lambda visit: visit.service == "sts", lambda reply: reply.reworded(old, new))


def first_of_each(reply: Reply) -> Callable[[Bench], Tamper]:
    """The first time that something is asked, this is the answer."""

    def made(_bench: Bench) -> Tamper:
        heard: set[tuple[str, str, bytes]] = set()

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            key = (visit.operation, visit.target, visit.body)
            # One question in five: a run in which everything fails once is no passing trouble.
            if key in heard or hash(key) % 5:
                return onward(visit)
            heard.add(key)
            return reply

        return tamper

    return made


def closing(_bench: Bench) -> Tamper:
    """Every connection is closed after one answer."""

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        return onward(visit).saying(Connection="close")

    return tamper


def calm(tamper: Callable[[Bench], Tamper], *, wait: float = 0) -> Stage:
    """AWS answers so, and nobody is to notice."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        yield View(aws=tamper(bench), wait=timedelta(seconds=wait))

    return stage


def first_says(
    service: str, fits: Callable[[Visit], bool], change: Callable[[Reply], Reply]
) -> Callable[[Bench], Tamper]:
    """The first answer to each such question is an older one."""

    def made(_bench: Bench) -> Tamper:
        heard: set[str] = set()

        def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
            reply = onward(visit)
            if visit.service != service or not fits(visit) or visit.target in heard:
                return reply
            heard.add(visit.target)
            return change(reply)

        return tamper

    return made


def _updating(reply: Reply) -> Reply:
    if reply.status != 200:  # noqa: PLR2004 - success
        return reply
    return reply.amended(lambda seen: (seen.get("Configuration") or seen).update(LastUpdateStatus="InProgress"))


def _function(visit: Visit) -> bool:
    parts = [each for each in visit.path.split("/") if each]
    return visit.method == "GET" and "functions" in parts and parts[-1] not in {"policy", "concurrency", "url"}


def moved(ahead: timedelta, promise: str = "") -> Stage:
    """Our clock is wrong by so much."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = (bench.check(promise).name,) if promise else ()
        yield View(named=named, later=ahead)

    return stage


def silent(_bench: Bench) -> Twist:
    """Our resolver drops every question."""

    def twist(question: Question, onward: Asked) -> Answer:
        return None if question.recursive else onward()

    return twist


def truncated_for_good(_bench: Bench) -> Twist:
    """Our resolver cuts every answer short, and does not answer over TCP."""

    def twist(question: Question, onward: Asked) -> Answer:
        if not question.recursive:
            return onward()
        if not question.udp:
            return None
        response = onward()
        response.answer = []
        response.flags |= dns.flags.TC
        return response

    return twist


def alternating() -> Tamper:
    """Of each thing that the API is asked for every other call fails, the first one to begin with."""
    turns: Counter[str] = Counter()
    lock = threading.Lock()

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        asked = f"{visit.method} {visit.path}"
        with lock:
            turns[asked] += 1
            fails = calls(visit) and turns[asked] % 2
        return answer(503, '{"status": "busy"}') if fails else onward(visit)

    return tamper


@contextmanager
def half_of_the_calls(bench: Bench) -> Iterator[View]:
    """Every other call of the API fails, and no asking again may hide that of the one that is asked most."""
    asked = bench.check("api.steady").name.partition("[")[2]
    yield View(named=(f"api.*[{asked}",), edge=edge_of(bench, alternating()))


def hostile(text: str, kind: str = "application/json") -> Stage:
    """The API answers with words that mean to break a report; every report is read back."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        tamper = instead(health, answer(500, text, kind, x_note=text.replace("\n", " ")[:200]))
        yield View(named=(bench.check("api.health").name,), edge=edge_of(bench, tamper), after=reports.flaws)

    return stage


def echoing(visit: Visit, onward: Onward) -> Reply | Raw:
    """The site tells everybody what it was told, secrets included."""
    if not calls(visit) or not visit.header("authorization"):
        return onward(visit)
    return answer(200, json.dumps(dict(visit.headers)), x_echo=visit.header("authorization"))


@contextmanager
def tell_tale(bench: Bench) -> Iterator[View]:
    """What was sent comes back, and must not be told on."""
    yield View(named=(bench.check("api.forged").name,), edge=edge_of(bench, echoing), after=reports.secrets)


_ALL = ("*",)
_FRONT = ("cdn.*", "site.*", "release.*", "tls.*")
_W = 88.0

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="M-IO-01",
        family=_IO,
        kind="meta",
        breaks="peers take connections and say nothing",
        # A server that shakes hands and then keeps silent may still be about to demand a certificate.
        promise="tls.certificate",
        stage=visited("tls.certificate", raw(hold=True), every=True),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="X-M-IO-01",
        family=_IO,
        kind="meta",
        breaks="pages drip, a byte in half a second",
        promise="cdn.home",
        stage=visited("cdn.home", flowing(_dripping)),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-04",
        family=_IO,
        kind="meta",
        breaks="pages never end",
        promise="cdn.home",
        stage=visited("cdn.home", flowing(_endless)),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-06",
        family=_IO,
        kind="meta",
        breaks="a page of a few kilobytes unfolds to fifty megabytes",
        promise="cdn.home",
        stage=visited("cdn.home", bombed),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-07",
        family=_IO,
        kind="meta",
        breaks="pages lead to themselves",
        promise="cdn.home",
        stage=visited("cdn.home", instead(pages, answer(302, "", "text/html", location="/"))),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-08",
        family=_IO,
        kind="meta",
        breaks="pages lead to the metadata service",
        promise="cdn.home",
        stage=visited(
            "cdn.home", instead(pages, answer(302, "", "text/html", location="http://169.254.169.254/latest/"))
        ),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-09",
        family=_IO,
        kind="meta",
        breaks="the status line is garbage",
        promise="cdn.home",
        stage=visited("cdn.home", raw(b"\x1b[2J garbage \x00\r\n\r\n")),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="X-M-IO-02",
        family=_IO,
        kind="meta",
        breaks="the status is 999",
        promise="cdn.home",
        stage=visited("cdn.home", raw(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n")),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-10",
        family=_IO,
        kind="meta",
        breaks="a header line of 70 kB",
        promise="cdn.home",
        stage=visited("cdn.home", raw(_HEAD + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n")),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-11",
        family=_IO,
        kind="meta",
        breaks="a compressed page is cut off",
        promise="cdn.home",
        stage=visited("cdn.home", raw(_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + _bomb()[:20])),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-IO-13",
        family=_IO,
        kind="meta",
        breaks="JSON of a hundred thousand brackets",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, _NESTED))),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="X-M-IO-03",
        family=_IO,
        kind="meta",
        breaks="JSON with numbers that are none",
        promise="api.health",
        stage=visited("api.health", instead(health, answer(200, '{"status": "ok", "load": NaN}'))),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="M-IO-14",
        family=_IO,
        kind="meta",
        breaks="a client's certificate is demanded after the handshake",
        promise="tls.certificate",
        stage=speaking("tls.certificate", lambda context: setattr(context, "verify_mode", 2)),
        behind=("tls.*", "cdn.*", "api.*"),
        within=_W,
    ),
    Fault(
        id="M-IO-16",
        family=_IO,
        kind="meta",
        breaks="a page that patterns trip over",
        promise="cdn.home",
        stage=visited("cdn.home", instead(pages, answer(200, "<title" * 20_000 + "a" * 100_000 + "!", "text/html"))),
        behind=_FRONT,
        within=_W,
    ),
    Fault(
        id="M-DNS-01",
        family=_DNS,
        kind="meta",
        breaks="our resolver is silent",
        promise="dns.delegation",
        status="unknown",
        code=2,
        stage=resolved("dns.delegation", silent),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-DNS-02",
        family=_DNS,
        kind="meta",
        breaks="our resolver's answers are cut short for good",
        promise="dns.delegation",
        status="unknown",
        code=2,
        stage=resolved("dns.delegation", truncated_for_good),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-02",
        family=_AWS,
        kind="meta",
        breaks="our credentials expire in the middle",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled(
            "tables.present",
            after(
                4,
                answer(400, '{"__type": "ExpiredTokenException", "message": "rehearsed"}', x_amzn_requestid="r"),
                of="dynamodb",
            ),
            every=False,
        ),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-03",
        family=_AWS,
        kind="meta",
        breaks="one question is not allowed",
        promise="tables.pitr",
        status="unknown",
        code=2,
        stage=unsettled("tables.pitr", refusing("dynamodb", "DescribeContinuousBackups", "AccessDeniedException")),
        behind=("backups.*",),
        within=_W,
    ),
    Fault(
        id="M-AWS-04",
        family=_AWS,
        kind="meta",
        breaks="a page to sign in stands where DynamoDB should be",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled("tables.present", lambda _: instead(lambda visit: visit.service == "dynamodb", _PORTAL)),
        behind=("tables.*", "backups.*"),
        within=_W,
    ),
    Fault(
        id="X-M-AWS-01",
        family=_AWS,
        kind="meta",
        breaks="a page to sign in stands where AWS should be",
        promise="identity.caller",
        status="unknown",
        code=2,
        stage=unsettled("identity.caller", everywhere(_PORTAL)),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-01",
        family=_AWS,
        kind="meta",
        breaks="AWS knows no credentials of ours",
        promise="identity.caller",
        status="unknown",
        code=2,
        stage=unsettled(
            "identity.caller",
            everywhere(answer(403, _EXPIRED.replace("ExpiredToken", "InvalidClientTokenId"), "text/xml")),
        ),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-05",
        family=_AWS,
        kind="meta",
        breaks="AWS's JSON ends in the middle",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled("tables.present", cut_short("dynamodb", "DescribeTable")),
        behind=("tables.*", "backups.*"),
        within=_W,
    ),
    Fault(
        id="M-AWS-06",
        family=_AWS,
        kind="meta",
        breaks="the credentials are another account's",
        promise="identity.caller",
        status="fail",
        code=1,
        stage=unsettled("identity.caller", another_account),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-07",
        family=_AWS,
        kind="meta",
        breaks="a region is not switched on",
        promise="tls.issued",
        status="unknown",
        code=2,
        stage=unsettled("tls.issued", not_switched_on),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-AWS-08",
        family=_AWS,
        kind="meta",
        breaks="one service answers 500 all the time",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled(
            "tables.present",
            lambda _: instead(
                lambda visit: visit.service == "dynamodb",
                answer(500, '{"__type": "InternalServerError"}', x_amzn_requestid="r"),
            ),
        ),
        behind=("tables.*", "backups.*"),
        within=_W,
    ),
    Fault(
        id="M-AWS-10",
        family=_AWS,
        kind="meta",
        breaks="one service throttles beyond all patience",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled("tables.present", refusing("dynamodb", "", "ThrottlingException")),
        behind=("tables.*", "backups.*"),
        within=_W,
    ),
    Fault(
        id="M-AWS-12",
        family=_AWS,
        kind="meta",
        breaks="the second page of a list cannot be had",
        promise="backups.recent",
        status="unknown",
        code=2,
        stage=unsettled("backups.recent", second_page_lost),
        # Asked the same question.
        behind=("backups.size[*]",),
        within=_W,
    ),
    Fault(
        id="M-AWS-13",
        family=_AWS,
        kind="meta",
        breaks="a table is in a state that nobody has heard of",
        promise="tables.present",
        stage=unsettled(
            "tables.present",
            lambda _: said("dynamodb", "DescribeTable", lambda seen: seen["Table"].update(TableStatus="PAUSED")),
        ),
        within=_W,
    ),
    Fault(
        id="X-M-AWS-02",
        family=_AWS,
        kind="meta",
        breaks="a table has no state",
        promise="tables.present",
        status="unknown",
        code=2,
        stage=unsettled(
            "tables.present", lambda _: said("dynamodb", "DescribeTable", lambda seen: seen["Table"].pop("TableStatus"))
        ),
        behind=("tables.*", "backups.*"),
        within=_W,
    ),
    Fault(
        id="M-CFG-05",
        family=_LOGIC,
        kind="meta",
        breaks="every other call of the API fails",
        promise="api.steady",
        stage=half_of_the_calls,
        behind=("api.*", "cdn.protected[*]", "stack.recovered[*]"),
        within=_W,
        note="much passes when it is asked again; which of them does not is a matter of who asks first",
    ),
    Fault(
        id="M-PROC-07",
        family="Meta: process, files, time",
        kind="meta",
        breaks="our clock is a day ahead",
        promise="tls.expiry",
        status="unknown",
        code=2,
        stage=moved(timedelta(days=1), "tls.expiry"),
        behind=_ALL,
        within=_W,
    ),
    Fault(
        id="M-REP-01",
        family=_REP,
        kind="meta",
        breaks="answers carry scripts and links of scripts",
        promise="api.health",
        stage=hostile(
            '"><script>alert(1)</script><a href="javascript:alert(1)">x</a><img src=x onerror=alert(1)>', "text/html"
        ),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="M-REP-03",
        family=_REP,
        kind="meta",
        breaks="answers carry ends of XML sections and entities",
        promise="api.health",
        stage=hostile(']]></failure></testcase><!DOCTYPE x [<!ENTITY a "&b;">]>&a;\x1b[2J\x00\x0b', "text/html"),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="M-REP-04",
        family=_REP,
        kind="meta",
        breaks="answers carry half a character",
        promise="api.health",
        stage=hostile('{"status": "\\ud800 \\ufffe"}'),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="M-REP-06",
        family=_REP,
        kind="meta",
        breaks="answers carry Markdown and commands of workflows",
        promise="api.health",
        stage=hostile(
            "| <img src=https://track.example/x.gif> | @all ``` ::error::boo ![x](https://track.example)", "text/plain"
        ),
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="M-REP-09",
        family=_REP,
        kind="meta",
        breaks="the site tells everybody what it was told",
        promise="api.forged",
        stage=tell_tale,
        behind=("api.*",),
        within=_W,
    ),
    Fault(
        id="B-AWSAPI-04",
        family=_API,
        kind="benign",
        breaks="AWS fails once, then answers",
        stage=calm(first_of_each(answer(503, '{"message": "rehearsed"}'))),
        fidelity="patched",
    ),
    Fault(
        id="B-AWSAPI-05",
        family=_API,
        kind="benign",
        breaks="AWS tells more than it used to",
        fidelity="patched",
        stage=calm(lambda _: said("dynamodb", "Describe", lambda seen: seen.update(Novelty={"Since": 2027}))),
    ),
    Fault(
        id="B-AWSAPI-06",
        family=_API,
        kind="benign",
        breaks="the first description after a deployment is an old one",
        fidelity="patched",
        stage=calm(first_says("lambda", _function, _updating), wait=20),
    ),
    Fault(
        id="B-LAM-01",
        family="Lambda",
        kind="benign",
        breaks="a function is still being updated, then is not",
        fidelity="patched",
        stage=calm(first_says("lambda", _function, _updating), wait=20),
    ),
    Fault(
        id="B-CF-01",
        family="CloudFront configuration and routing",
        kind="benign",
        breaks="the distribution is being rolled out, then is",
        fidelity="patched",
        stage=calm(
            first_says(
                "cloudfront",
                lambda visit: "/distribution/" in visit.path,
                lambda reply: reply.reworded(b"<Status>Deployed</Status>", b"<Status>InProgress</Status>"),
            ),
            wait=20,
        ),
    ),
    Fault(
        id="B-NET-14",
        family="Network / HTTP client",
        kind="benign",
        breaks="connections are closed after each answer",
        stage=calm(closing),
    ),
    Fault(
        id="B-NET-13",
        family="Network / HTTP client",
        kind="benign",
        breaks="no IPv6 where we stand, and addresses of it in the DNS",
        stage=moved(timedelta(0)),
        note="a twin is always looked at over IPv4 alone",
    ),
    Fault(
        id="B-BKP-03",
        family="Backup and recovery",
        kind="benign",
        breaks="tables of today, and no backup of them yet",
        stage=moved(timedelta(0)),
        note="every table of a twin is like this, so its baseline is this row",
    ),
    Fault(
        id="B-RUN-01",
        family=_TIME,
        kind="benign",
        breaks="our clock is five seconds ahead",
        stage=moved(timedelta(seconds=5)),
    ),
)
