"""What needs a twin shares a worker with others that need the same one, so that it is started and deployed once."""

import contextlib
import os
import signal
from collections.abc import Generator
from importlib.metadata import entry_points

import pytest
from coverage import Coverage
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it ships no types

# Started in the background of a script, a process ignores Ctrl-C and so do its children; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is a matter of the machine and of who else is busy on it.
settings.register_profile("khaya", deadline=None)
settings.load_profile("khaya")

# An installed wheel has registered the door already, and pytest takes the same one twice for a mistake.
_DOOR = "checks.doors.plugin"
_INSTALLED = any(each.value == _DOOR for each in entry_points(group="pytest11"))
pytest_plugins = ("pytester",) if _INSTALLED else ("pytester", _DOOR)


# What the tests below a path share is made once for each worker that meets them: a deployed twin, a synthesised stack.
SHARING = ("tests/deployed/", "tests/foreign/", "tests/infra/", "tests/twin/")


class ByWhatIsShared(LoadScopeScheduling):  # type: ignore[misc] # pytest-xdist takes a scheduler by class, and has no types
    """One worker for all tests of a path that shares something, any worker for each of the others.

    `--dist loadgroup` would be the plain way: it writes into `Item._nodeid`, which pytest 9.2 no longer has, and so
    hands every test to whoever is free.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((path for path in SHARING if nodeid.startswith(path)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByWhatIsShared:
    """Deploy and synthesise once in a run."""
    return ByWhatIsShared(config, log)


# What is proven here stands outside `checks`, or is whole runs of it whose parts have tests of their own.
UNMEASURED = ("tests/api/", *SHARING)
_FOR_CHILDREN = "COVERAGE_PROCESS_CONFIG"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage where none is asked for: an emulated AWS takes two to three times as long when traced."""
    measured = Coverage.current() if item.nodeid.startswith(UNMEASURED) else None
    if measured is None:
        return (yield)
    children = os.environ.pop(_FOR_CHILDREN, None)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()
        if children is not None:
            os.environ[_FOR_CHILDREN] = children
