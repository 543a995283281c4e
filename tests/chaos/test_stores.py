"""What cannot go wrong with a store here is left out, and it is said why."""

from pathlib import Path

import pytest

from tests.chaos import stores
from tests.chaos.plan import Kind
from tests.chaos.stores import sqlite_shop
from tests.faults.slow_disk import NotSlowed, check
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled


@pytest.mark.parametrize("error", [NotInstalled("there is no strace"), NotSlowed("strace may not")])
async def test_disks_are_not_slow_where_they_cannot_be(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr(stores, "check", refuse)
    async with sqlite_shop(tmp_path, []) as shop:
        assert Kind.DISK_SLOW not in shop.kinds
        assert f"disk-slow: {error}" in shop.excuses


async def test_disks_are_slow_where_they_can_be(tmp_path: Path) -> None:
    needs(check, (NotInstalled, NotSlowed))
    async with sqlite_shop(tmp_path, []) as shop:
        assert Kind.DISK_SLOW in shop.kinds
