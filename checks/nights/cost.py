"""What a run costs, from its own seconds and memory; the list prices are those of eu-west-1, without free tier.

Sources (AWS price list, read 2025): Lambda pricing (arm64 duration, requests), S3 pricing (PUT, per 1,000), DynamoDB
pricing (on-demand writes, per million), CloudWatch Logs pricing (ingestion). What is asked of the control plane
(Describe…, List…, Get…) is free of charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GB_SECOND = 0.0000133334
INVOCATION = 0.0000002
PUT = 0.000005
WRITE_UNIT = 0.000000705
LOG_GB = 0.57


def of_run(*, seconds: float, memory_mb: int, puts: int = 0, writes: int = 0, logged: int = 0) -> Mapping[str, Any]:
    """The parts and their sum in US dollars. *seconds* are billed ones; *logged* is bytes of log."""
    gb_s = seconds * memory_mb / 1024
    compute = gb_s * GB_SECOND + INVOCATION
    evidence = puts * PUT + writes * WRITE_UNIT + logged / 2**30 * LOG_GB
    return {
        "seconds": round(seconds, 3),
        "memory_mb": memory_mb,
        "gb_s": round(gb_s, 4),
        "compute_usd": round(compute, 9),
        "evidence_usd": round(evidence, 9),
        "usd": round(compute + evidence, 9),
    }


def in_words(cost: Mapping[str, Any]) -> str:
    """As ``2.10 GB-s, $0.000028``; empty when nothing is known of it."""
    return f"{cost['gb_s']:.2f} GB-s, ${cost['usd']:.6f}" if "gb_s" in cost else ""
