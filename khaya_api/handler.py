"""The API's way in: `khaya_api.handler.handler`, called by API Gateway with REST proxy events.

Works at the stage's root and behind the CDN's `/api/*` alike. Whatever comes in, a JSON answer goes out.
"""
# ruff: noqa: E402 - the collector rests before anything is imported

from __future__ import annotations

import gc

# Nothing that is made while a function starts is garbage; to look for it all the same is a tenth of a cold start.
gc.disable()

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from botocore.exceptions import BotoCoreError

from khaya_api import (
    auth,
    bids,
    errors,
    health,
    jobs,
    ledger,
    listings,
    openapi,
    profiles,
    referrals,
    reviews,
    stories,
    uploads,
)
from khaya_api.access import admit, find
from khaya_api.errors import PartOut, Refusal
from khaya_api.incoming import Request, body_text, proxy_event, read_object, read_request
from khaya_api.kit import Kit, kit_from
from khaya_api.outgoing import Answer, finish, preflight, refusal
from khaya_api.routing import Router

Handler = Callable[[object, object], Answer]

ROOMS = (health, auth, openapi, jobs, bids, profiles, listings, reviews, ledger, referrals, stories, uploads)


def router(kit: Kit) -> APIGatewayRestResolver:
    """Every route of every noun, and what becomes of what they raise."""
    app = Router(
        # Said aloud, because an environment variable would otherwise switch on answers with stack traces.
        debug=False,
        enable_validation=True,
        # Else an answer of ours that breaks its own model would be blamed on the caller.
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        json_body_deserializer=read_object,
    )
    for room in ROOMS:
        room.serve(app, kit)
    _answer_errors(app, kit)
    return app


def build(kit: Kit) -> Handler:
    """The handler that stands on `kit`."""
    # Lambda has one thread, which must not wait for its router when the first request is there.
    routers = threading.local()
    routers.made = router(kit)
    origins = kit.settings.allowed_origins

    def answer(event: object, context: object) -> Answer:
        began = time.perf_counter()
        request = read_request(event, getattr(context, "aws_request_id", None))
        if not hasattr(routers, "made"):
            routers.made = router(kit)
        route, answered = _answer(routers.made, kit, request, context)
        finished = finish(answered, request, origins)
        # The pattern and never the path: ids and misdirected secrets stay out of the log.
        kit.log.info(
            "answered",
            request_id=request.id,
            method=request.method,
            route=route,
            status=finished["statusCode"],
            ms=round((time.perf_counter() - began) * 1000, 1),
        )
        return finished

    return answer


def _answer(app: APIGatewayRestResolver, kit: Kit, request: Request, context: object) -> tuple[str, dict[str, Any]]:
    route = "-"
    try:
        if request.method == "OPTIONS":
            return route, preflight(request, kit.settings.allowed_origins)
        operation = find(request)
        route = operation.path
        admit(operation, request)
        if not operation.unsigned:
            # With a placeholder for a key nothing is done at all, not only what happens to need it.
            kit.keys.keys()
        event = proxy_event(request, body_text(request) if operation.has_body else None)
        return route, app.resolve(event, context)  # type: ignore[arg-type] # a context is Lambda's own class
    except Refusal as refused:
        return route, refusal(refused, request.id)
    except PartOut as out:
        kit.log.error("failed", request_id=request.id, extra=errors.describe(out))  # noqa: TRY400 - as below
        return route, refusal(errors.from_part(out), request.id)
    except Exception as error:  # noqa: BLE001 - the last wall: beyond it the gateway would answer for us
        # Not `exception`: messages and arguments quote what people sent.
        kit.log.error("failed", request_id=request.id, extra=errors.describe(error))  # noqa: TRY400
        return route, refusal(errors.internal(), request.id)


def _answer_errors(app: APIGatewayRestResolver, kit: Kit) -> None:
    def spoken(refused: Refusal) -> Response[dict[str, object]]:
        request_id = app.current_event["requestContext"]["requestId"]
        return Response(
            int(refused.status),
            content_types.APPLICATION_JSON,
            errors.body(refused, request_id),
            refused.headers,
        )

    def failed(error: Exception, refused: Refusal) -> Response[dict[str, object]]:
        request_id = app.current_event["requestContext"]["requestId"]
        kit.log.error("failed", request_id=request_id, extra=errors.describe(error))
        return spoken(refused)

    app.exception_handler(Refusal)(spoken)
    app.exception_handler(NotFoundError)(lambda _error: spoken(errors.not_found()))
    app.exception_handler(RequestValidationError)(lambda error: spoken(errors.from_validation(error.errors())))
    app.exception_handler(PartOut)(lambda error: failed(error, errors.from_part(error)))
    app.exception_handler(Exception)(lambda error: failed(error, errors.internal()))


def _handler() -> Handler:
    kit = kit_from(os.environ, service=health.SERVICE)
    if kit.settings.problems:
        kit.log.error("variables missing or odd", variables=list(kit.settings.problems))
    # Made while Lambda starts, where the processor is whole; what cannot be made is said when it is asked.
    with suppress(BotoCoreError):
        kit.connect("dynamodb")
    # The key is read at the start where it is kept elsewhere; one in the environment is there already.
    with suppress(BotoCoreError, PartOut):
        kit.keys.keys()
    return build(kit)


handler: Handler = _handler()
# What is there by now stays: the collector need never look at it again.
gc.freeze()
gc.enable()
