"""Ninety nights of a made-up shop as a trend page: `python -m tests.nights.season PAGE.html` draws that of the docs."""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from checks.nights.record import Record
from checks.nights.silence import judge
from checks.report.trend import as_html
from tests.nights.made import record

LAST = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
NIGHTS = 90
# Nights before the last one, and what was special about them.
SPECIAL: dict[int, dict[str, Any]] = {
    61: {"verdict": "broken", "exit_code": 1, "roots": ("tables.pitr[Users]",)},
    60: {"verdict": "broken", "exit_code": 1, "roots": ("tables.pitr[Users]",)},
    44: {"verdict": "void", "exit_code": 3, "void": "control dns.zone_above was wrong"},
    30: {"verdict": "unseen", "exit_code": 2, "roots": ("alarms.armed[Failing]",)},
    18: {"late": 12},
    9: {"verdict": "broken", "exit_code": 1, "roots": ("tls.expiry[shop.example]", "cdn.page[shop.example/jobs]")},
}
MISSED = 25


def season() -> list[Record]:
    """The nights, the newest first; one was missed."""
    luck = random.Random(4)
    nights = []
    for ago in range(NIGHTS):
        if ago == MISSED:
            continue
        started = LAST - timedelta(days=ago) + timedelta(seconds=luck.randrange(0, 400))
        seconds = round(luck.uniform(2.0, 3.4), 2)
        recovered = ("dns.alias[www.shop.example]",) if luck.random() < 0.12 else ()
        certificate = 9.5 + ago if ago > 9 else 89.5 - (9 - ago)
        nights.append(
            record(
                started,
                run_id=f"{started:%Y%m%dT%H%M%S}-canary-{ago:04x}",
                release=f"{luck.randrange(16**8):08x}",
                finished=started + timedelta(seconds=seconds),
                seconds=seconds,
                planned=449,
                counts={"pass": 449 - len(SPECIAL.get(ago, {}).get("roots", ()))},
                aws_calls=luck.randrange(96, 108),
                cost_usd=round(seconds * 0.0000133334, 9),
                margins={"certificate_days": certificate, "backup_hours": round(luck.uniform(18.5, 24.0), 1)},
                recovered=recovered,
                slowest=(("api.health[shop.example/api/health]", seconds - 0.4), ("tls.valid[shop.example]", 0.9)),
                **SPECIAL.get(ago, {}),
            )
        )
    return nights


def page() -> str:
    """The page of these nights, three hours after the last."""
    now = LAST + timedelta(hours=3)
    return as_html(season(), target="shop", now=now, nights=NIGHTS, recency=judge(season(), now))


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
