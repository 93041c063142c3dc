"""What every route stands on, put together once: a test puts together another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from khaya_api.aws import Connect, connect_to
from khaya_api.keyring import KeyRing, key_ring
from khaya_api.settings import Settings, read_settings
from khaya_api.store import Store

# Where a function is not told another: two stages of one account have two, or each would hear the other's alarms.
NAMESPACE = "Khaya"

Clock = Callable[[], datetime]
Count = Callable[[Mapping[str, int]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """Settings, the store, the keys, a way to AWS, the time, the log, and what is counted as metrics."""

    settings: Settings
    connect: Connect
    store: Store
    keys: KeyRing
    clock: Clock
    log: Logger
    count: Count


def kit_from(environ: Mapping[str, str], *, service: str, clock: Clock = lambda: datetime.now(UTC)) -> Kit:
    """The kit of a function called `service` (its name in logs); asks nobody anything."""
    settings = read_settings(environ)
    connect = connect_to(settings.region)
    return Kit(
        settings=settings,
        connect=connect,
        store=Store(settings.tables, connect),
        keys=key_ring(settings, connect),
        clock=clock,
        log=_log(environ, service),
        count=counter(service, environ.get("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)),
    )


def counter(service: str, namespace: str = NAMESPACE) -> Count:
    """Writes counts as CloudWatch metrics (dimension `service`), in one line of the log."""

    def count(counts: Mapping[str, int]) -> None:
        metrics = EphemeralMetrics(namespace=namespace, service=service)
        for name, value in counts.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        metrics.flush_metrics()

    return count


def _log(environ: Mapping[str, str], service: str) -> Logger:
    level = environ.get("LOG_LEVEL", "").upper()
    # Below INFO, libraries would write out what people sent.
    allowed = level if level in {"WARNING", "ERROR", "CRITICAL"} else "INFO"
    return Logger(service=service, level=allowed, utc=True)
