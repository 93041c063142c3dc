"""Who may call what: every operation there is, once. Routing, refusals and tests walk this one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from khaya_api.errors import Detail, forbidden, invalid, no_such_method, not_found, unauthenticated
from khaya_api.incoming import Request
from khaya_api.models import Role

ANYBODY = None
SIGNED_IN: frozenset[Role] = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody the gateway has verified. `sub` is the user's id; `roles` are the groups that are roles."""

    sub: str
    roles: frozenset[Role]
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `who` is ANYBODY, SIGNED_IN (whatever their roles), or the roles that may.

    `parameters` are the query parameters it knows; None lets any pass: probes add random ones against caches.
    """

    method: str
    path: str
    who: frozenset[Role] | None
    parameters: frozenset[str] | None = field(default=frozenset())
    has_body: bool = False


OPERATIONS: tuple[Operation, ...] = (
    Operation(method="GET", path="/", who=ANYBODY, parameters=None),
    Operation(method="GET", path="/health", who=ANYBODY, parameters=None),
    Operation(method="GET", path="/health/deep", who=ANYBODY, parameters=None),
    Operation(method="GET", path="/auth/me", who=SIGNED_IN),
    Operation(method="GET", path="/jobs", who=ANYBODY, parameters=frozenset({"status", "limit", "cursor"})),
    Operation(method="POST", path="/jobs", who=frozenset({Role.BUYER}), has_body=True),
    Operation(method="GET", path="/jobs/<job_id>", who=ANYBODY),
)


def find(request: Request) -> Operation:
    """The operation that is meant. `Refusal` 404 for an unknown path, 405 for a known path's other methods."""
    methods = _methods(request.path)
    if not methods:
        raise not_found()
    operation = methods.get("GET" if request.method == "HEAD" else request.method)
    if operation is None:
        raise no_such_method(allowed_methods(request.path))
    return operation


def allowed_methods(path: str) -> str:
    """`GET, HEAD, OPTIONS, POST`: the methods of a path, empty when there is no such path."""
    methods = set(_methods(path))
    if not methods:
        return ""
    return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def admit(operation: Operation, request: Request) -> None:
    """Let a request in, or `Refusal`: 401 for nobody, 403 for the wrong role, 400 for unknown parameters."""
    if operation.who is not None:
        caller = caller_of(request.claims)
        if operation.who is not SIGNED_IN and not caller.roles & operation.who:
            raise forbidden(f"Only a {' or '.join(sorted(operation.who))} may do this.")
    if operation.parameters is not None and (unknown := set(request.query) - operation.parameters):
        known = ", ".join(sorted(operation.parameters)) or "none"
        raise invalid(*(Detail(name[:100], f"is not a parameter here; known: {known}") for name in sorted(unknown)))


def caller_of(claims: Mapping[str, object] | None) -> Caller:
    """Who the authorizer's claims speak of. `Refusal` 401 when there are none."""
    if claims is None:
        raise unauthenticated()
    return Caller(sub=str(claims["sub"]), roles=_roles(claims.get("cognito:groups")), claims=claims)


def _roles(groups: object) -> frozenset[Role]:
    """A REST authorizer flattens the list of groups: `buyer,worker` or `[buyer worker]`."""
    words = groups if isinstance(groups, list) else re.split(r"[\s,]+", str(groups or "").strip("[] "))
    known = {role.value: role for role in Role}
    return frozenset(known[word.lower()] for word in words if isinstance(word, str) and word.lower() in known)


def _methods(path: str) -> Mapping[str, Operation]:
    if path in _STATIC:
        return _STATIC[path]
    return next((methods for pattern, methods in _DYNAMIC if pattern.fullmatch(path)), {})


def _by_path() -> dict[str, dict[str, Operation]]:
    paths: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation
    return paths


_STATIC = {path: methods for path, methods in _by_path().items() if "<" not in path}
# The characters of an id, and none that means something in a row's key or in a URL.
_DYNAMIC = tuple(
    (re.compile(re.sub(r"<\w+>", r"[A-Za-z0-9_-]{1,64}", path)), methods)
    for path, methods in _by_path().items()
    if "<" in path
)
