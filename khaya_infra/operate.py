"""What a person does with a deployment: `python -m khaya_infra.operate VERB --target T …`.

Exit codes: 0 done, 1 failed or found bad, 2 waiting for somebody else, 64 settings or usage, 69 a tool or the twin is
missing, 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from khaya_infra import (
    arrival,
    changes,
    copies,
    deploy,
    destroy,
    gatekeeper,
    live,
    logs,
    metrics,
    preflight,
    rehearsal,
    releases,
    rollback,
)
from khaya_infra.clients import connect
from khaya_infra.restore import NEWEST
from khaya_infra.settings import read_settings
from khaya_infra.stop import BROKEN, USAGE

Asked = argparse.Namespace
Option = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One word of the command line: what it does, and the options it takes beside `--target`."""

    name: str
    says: str
    do: Callable[[Asked], int | None]
    options: Sequence[Option] = field(default=())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _preflight(asked: Asked) -> int | None:
    path = arrival.target_path(asked.target)
    settings = read_settings(path)
    arrival.check_place(settings, os.environ)
    findings = preflight.look(settings, connect(settings.main.region))
    for each in findings:
        _say(each.line())
    preflight.demand(findings)
    return None


def _rollback(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    with deploy.one_at_a_time(place.settings, f"a rollback of {place.settings.stage}"):
        rollback.roll_back(place, to=asked.to, whole_template=asked.template, say=_say)
    return None


def _gate(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    return gatekeeper.keep_gate(place, gatekeeper.hear(place, asked), say=_say)


def _releases(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    outputs = place.outputs()
    now = rollback.observe(place, outputs)
    for each in releases.history(place.session.client("ssm"), place.settings.main.name):
        mark = "  live" if each.is_like(now) else ""
        _say(f"{each.number:>4}  {each.sha[:12]:<12}  {each.version:<8}  template {each.template[:12]}{mark}")
    for name, version in now.functions.items():
        _say(f"      {live.ALIAS} of {name}: {version}")
    return None


def _changes(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    if not place.is_deployed:
        _say("nothing is deployed yet: everything would be added")
        return None
    with deploy.one_at_a_time(place.settings, f"a comparison of {place.settings.stage}"):
        log, found = changes.compare(place, release=asked.release or arrival.checked_out_release())
    for line in changes.summary(found):
        _say(line)
    _say(f"the whole comparison: {log}")
    return None


def _logs(asked: Asked) -> int | None:
    place, since = arrival.arrive(asked.target), logs.span(asked.since)
    if asked.follow:
        logs.follow(place, asked.function, since=since, pattern=asked.filter, say=_say)
    seen = 0
    for line in logs.lines(place, asked.function, since=since, pattern=asked.filter):
        _say(line)
        seen += 1
    if not seen:
        sys.stderr.write(f"logs: nothing was logged as {asked.function} in the last {asked.since}\n")
    return None


def _metrics(asked: Asked) -> int | None:
    for each in metrics.sums(arrival.arrive(asked.target), since=logs.span(asked.since)):
        _say(each.line())
    return None


def _rehearse(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    good = rehearsal.rehearse(place, asked.table, wanted=asked.source, put_back=asked.put_back, say=_say)
    _say("good: what had to come back came back" if good else "NOT good: see above")
    return None if good else BROKEN


def _restore(asked: Asked) -> int | None:
    made_from = copies.restore_as(arrival.arrive(asked.target), asked.table, wanted=asked.source, name=asked.name)
    _say(f"table {asked.name} made from {made_from}; nothing uses it yet, and it has neither recovery nor alarms")
    return None


def _backup(asked: Asked) -> int | None:
    _say(copies.back_up(arrival.arrive(asked.target), asked.table))
    return None


def _backups(asked: Asked) -> int | None:
    found = copies.list_copies(arrival.arrive(asked.target), asked.table)
    for line in found or ["no completed recovery point and no backup"]:
        _say(line)
    return None if found else BROKEN


def _export(asked: Asked) -> int | None:
    _say(copies.export(arrival.arrive(asked.target), asked.table, bucket=asked.bucket, say=_say))
    return None


def _backup_site(asked: Asked) -> int | None:
    count, where = copies.copy_site(arrival.arrive(asked.target), bucket=asked.bucket, folder=asked.folder)
    _say(f"{count} files copied to {where}")
    return None


def _restore_site(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    with deploy.one_at_a_time(place.settings, f"a restore of the site of {place.settings.stage}"):
        count, edge = copies.restore_site(place, bucket=asked.bucket, folder=asked.folder)
    _say(f"{count} files brought back, {edge}")
    return None


def _destroy(asked: Asked) -> int | None:
    place = arrival.arrive(asked.target)
    found = destroy.fates(place)
    if not found:
        _say(f"{place.settings.stage} is not deployed: there is nothing to destroy")
        return None
    for line in destroy.told(found, place.settings):
        _say(line)
    ask = _ask if sys.stdin.isatty() else None
    destroy.check_consent(place.settings, yes=asked.yes, confirm=asked.confirm, ask=ask)
    with deploy.one_at_a_time(place.settings, f"the end of {place.settings.stage}"):
        destroy.destroy(place, say=_say)
    return None


def _ask(question: str) -> str:
    sys.stdout.write(question)
    sys.stdout.flush()
    return sys.stdin.readline()


_TABLE: Option = ("--table", {"required": True, "metavar": "NOUN", "help": "Users, Jobs, … or the table's whole name"})
_FROM: Option = (
    "--from",
    {
        "dest": "source",
        "default": NEWEST,
        "metavar": "WHAT",
        "help": "newest (recovery point or backup), an ARN, or a moment such as 2026-01-31T06:00:00Z",
    },
)
_BUCKET: Option = ("--bucket", {"help": "instead of the stack's own backups bucket"})
_SINCE: Option = ("--since", {"default": "1h", "metavar": "SPAN", "help": "90s, 10m, 2h or 3d; by default an hour"})

VERBS: tuple[Verb, ...] = (
    Verb(name="preflight", says="name all that a deploy would miss; change nothing", do=_preflight),
    Verb(
        name="changes",
        says="what a deploy would add, change and remove",
        do=_changes,
        options=(("--release", {"help": "the commit; by default the one that is checked out"}),),
    ),
    Verb(name="releases", says="what was deployed, and what is live", do=_releases),
    Verb(
        name="rollback",
        says="bring the previous release back",
        do=_rollback,
        options=(
            (
                "--to",
                {
                    "metavar": "SHA",
                    "help": "the release, or `last` for the last whole one; by default the newest not live",
                },
            ),
            ("--template", {"action": "store_true", "help": "its whole template too, not its functions alone"}),
        ),
    ),
    Verb(
        name="gate",
        says="judge a release, take it back when the gate says so, and verify what is then live",
        do=_gate,
        options=gatekeeper.OPTIONS,
    ),
    Verb(
        name="logs",
        says="what a function or the API has logged",
        do=_logs,
        options=(
            ("--function", {"required": True, "metavar": "WORD", "help": "api, apiaccess, daily, …"}),
            _SINCE,
            ("--filter", {"default": "", "metavar": "PATTERN", "help": "CloudWatch's filter syntax"}),
            ("--follow", {"action": "store_true", "help": "go on until interrupted"}),
        ),
    ),
    Verb(name="metrics", says="calls and errors of functions and API", do=_metrics, options=(_SINCE,)),
    Verb(
        name="restore-rehearsal",
        says="restore a table to a scratch one, compare, remove it, record how long it took",
        do=_rehearse,
        options=(
            _TABLE,
            _FROM,
            ("--put-back", {"action": "store_true", "help": "write what was deleted since back into the table"}),
        ),
    ),
    Verb(
        name="restore",
        says="restore a table beside itself, under a name of its own",
        do=_restore,
        options=(_TABLE, _FROM, ("--name", {"required": True, "help": "the new table's name"})),
    ),
    Verb(name="backup", says="make a backup of a table now", do=_backup, options=(_TABLE,)),
    Verb(name="backups", says="what a table can be restored from", do=_backups, options=(_TABLE,)),
    Verb(name="export", says="write a table as JSON into the backups bucket", do=_export, options=(_TABLE, _BUCKET)),
    Verb(
        name="backup-site",
        says="copy the site's files to the backups bucket",
        do=_backup_site,
        options=(_BUCKET, ("--folder", {"help": "by default frontend- and the date"})),
    ),
    Verb(
        name="restore-site",
        says="bring the site's files back from such a folder",
        do=_restore_site,
        options=(_BUCKET, ("--folder", {"required": True, "help": "such as frontend-20260131"})),
    ),
    Verb(
        name="destroy",
        says="delete the stacks, after saying what stays and asking",
        do=_destroy,
        options=(
            ("--yes", {"action": "store_true", "help": "do not ask; for a twin alone"}),
            ("--confirm", {"metavar": "STACK", "help": "the main stack's name, for scripts"}),
        ),
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the words say; the exit code."""
    try:
        asked = _parser().parse_args(argv)
    except SystemExit as leaving:
        return USAGE if leaving.code else 0
    verb = next(each for each in VERBS if each.name == asked.verb)
    return arrival.guarded(verb.name, lambda: verb.do(asked))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m khaya_infra.operate", description="Operate one deployment.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS:
        words = verbs.add_parser(verb.name, help=verb.says, description=verb.says)
        words.add_argument("--target", required=True, help="a target file, or its name")
        for flag, how in verb.options:
            words.add_argument(flag, **how)
    return parser


if __name__ == "__main__":
    sys.exit(main())
