"""History: the runs that were kept, for a terminal, as rows, or as a page of nights."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TextIO

from checks.doors.ledgers import records
from checks.nights import silence
from checks.nights.record import Record, to_row
from checks.report import files
from checks.report.text import plain
from checks.report.trend import as_html
from checks.target import find, read
from checks.world.real import RealClock


def tell(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print one line a run, the newest last, and what the dead man says; write what was asked for. Gives 0 or 3."""
    settings = read(find(asked.target))
    now = RealClock().now()
    kept = [each for each in records(settings, asked.folder) if each.started > now - timedelta(days=asked.nights)]
    limit = settings.require_recent or silence.RECENT
    recency = silence.judge(kept, now, limit=limit)
    try:
        if asked.json:
            files.put(json.dumps([to_row(each) for each in kept], indent=1) + "\n", asked.json)
        if asked.html:
            files.put(as_html(kept, target=settings.name, now=now, nights=asked.nights, recency=recency), asked.html)
    except OSError as error:
        err.write(f"checks: {error.filename} could not be written ({error}); name a place that can be\n")
        return 3
    out.writelines(_lines(kept))
    out.write(f"{len(kept)} runs in {asked.nights} days; {recency.why}: {plain(recency.says)}\n")
    return 0


def _lines(kept: Sequence[Record]) -> list[str]:
    rows = []
    for each in reversed(kept):
        roots = f"  {', '.join(each.roots[:3])}{' …' if len(each.roots) > 3 else ''}" if each.roots else ""  # noqa: PLR2004 - a line's worth
        rows.append(
            f"{each.started:%Y-%m-%d %H:%M}  {each.verdict:<7}  {each.door:<6}  {each.release[:12]:<12}  "
            f"{each.counts.get('pass', 0):>5} of {each.planned:<5}  {each.seconds:>6.1f} s  {each.aws_calls:>5} calls  "
            f"${each.cost_usd:.6f}  {each.run_id}{plain(roots)}\n"
        )
    return rows
