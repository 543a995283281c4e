import builtins
from pathlib import Path

import pytest

from ganga.errors import ConfigurationError
from ganga.store.configured import open_configured
from ganga.testing.store_checks.kit import AT, new_job


async def test_without_a_url_it_is_the_file(path: Path) -> None:
    async with open_configured(path) as store:
        assert store.location == str(path)


async def test_with_a_url_it_is_the_database(path: Path, url: str) -> None:
    async with open_configured(path, url) as store:
        await store.create(new_job(), AT)
        assert store.location.startswith("postgresql://")


def test_a_missing_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_psycopg(name: str, *rest: object, **more: object) -> object:
        if name.startswith("ganga.store.postgres"):
            raise ModuleNotFoundError("no", name="psycopg")
        return real(name, *rest, **more)  # type: ignore[arg-type] # - as it was called

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(ConfigurationError, match=r"psycopg; install it: pip install 'ganga\[postgres\]'"):
        open_configured(path, "postgresql://h/jobs")
