"""The names of APIs: each in service with its certificate and no old TLS, and its paths lead where they should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from checks import intent
from checks.evidence import Absent, Described
from checks.likeness import judge_likeness, prop, words_of
from checks.model import Check, Resource, Sight, Target, Verdict, promise
from checks.wording import left_out, quote, several
from checks.world.ports import World

REST, HTTP = "AWS::ApiGateway::DomainName", "AWS::ApiGatewayV2::DomainName"
REST_PATH, HTTP_PATH = "AWS::ApiGateway::BasePathMapping", "AWS::ApiGatewayV2::ApiMapping"
# What API Gateway calls no path, and no stage.
NONE = "(none)"
_READ = ("apigateway:GET",)
_READY, _COMING = "AVAILABLE", frozenset({"UPDATING", "PENDING"})
# API Gateway Developer Guide, "Choose a security policy for your custom domain": each other one begins at TLS 1.2.
_OLD = frozenset({"", "TLS_1_0"})


@promise(
    "api.name",
    says="the API's own name is in service with the template's certificate, and speaks no TLS older than 1.2, "
    "whatever the template says",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def name(*, kind: str, region: str, domain: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: with a certificate of another name, or while it is verified anew, nobody gets through (DomainNameStatus)."""
    judge = partial(judge_name, domain=domain, words=words, gaps=gaps)
    return Sight(look=partial(_look, kind=kind, region=region, name=domain), judge=judge)


@promise(
    "api.mapping",
    says="the path below the API's own name leads to the API and stage of the template",
    severity="critical",
    instrument="aws",
    actions=_READ,
)
def mapping(*, kind: str, region: str, path: str, words: intent.Words, gaps: tuple[str, ...]) -> Sight:
    """AWS: a path that leads to another stage answers well, with another stage's data (BasePathMapping, ApiMapping)."""
    remedy = "deploy the stack again; who changed it by hand is in CloudTrail (UpdateBasePathMapping, UpdateApiMapping)"
    judge = partial(
        judge_likeness, noun="path", name=path, words=words, gaps=gaps, good=("there",), pending=(), remedy=remedy
    )
    return Sight(look=partial(_look, kind=kind, region=region, name=path), judge=judge)


def judge_name(
    seen: Described | Absent, _now: datetime, *, domain: str, words: intent.Words, gaps: tuple[str, ...]
) -> Verdict:
    """Ready, with each word of the template, and every policy begins at TLS 1.2; on its way to ready is not yet."""
    said = f" with {several(f'{word} {value}' for word, value in words)}" if words else ""
    expected = f"{quote(domain)} {_READY}{said}, TLS 1.2 or newer{left_out(gaps)}"
    if isinstance(seen, Absent):
        remedy = "deploy the stack again; its DNS record must then lead to the new address"
        return Verdict.failed(expected=expected, actual=f"API Gateway has no {quote(domain)}", remedy=remedy)
    if seen.state in _COMING:
        remedy = "wait until API Gateway is done with it"
        return Verdict.not_yet(expected=expected, actual=quote(seen.state), remedy=remedy)
    live = dict(seen.words)
    other = [] if seen.state == _READY else [seen.state or "in no state"]
    other += intent.differences(words, live)
    policies = live.get("policies", "").split(" ")
    old = [each or "no security policy" for each in policies if each in _OLD]
    if not other and not old:
        return Verdict.passed(expected=expected, actual=f"{_READY}, {several(policies)}")
    remedy = "see its status message (aws apigateway get-domain-name); issue or verify its certificate, then deploy"
    if not other:
        remedy = "set the SecurityPolicy of the name in the template to TLS_1_2, then deploy"
    return Verdict.failed(expected=expected, actual=several([*other, *old]), remedy=remedy)


def checks(target: Target) -> Iterator[Check]:
    """Every name, then every path below one whose name is known."""
    for kind, wanted in ((REST, _rest), (HTTP, _http)):
        for one in target.of_type(kind):
            words, gaps = words_of(wanted(one))
            place = one.place(_arn(target, one, one.physical_id))
            yield name(place, kind=kind, region=one.region, domain=one.physical_id, words=words, gaps=gaps)
    for kind, asked in ((REST_PATH, _rest_path), (HTTP_PATH, _http_path)):
        for one in target.of_type(kind):
            domain = intent.text(one.properties, "DomainName")
            below, folder, led = asked(one)
            if domain and below:
                words, gaps = words_of(led)
                place = one.place(_arn(target, one, f"{domain}/{folder}/*"))
                yield mapping(place, kind=kind, region=one.region, path=f"{domain}/{below}", words=words, gaps=gaps)


def _rest(one: Resource) -> Mapping[str, object]:
    """A name at the edge and one of the region have a certificate each; while one becomes the other it has both."""
    return _wanted(one, [prop(one, key) for key in ("CertificateArn", "RegionalCertificateArn")])


def _http(one: Resource) -> Mapping[str, object]:
    every = prop(one, "DomainNameConfigurations")
    return _wanted(one, [intent.part(each, "CertificateArn") for each in intent.items(every) or (every,)])


def _wanted(one: Resource, certificates: list[object]) -> Mapping[str, object]:
    return {
        "certificate": certificates if intent.gaps(certificates) else _joined(certificates),
        "client certificates": prop(one, "MutualTlsAuthentication", "TruststoreUri") or NONE,
    }


def _joined(certificates: list[object]) -> str | None:
    return intent.plain([each for each in certificates if each]) or None


def _rest_path(one: Resource) -> tuple[str, str, Mapping[str, object]]:
    """By what its template says: CloudFormation's own id of it is spelt in more ways than one."""
    path = prop(one, "BasePath")
    below = "" if intent.gaps(path) else intent.text(path) or NONE
    return below, "basepathmappings", {"api": prop(one, "RestApiId"), "stage": prop(one, "Stage") or NONE}


def _http_path(one: Resource) -> tuple[str, str, Mapping[str, object]]:
    said = {"api": prop(one, "ApiId"), "stage": prop(one, "Stage"), "path": prop(one, "ApiMappingKey") or NONE}
    return one.physical_id.rpartition("/")[2].rpartition("|")[2], "apimappings", said


def _arn(target: Target, one: Resource, below: str) -> str:
    return f"arn:{target.partition}:apigateway:{one.region}::/domainnames/{below}"


def _look(world: World, *, kind: str, region: str, name: str) -> Described | Absent:
    return world.aws.described(kind, region, name)


PROMISES = (name, mapping)
