"""One twin for the whole session, and a small site that is deployed on it again whenever its contents were lost."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import dns.message
import dns.name
import dns.query
import pytest

from checks import twin as twins
from checks.twin import Twin
from checks.twin.addresses import EDGE_V4
from tests.twin import template

ACTIONS = ("dynamodb:ListTables", "cloudformation:DescribeStacks", "lambda:GetFunctionConcurrency")


@dataclass(frozen=True)
class Site:
    """The deployed site, and how to look at it."""

    twin: Twin
    zone_id: str
    certificate: str
    outputs: dict[str, str]

    def client(self, service: str, region: str = "af-south-1") -> Any:  # noqa: ANN401 - one method for all services
        """A boto3 client of the twin's administrator."""
        return client(self.twin, service, region)

    def connect(self, name: str | None = template.DOMAIN, **settings: object) -> ssl.SSLSocket:
        """A TLS connection to the edge; *settings* are attributes of the context."""
        context = ssl.create_default_context(cafile=self.twin.ca_bundle)
        context.check_hostname = False
        for attribute, value in settings.items():
            if attribute == "ciphers":
                context.set_ciphers(str(value))
            else:
                setattr(context, attribute, value)
        return self.reach(context, name)

    def reach(self, context: ssl.SSLContext, name: str | None = template.DOMAIN) -> ssl.SSLSocket:
        """A TLS connection to the edge, with a context that is ready."""
        raw = socket.create_connection(self.twin.connect[EDGE_V4[0], 443], timeout=20)
        return context.wrap_socket(raw, server_hostname=name)

    def get(self, path: str, *, method: str = "GET", host: str = template.DOMAIN, **request: Any) -> Answer:  # noqa: ANN401
        """One request through the edge, over TLS."""
        connection = http.client.HTTPConnection(host)
        connection.sock = self.connect(host)
        try:
            connection.request(method, path, **request)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def ask(self, name: str, kind: str = "A", *, at: tuple[str, int] | None = None) -> dns.message.Message:
        """The answer to a DNS query, by default of the resolver, over UDP with EDNS."""
        host, port = at or self.twin.dns
        return dns.query.udp(dns.message.make_query(name, kind, use_edns=0), host, port=port, timeout=5)

    def address_of(self, name_server: str) -> tuple[str, int]:
        """Where a name server is to be found, by way of its own name."""
        answer = self.ask(name_server).answer
        return self.twin.connect[answer[0][0].to_text(), 53]

    def deploy(self, template_body: Mapping[str, Any], *, name: str = "Site") -> str:
        """Update a stack and give the status it ends in."""
        return deploy(self.twin, name, template_body, "af-south-1", update=True)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes


def client(twin: Twin, service: str, region: str = "af-south-1", **credentials: str) -> Any:  # noqa: ANN401
    """A boto3 client that knows nothing but what it is told here; by default the administrator's."""
    key, secret = credentials.get("key", twin.access_key_id), credentials.get("secret", twin.secret_access_key)
    return _client(twin.endpoint, str(twin.ca_bundle), service, region, (key, secret, credentials.get("token")))


@cache
def _client(endpoint: str, ca_bundle: str, service: str, region: str, credentials: tuple[str, str, str | None]) -> Any:  # noqa: ANN401
    # A service named by a variable has no type of its own.
    session: Any = boto3.Session(*credentials, region_name=region)
    return session.client(service, endpoint_url=endpoint, verify=ca_bundle)


def deploy(twin: Twin, name: str, body: Mapping[str, Any], region: str, *, update: bool = False) -> str:
    """Create or update a stack; gives the status it ends in."""
    stacks = client(twin, "cloudformation", region)
    act = stacks.update_stack if update else stacks.create_stack
    act(StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    return settled(stacks, name)


def settled(stacks: Any, name: str) -> str:  # noqa: ANN401
    """The status of a stack once it no longer changes."""
    limit, status = time.monotonic() + 30, "unknown"
    while time.monotonic() < limit:
        status = str(stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.02)
    raise TimeoutError(f"{name} is still {status}")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's twin lives."""
    return tmp_path_factory.mktemp("twins")


@pytest.fixture(scope="session")
def _started(home: Path) -> Iterator[Twin]:
    yield twins.up(home=home, harness_actions=ACTIONS)
    twins.down(home=home)
    assert not home.exists() or not list(home.iterdir())


@pytest.fixture
def twin(_started: Twin, home: Path) -> Twin:
    """The running twin, revived if the test before killed a part of it."""
    return twins.up(home=home, harness_actions=ACTIONS)


@pytest.fixture(scope="session")
def _sites() -> dict[str, Site]:
    return {}


@pytest.fixture
def site(twin: Twin, _sites: dict[str, Site]) -> Site:
    """The site, deployed on the twin as it is now."""
    if twin.generation not in _sites:
        _sites[twin.generation] = found(twin)
    return _sites[twin.generation]


def found(twin: Twin) -> Site:
    """The site, deployed from nothing: zone, delegation, certificate, stack, one page."""
    route53 = client(twin, "route53")
    zone = route53.create_hosted_zone(Name=template.DOMAIN, CallerReference=twin.generation)
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    twins.delegate(twin, template.DOMAIN, zone["DelegationSet"]["NameServers"])
    assert "CREATE_COMPLETE" == deploy(twin, "Certificate", template.certificate(zone_id), "us-east-1")
    certificate = outputs(twin, "Certificate", "us-east-1")["Arn"]
    assert "CREATE_COMPLETE" == deploy(twin, "Site", template.site(zone_id, certificate), "af-south-1")
    page = {"Key": "index.html", "Body": b"<html>hello</html>", "ContentType": "text/html"}
    client(twin, "s3").put_object(Bucket=template.BUCKET, **page)
    return Site(twin, zone_id, certificate, outputs(twin, "Site", "af-south-1"))


def outputs(twin: Twin, stack: str, region: str) -> dict[str, str]:
    """The outputs of a stack."""
    told = client(twin, "cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in told["Outputs"]}


@pytest.fixture
def restored(site: Site) -> Iterator[Callable[[], dict[str, Any]]]:
    """Lets a test change the distribution through the API; gives it back as it was."""
    cloudfront, which = site.client("cloudfront"), site.outputs["DistributionId"]
    before = cloudfront.get_distribution_config(Id=which)

    def config() -> dict[str, Any]:
        return dict(cloudfront.get_distribution_config(Id=which))

    yield config
    now = config()
    cloudfront.update_distribution(Id=which, IfMatch=now["ETag"], DistributionConfig=before["DistributionConfig"])
