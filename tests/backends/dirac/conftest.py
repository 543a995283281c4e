import pytest

from tests.backends.dirac.identities import Identities
from tests.backends.dirac.planned_roads import planned_roads

__all__ = ["planned_roads"]


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities(tmp_path_factory.mktemp("identities"))
