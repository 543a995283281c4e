"""The local back end keeps what every back end promises."""

from pathlib import Path

import pytest

from ganga.model.ids import NativeId, Tag
from ganga.testing.check_backend import CHECKS, Check, Trial
from tests.backends.local.conftest import Target


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_keeps_each_promise(check: Check, target: Target, tmp_path: Path) -> None:
    output = tmp_path / "brought"
    output.mkdir()
    unknown = NativeId("ganga-00000000-999-1")
    await check(Trial(target.backend, output, unknown=unknown, unknown_tag=Tag(unknown), pause=0.01))
