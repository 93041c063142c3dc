"""How the connections of a client are made and kept: under one TLS context, and without anything made in advance."""

from __future__ import annotations

import queue
import ssl
from typing import Any

# Pools that are kept, one for each host and port: a host for each service in each region, and one for each bucket.
_POOLS = 512


class Connections:
    """The connections of all clients of a session, under one TLS context.

    Each client of botocore keeps connections of its own, and one that has just become free does not serve the next
    client's call to the same host: an endpoint of one's own, where all services are one host, saw three handshakes
    for four calls.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._manager: Any = None

    def share(self, client: Any) -> bool:  # noqa: ANN401 - botocore makes its client classes at run time
        """Make every connection of *client* one of these, with the context as it is.

        botocore hands urllib3 the path of its CA bundle, and urllib3 parses that file again for each new connection
        (some 15 ms of processor time, boto/botocore#3171). There is no public way to give it a context, so this
        reaches inside, and only where the inside is what it was when this was written (botocore 1.43, urllib3 2):
        otherwise nothing is touched, False is returned, and the client is as botocore made it.
        """
        http = getattr(getattr(client, "_endpoint", None), "http_session", None)
        needed = (
            "_manager",
            "_pool_classes_by_scheme",
            "_proxy_managers",
            "_get_pool_manager_kwargs",
            "_get_ssl_context",
            "_setup_ssl_cert",
        )
        if http is None or not all(hasattr(http, name) for name in needed):
            return False
        http._get_ssl_context = lambda: self._context  # noqa: SLF001 - the reason is in the docstring
        http._setup_ssl_cert = _trust_the_context  # noqa: SLF001
        if self._manager is None:
            self._manager = _new_manager(http)
        http._manager = self._manager  # noqa: SLF001
        return True


def _new_manager(http: Any) -> Any:  # noqa: ANN401 - botocore's session of HTTP, urllib3's manager
    from urllib3 import PoolManager

    given = http._get_pool_manager_kwargs()  # noqa: SLF001 - the reason is in Connections.share
    kept = {"QueueCls": staticmethod(lambda _: _Idle(given["maxsize"]))}
    classes = http._pool_classes_by_scheme.items()  # noqa: SLF001
    manager = PoolManager(**{**given, "maxsize": 0, "num_pools": _POOLS})
    manager.pool_classes_by_scheme = {scheme: type(each.__name__, (each,), kept) for scheme, each in classes}
    return manager


class _Idle:
    """The connections that wait for their next use, the last one first.

    urllib3 fills a queue with one empty place for each connection that a pool may keep, for each host that is asked,
    which for buckets is one each: half a millisecond for two hundred places. Here it makes pools without any, and what
    is kept is counted here.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[Any] = []

    def put(self, connection: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ANN401, ARG002, FBT001, FBT002 - as a queue's
        if connection is None:  # one that could not be made is given back as its place
            return
        if len(self._waiting) >= self._most:
            raise queue.Full
        self._waiting.append(connection)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002 - as a queue's
        try:
            return self._waiting.pop()
        except IndexError:
            raise queue.Empty from None

    def qsize(self) -> int:
        return len(self._waiting)


def _trust_the_context(pool: Any, _url: str, _verify: object) -> None:  # noqa: ANN401 - urllib3's pool
    pool.cert_reqs = "CERT_REQUIRED"
    pool.ca_certs = None
