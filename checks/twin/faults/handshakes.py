"""Faults of certificates and handshakes: what ACM holds, and what visitors are shown."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from checks.model import Check
from checks.twin import addresses, renewal
from checks.twin.faults.bench import Bench
from checks.twin.faults.between.edge import Edge, as_served
from checks.twin.faults.between.http import Dress, Onward, Raw, Reply, Tamper, Visit
from checks.twin.faults.chains import Wish, chain, moment, names_of, the_wrong_way_round, with_company
from checks.twin.faults.staging import Undo, broken, edge_of, harmless, said, told
from checks.twin.faults.words import Fault, Stage, Unfit, View

_FAMILY, _ACM = "TLS / certificate", "ACM certificate life-cycle"
_CERTIFICATE = "tls.issued"


def shown(wish: Wish, promise: str, *, at: tuple[str, ...] = (), loosely: bool = False) -> Stage:
    """Visitors are shown another chain than ACM holds; at all addresses, or *at* some."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = tuple(each.name for each in bench.checks(promise)) if promise else ()
        file = chain(bench, wish, bench.twin.home / "tmp" / "shown.pem")
        dress = _loose(file) if loosely else as_served(file)
        yield View(named=named, edge=edge_of(bench, dress=dress, at=at))

    return stage


@contextmanager
def trusted_by_a_variable(bench: Bench) -> Iterator[View]:
    """A stranger's chain, and the variables by which other clients are told to believe anybody, or this stranger."""
    file = chain(bench, Wish(foreign_root=True), bench.twin.home / "tmp" / "shown.pem")
    told_to_trust = {"PYTHONHTTPSVERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0"}
    told_to_trust |= dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), str(file))
    before = {name: os.environ.get(name) for name in told_to_trust}
    os.environ.update(told_to_trust)
    try:
        named = tuple(each.name for each in bench.checks("tls.certificate"))
        yield View(named=named, edge=edge_of(bench, dress=as_served(file)))
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def in_disorder(bench: Bench) -> Iterator[View]:
    """The leaf that ACM holds comes with its chain the wrong way round."""
    named = tuple(each.name for each in bench.checks("tls.chain")) or (bench.check("tls.chain").name,)
    file = the_wrong_way_round(bench, bench.twin.home / "tmp" / "disorder.pem")
    yield View(named=named, edge=edge_of(bench, dress=as_served(file)))


@contextmanager
def without_secrecy(bench: Bench) -> Iterator[View]:
    """Whoever learns the key later reads what was said today: a certificate with an RSA key, and suites that use it."""
    named = tuple(each.name for each in bench.checks("tls.suites")) or (bench.check("tls.suites").name,)
    edge = edge_of(bench)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(edge.leaf)
    context.load_cert_chain(chain(bench, Wish(bits=2048), bench.twin.home / "tmp" / "rsa.pem"))
    context.set_ciphers("ECDHE+AESGCM:AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0")
    yield View(named=named, edge=replace(edge, dress=lambda plain: context.wrap_socket(plain, server_side=True)))


@contextmanager
def in_company(bench: Bench) -> Iterator[View]:
    """An expired certificate that nobody needs is sent along."""
    yield View(edge=edge_of(bench, dress=as_served(with_company(bench, bench.twin.home / "tmp" / "company.pem"))))


def _loose(file: Path, ciphers: str = "ALL:@SECLEVEL=0") -> Dress:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers)
    context.load_cert_chain(file)
    return lambda plain: context.wrap_socket(plain, server_side=True)


def speaking(promise: str, change: Callable[[ssl.SSLContext], object]) -> Stage:
    """The edge shakes hands with ACM's certificate and these settings."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = tuple(each.name for each in bench.checks(promise)) if promise else ()
        edge = edge_of(bench)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(edge.leaf)
        change(context)
        yield View(named=named, edge=replace(edge, dress=lambda plain: context.wrap_socket(plain, server_side=True)))

    return stage


def raw(promise: str, talk: Callable[[Edge], Dress]) -> Stage:
    """The edge does something else than shaking hands."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[View]:
        named = tuple(each.name for each in bench.checks(promise)) if promise else ()
        edge = edge_of(bench)
        yield View(named=named, edge=replace(edge, dress=talk(edge)))

    return stage


def _old(least: ssl.TLSVersion, most: ssl.TLSVersion) -> Callable[[ssl.SSLContext], None]:
    def change(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = least, most

    return change


def _weak(ciphers: str) -> Callable[[ssl.SSLContext], None]:
    def change(context: ssl.SSLContext) -> None:
        context.set_ciphers(ciphers)
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    return change


def _also(ciphers: str) -> Callable[[ssl.SSLContext], None]:
    """Beside good suites these."""
    return lambda context: context.set_ciphers(f"ECDHE+AESGCM:{ciphers}:@SECLEVEL=0")


def _newest(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_3


def _no_newest(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2


def _demanding(bench_ca: ssl.SSLContext) -> None:
    bench_ca.verify_mode = ssl.CERT_REQUIRED
    bench_ca.minimum_version = ssl.TLSVersion.TLSv1_3


def _plain_http(_edge: Edge) -> Dress:
    def talk(plain: socket.socket) -> None:
        plain.recv(4096)
        plain.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(OSError):
            plain.shutdown(socket.SHUT_WR)

    return talk


def _first_reset(edge: Edge) -> Dress:
    """The very first connection is closed; whoever comes again is welcome."""
    greeted, usual = set[str](), as_served(edge.leaf)

    def talk(plain: socket.socket) -> socket.socket | None:
        if not greeted:
            greeted.add("once")
            return None
        return usual(plain)

    return talk


def reissued(names: tuple[str, ...] = (), *, begins: float = -90, ends: float = 300) -> Callable[[Bench, Check], Undo]:
    """ACM, and so the edge, has another leaf: for other names (``@`` is the site's), or with another end, in days."""

    def change(bench: Bench, check: Check) -> Undo:
        arn, hosts = str(check.params["arn"]), names_of(bench)
        wanted = [each.replace("@", bench.apex) for each in names] or hosts
        if names and set(wanted) == set(hosts):
            raise Unfit("the certificate has these names as it is")
        renewal.reissue(bench.twin, arn, names=wanted, not_before=moment(begins), not_after=moment(ends))
        return lambda: renewal.reissue(bench.twin, arn, names=hosts)

    return change


def record_of_validation(bench: Bench, _check: Check) -> Undo:
    """The CNAME by which ACM proves that the name is ours is gone."""
    zone, names = bench.param("dns.zone", "zone_id"), bench.aws("route53", "us-east-1")
    records = names.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    proof = next((each for each in records if each["Type"] == "CNAME" and each["Name"].startswith("_")), None)
    if proof is None:
        raise Unfit("the zone holds no validation record")

    def apply(action: str) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": proof}]}
        names.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    apply("DELETE")
    return lambda: apply("CREATE")


def _acm(promise: str, **fields: object) -> Stage:
    """DescribeCertificate says something else in these fields."""

    def tamper(_: Bench, check: Check) -> Tamper:
        arn = str(check.params["arn"])
        return said("acm", "DescribeCertificate", lambda seen: seen["Certificate"].update(fields), about=arn)

    return told(promise, tamper)


def of_another_region(bench: Bench, check: Check) -> Tamper:
    """CloudFront, which takes no such certificate, is said to have taken one."""
    arn, name = str(check.params["certificate"]), str(check.params["distribution"])
    parts = arn.split(":")
    other = ":".join([*parts[:3], bench.twin.region, *parts[4:]])

    def tamper(visit: Visit, onward: Onward) -> Reply | Raw:
        reply = onward(visit)
        about = visit.service == "cloudfront" and name in visit.path
        return reply.reworded(arn.encode(), other.encode()) if about else reply

    return tamper


def with_fresh_one(bench: Bench, check: Check) -> Undo:
    """The certificate in use ends soon, and a fresh one lies beside it."""
    manager = bench.aws("acm", "us-east-1")
    fresh = manager.request_certificate(DomainName=bench.apex, ValidationMethod="DNS")["CertificateArn"]
    undo = reissued(ends=3)(bench, check)

    def back() -> None:
        undo()
        manager.delete_certificate(CertificateArn=fresh)

    return back


_SHOWN = ("tls.*", "cdn.*", "site.*", "release.*", "api.*")

FAULTS: tuple[Fault, ...] = (
    Fault(
        id="X-TLS-05",
        family=_FAMILY,
        breaks="the certificate has expired",
        stage=broken("tls.expiry", reissued(begins=-120, ends=-1)),
        promise="tls.expiry",
    ),
    Fault(
        id="TLS-02",
        family=_FAMILY,
        breaks="visitors are shown a leaf that expired a minute ago",
        stage=shown(Wish(days=(-90, -1 / 1440)), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-03",
        family=_FAMILY,
        breaks="the certificate is not valid yet",
        stage=broken("tls.expiry", reissued(begins=2, ends=300)),
        promise="tls.expiry",
    ),
    Fault(
        id="TLS-04",
        family=_FAMILY,
        breaks="three days are left",
        stage=broken("tls.expiry", reissued(ends=3)),
        promise="tls.expiry",
    ),
    Fault(
        id="TLS-05",
        family=_FAMILY,
        breaks="twenty days are left",
        stage=broken("tls.renewal", reissued(ends=20)),
        promise="tls.renewal",
    ),
    Fault(
        id="X-TLS-01",
        family=_FAMILY,
        breaks="29 days and 23 hours are left (the limit is 30 days)",
        stage=broken("tls.renewal", reissued(ends=30 - 1 / 24)),
        promise="tls.renewal",
    ),
    Fault(
        id="X-TLS-02",
        family=_FAMILY,
        breaks="six days and 23 hours are left (the limit is 7 days)",
        stage=broken("tls.expiry", reissued(ends=7 - 1 / 24)),
        promise="tls.expiry",
    ),
    Fault(
        id="X-TLS-03",
        family=_FAMILY,
        breaks="seven days and an hour are left: a warning, and nothing more",
        stage=broken("tls.renewal", reissued(ends=7 + 1 / 24)),
        promise="tls.renewal",
        code=0,
    ),
    Fault(
        id="TLS-06",
        family=_FAMILY,
        breaks="the certificate is another host's",
        stage=broken("tls.names", reissued(("elsewhere.example",))),
        promise="tls.names",
    ),
    Fault(
        id="TLS-08",
        family=_FAMILY,
        breaks="a wildcard of the wrong depth",
        stage=broken("tls.names", reissued(("*.sub.@", "*.@"))),
        promise="tls.names",
    ),
    Fault(
        id="TLS-11",
        family=_FAMILY,
        breaks="the chain leads to a root that nobody trusts",
        stage=shown(Wish(foreign_root=True), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-12",
        family=_FAMILY,
        breaks="the issuer is not sent",
        stage=shown(Wish(issuer_sent=False), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-14",
        family=_FAMILY,
        breaks="the issuer in between has expired",
        stage=shown(Wish(issuer_days=(-400, -2)), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-15",
        family=_FAMILY,
        breaks="the issuer in between is no authority",
        stage=shown(Wish(issuer_is_authority=False), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-19",
        family=_FAMILY,
        breaks="the leaf has an RSA key of 1024 bits",
        stage=shown(Wish(bits=1024), "tls.certificate", loosely=True),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-21",
        family=_FAMILY,
        breaks="another certificate is shown, of an issuer that is trusted here",
        stage=shown(Wish(), "tls.served"),
        promise="tls.served",
    ),
    Fault(
        id="TLS-44",
        family=_FAMILY,
        breaks="the edge shows the certificate from before the renewal",
        stage=shown(Wish(days=(-390, 5)), "tls.served"),
        promise="tls.served",
        behind=("tls.lifetime*", "tls.chain[*]"),
    ),
    Fault(
        id="TLS-25",
        family=_FAMILY,
        breaks="TLS 1.0 is accepted",
        stage=speaking("tls.floor", _old(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3)),
        promise="tls.floor",
        behind=("tls.suites[*]",),
    ),
    Fault(
        id="TLS-26",
        family=_FAMILY,
        breaks="TLS 1.1 is accepted",
        stage=speaking("tls.floor", _old(ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_3)),
        promise="tls.floor",
        behind=("tls.suites[*]",),
    ),
    Fault(
        id="TLS-27",
        family=_FAMILY,
        breaks="TLS 1.0 is all there is",
        stage=speaking("tls.certificate", _old(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="X-TLS-04",
        family=_FAMILY,
        breaks="TLS 1.3 is not offered",
        stage=speaking("tls.modern", _no_newest),
        promise="tls.modern",
    ),
    Fault(
        id="TLS-32",
        family=_FAMILY,
        breaks="CBC suites are all there is",
        stage=speaking("tls.certificate", _weak("ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0")),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-35",
        family=_FAMILY,
        breaks="plain HTTP is answered on port 443",
        stage=raw("tls.certificate", _plain_http),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-39",
        family=_FAMILY,
        breaks="the default certificate of the edge is shown for the site's names",
        stage=shown(Wish(names=("*.cloudfront.net",)), "tls.certificate"),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-40",
        family=_FAMILY,
        breaks="visitors are asked for a certificate of their own",
        stage=speaking("tls.certificate", _demanding),
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="TLS-41",
        family=_FAMILY,
        breaks="one address of several shows an expired certificate",
        stage=shown(Wish(days=(-90, -1)), "tls.addresses", at=addresses.EDGE_V4[2:3]),
        promise="tls.addresses",
    ),
    Fault(
        id="TLS-13",
        family=_FAMILY,
        breaks="the certificates come in another order",
        stage=in_disorder,
        promise="tls.chain",
    ),
    Fault(
        id="TLS-30",
        family=_FAMILY,
        breaks="an anonymous suite is accepted",
        stage=speaking("tls.suites", _also("AECDH-AES128-SHA")),
        promise="tls.suites",
    ),
    Fault(
        id="X-TLS-06",
        family=_FAMILY,
        breaks="a suite that encrypts nothing is accepted",
        stage=speaking("tls.suites", _also("eNULL")),
        promise="tls.suites",
    ),
    Fault(
        id="TLS-31",
        family=_FAMILY,
        breaks="a suite without forward secrecy is accepted",
        stage=without_secrecy,
        promise="tls.suites",
        behind=("tls.served[*]",),
    ),
    Fault(
        id="TLS-46",
        family=_FAMILY,
        breaks="nobody trusts the chain, and variables tell clients to do so all the same",
        stage=trusted_by_a_variable,
        promise="tls.certificate",
        behind=_SHOWN,
    ),
    Fault(
        id="ACM-01",
        family=_ACM,
        breaks="the certificate failed its validation",
        stage=_acm("tls.issued", Status="VALIDATION_TIMED_OUT"),
        promise="tls.issued",
        fidelity="patched",
    ),
    Fault(
        id="ACM-04",
        family=_ACM,
        breaks="a validation record is gone",
        stage=broken("tls.validation", record_of_validation),
        promise="tls.validation",
    ),
    Fault(
        id="ACM-05",
        family=_ACM,
        breaks="the distribution names a certificate of another region",
        stage=told("cdn.viewer_certificate", of_another_region),
        promise="cdn.viewer_certificate",
        behind=("tls.served[*]",),
        fidelity="patched",
    ),
    Fault(
        id="ACM-08",
        family=_ACM,
        breaks="the certificate lacks an alias of the distribution",
        stage=broken("tls.names", reissued(("@",))),
        promise="tls.names",
    ),
    Fault(
        id="ACM-10",
        family=_ACM,
        breaks="the certificate in use expires while a fresh one lies beside it",
        stage=broken("tls.expiry", with_fresh_one),
        promise="tls.expiry",
    ),
    Fault(
        id="X-ACM-01",
        family=_ACM,
        breaks="the renewal failed",
        stage=_acm("tls.renewal", RenewalSummary={"RenewalStatus": "FAILED", "DomainValidationOptions": []}),
        promise="tls.renewal",
        fidelity="patched",
    ),
    Fault(
        id="B-TLS-02",
        family=_FAMILY,
        kind="benign",
        breaks="31 days are left",
        stage=harmless("tls.renewal", reissued(ends=31 + 1 / 24)),
    ),
    Fault(
        id="X-B-TLS-01",
        family=_FAMILY,
        kind="benign",
        breaks="30 days and an hour are left",
        stage=harmless("tls.renewal", reissued(ends=30 + 1 / 24)),
    ),
    Fault(
        id="B-TLS-05",
        family=_FAMILY,
        kind="benign",
        breaks="an expired certificate of no use is sent along",
        stage=in_company,
    ),
    Fault(
        id="B-TLS-08",
        family=_FAMILY,
        kind="benign",
        breaks="TLS 1.3 alone",
        stage=speaking("", _newest),
    ),
    Fault(
        id="B-TLS-09",
        family=_FAMILY,
        kind="benign",
        breaks="a certificate for 47 days with 32 days left",
        stage=harmless("tls.renewal", reissued(begins=-15, ends=32)),
    ),
    Fault(
        id="B-TLS-11",
        family=_FAMILY,
        kind="benign",
        breaks="the first handshake is cut off",
        stage=raw("", _first_reset),
    ),
)
