"""What a run costs, from its own seconds and memory; list prices of eu-west-1, without free tier, tax or savings plan.

As the price pages had them in November 2025; whoever doubts one changes it here. What is asked of the control plane
(Describe…, List…, Get…) is free of charge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# aws.amazon.com/lambda/pricing: arm64, first 7.5 billion GB-seconds of a month; $0.20 for a million requests.
GB_SECOND = 0.0000133334
INVOCATION = 0.0000002
# aws.amazon.com/s3/pricing: PUT, $0.005 for a thousand.
PUT = 0.000005
# aws.amazon.com/dynamodb/pricing/on-demand: $0.705 for a million writes, since they were halved on 1 November 2024.
WRITE_UNIT = 0.000000705
# aws.amazon.com/cloudwatch/pricing: standard logs, collected.
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
