from pathlib import Path

import pytest

from ganga.errors import ConfigurationError, StoreUnavailable
from ganga.store.opening import open_store


async def test_a_path_is_a_file(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"there is no store at .*; look for a slip"):
        async with open_store(str(path)):
            pass
    async with open_store(str(path), new=True) as store:
        assert store.location == str(path)
    async with open_store(str(path)) as again:
        assert again.id == store.id


async def test_other_kinds_are_not_known_and_no_password_is_told() -> None:
    with pytest.raises(ConfigurationError) as raised:
        async with open_store("mysql://ada:secret@host/ganga"):
            pass
    assert (
        str(raised.value)
        == "there is no kind of store for mysql://...; expected the path of a file, or postgresql://..."
    )
