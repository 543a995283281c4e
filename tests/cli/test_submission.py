import argparse

import pytest

from ganga.cli.parsing import Parser
from ganga.cli.submission import JobOptions, configure_job, read_job
from ganga.errors import UsageError
from ganga.model.job import Plugin


def read(*words: str) -> JobOptions:
    parser = Parser(prog="ganga run", description="")
    configure_job(parser)
    return read_job(parser.read(words))


@pytest.mark.parametrize(
    ("text", "plugin"),
    [
        ("text", Plugin("text")),
        ("text:file=log.txt,header=#", Plugin("text", {"file": "log.txt", "header": "#"})),
        ("text:partial=true", Plugin("text", {"partial": True})),
        ("x:count=3,share=0.5", Plugin("x", {"count": 3, "share": 0.5})),
        ('files:patterns=["*.root", "a,b"]', Plugin("files", {"patterns": ("*.root", "a,b")})),
        ("text:pattern=a=b", Plugin("text", {"pattern": "a=b"})),
    ],
)
def test_plug_ins_have_options_of_all_kinds(text: str, plugin: Plugin) -> None:
    assert read("--check", text, "true").check == (plugin,)


def test_options_of_no_kind_that_can_be_stored_are_refused() -> None:
    from ganga.cli.submission import _plugin  # noqa: PLC0415 - the one place that is looked into

    with pytest.raises(argparse.ArgumentTypeError, match="cannot be used"):
        _plugin("x:at=2026-01-09")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["echo"], ("echo",)),
        (["--", "echo", "--", "-n"], ("echo", "--", "-n")),
        (["--name", "x", "echo", "--name", "y"], ("echo", "--name", "y")),
        (["-n", "3", "echo", "-n"], ("echo", "-n")),
        (["--each", "a", "b", "--", "echo", "--each"], ("echo", "--each")),
    ],
)
def test_where_the_command_begins(words: list[str], command: tuple[str, ...]) -> None:
    assert read(*words).command == command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--per-subjob", "2", "true"], "--per-subjob divides the files of --each-file"),
        (["--merge", "text", "true"], "--merge joins the output of subjobs, and this job has none"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(*words)
