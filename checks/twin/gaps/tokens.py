"""Whose token opens a REST API that asks a user pool."""

from __future__ import annotations

import json
import re

from checks.twin.gaps.patching import Function, Grounds, Untyped, replace, service, store

_KEYS_OF_A_POOL = re.compile(r"https?://[^/]+/([\w-]+)/\.well-known/jwks\.json")
_PARAMETERS = ("authorizer", "method_obj", "headers", "query_params", "stage")
Claims = dict[str, Untyped]


def verify_tokens_with_the_pools_own_keys(_: Grounds) -> None:
    """A token that one of our pools has signed opens the API that trusts this pool.

    MiniStack fetches the pool's keys over plain HTTP from its own host name, which is neither spoken nor resolved
    here, and refuses every good token. The keys are in the same process; a pool that is gone has none.
    """
    cognito = service("services.cognito")
    pools, own = store(cognito, "_user_pools"), store(cognito, "well_known_jwks")

    def in_process(original: Function) -> Function:
        async def fetch(url: str) -> Untyped:
            pool = _KEYS_OF_A_POOL.fullmatch(url)
            if pool and pool[1] in pools:
                return json.loads(own(pool[1])[2])
            return await original(url)

        return fetch

    for name in ("services.apigateway", "services.apigateway_v1"):
        replace(service(name), "_fetch_jwks", ("url",), in_process)


def take_identity_tokens_where_no_scope_is_asked(_: Grounds) -> None:
    """A method without scopes opens to identity tokens, and an access token gets 401.

    API Gateway then treats what it gets as an identity token (developer guide, "Integrate a REST API with an Amazon
    Cognito user pool"). MiniStack lets an access token in, and a site that sends the wrong one would work here alone.
    """

    def refuses(_authorizer: Untyped, method: Untyped, claims: Claims) -> bool:
        return not method.get("authorizationScopes") and claims.get("token_use") != "id"

    _refuse_tokens(refuses)


def match_audiences_with_the_expression(_: Grounds) -> None:
    """An authorizer's validation expression is matched against the token's audience, and 401 follows without a match.

    So a pool's other clients are kept out (API reference, CreateAuthorizer, `identityValidationExpression`); without
    an expression every client of the pool gets in, as on AWS. MiniStack keeps the expression and does not ask it.
    """

    def refuses(authorizer: Untyped, _method: Untyped, claims: Claims) -> bool:
        expression = authorizer.get("identityValidationExpression")
        return bool(expression) and not re.fullmatch(str(expression), str(claims.get("aud", "")))

    _refuse_tokens(refuses)


def _refuse_tokens(refuses: Function) -> None:
    api = service("services.apigateway_v1")
    refusal = store(api, "_gw_error")

    def stricter(original: Function) -> Function:
        async def validate(authorizer: Untyped, method_obj: Untyped, *rest: Untyped) -> Untyped:
            claims, error = await original(authorizer, method_obj, *rest)
            if error is None and refuses(authorizer, method_obj, claims):
                return None, refusal("UNAUTHORIZED", "Unauthorized")
            return claims, error

        return validate

    replace(api, "_validate_cognito_authorizer", _PARAMETERS, stricter)
