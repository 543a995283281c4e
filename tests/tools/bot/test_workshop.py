"""Sources of strangers, formatted by a real child within limits."""

import os
from pathlib import Path

import pytest

from ganga_quality.bot import workshop
from ganga_quality.bot.worker import Done, Refused, Request
from ganga_quality.bot.workshop import Workshop
from ganga_quality.changes import Hunk, Span
from ganga_quality.errors import ToolError

ALL = (Span(1, 1_000_000),)

#: Seconds for what is done in a moment, on a busy machine.
LONG = 60.0


def request(source: bytes, *spans: Span, stub: bool = False) -> Request:
    return Request(source=source, spans=spans or ALL, stub=stub)


async def test_one_child_formats_one_file_after_the_other_in_the_style_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nskip-string-normalization = true\n")
    async with Workshop(tmp_path, patience=LONG) as shop:
        first = await shop.formatted(request(b"x  = 'a'\ny  = 2\n", Span(1, 1)))
        assert first == Done(source=b"x = 'a'\ny  = 2\n", hunks=(Hunk(1, 1, 1, 1),))
        child = shop._child
        assert await shop.formatted(request(b"def f():\n\n    ...\n", stub=True)) == Done(
            source=b"def f(): ...\n", hunks=(Hunk(1, 3, 1, 1),)
        )
        assert shop._child is child
    assert child is not None
    assert child.returncode is not None


async def test_what_cannot_be_parsed_is_refused_with_its_place(tmp_path: Path) -> None:
    async with Workshop(tmp_path, patience=LONG) as shop:
        refused = await shop.formatted(request(b"x = 1\nx = (\n"))
    assert isinstance(refused, Refused)
    assert "parse" in refused.message.lower()


@pytest.mark.parametrize("source", [b"x = " + b"-" * 100_000 + b"1\n", b"x = " + b"[" * 5_000 + b"]" * 5_000 + b"\n"])
async def test_hostile_sources_are_refused_and_the_next_file_is_formatted(tmp_path: Path, source: bytes) -> None:
    async with Workshop(tmp_path, patience=2) as shop:
        refused = await shop.formatted(request(source))
        assert isinstance(refused, Refused)
        shop._patience = LONG
        assert await shop.formatted(request(b"x  = 1\n")) == Done(source=b"x = 1\n", hunks=(Hunk(1, 1, 1, 1),))


async def test_a_source_that_makes_python_warn_is_formatted(tmp_path: Path) -> None:
    source = b"".join(b"x  = '\\d%d'\n" % number for number in range(2_000))
    async with Workshop(tmp_path, patience=LONG) as shop:
        assert isinstance(await shop.formatted(request(source, Span(1, 1))), Done)


async def test_a_file_that_takes_too_long_costs_its_child(tmp_path: Path) -> None:
    async with Workshop(tmp_path, patience=1) as shop:
        refused = await shop.formatted(request(b"x = 1\nx  = 2\n" * 10_000))
        assert refused == Refused(message="black took more than 1 seconds")
        shop._patience = LONG
        assert isinstance(await shop.formatted(request(b"x  = 1\n")), Done)


async def test_processor_time_is_limited_for_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _patched(monkeypatch, "worker.CPU_SECONDS = 0")
    async with Workshop(tmp_path, patience=LONG) as shop:
        refused = await shop.formatted(request(b"x = 1\nx  = 2\n" * 10_000))
    assert refused == Refused(message="black took more than 10 seconds")


async def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _patched(monkeypatch, "worker.formatted = lambda source, *_, **__: bytes(3 << 30) if source == b'x\\n' else source")
    async with Workshop(tmp_path, patience=LONG) as shop:
        refused = await shop.formatted(request(b"x\n"))
    assert isinstance(refused, Refused)
    assert "too much memory" in refused.message


async def test_an_answer_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "LONGEST_REPLY", 1 << 16)
    async with Workshop(tmp_path, patience=LONG) as shop:
        refused = await shop.formatted(request(b"x  = 1\n# " + b"x" * 90_000 + b"\n", Span(1, 1)))
        assert refused == Refused(message="black made more than 65,536 bytes of it")


async def test_the_child_knows_no_secret_and_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = "repr((dict(os.environ), os.getcwd(), sys.flags.isolated, resource.getrlimit(resource.RLIMIT_FSIZE)))"
    _patched(monkeypatch, f"import os, resource; worker.formatted = lambda *_, **__: {said}.encode()")
    async with Workshop(tmp_path, patience=LONG) as shop:
        done = await shop.formatted(request(b"x\n"))
    assert isinstance(done, Done)
    environment = eval(done.source)  # noqa: S307 - our own child's answer
    assert environment == ({}, "/", 1, (0, 0)) or set(environment[0]) <= {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}


async def test_settings_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-lenght = 3\n")
    async with Workshop(tmp_path, patience=LONG) as shop:
        with pytest.raises(ToolError, match="line-length"):
            await shop.formatted(request(b"x\n"))


async def test_nothing_is_left_of_a_child_that_was_killed(tmp_path: Path) -> None:
    async with Workshop(tmp_path, patience=LONG) as shop:
        await shop.formatted(request(b"x\n"))
        child = shop._child
    assert child is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def _patched(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Have the child run a statement before it begins."""
    program = workshop._PROGRAM.replace(
        "from ganga_quality.bot.worker import main",
        f"from ganga_quality.bot import worker; {statement}; main = worker.main",
    )
    monkeypatch.setattr(workshop, "_PROGRAM", program)
