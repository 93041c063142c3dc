"""The command line: reads words, opens the hall, tells what came of it, and exits with its code."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from checks.run import Run

USAGE, UNAVAILABLE, INTERRUPTED, VOID = 64, 69, 130, 3
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smh]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}

_EPILOG = """\
exit codes:
  0 every critical promise was seen to hold   1 one is broken   2 one could not be decided   3 the run proves nothing
  64 usage or settings   69 the twin or the tool chain could not be started   130 interrupted, results kept

examples:
  python -m checks verify --target local
  python -m checks verify --target prod --wait 20m --release "$(git rev-parse HEAD)" --json run.json --junit run.xml
  python -m checks verify --target prod --only 'tls.*' --only 'dns.*'
  python -m checks plan --target prod --accept --owner platform --reason 'the new bucket'
  eval "$(python -m checks twin env)"
"""


def main(argv: Sequence[str] | None = None, *, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Do what *argv* says and give the exit code; nothing is raised."""
    told, complained = out or sys.stdout, err or sys.stderr
    for stream in (told, complained):
        # A terminal or a log that knows ASCII alone must not turn a verdict into an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["twin"]:
        return _guarded(lambda: _twin(words[1:]), complained)
    try:
        asked = _parser().parse_args(words)
    except SystemExit as leaving:
        return USAGE if leaving.code else 0
    commands: dict[str, Callable[[argparse.Namespace, TextIO, TextIO], int]] = {
        "verify": _verify,
        "plan": _plan,
        "permissions": _permissions,
        "replay": _replay,
        "explain": _explain,
    }
    return _guarded(lambda: commands[asked.command](asked, told, complained), complained)


def span(text: str) -> timedelta:
    """A duration such as ``90``, ``90s``, ``20m`` or ``1.5h``."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 20m or 1h")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def code_of(error: Exception) -> int:
    """The exit code of what went wrong before or beside a run."""
    from checks.model import CannotLook
    from checks.plan import PlanError
    from checks.target import SettingsError

    # What a check raises never comes this far: here it is the settings' resolver or authorities that cannot be used.
    if isinstance(error, (SettingsError, PlanError, CannotLook)):
        return USAGE
    return UNAVAILABLE if _is_twin_trouble(error) else VOID


def _guarded(command: Callable[[], int], err: TextIO) -> int:
    """Run *command*; what went wrong before or beside a run becomes one line and a code of the contract."""
    try:
        with _terminated_like_interrupted():
            return command()
    except KeyboardInterrupt:
        err.write("checks: interrupted before anything was looked at\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no exception may exit with 1, which means that the target is broken
        code = code_of(error)
        if code == VOID:
            err.write("checks: harness error, nothing is proven\n" + traceback.format_exc())
        err.write(f"checks: {error}\n" if code != VOID else f"checks: {type(error).__name__}: {error}\n")
        return code


def _is_twin_trouble(error: Exception) -> bool:
    """Whether it comes from the twin, without loading the twin for those who have none."""
    module = sys.modules.get("checks.twin")
    return module is not None and isinstance(error, (module.CannotStart, module.TwinIsDown))


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """A SIGTERM ends the looking as Ctrl-C does, so that what is known by then is kept."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread: whoever called us decides about signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _verify(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors import assembly
    from checks.report.text import Ticker
    from checks.target import find, read

    settings = read(find(asked.target))
    ready = assembly.prepare(settings, assembly.connect(settings), release=asked.release, writes=asked.allow_writes)
    ticker = Ticker(out=err, total=len(ready.plan.checks))
    run = assembly.run(
        ready,
        assembly.Wishes(
            door="cli",
            release=asked.release,
            selection=_selection(asked),
            wait=asked.wait,
            strict=asked.strict,
            watch=ticker,
        ),
    )
    ticker.done()
    return tell(run, asked, out, err)


def tell(run: Run, asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print the report of *run* and write the documents that were asked for; gives the exit code."""
    from checks.report.text import as_text
    from checks.run import exit_code

    # Documents first: whoever reads the report may have gone away (a closed pipe), and they must not be lost with it.
    lost = [
        f"checks: {path} could not be written ({error}); the report above stands, its document is lost\n"
        for path, write in _documents(asked)
        if path is not None and (error := _refused(write, run, path))
    ]
    text = as_text(run, colour=out.isatty())
    out.write(_annotated(run, text) if asked.annotate else text)
    out.flush()
    err.writelines(lost)
    return exit_code(run) or (VOID if lost else 0)


def _documents(asked: argparse.Namespace) -> tuple[tuple[Path | None, Callable[[Run, Path], None]], ...]:
    from checks.report import github, html, junit
    from checks.report import json as as_json

    return (
        (asked.json, as_json.write),
        (asked.junit, junit.write),
        (asked.html, html.write),
        (asked.summary, github.append),
    )


def _annotated(run: Run, report: str) -> str:
    import secrets

    from checks.report import github
    from checks.report.json import document

    return github.as_annotations(document(run)) + github.quoted(report, token=secrets.token_hex(16))


def _refused(write: Callable[[Run, Path], None], run: Run, path: Path) -> OSError | None:
    """Why *path* could not be written, or None when it was."""
    try:
        write(run, path)
    except OSError as error:
        return error
    return None


def _selection(asked: argparse.Namespace) -> tuple[str, ...] | None:
    return tuple(asked.only) if asked.only else None


def _plan(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors import assembly
    from checks.target import find, read

    settings = read(find(asked.target))
    if asked.accept and not (asked.owner and asked.reason):
        err.write("checks: plan --accept: --owner and --reason are missing; say who decided, and why\n")
        return USAGE
    ready = assembly.prepare(settings, assembly.connect(settings))
    if ready.unread:
        err.write(f"checks: {ready.notes[0]}; there is no live plan to show or accept\n")
        return 2
    if asked.json and (code := _written(lambda: assembly.write_plan(asked.json, ready.plan), asked.json, err)):
        return code
    if not asked.accept:
        out.writelines(f"{check.severity:<8}  {check.promise.effect:<5}  {check.name}\n" for check in ready.plan.checks)
        out.write(f"{len(ready.plan.checks)} checks, digest {ready.plan.digest}\n")
        return 0
    file = assembly.accepted_file(settings)
    plan = assembly.acceptable(ready.plan, owner=asked.owner, reason=asked.reason)
    if code := _written(lambda: assembly.write_plan(file, plan), file, err):
        return code
    out.write(f"accepted {len(plan.checks)} checks, digest {plan.digest}, in {file}\n")
    return 0


def _written(write: Callable[[], object], path: Path, err: TextIO) -> int:
    try:
        write()
    except OSError as error:
        err.write(f"checks: {path} could not be written ({error}); name a place that can be\n")
        return VOID
    return 0


def _permissions(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    import json

    from checks.doors import assembly
    from checks.permissions import policy
    from checks.target import find, read

    settings = read(find(asked.target))
    ready = assembly.prepare(settings, assembly.connect(settings))
    if not ready.stacks:
        err.write(f"checks: {ready.notes[0]}; the policy follows from the plan\n")
        return 2
    text = json.dumps(policy(ready.plan.checks, stacks=ready.stacks), indent=1) + "\n"
    if asked.json:
        return _written(lambda: asked.json.write_text(text, encoding="utf-8"), asked.json, err)
    out.write(text)
    return 0


def _replay(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors import replaying

    return tell(replaying.rerun(asked.run), asked, out, err)


def _explain(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    import inspect

    from checks import catalogue

    name = asked.name.partition("[")[0]
    known = catalogue.BY_NAME.get(name)
    if known is None:
        near = [each for each in catalogue.BY_NAME if each.startswith(f"{name.partition('.')[0]}.")]
        err.write(f"checks: no promise is called {name!r}; known are {', '.join(near or catalogue.BY_NAME)}\n")
        return USAGE
    stands = [each.on for each in catalogue.DEPENDENCIES if catalogue.fits(each.check, name)]
    rows = {
        "promise": known.says,
        "why": inspect.getdoc(known.bind) or "",
        "severity": known.severity,
        "looks with": f"{known.instrument} ({known.effect} only)" if known.effect == "read" else known.instrument,
        "needs": ", ".join(sorted(known.actions)) or "no AWS action",
        "stands on": ", ".join(stands) or "nothing",
    }
    out.write(f"{known.name}\n" + "".join(f"  {label:<10}  {text}\n" for label, text in rows.items()))
    return 0


def _twin(words: list[str]) -> int:
    from checks import catalogue
    from checks.permissions import actions
    from checks.twin.__main__ import main as twin_main

    return twin_main(words, harness_actions=actions(catalogue.PROMISES))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m checks",
        description="Verify that a deployment works, and say so when nobody could look.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="look at everything that is planned, and judge it")
    _add_target(verify)
    _add_documents(verify)
    verify.add_argument("--wait", type=span, metavar="20m", help="how long things that still settle are given")
    verify.add_argument("--only", action="append", metavar="GLOB", help="only checks of these names; may be repeated")
    verify.add_argument("--release", default="", metavar="SHA", help="the release that must be live")
    verify.add_argument("--strict", action="store_true", help="warnings count as critical")
    verify.add_argument("--allow-writes", action="store_true", help="walk the [journeys] of the settings too")
    plan = commands.add_parser("plan", help="show what is planned, or accept it")
    _add_target(plan)
    plan.add_argument("--json", type=Path, metavar="F", help="write the live plan there")
    plan.add_argument("--accept", action="store_true", help="store it as the plan that may not shrink unseen")
    plan.add_argument("--owner", default="", help="who accepts it")
    plan.add_argument("--reason", default="", help="why")
    permissions = commands.add_parser("permissions", help="the least IAM policy that the plan needs")
    _add_target(permissions)
    permissions.add_argument("--json", type=Path, metavar="F", help="write it there")
    replay = commands.add_parser("replay", help="judge again what a run document recorded")
    replay.add_argument("run", type=Path, metavar="RUN.json")
    _add_documents(replay)
    explain = commands.add_parser("explain", help="what a promise means and what it needs")
    explain.add_argument("name", metavar="NAME")
    commands.add_parser("twin", help="the local copy of AWS: up, down, status, env, run, delegate")
    return parser


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", required=True, metavar="T", help="a settings file, or a name sought in targets/ and checks/targets/"
    )


def _add_documents(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="F", help="write the run document there")
    parser.add_argument("--junit", type=Path, metavar="F", help="write JUnit XML there")
    parser.add_argument("--html", type=Path, metavar="F", help="write one page for people there")
    parser.add_argument("--summary", type=Path, metavar="F", help='add a summary there, such as "$GITHUB_STEP_SUMMARY"')
    parser.add_argument("--annotate", action="store_true", help="print annotations for GitHub before the report")
