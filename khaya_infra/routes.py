"""What the gateway knows of the API: its paths, who may call them, and the words of its own errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path of the API as the gateway knows it; `protected` asks for a token of the user pool.

    `demands` names the query parameters without which the code refuses: said here, so that whoever reads the API's
    description knows; the refusal stays the code's own.
    """

    method: str
    path: str
    protected: bool = False
    demands: tuple[str, ...] = ()


# The rows of the API's own table of access, which imports more than a synthesis has; a test holds the two together.
# One name for every parameter, because the gateway takes no second one at the same place of a path.
ROUTES: tuple[Route, ...] = (
    Route(method="GET", path="/health"),
    Route(method="GET", path="/health/deep"),
    Route(method="GET", path="/auth/me", protected=True),
    Route(method="GET", path="/openapi.json"),
    Route(method="GET", path="/jobs"),
    Route(method="POST", path="/jobs", protected=True),
    Route(method="GET", path="/me/jobs", protected=True),
    Route(method="GET", path="/jobs/{id}"),
    Route(method="PATCH", path="/jobs/{id}", protected=True),
    Route(method="POST", path="/jobs/{id}/complete", protected=True),
    Route(method="POST", path="/jobs/{id}/cancel", protected=True),
    Route(method="GET", path="/jobs/{id}/bids", protected=True),
    Route(method="POST", path="/jobs/{id}/bids", protected=True),
    Route(method="GET", path="/me/bids", protected=True),
    Route(method="POST", path="/bids/{id}/accept", protected=True),
    Route(method="POST", path="/bids/{id}/withdraw", protected=True),
    Route(method="GET", path="/profiles", demands=("location",)),
    Route(method="GET", path="/profiles/{id}"),
    Route(method="PUT", path="/profiles/{id}", protected=True),
    Route(method="POST", path="/profiles/{id}/verify", protected=True),
    Route(method="GET", path="/listings"),
    Route(method="POST", path="/listings", protected=True),
    Route(method="GET", path="/me/listings", protected=True),
    Route(method="GET", path="/listings/{id}"),
    Route(method="PATCH", path="/listings/{id}", protected=True),
    Route(method="POST", path="/reviews", protected=True),
    Route(method="GET", path="/users/{id}/reviews"),
    Route(method="GET", path="/credits", protected=True),
    Route(method="GET", path="/referrals", protected=True),
    Route(method="POST", path="/referrals", protected=True),
    Route(method="GET", path="/referrals/{id}"),
    Route(method="POST", path="/referrals/{id}/apply", protected=True),
    Route(method="GET", path="/stories"),
    Route(method="GET", path="/stories/pending", protected=True),
    Route(method="GET", path="/me/stories", protected=True),
    Route(method="POST", path="/stories", protected=True),
    Route(method="POST", path="/stories/{id}/like", protected=True),
    Route(method="POST", path="/stories/{id}/approve", protected=True),
    Route(method="POST", path="/stories/{id}/reject", protected=True),
    Route(method="POST", path="/uploads", protected=True),
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
