"""Who may call what: every operation there is, once. Routing, refusals and tests walk this one table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from khaya_api.errors import Detail, forbidden, invalid, no_such_method, not_found, unauthenticated
from khaya_api.incoming import Request


class Role(StrEnum):
    """What a user is here for; the name of a group of the user pool."""

    BUYER = "buyer"
    WORKER = "worker"
    SELLER = "seller"
    ADMIN = "admin"


ANYBODY = None
SIGNED_IN: frozenset[Role] = frozenset(Role)
PAGING = frozenset({"limit", "cursor"})


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
    `unsigned` operations answer also where there is no signing key: they say what the API is, and what is wrong.
    """

    method: str
    path: str
    who: frozenset[Role] | None
    parameters: frozenset[str] | None = field(default=frozenset())
    has_body: bool = False
    unsigned: bool = False


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


OPERATIONS: tuple[Operation, ...] = (
    Operation(method="GET", path="/", who=ANYBODY, parameters=None, unsigned=True),
    Operation(method="GET", path="/health", who=ANYBODY, parameters=None, unsigned=True),
    Operation(method="GET", path="/health/deep", who=ANYBODY, parameters=None, unsigned=True),
    Operation(method="GET", path="/auth/me", who=SIGNED_IN),
    Operation(method="GET", path="/openapi.json", who=ANYBODY, unsigned=True),
    Operation(method="GET", path="/jobs", who=ANYBODY, parameters=PAGING | {"status"}),
    Operation(method="POST", path="/jobs", who=_only(Role.BUYER), has_body=True),
    Operation(method="GET", path="/me/jobs", who=_only(Role.BUYER), parameters=PAGING),
    Operation(method="GET", path="/jobs/<job_id>", who=ANYBODY),
    Operation(method="PATCH", path="/jobs/<job_id>", who=_only(Role.BUYER), has_body=True),
    Operation(method="POST", path="/jobs/<job_id>/complete", who=_only(Role.BUYER)),
    Operation(method="POST", path="/jobs/<job_id>/cancel", who=_only(Role.BUYER)),
    Operation(
        method="GET", path="/jobs/<job_id>/bids", who=_only(Role.BUYER, Role.WORKER, Role.ADMIN), parameters=PAGING
    ),
    Operation(method="POST", path="/jobs/<job_id>/bids", who=_only(Role.WORKER), has_body=True),
    Operation(method="GET", path="/me/bids", who=_only(Role.WORKER), parameters=PAGING),
    Operation(method="POST", path="/bids/<bid_id>/accept", who=_only(Role.BUYER)),
    Operation(method="POST", path="/bids/<bid_id>/withdraw", who=_only(Role.WORKER)),
    Operation(method="GET", path="/profiles", who=ANYBODY, parameters=PAGING | {"location", "trade"}),
    Operation(method="GET", path="/profiles/<user_id>", who=ANYBODY),
    Operation(method="PUT", path="/profiles/<user_id>", who=SIGNED_IN, has_body=True),
    Operation(method="POST", path="/profiles/<user_id>/verify", who=_only(Role.ADMIN)),
    Operation(method="GET", path="/listings", who=ANYBODY, parameters=PAGING | {"category"}),
    Operation(method="POST", path="/listings", who=_only(Role.SELLER), has_body=True),
    Operation(method="GET", path="/me/listings", who=_only(Role.SELLER), parameters=PAGING),
    Operation(method="GET", path="/listings/<listing_id>", who=ANYBODY),
    Operation(method="PATCH", path="/listings/<listing_id>", who=_only(Role.SELLER), has_body=True),
    Operation(method="POST", path="/reviews", who=_only(Role.BUYER, Role.WORKER), has_body=True),
    Operation(method="GET", path="/users/<user_id>/reviews", who=ANYBODY, parameters=PAGING),
    Operation(method="GET", path="/credits", who=SIGNED_IN, parameters=PAGING),
    Operation(method="GET", path="/referrals", who=SIGNED_IN, parameters=PAGING),
    Operation(method="POST", path="/referrals", who=SIGNED_IN),
    Operation(method="GET", path="/referrals/<code>", who=ANYBODY),
    Operation(method="POST", path="/referrals/<code>/apply", who=SIGNED_IN),
    Operation(method="GET", path="/stories", who=ANYBODY, parameters=PAGING),
    Operation(method="GET", path="/stories/pending", who=_only(Role.ADMIN), parameters=PAGING),
    Operation(method="GET", path="/me/stories", who=SIGNED_IN, parameters=PAGING),
    Operation(method="POST", path="/stories", who=SIGNED_IN, has_body=True),
    Operation(method="POST", path="/stories/<story_id>/like", who=SIGNED_IN),
    Operation(method="POST", path="/stories/<story_id>/approve", who=_only(Role.ADMIN)),
    Operation(method="POST", path="/stories/<story_id>/reject", who=_only(Role.ADMIN)),
    Operation(method="POST", path="/uploads", who=SIGNED_IN, has_body=True),
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
    if isinstance(groups, list):
        return _named(",".join(word for word in groups if isinstance(word, str)))
    return _named(str(groups or ""))


@lru_cache(maxsize=64)
def _named(groups: str) -> frozenset[Role]:
    known = {role.value: role for role in Role}
    words = re.split(r"[\s,]+", groups.strip("[] ").lower())
    return frozenset(known[word] for word in words if word in known)


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
