"""What CloudFront's API says about distributions, as far as an edge and a name server need it."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from checks.twin.asking import Access, Asked, ask_xml

_API = "/2020-05-31"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution as its viewers meet it; *certificate* is None for CloudFront's own."""

    id: str
    domain: str
    aliases: tuple[str, ...]
    enabled: bool
    ipv6: bool
    certificate: str | None
    minimum_protocol: str
    http2: bool

    def serves(self, host: str) -> bool:
        """The host name is this distribution's: its own domain, an alias, or covered by a wildcard alias."""
        host = host.lower()
        return host == self.domain or any(_covers(alias, host) for alias in self.aliases)


def load(access: Access) -> tuple[Distribution, ...]:
    """All distributions. Raises TwinRefuses when they cannot be read."""
    found: list[Distribution] = []
    query = {"MaxItems": "100"}
    while True:
        asked = Asked(service="cloudfront", path=f"{_API}/distribution", query=query, region="us-east-1")
        page = ask_xml(access, asked)
        found += [_distribution(each) for each in page.iterfind("./Items/DistributionSummary")]
        if page.findtext("IsTruncated") != "true":
            return tuple(found)
        query = {"MaxItems": "100", "Marker": page.findtext("NextMarker") or ""}


def find(distributions: tuple[Distribution, ...], host: str) -> Distribution | None:
    """The distribution that serves this host name, an exact alias before a wildcard."""
    host = host.rstrip(".").lower()
    exact = [each for each in distributions if host == each.domain or host in each.aliases]
    return next(iter(exact or [each for each in distributions if each.serves(host)]), None)


def _covers(alias: str, host: str) -> bool:
    # CloudFront's wildcards stand for one or more labels on the left, unlike those of certificates.
    return alias == host or (alias.startswith("*.") and host.endswith(alias[1:]) and host != alias[2:])


def _distribution(summary: ET.Element) -> Distribution:
    def text(path: str, default: str = "") -> str:
        return (summary.findtext(path) or default).strip()

    own = text("ViewerCertificate/CloudFrontDefaultCertificate", "false").lower() == "true"
    certificate = "" if own else text("ViewerCertificate/ACMCertificateArn")
    policy = text("ViewerCertificate/MinimumProtocolVersion", "TLSv1")
    aliases = tuple((each.text or "").strip().lower() for each in summary.iterfind("Aliases/Items/CNAME"))
    return Distribution(
        id=text("Id"),
        domain=text("DomainName").lower(),
        aliases=aliases,
        enabled=text("Enabled").lower() == "true",
        ipv6=text("IsIPV6Enabled", "true").lower() == "true",
        certificate=certificate or None,
        # With CloudFront's own certificate the policy is TLSv1 whatever was asked (API reference, ViewerCertificate).
        minimum_protocol=policy if certificate else "TLSv1",
        # What CloudFront takes where nothing is said (API reference, DistributionConfig).
        http2=text("HttpVersion", "http2").lower() in {"http2", "http2and3"},
    )
