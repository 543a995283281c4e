"""A target without what it needs says what that is."""

import sys
from pathlib import Path

import pytest

from ganga.backends import arc
from ganga.backends.base import Surroundings
from ganga.errors import ConfigurationError
from ganga.model.ids import TargetName


async def test_a_missing_module_is_told_with_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("ganga.backends.arc.", "ganga.backends.web."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ganga\[arc\]'"):
        async with arc.connect(arc.Settings(), Surroundings(TargetName("arc"), tmp_path)):
            pass
