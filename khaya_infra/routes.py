"""What the gateway knows of the API: its paths, who may call them, and the words of its own errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path of the API as the gateway knows it; `protected` asks for a token of the user pool."""

    method: str
    path: str
    protected: bool = False


ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/health"),
    Route(method="GET", path="/health/deep"),
    Route(method="GET", path="/auth/me", protected=True),
    Route(method="GET", path="/jobs"),
    Route(method="POST", path="/jobs", protected=True),
    Route(method="GET", path="/jobs/{id}"),
)

# What the gateway answers by itself, in the words of the contract: kind of answer, status, code, sentence.
GATEWAY_ERRORS: tuple[tuple[str, str, str, str], ...] = (
    ("DEFAULT_4XX", "", "VALIDATION_ERROR", "The request cannot be served as it is."),
    ("DEFAULT_5XX", "", "INTERNAL_ERROR", "Something went wrong on our side."),
    ("BAD_REQUEST_BODY", "400", "VALIDATION_ERROR", "The body does not have the shape that this path takes."),
    ("UNAUTHORIZED", "401", "AUTH_ERROR", "A valid token is needed."),
    ("EXPIRED_TOKEN", "401", "AUTH_ERROR", "The token has expired."),
    ("ACCESS_DENIED", "403", "PERMISSION_DENIED", "This is not allowed."),
    # API Gateway's own answer to a path or method it does not know is a 403 about tokens.
    ("MISSING_AUTHENTICATION_TOKEN", "404", "NOT_FOUND", "There is nothing here."),
    ("RESOURCE_NOT_FOUND", "404", "NOT_FOUND", "There is nothing here."),
    ("REQUEST_TOO_LARGE", "413", "VALIDATION_ERROR", "The body is too large."),
    ("THROTTLED", "429", "RATE_LIMIT", "Too many requests; try again shortly."),
)
