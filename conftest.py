"""What needs a twin shares a worker with others that need the same one, so that it is started and deployed once."""

import contextlib
import signal
from importlib.metadata import entry_points

import pytest

# Started in the background of a script, a process ignores Ctrl-C and so do its children; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.default_int_handler)

# An installed wheel has registered the door already, and pytest takes the same one twice for a mistake.
_DOOR = "checks.doors.plugin"
_INSTALLED = any(each.value == _DOOR for each in entry_points(group="pytest11"))
pytest_plugins = ("pytester",) if _INSTALLED else ("pytester", _DOOR)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group what is marked `twin` by folder, before pytest-xdist reads the groups: each folder has its own twin."""
    for item in items:
        if item.get_closest_marker("twin") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(f"twin of {item.path.parent.name}"))
