"""The command line: reads words, opens the hall, tells what came of it, and exits with its code."""

from __future__ import annotations

import argparse
import contextlib
import io
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from checks.doors import comparing, completing, covering, explaining, nights
from checks.doors.options import Commands, add_documents, add_target, command, selection, span
from checks.doors.resting import at_rest

if TYPE_CHECKING:
    from checks.recoveries import Past
    from checks.run import Run

USAGE, UNAVAILABLE, INTERRUPTED, VOID = 64, 69, 130, 3

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
    if words[:1] == ["mutate"]:
        return _guarded(lambda: _mutate(words[1:], told, complained), complained)
    parser = _parser()
    try:
        asked = parser.parse_args(words)
    except SystemExit as leaving:
        return USAGE if leaving.code else 0
    commands: dict[str, Callable[[argparse.Namespace, TextIO, TextIO], int]] = {
        "verify": _verify,
        "plan": _plan,
        "permissions": _permissions,
        "replay": _replay,
        "coverage": covering.tell,
        "diff": comparing.tell,
        "explain": explaining.tell,
        "completion": lambda asked, out, err: completing.tell(asked, parser, out, err),
        **nights.COMMANDS,
    }
    return _guarded(lambda: commands[asked.command](asked, told, complained), complained)


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
    with at_rest(for_good=True):
        from checks.doors import assembly
        from checks.report.progress import watching
        from checks.target import find, read

    settings = read(find(asked.target))
    chosen = selection(asked.only, asked.severity)
    ready = assembly.prepare(
        settings,
        assembly.connect(settings),
        release=asked.release,
        writes=asked.allow_writes,
        past=_past(asked, settings.name),
    )
    plan, _ = assembly.from_here(ready.plan, settings, "cli")
    watch = watching(err, len(plan.only(chosen).checks if chosen else plan.checks))
    try:
        run = assembly.run(
            ready,
            assembly.Wishes(
                door="cli",
                release=asked.release,
                selection=chosen,
                wait=asked.wait,
                strict=asked.strict,
                watch=watch,
            ),
        )
    finally:
        watch.done()
    return tell(run, asked, out, err)


def _past(asked: argparse.Namespace, target: str) -> Past:
    """In how many of the given earlier runs each check recovered. Raises PlanError for what is no run document."""
    from checks.recoveries import recovered_before

    return recovered_before((comparing.document_at(each) for each in asked.past), target) if asked.past else ()


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
    from checks.report import github, html, junit, metrics
    from checks.report import json as as_json

    return (
        (asked.json, as_json.write),
        (asked.junit, junit.write),
        (asked.html, html.write),
        (asked.prometheus, metrics.write),
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


def _plan(asked: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from checks.doors import assembly
    from checks.target import find, read

    settings = read(find(asked.target))
    if asked.accept and not (asked.owner and asked.reason):
        err.write("checks: plan --accept: --owner and --reason are missing; say who decided, and why\n")
        return USAGE
    ready = assembly.prepare(settings, assembly.connect(settings), replacing=asked.accept)
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


def _twin(words: list[str]) -> int:
    from checks import catalogue
    from checks.permissions import actions
    from checks.twin.__main__ import main as twin_main

    return twin_main(words, harness_actions=actions(catalogue.PROMISES))


def _mutate(words: list[str], out: TextIO, err: TextIO) -> int:
    from checks.doors import mutate

    return mutate.main(words, out, err)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m checks",
        description="Verify that a deployment works, and say so when nobody could look.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_verify(commands)
    _add_plan(commands)
    covering.add(commands)
    permissions = command(
        commands,
        "permissions",
        "the least IAM policy that the plan needs",
        "permissions --target prod --json policy.json",
    )
    add_target(permissions)
    permissions.add_argument("--json", type=Path, metavar="F", help="write it there")
    replay = command(
        commands,
        "replay",
        "judge again what a run document recorded",
        "replay run.json",
        "replay run.json --html run.html",
    )
    replay.add_argument("run", type=Path, metavar="RUN.json")
    add_documents(replay)
    comparing.add(commands)
    explaining.add(commands)
    nights.add_to(commands, target=add_target, documents=add_documents, span=span)
    completing.add(commands)
    command(
        commands,
        "twin",
        "the local copy of AWS: up, down, status, env, run, delegate",
        "twin up",
        "twin status",
        "twin down",
    )
    command(
        commands,
        "mutate",
        "break a twin on purpose and see which promise notices",
        "mutate --target local",
        "mutate --target local --family tls",
    )
    return parser


def _add_verify(commands: Commands) -> None:
    verify = command(
        commands,
        "verify",
        "look at everything that is planned, and judge it",
        "verify --target local",
        'verify --target prod --wait 20m --release "$(git rev-parse HEAD)" --json run.json --junit run.xml',
        "verify --target prod --only tls --only 'dns.*'",
        "verify --target prod --severity critical --html run.html",
    )
    add_target(verify)
    add_documents(verify)
    verify.add_argument("--wait", type=span, metavar="20m", help="how long things that still settle are given")
    verify.add_argument(
        "--only",
        action="append",
        metavar="GLOB",
        help="only checks of these names, of a promise (tls.floor) or of a family (tls); may be repeated",
    )
    verify.add_argument(
        "--past",
        action="append",
        type=Path,
        metavar="RUN.json",
        help="an earlier run, for what recovers in 3 of 7; may be repeated",
    )
    verify.add_argument("--severity", choices=("critical", "warning"), help="only checks that weigh this much")
    verify.add_argument("--release", default="", metavar="SHA", help="the release that must be live")
    verify.add_argument("--strict", action="store_true", help="warnings count as critical")
    verify.add_argument("--allow-writes", action="store_true", help="walk the [journeys] of the settings too")


def _add_plan(commands: Commands) -> None:
    plan = command(
        commands,
        "plan",
        "show what is planned, or accept it",
        "plan --target prod",
        "plan --target prod --accept --owner platform --reason 'the new bucket'",
    )
    add_target(plan)
    plan.add_argument("--json", type=Path, metavar="F", help="write the live plan there")
    plan.add_argument("--accept", action="store_true", help="store it as the plan that may not shrink unseen")
    plan.add_argument("--owner", default="", help="who accepts it")
    plan.add_argument("--reason", default="", help="why")
