"""The edge, met as a viewer meets CloudFront."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from checks import twin as twins
from checks.twin.addresses import EDGE_V4, EDGE_V6
from tests.twin.conftest import Site
from tests.twin.template import BUCKET, DOMAIN

pytestmark = pytest.mark.twin
Config = Callable[[], dict[str, Any]]


def change(site: Site, config: Config, **changes: object) -> None:
    """Update the distribution through the API."""
    now = config()
    site.client("cloudfront").update_distribution(
        Id=site.outputs["DistributionId"],
        IfMatch=now["ETag"],
        DistributionConfig={**now["DistributionConfig"], **changes},
    )


def shown(site: Site, name: str | None = DOMAIN, **settings: object) -> x509.Certificate:
    """The certificate that the edge shows for a name."""
    with site.connect(name, **settings) as connection:
        seen = connection.getpeercert(binary_form=True)
    assert seen
    return x509.load_der_x509_certificate(seen)


def names(certificate: x509.Certificate) -> list[str]:
    """The DNS names of a certificate."""
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )


def test_the_edge_shows_the_certificate_that_acm_holds(site: Site) -> None:
    """Names, serial and dates of the handshake are those of DescribeCertificate."""
    told = site.client("acm", "us-east-1").describe_certificate(CertificateArn=site.certificate)["Certificate"]
    seen = shown(site)
    assert told["SubjectAlternativeNames"] == names(seen)
    assert told["Serial"].replace(":", "") == f"{seen.serial_number:040x}"[-len(told["Serial"].replace(":", "")) :]
    assert told["NotAfter"] == seen.not_valid_after_utc
    assert told["NotBefore"] == seen.not_valid_before_utc
    assert [
        site.client("cloudfront").get_distribution(Id=site.outputs["DistributionId"])["Distribution"]["ARN"]
    ] == told["InUseBy"]


def test_the_chain_ends_at_the_only_authority_that_clients_are_given(site: Site) -> None:
    """A client with the twin's bundle believes the edge; one with the system's does not."""
    with site.connect(DOMAIN, check_hostname=True) as connection:
        assert "TLSv1.3" == connection.version()
    strangers = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError), http_socket(site) as raw:
        strangers.wrap_socket(raw, server_hostname=DOMAIN)


def http_socket(site: Site, address: str = EDGE_V4[0]) -> socket.socket:
    """A plain TCP connection to the TLS port."""
    return socket.create_connection(site.twin.connect[address, 443], timeout=10)


@pytest.mark.parametrize(
    ("wish", "left"),
    (
        pytest.param({"not_after": timedelta(days=3)}, 3, id="three days left"),
        pytest.param({"not_after": timedelta(days=20)}, 20, id="twenty days left"),
        pytest.param({"not_after": timedelta(days=-1)}, -1, id="expired yesterday"),
    ),
)
def test_a_renewed_certificate_is_shown_at_the_next_handshake(
    site: Site, wish: dict[str, timedelta], left: int
) -> None:
    """No wait: the handshake after `reissue` shows the new leaf, and ACM says the same of it."""
    until = (datetime.now(UTC) + wish["not_after"]).replace(microsecond=0)
    try:
        twins.reissue(site.twin, site.certificate, not_after=until)
        seen = shown(site, verify_mode=ssl.CERT_NONE)
        told = site.client("acm", "us-east-1").describe_certificate(CertificateArn=site.certificate)["Certificate"]
        assert (until, until) == (seen.not_valid_after_utc, told["NotAfter"])
        assert left == round((until - datetime.now(UTC)) / timedelta(days=1))
        assert "AMAZON_ISSUED" == told["Type"]
    finally:
        twins.reissue(site.twin, site.certificate, names=[DOMAIN, f"www.{DOMAIN}"])


def test_a_certificate_of_another_name_is_shown_and_refused_by_clients(site: Site) -> None:
    """The edge shows what is attached, right or wrong; the client is the one who minds."""
    try:
        twins.reissue(site.twin, site.certificate, names=["other.example"])
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            site.connect(DOMAIN, check_hostname=True)
    finally:
        twins.reissue(site.twin, site.certificate, names=[DOMAIN, f"www.{DOMAIN}"])
    assert DOMAIN in names(shown(site))


def test_a_name_that_nobody_has_is_refused_in_the_handshake(site: Site) -> None:
    """CloudFront answers an unknown server name with the alert `handshake_failure`."""
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
        site.connect("nobody.example")


@pytest.mark.parametrize("name", (None, "{domain}"), ids=("no name", "the distribution's own domain"))
def test_cloudfronts_own_certificate_is_shown_for_its_own_names(site: Site, name: str | None) -> None:
    """Without a name, and for a cloudfront.net one, the wildcard certificate is shown."""
    own = name and name.format(domain=site.outputs["DistributionDomain"])
    assert ["cloudfront.net", "*.cloudfront.net"] == names(shown(site, own))


@pytest.mark.parametrize(
    ("policy", "version", "accepted"),
    (
        pytest.param("TLSv1.2_2021", "TLSv1_1", False, id="2021 refuses 1.1"),
        pytest.param("TLSv1.2_2021", "TLSv1_2", True, id="2021 accepts 1.2"),
        pytest.param("TLSv1", "TLSv1", True, id="TLSv1 accepts 1.0"),
        pytest.param("TLSv1.1_2016", "TLSv1", False, id="2016 of 1.1 refuses 1.0"),
        pytest.param("TLSv1.1_2016", "TLSv1_1", True, id="2016 of 1.1 accepts 1.1"),
        pytest.param("TLSv1.3_2025", "TLSv1_2", False, id="2025 of 1.3 refuses 1.2"),
    ),
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_the_floor_is_the_one_of_the_policy(
    site: Site,
    restored: Config,
    policy: str,
    version: str,
    accepted: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A client that speaks one version alone is let in or turned away with the alert `protocol version`."""
    viewer = restored()["DistributionConfig"]["ViewerCertificate"]
    change(site, restored, ViewerCertificate={**viewer, "MinimumProtocolVersion": policy})
    only = ssl.TLSVersion[version]
    settings = {"ciphers": "ALL:@SECLEVEL=0", "minimum_version": only, "maximum_version": only}
    if accepted:
        with site.connect(DOMAIN, **settings) as connection:
            assert version.replace("_", ".") == str(connection.version())
    else:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
            site.connect(DOMAIN, **settings)


def test_a_disabled_distribution_answers_403_at_once(site: Site, restored: Config) -> None:
    """Enabled is read from the API for the very next connection, in both directions."""
    assert 200 == site.get("/").status
    change(site, restored, Enabled=False)
    refused = site.get("/")
    assert (403, "Error from cloudfront") == (refused.status, refused.headers["X-Cache"])
    change(site, restored, Enabled=True)
    assert 200 == site.get("/").status


def test_an_alias_that_is_taken_away_is_nobodys_name(site: Site, restored: Config) -> None:
    """Without its alias the distribution no longer answers for the host, and the handshake is refused."""
    change(site, restored, Aliases={"Quantity": 1, "Items": [f"www.{DOMAIN}"]})
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"):
        site.connect(DOMAIN)
    assert 301 == site.get("/", host=f"www.{DOMAIN}").status


def test_a_page_comes_from_the_private_bucket_through_access_control(site: Site) -> None:
    """The bucket allows this distribution alone and nothing without TLS, and the page arrives."""
    answer = site.get("/jobs/17")
    assert (200, "text/html", b"<html>hello</html>") == (answer.status, answer.headers["Content-Type"], answer.body)
    assert "Miss from cloudfront" == answer.headers["X-Cache"]
    assert "(CloudFront)" in answer.headers["Via"]
    assert answer.headers["X-Amz-Cf-Id"]
    assert answer.headers["X-Amz-Cf-Pop"]


@pytest.mark.parametrize(
    ("size", "kind", "taken", "compressed"),
    (
        pytest.param(1000, "text/css", "gzip, br", True, id="a style sheet"),
        pytest.param(999, "text/css", "gzip", False, id="too small"),
        pytest.param(5000, "image/png", "gzip", False, id="compressed already"),
        pytest.param(5000, "text/css", "identity", False, id="not taken"),
        pytest.param(5000, "text/css", "gzip;q=0", False, id="declined"),
    ),
)
def test_what_can_be_compressed_is(site: Site, size: int, kind: str, taken: str, *, compressed: bool) -> None:
    """By size, by type, and only for viewers that take it."""
    whole = b"a{color:red}"[:10] * (size // 10) + b"x" * (size % 10)
    site.client("s3").put_object(Bucket=BUCKET, Key="some.css", Body=whole, ContentType=kind)
    answer = site.get("/some.css", headers={"Accept-Encoding": taken})
    assert ("gzip" if compressed else None) == answer.headers["Content-Encoding"]
    assert str(len(answer.body)) == answer.headers["Content-Length"]
    assert compressed == (answer.headers["ETag"] or "").startswith("W/")
    assert whole == (gzip.decompress(answer.body) if compressed else answer.body)


@pytest.mark.parametrize(
    ("listing", "status", "code"),
    (
        pytest.param(None, 403, b"AccessDenied", id="not granted"),
        pytest.param("ours", 404, b"NoSuchKey", id="granted to our distribution"),
        pytest.param("another", 403, b"AccessDenied", id="granted to another"),
    ),
)
def test_a_missing_object_is_404_for_those_who_may_list(
    site: Site, listing: str | None, status: int, code: bytes
) -> None:
    """S3 hides what does not exist from a distribution that could not find out by itself."""
    s3 = site.client("s3")
    before = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    policy = json.loads(before)
    if listing:
        which = site.outputs["DistributionId"] if listing == "ours" else "EANOTHER"
        policy["Statement"].append({
            "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::000000000000:distribution/{which}"}},
        })  # fmt: skip
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    try:
        seen, head = site.get("/assets/nope.js"), site.get("/assets/nope.js", method="HEAD")
        assert (status, True, status, b"") == (seen.status, code in seen.body, head.status, head.body)
        assert 200 == site.get("/").status
    finally:
        s3.put_bucket_policy(Bucket=BUCKET, Policy=before)


def test_the_api_answers_through_its_behaviour(site: Site) -> None:
    """`/api/*` reaches the function, with method, path and status kept."""
    answer = site.get("/api/things?x=1&y=%20", method="DELETE")
    assert (200, "/api/things", "DELETE") == (
        answer.status,
        *(json.loads(answer.body)[each] for each in ("path", "method")),
    )
    assert 404 == site.get("/api/nope").status


def test_bodies_pass_with_a_length_and_in_chunks(site: Site) -> None:
    """Neither a body of 300 kB nor one of unknown length loses a byte."""

    def pieces() -> Iterator[bytes]:
        yield from (b"x" * 1000 for _ in range(300))

    whole = site.get("/api/echo", method="POST", body=b"x" * 300_000)
    chunked = site.get(
        "/api/echo", method="POST", body=pieces(), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert (300_000, 300_000) == (json.loads(whole.body)["length"], json.loads(chunked.body)["length"])


def test_head_has_the_headers_and_no_body(site: Site) -> None:
    """HEAD tells the length of what GET would send."""
    answer = site.get("/", method="HEAD")
    assert (200, "18", b"") == (answer.status, answer.headers["Content-Length"], answer.body)


def test_a_connection_is_kept_for_further_requests(site: Site) -> None:
    """Ten requests, GET, HEAD and POST in turn, over one handshake."""
    connection = http.client.HTTPConnection(DOMAIN)
    connection.sock = site.connect()
    statuses = []
    for number in range(10):
        connection.request(("GET", "HEAD", "POST")[number % 3], "/api/again", body=b"{}" if number % 3 == 2 else None)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    connection.close()
    assert [200] * 10 == statuses


def test_a_method_that_no_behaviour_allows_is_403(site: Site) -> None:
    """A behaviour without a list of methods takes GET and HEAD."""
    assert 403 == site.get("/", method="POST", body=b"{}").status


def test_plain_http_is_redirected_or_forbidden_as_the_behaviour_says(site: Site) -> None:
    """redirect-to-https moves the visitor to the same host and path; https-only refuses."""

    def plain(path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(*site.twin.connect[EDGE_V4[0], 80], timeout=10)
        connection.request("GET", path, headers={"Host": DOMAIN})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response

    moved, forbidden = plain("/a?b=c"), plain("/api/things")
    assert (301, f"https://{DOMAIN}/a?b=c", "Redirect from cloudfront") == (
        moved.status, moved.headers["Location"], moved.headers["X-Cache"],
    )  # fmt: skip
    assert 403 == forbidden.status


def test_a_function_sees_the_host_that_the_viewer_asked_for(site: Site) -> None:
    """The www host is redirected by the distribution's own function."""
    for path in ("/jobs", "/"):
        answer = site.get(path, host=f"www.{DOMAIN}")
        assert (301, f"https://{DOMAIN}{path}") == (answer.status, answer.headers["Location"])


def test_an_unknown_host_behind_a_known_handshake_is_403(site: Site) -> None:
    """The certificate was right, the Host is nobody's."""
    answer = site.get("/", headers={"Host": "nobody.example"})
    assert (403, "CloudFront") == (answer.status, answer.headers["Server"])


def test_forwarding_the_viewers_host_to_the_api_is_403(site: Site, restored: Config) -> None:
    """With AllViewer the API is called by a name that is not its own, as pitfall 3 says."""
    behaviours = restored()["DistributionConfig"]["CacheBehaviors"]
    behaviours["Items"][0]["OriginRequestPolicyId"] = "216adef6-5c7f-47e4-b989-5492eafa07d3"
    change(site, restored, CacheBehaviors=behaviours)
    answer = site.get("/api/things")
    assert (403, b'{"message":"Forbidden"}') == (answer.status, answer.body)


@pytest.mark.parametrize("address", (*EDGE_V4, *EDGE_V6))
def test_every_address_that_is_handed_out_leads_to_the_edge(site: Site, address: str) -> None:
    """IPv4 and IPv6, 443 and 80."""
    assert site.twin.edge == site.twin.connect[address, 443]
    assert site.twin.edge_http == site.twin.connect[address, 80]


@pytest.mark.parametrize(
    "junk", (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff", b""), ids=("plain", "half", "nothing")
)
def test_what_is_no_handshake_is_closed_without_a_word(site: Site, junk: bytes) -> None:
    """The TLS port does not speak to those who do not."""
    with http_socket(site) as raw:
        raw.sendall(junk)
        # Whoever is quick has closed by now.
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert b"" == raw.recv(100)
