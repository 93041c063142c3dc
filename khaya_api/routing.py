"""The router, with a request of its own for each thread."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

_IN_HAND: ContextVar[BaseProxyEvent] = ContextVar("the request in hand")


class Router(APIGatewayRestResolver):
    """Where the library keeps the request in hand once for the whole process, this one keeps it for each thread.

    Otherwise of two requests at once one could be answered as the other's caller. Its instances still keep the
    parameters of a route in themselves: two threads need two.
    """

    @property
    def current_event(self) -> BaseProxyEvent:  # type: ignore[override] # nobody but the library writes it
        """The request in hand."""
        return _IN_HAND.get()

    def _to_proxy_event(self, event: dict[str, Any]) -> BaseProxyEvent:
        made = super()._to_proxy_event(event)
        _IN_HAND.set(made)
        return made
