"""The gate: verify with the release's name, ask for the last night, read the policy, and say what is to happen."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, TextIO

from checks.doors import assembly
from checks.doors.cli import USAGE, VOID, tell
from checks.doors.ledgers import documents, open_ledger, records
from checks.model import CannotLook
from checks.nights import gating, silence
from checks.nights.gating import Decision, Override
from checks.nights.record import newest_first, record, to_row
from checks.nights.silence import Recency
from checks.report.json import document
from checks.report.progress import watching
from checks.report.text import plain
from checks.run import Run
from checks.target import Settings, SettingsError, find, read
from checks.world.real import RealClock

# Short of the exit code of a run that could not be decided; the gate's own words say why.
_MOST = 400


def decide(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Verify and decide; prints the report, then the decision. Gives the exit code of the decision."""
    if bool(asked.owner) != bool(asked.reason):
        err.write("checks: gate: --owner and --reason belong together; say who decides, and why\n")
        return USAGE
    settings = read(find(asked.target))
    recency = last_night(settings, asked)
    run = _verified(settings, asked, err)
    override = Override(owner=asked.owner, reason=asked.reason) if asked.owner else None
    decision = gating.decide(document(run), phase=asked.phase, recency=recency, override=override)
    gated = replace(run, gate=gating.as_json(decision))
    told = tell(gated, asked, out, err)
    out.write("\n" + "\n".join(map(plain, gating.in_words(decision, why=asked.why))) + "\n")
    kept = not asked.keep or _keep(settings, gated, asked, err)
    # A document that was asked for and could not be written is no proof either.
    return decision.exit_code or (told if told not in {0, 2} else 0) or (0 if kept else VOID)


def _keep(settings: Settings, run: Run, asked: argparse.Namespace, err: TextIO) -> bool:
    """Keep the document and its row beside the nights, where no rollback takes them away; whether that worked."""
    told = document(run)
    key = f"runs/{settings.name}/{run.run_id}.json"
    try:
        ledger = open_ledger(settings, asked.folder)
        ledger.keep(key, json.dumps(told, ensure_ascii=True, allow_nan=False))
        ledger.enter(to_row(record(told, kept_as=key)))
    except (CannotLook, SettingsError) as reason:
        err.write(f"checks: gate: the run could not be kept: {reason}\n")
        return False
    return True


def last_night(settings: Settings, asked: argparse.Namespace) -> Recency | None:
    """What became of the last nightly run; None where nobody asks for one (``--require-recent 0``)."""
    wished = asked.require_recent if asked.require_recent is not None else settings.require_recent
    limit = wished if wished is not None else silence.RECENT
    if limit == timedelta(0):
        return None
    try:
        return silence.judge(records(settings, asked.folder), RealClock().now(), limit=limit)
    except (CannotLook, ValueError) as reason:
        # What could not be looked up is not there.
        return Recency(why="missing", says=f"the nightly runs could not be read: {reason}")


def simulate(asked: argparse.Namespace, out: TextIO) -> int:
    """What the gate would have said of every run that was kept, in both phases; gives 0."""
    settings = read(find(asked.target))
    kept = newest_first(
        [record(each, kept_as=str(file)) for file, each in documents(asked.folder) if each["target"] == settings.name]
        if asked.folder
        else records(settings)
    )
    many: dict[str, int] = {}
    for row in (each for each in kept if each.document and each.whole):
        told = _reread(row.document, settings, asked)
        if told is None or told["selection"] is not None:
            continue
        for phase in gating.PHASES:
            decision = gating.decide(told, phase=phase)
            many[f"{phase} {decision.action}"] = many.get(f"{phase} {decision.action}", 0) + 1
            out.write(f"{told['started'][:16]}  {told['run_id']:<32}  {phase:<6}  {_short(decision)}\n")
    out.write(f"{', '.join(f'{number} {name}' for name, number in sorted(many.items())) or 'no whole run was kept'}\n")
    return 0


def _reread(key: str, settings: Settings, asked: argparse.Namespace) -> dict[str, Any] | None:
    if asked.folder:
        from pathlib import Path

        text = Path(key).read_text("utf-8")
    else:
        try:
            text = open_ledger(settings).read(key)
        except CannotLook:
            return None
    told: dict[str, Any] = json.loads(text)
    return told


def _short(decision: Decision) -> str:
    first = f": {decision.reasons[0].what}" if decision.reasons else ""
    return plain(f"{decision.action.replace('_', ' ')}{first}")[:_MOST]


def _verified(settings: Settings, asked: argparse.Namespace, err: TextIO) -> Run:
    ready = assembly.prepare(settings, assembly.connect(settings, door="gate"), release=asked.release)
    watch = watching(err, len(ready.plan.checks))
    try:
        return assembly.run(ready, assembly.Wishes(door="gate", release=asked.release, wait=asked.wait, watch=watch))
    finally:
        watch.done()
