"""A canary that looks slowly at forty things, to be killed while it does: `python -m tests.doors.dying FOLDER ID`."""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from checks.doors import night
from checks.model import Attempt, Check, Place, Result, Sight, Verdict, promise
from checks.run import Progress
from checks.target import parse
from checks.world.ledger import Folder
from checks.world.pretend import PretendClock
from tests.nights.made import NIGHT, document


@promise("tables.present", says="a table is there", severity="critical", instrument="aws")
def present() -> Sight:
    """A table is there."""
    return Sight(look=lambda _: None, judge=lambda *_: Verdict.passed(expected="", actual=""))


def seen(check: Check) -> Result:
    """That it passed."""
    once = Attempt(status="pass", actual="", seconds=0.0)
    return Result(
        check=check,
        status="pass",
        expected="",
        actual="",
        remedy="",
        evidence=None,
        attempts=(once,),
        started=NIGHT,
        seconds=0.0,
    )


def main() -> None:
    """Look, a little at a time, and say each result; never comes to the end of it."""
    night.CHECKPOINT = timedelta(0)

    def look(journal: night.Journal) -> night.Document:
        for number in range(40):
            journal(Progress(result=seen(present(Place(subject=f"T{number}"))), left=()))
            time.sleep(0.005)
        time.sleep(60)
        return document()

    settings = parse('schema = 1\n[site]\ndomain = "shop.example"\n', name="shop", source="shop.toml")
    night.keep_watch(
        night.Night(
            settings=settings,
            run_id=sys.argv[2],
            holder="request-1",
            ledger=Folder(Path(sys.argv[1])),
            clock=PretendClock(NIGHT),
            say=lambda line: print(json.dumps(line), flush=True),  # noqa: T201 - its log is what is tested
        ),
        look,
    )


if __name__ == "__main__":
    main()
