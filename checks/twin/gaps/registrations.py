"""Route 53 as a registrar, which MiniStack is not: what the twin's own registrar knows, told by AWS's interface."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from checks.twin import registrar
from checks.twin.gaps.patching import Grounds, Untyped, service, store

_SERVICE, _TARGET = "route53domains", "Route53Domains_v20140515"
_YEAR = timedelta(days=365)
_FORMAT = "application/x-amz-json-1.1"


def register_domains(grounds: Grounds) -> None:
    """GetDomainDetail tells of a domain that was delegated; its transfer lock can be taken off and put on.

    MiniStack knows no such service, so that nobody could ask whether the domain may be taken away.
    """
    app, router = service("app"), service("core.router")
    namespaces = store(service("core.iam_actions"), "SERVICE_TO_IAM_NAMESPACE")
    folder = grounds.authority.parent

    async def handle(_method: str, _path: str, headers: Untyped, body: bytes, _params: Untyped) -> Untyped:
        operation = str(headers.get("x-amz-target", "")).rpartition(".")[2]
        domain = str(json.loads(body or b"{}").get("DomainName", "")).lower()
        if domain not in registrar.delegations(folder):
            return _said(400, {"__type": "InvalidInput", "message": f"Domain {domain} not found in this account"})
        if operation == "GetDomainDetail":
            return _said(200, _detail(domain, locked=registrar.is_locked(folder, domain)))
        if operation in {"EnableDomainTransferLock", "DisableDomainTransferLock"}:
            registrar.lock(folder, domain, locked=operation.startswith("Enable"))
            return _said(200, {"OperationId": f"{operation}-{domain}"})
        return _said(400, {"__type": "InvalidInput", "message": f"{operation}: the twin's registrar does not do that"})

    patterns = {"target_prefixes": [_TARGET], "host_patterns": [r"route53domains\."], "credential_scope": _SERVICE}
    store(router, "SERVICE_PATTERNS")[_SERVICE] = patterns
    store(app, "SERVICE_HANDLERS")[_SERVICE] = handle
    namespaces[_SERVICE] = _SERVICE


def _detail(domain: str, *, locked: bool) -> dict[str, object]:
    made = datetime.now(UTC).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "DomainName": domain,
        "AutoRenew": True,
        "CreationDate": made.timestamp(),
        "ExpirationDate": (made + 2 * _YEAR).timestamp(),
        "StatusList": ["clientTransferProhibited"] if locked else ["ok"],
    }


def _said(status: int, document: dict[str, object]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": _FORMAT}, json.dumps(document).encode()
