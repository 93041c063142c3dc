"""``explain``: what a promise means, what it needs, what it stands on; of one run, what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from checks.doors.options import Commands, command

if TYPE_CHECKING:
    from checks.model import Promise

_USAGE = 64
_MOST = 12


def add(commands: Commands) -> None:
    """Teach the command line the words."""
    parser = command(
        commands,
        "explain",
        "what a promise means and what it needs; with --run, what a run saw of a check",
        "explain tables.pitr",
        "explain tables",
        "explain 'tables.pitr[Data/Users]' --run run.json",
    )
    parser.add_argument("name", metavar="NAME", help="a promise, a check, or a family")
    parser.add_argument("--run", type=Path, metavar="RUN.json", help="a run document to tell of as well")


def tell(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print what there is to know. Raises PlanError when the run document cannot be read."""
    from checks import catalogue

    name = asked.name.partition("[")[0]
    known = catalogue.BY_NAME.get(name)
    family = [each for each in catalogue.PROMISES if each.name.startswith(f"{name}.")]
    if known is None and family:
        wide = max(len(each.name) for each in family)
        out.writelines(f"{each.name:<{wide}}  {each.severity:<8}  {each.says}\n" for each in family)
        return 0
    if known is None:
        near = [each for each in catalogue.BY_NAME if each.startswith(f"{name.partition('.')[0]}.")]
        err.write(f"checks: no promise is called {name!r}; known are {', '.join(near or catalogue.BY_NAME)}\n")
        return _USAGE
    out.write(_told(known.name, _rows(known)))
    return _of_run(asked, out, err) if asked.run else 0


def _rows(known: Promise[...]) -> dict[str, str]:
    import inspect

    from checks import catalogue
    from checks.settling import settling_of
    from checks.wording import span

    name = known.name
    stands = [each.on for each in catalogue.DEPENDENCIES if catalogue.fits(each.check, name)]
    explains = [each.check for each in catalogue.DEPENDENCIES if catalogue.fits(each.on, name)]
    needs = [
        f"{each.capability} (looks further with it)" if each.gains else each.capability
        for each in catalogue.NEEDS
        if catalogue.fits(each.check, name)
    ]
    waits = settling_of(f"{name}[]", catalogue.SETTLING)
    parameters = list(inspect.signature(known.bind).parameters)
    return {
        "promise": known.says,
        "why": " ".join((inspect.getdoc(known.bind) or "").split()),
        "severity": known.severity,
        "looks with": f"{known.instrument} (read only)"
        if known.effect == "read"
        else f"{known.instrument}, and writes",
        "needs": ", ".join(sorted(known.actions)) or "no AWS action",
        "vantage": ", ".join(needs) or "any",
        "bound with": ", ".join(parameters) or "nothing",
        "settles": f"{waits.signal}, within {span(waits.within)}" if waits else "nothing is waited for",
        "stands on": _several(stands),
        "explains": _several(explains),
    }


def _several(names: list[str]) -> str:
    each = list(dict.fromkeys(names))
    more = f" and {len(each) - _MOST} more" if len(each) > _MOST else ""
    return ", ".join(each[:_MOST]) + more if each else "nothing"


def _of_run(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors.comparing import document_at

    document = document_at(asked.run)
    found = [each for each in document["results"] if asked.name in {each["name"], each["name"].partition("[")[0]}]
    if not found:
        err.write(f"checks: {asked.run} has no result of {asked.name!r}\n")
        return _USAGE
    out.writelines("\n" + _told(each["name"], _result(each)) for each in found)
    return 0


def _result(told: Mapping[str, Any]) -> dict[str, str]:
    import json

    behind = f" behind {told['blocked_by']}, by itself {told['own_verdict']}" if told["blocked_by"] else ""
    waiver = told["waiver"]
    rows = {
        "status": f"{told['status']}{behind}",
        "expected": told["expected"],
        "actual": told["actual"],
        "do": told["remedy"],
        "owner": told.get("owner", ""),
        "waived by": f"{waiver['owner']}, until {waiver['expires'][:10]}: {waiver['reason']}" if waiver else "",
        "looked": f"{told['attempts']} times, {told['seconds']:.2f} s" if told["attempts"] else "not once",
        "covers": ", ".join(told["covers"]),
        "bound with": json.dumps(told["params"], ensure_ascii=False) if told["params"] else "",
        "evidence": json.dumps(told["evidence"], ensure_ascii=False) if told["evidence"] else "",
    }
    return {label: text for label, text in rows.items() if text}


def _told(heading: str, rows: Mapping[str, str]) -> str:
    from checks.report.text import plain

    return f"{plain(heading)}\n" + "".join(f"  {label:<10}  {plain(text)}\n" for label, text in rows.items())
