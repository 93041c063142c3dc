"""The pytest door: with ``--target T`` each planned check, each control and the run itself is a test.

Without ``--target`` it does nothing: nothing of the library is loaded beyond this module.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Generator, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from checks.doors.cli import INTERRUPTED, VOID, code_of
from checks.doors.options import span

if TYPE_CHECKING:
    from checks.doors import sharing
    from checks.doors.assembly import Ready, Wishes
    from checks.doors.outcomes import Tell
    from checks.plan import Plan
    from checks.run import Run
    from checks.target import Settings

_RUN = "run.valid"
_HANDED = "checks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the door."""
    group = parser.getgroup("checks", "verify a deployment")
    group.addoption("--target", dest="checks_target", metavar="T", help="collect the promises of this target alone")
    group.addoption(
        "--checks-wait", type=span, metavar="20m", default=None, help="how long things that still settle are given"
    )
    group.addoption("--checks-release", metavar="SHA", default="", help="the release that must be live")
    group.addoption("--checks-json", type=Path, metavar="F", help="write the run document there")
    group.addoption("--checks-strict", action="store_true", help="warnings count as critical")


def pytest_configure(config: pytest.Config) -> None:
    """Open the door, when somebody asked for it."""
    if config.getoption("checks_target"):
        config.pluginmanager.register(_Door(config), "checks-door")


class _Door:
    """What one pytest process knows of the run: the controller freezes the plan, whoever is first runs it."""

    def __init__(self, config: pytest.Config) -> None:
        from checks import catalogue
        from checks.target import find, read

        self.config = config
        self.handed_words: Mapping[str, Any] | None = getattr(config, "workerinput", {}).get(_HANDED)
        self.ready: Ready | None = None
        self.session: pytest.Session | None = None
        self.remarks: list[str] = []
        with _refusing():
            found = find(config.getoption("checks_target"), home=config.invocation_params.dir)
            # Without following links, as pytest does: the accepted plan is kept beside the name that was given.
            self.file = Path(os.path.abspath(found))  # noqa: PTH100 - resolve() would follow them
            self.settings: Settings = read(self.file)
        families = dict.fromkeys(name.partition(".")[0] for name in catalogue.BY_NAME)
        for word in (*families, "controls", "run", "critical", "warning"):
            config.addinivalue_line("markers", f"{word}: of the checks of a target")

    @cached_property
    def handed(self) -> sharing.Handout:
        """What the controller prepared, here or in another process."""
        from checks.doors import assembly, sharing

        if self.handed_words is not None:
            return sharing.Handout(**self.handed_words)
        folder = tempfile.TemporaryDirectory(prefix="checks-")
        self.config.add_cleanup(folder.cleanup)
        with _refusing():
            reach = assembly.connect(self.settings, door="pytest")
            self.ready = assembly.prepare(self.settings, reach, release=self.config.getoption("checks_release"))
            return sharing.hand_out(self.ready, Path(folder.name))

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan, as far as it can be seen from here."""
        from checks.doors import assembly, sharing

        handed = self.handed
        whole = self.ready.plan if self.ready else sharing.handed_plan(handed)
        return assembly.from_here(whole, self.settings, "pytest")[0]

    @cached_property
    def document(self) -> sharing.Document:
        """The document of the one run. Raises sharing.Trouble when it came to nothing."""
        from checks.doors import sharing

        return sharing.document_of(Path(self.handed.folder), self._run, code_of)

    def _run(self) -> Run:
        from checks.doors import assembly, sharing

        ready = self.ready or sharing.take_up(self.handed, self.settings)
        return assembly.run(ready, self._wishes())

    def _wishes(self) -> Wishes:
        from checks.doors import assembly

        wait: timedelta | None = self.config.getoption("checks_wait")
        return assembly.Wishes(
            door="pytest",
            release=self.config.getoption("checks_release"),
            selection=self._selection(),
            wait=wait,
            strict=self.config.getoption("checks_strict"),
        )

    def _selection(self) -> tuple[str, ...] | None:
        """The checks that are left after -k, -m and node ids, in the order of the plan; None when all are."""
        items = self.session.items if self.session else []
        chosen = {item.name for item in items}
        names = tuple(check.name for check in self.plan.checks)
        return None if chosen.issuperset(names) else tuple(name for name in names if name in chosen)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Freeze the plan before any worker starts, and point the collection at it."""
        self.session = session
        names = {check.name for check in self.plan.checks}
        self.config.args = _arguments(self.config, self.file, names)
        self.config.args_source = pytest.Config.ArgsSource.ARGS

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist's own, which need not be there
        """Tell a worker what was prepared."""
        node.workerinput[_HANDED] = self.handed.as_words()

    def pytest_report_header(self) -> str:
        """Which plan of which target."""
        plan = self.plan
        return f"checks: target {plan.target}, plan {plan.digest[:12]} ({len(plan.checks)} checks, {plan.source})"

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The settings file is the file that promises are collected from."""
        return _Promises.from_parent(parent, path=file_path, door=self) if file_path == self.file else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Make the verdict the exit status, and say it on the last line."""
        line = "" if self.handed_words is not None or self.config.option.collectonly else self._settle(session)
        yield
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if line and reporter:
            reporter.write_line(line)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest does not export its type
        """What changed no verdict, and should be read all the same."""
        if self.remarks:
            terminalreporter.section("checks")
        for line in self.remarks:
            terminalreporter.write_line(line)

    def _settle(self, session: pytest.Session) -> str:
        from checks.doors import outcomes, sharing

        good = session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
        try:
            if not good and sharing.read_document(Path(self.handed.folder)) is None:
                return ""  # pytest ended before anything was looked at, and says why by itself
            # Where nothing was selected nobody needed the document yet: it says that such a run proves nothing.
            code, verdict = self.document["exit_code"], self.document["verdict"]
            self.remarks, lost = outcomes.remarks(self.document), self._copy()
        except sharing.Trouble as trouble:
            code, verdict, lost = trouble.code, str(trouble), ""
        if (code or lost) and good:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return f"{lost}checks: exit {code or (VOID if lost else 0)} ({verdict})"

    def _copy(self) -> str:
        """Write the document where it was asked for; gives a line to say that it could not be."""
        from checks.doors import sharing

        asked: Path | None = self.config.getoption("checks_json")
        if asked is None:
            return ""
        try:
            sharing.copy_document(self.document, self.config.invocation_params.dir / asked)
        except OSError as error:
            return f"checks: {asked} could not be written ({error}); the report above stands, its document is lost\n"
        return ""


class _Promises(pytest.File):
    """The settings file of a target, as a collection of its promises."""

    def __init__(self, *, door: _Door, **given: Any) -> None:  # noqa: ANN401 - whatever pytest gives a collector
        super().__init__(**given)
        self.door = door

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each planned check, one for each control, one for the run."""
        from checks.doors import outcomes

        for check in self.door.plan.checks:
            marks = (check.family, check.severity)
            yield self._item(check.name, outcomes.of_check(check.name), marks)
        for name in self.door.handed.controls:
            yield self._item(f"controls.{name}", outcomes.of_control(name), ("controls", "critical"))
        yield self._item(_RUN, outcomes.of_run, ("run", "critical"))

    def _item(self, name: str, tell: Tell, marks: tuple[str, ...]) -> pytest.Item:
        item: pytest.Item = _Promise.from_parent(self, name=name, tell=tell, door=self.door)
        for mark in dict.fromkeys(marks):
            item.add_marker(mark)
        return item


class _Promise(pytest.Item):
    """One line of the run document as a test: what nobody could see is an error, what is broken a failure."""

    def __init__(self, *, tell: Tell, door: _Door, **given: Any) -> None:  # noqa: ANN401 - see _Promises
        super().__init__(**given)
        self.tell = tell
        self.door = door
        self.broken = ""

    def setup(self) -> None:
        """Look the outcome up, running everything when nobody has yet."""
        from checks.doors import sharing

        try:
            document = self.door.document
        except sharing.Trouble as trouble:
            _fail(f"nothing was looked at: {trouble}")
        if document["exit_code"] == INTERRUPTED:
            raise KeyboardInterrupt
        outcome = self.tell(document)
        self.user_properties += outcome.notes.items()
        if outcome.kind == "error":
            _fail(outcome.text)
        if outcome.text and outcome.kind == "passed":
            self.add_report_section("call", "checks", outcome.text)
        self.broken = outcome.text if outcome.kind == "failed" else ""

    def runtest(self) -> None:
        """Fail when the promise is broken."""
        if self.broken:
            _fail(self.broken)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Its own name."""
        return self.path, None, self.name


def _fail(text: str) -> NoReturn:
    # Where in our code it was raised says nothing about the target. While a test is set up it counts as an error.
    pytest.fail(text, pytrace=False)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What is wrong with the settings or the twin becomes pytest's usage error, in one line with our code."""
    try:
        yield
    except Exception as error:
        code = code_of(error)
        if code == VOID:
            raise
        raise pytest.UsageError(f"checks: exit {code}: {error}") from error


def _arguments(config: pytest.Config, file: Path, names: set[str]) -> list[str]:
    """What to collect: the settings file; of the arguments those that name a check or are node ids in the file."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return [str(file)]
    here = config.invocation_params.dir
    known = {name: f"{file}::{name}" for name in (*names, _RUN)}
    asked = [known.get(each, each) for each in config.args]
    paths = {each: os.path.abspath(here / each.partition("[")[0].partition("::")[0]) for each in asked}  # noqa: PTH100 - as above
    strange = [each for each, path in paths.items() if Path(path) != file]
    if strange:
        raise pytest.UsageError(f"checks: exit 64: with --target only its promises are collected; take out {strange}")
    return asked
