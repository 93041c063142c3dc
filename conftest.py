"""Everything that needs the twin shares one worker, so that it is started and deployed once per run."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests marked `twin`, before pytest-xdist reads the groups."""
    for item in items:
        if item.get_closest_marker("twin"):
            item.add_marker(pytest.mark.xdist_group("twin"))
