"""What all live tests share."""

from pathlib import Path

import pytest

#: Seconds for one of them with all that it starts: no test may depend on how busy the machine is.
LIMIT = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test below this folder the time that real servers may take."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(LIMIT))
