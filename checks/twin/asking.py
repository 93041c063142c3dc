"""Asks the twin's AWS: Signature Version 4 over `http.client`, loopback only.

The edge and the name servers start in a tenth of a second because nothing here imports an SDK.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class TwinRefuses(Exception):
    """The twin's AWS answered with an error, or did not answer; *status* is 0 for the latter."""

    def __init__(self, reason: str, *, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is needed to ask: where, as whom, and whom to believe."""

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    ca_bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, before it is signed; *query* in any order."""

    service: str
    method: str = "GET"
    path: str = "/"
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    region: str = ""


def ask(access: Access, asked: Asked, *, timeout: float = 10.0) -> bytes:
    """The body of the answer.

    Raises TwinRefuses for a status of 400 or more, for silence, and for an endpoint that is not on loopback.
    """
    where = urlsplit(access.endpoint)
    if where.scheme != "https" or where.hostname not in _LOOPBACK:
        raise TwinRefuses(f"{access.endpoint} is not an https address on loopback; the twin asks nobody else")
    context = ssl.create_default_context(cafile=access.ca_bundle)
    connection = http.client.HTTPSConnection(where.hostname, where.port, timeout=timeout, context=context)
    try:
        connection.request(asked.method, _target(asked), body=asked.body or None, headers=_signed(access, asked))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise TwinRefuses(f"{access.endpoint} does not answer {asked.service}: {error}") from error
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        text = body.decode("utf-8", "replace")[:500]
        raise TwinRefuses(f"{asked.service} {asked.method} {asked.path}: {answer.status} {text}", status=answer.status)
    return body


def ask_xml(access: Access, asked: Asked) -> ET.Element:
    """The answer as an element tree without namespaces."""
    root = ET.fromstring(ask(access, asked))  # noqa: S314 - our own emulator on loopback wrote it
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def ask_json(
    access: Access, service: str, target: str, body: Mapping[str, object], *, region: str = ""
) -> dict[str, object]:
    """The answer of a service that speaks JSON and names the operation in a header."""
    asked = Asked(
        service=service, method="POST", body=json.dumps(body).encode(), region=region,
        headers={"content-type": "application/x-amz-json-1.1", "x-amz-target": target},
    )  # fmt: skip
    answer = json.loads(ask(access, asked) or b"{}")
    if not isinstance(answer, dict):
        raise TwinRefuses(f"{target} answered {type(answer).__name__}, an object was expected")
    return answer


def ask_query(access: Access, service: str, action: str, version: str, **parameters: str) -> ET.Element:
    """The answer of a service that takes its operation and parameters as a form."""
    form = urlencode({"Action": action, "Version": version, **parameters}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return ask_xml(access, Asked(service=service, method="POST", body=form, headers=headers))


def _target(asked: Asked) -> str:
    query = _canonical_query(asked)
    return quote(asked.path, safe="/-_.~") + (f"?{query}" if query else "")


def _canonical_query(asked: Asked) -> str:
    pairs = sorted((asked.query or {}).items())
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)


def _signed(access: Access, asked: Asked) -> dict[str, str]:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(asked.body).hexdigest()
    where = urlsplit(access.endpoint)
    headers = {
        **{name.lower(): value for name, value in (asked.headers or {}).items()},
        "host": where.netloc, "x-amz-date": stamp, "x-amz-content-sha256": digest,
    }  # fmt: skip
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    path = quote(quote(asked.path, safe="/-_.~"), safe="/-_.~")
    canonical = "\n".join([asked.method, path, _canonical_query(asked), lines, names, digest])
    scope = f"{stamp[:8]}/{asked.region or access.region}/{asked.service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    signature = hmac.new(_key(access, scope), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={access.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 {credential}"}


def _key(access: Access, scope: str) -> bytes:
    key = f"AWS4{access.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
