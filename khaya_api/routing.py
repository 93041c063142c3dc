"""The router, with a request of its own for each thread."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cached_property
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent


class _Builder(ResponseBuilder[BaseProxyEvent]):
    """Who may read an answer, and how long it is kept, is said by `outgoing`; packing is the gateway's."""

    def _route(self, event: BaseProxyEvent, cors: object) -> None:
        """Nothing; the library would read every header of the request for it."""


_IN_HAND: ContextVar[BaseProxyEvent] = ContextVar("the request in hand")


class Router(APIGatewayRestResolver):
    """Where the library keeps the request in hand once for the whole process, this one keeps it for each thread.

    Otherwise of two requests at once one could be answered as the other's caller. Its instances still keep the
    parameters of a route in themselves: two threads need two.
    """

    def __init__(self, **named: Any) -> None:  # noqa: ANN401 - the library's own
        super().__init__(**named)
        self._response_builder_class = _Builder

    @property
    def current_event(self) -> BaseProxyEvent:  # type: ignore[override] # nobody but the library writes it
        """The request in hand."""
        return _IN_HAND.get()

    def _resolve(self) -> ResponseBuilder[Any]:
        """A path without parameters is found by its name; the library would try every route's pattern in turn."""
        asked = _IN_HAND.get()
        route = self._by_name.get((asked.http_method.upper(), asked.path))
        if route is None:
            return super()._resolve()
        self.append_context(_route=route, _path=asked.path)  # type: ignore[no-untyped-call] # the library's
        return self._call_route(route, {})

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Route]:
        # Asked for by the first request, when every route is there.
        return {(route.method, route.path): route for route in reversed(self._static_routes)}

    def _to_proxy_event(self, event: dict[str, Any]) -> BaseProxyEvent:
        made = super()._to_proxy_event(event)
        _IN_HAND.set(made)
        return made
