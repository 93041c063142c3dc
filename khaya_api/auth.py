"""Who is calling: the claims that the gateway's authorizer has verified."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from khaya_api.access import Caller, caller_of
from khaya_api.kit import Kit
from khaya_api.models import Me


def serve(app: APIGatewayRestResolver, _kit: Kit) -> None:
    """Register the routes of sign-in."""

    @app.get("/auth/me", tags=["auth"], summary="Who the caller is")
    def me() -> Me:
        return describe(caller(app))


def caller(app: APIGatewayRestResolver) -> Caller:
    """The caller of the request in hand; `Refusal` 401 when nobody is signed in."""
    return caller_of(app.current_event["requestContext"]["authorizer"]["claims"])


def describe(somebody: Caller) -> Me:
    """What a caller may know of themselves from their own token."""
    return Me(
        sub=somebody.sub,
        username=_text(somebody, "cognito:username") or _text(somebody, "username") or somebody.sub,
        roles=sorted(somebody.roles),
        email=_text(somebody, "email"),
        phone=_text(somebody, "phone_number"),
        name=_text(somebody, "name"),
    )


def _text(somebody: Caller, claim: str) -> str | None:
    value = somebody.claims.get(claim)
    return value if isinstance(value, str) and value else None
