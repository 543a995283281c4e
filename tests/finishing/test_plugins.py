from collections.abc import Callable

import pytest

from ganga.errors import UsageError
from ganga.finishing.base import Ended
from ganga.finishing.checkers import Files, Text
from ganga.finishing.plugins import CHECKERS, validate
from ganga.model.job import JobSpec, Plugin
from ganga.model.status import JobStatus


class NoStruct:
    def check(self, ended: Ended, /) -> str | None:
        raise NotImplementedError


def test_options_become_fields() -> None:
    assert CHECKERS.load(Plugin("files", {"patterns": ("a", "b")})) == Files(patterns=("a", "b"))
    assert CHECKERS.load(Plugin("text", {"pattern": "x", "found": False})) == Text(pattern="x", found=False)


def test_all_that_come_with_ganga_are_known() -> None:
    validate(
        JobSpec(
            command=("true",),
            checkers=(Plugin("files", {"patterns": ("*",)}), Plugin("text", {"pattern": "x"})),
            mergers=(Plugin("text"), Plugin("tar", {"partial": True})),
            notifiers=(
                Plugin("command", {"command": ("true",), "on": (JobStatus.FAILED.value,)}),
                Plugin("mail", {"to": ("ann@example.org",)}),
            ),
        )
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (JobSpec(command=(), checkers=(Plugin("fles"),)), r"^there is no checker 'fles'; there are: files, text$"),
        (JobSpec(command=(), mergers=(Plugin("x" * 99),)), r"no merger 'x+\.\.\.'; there are: tar, text"),
        (JobSpec(command=(), notifiers=(Plugin("files"),)), "no notifier 'files'; there are: command, mail"),
        (
            JobSpec(command=(), checkers=(Plugin("files", {"pattern": "a"}),)),
            r"^checker 'files' cannot be used: .*unknown field `pattern`; its options are: patterns, nonempty$",
        ),
        (JobSpec(command=(), checkers=(Plugin("files"),)), "missing required field `patterns`"),
        (JobSpec(command=(), checkers=(Plugin("files", {"patterns": "a"}),)), r"Expected `array`, got `str`"),
        (JobSpec(command=(), mergers=(Plugin("tar", {"partial": "yes"}),)), r"Expected `bool`, got `str`"),
        (JobSpec(command=(), checkers=(Plugin("text", {"pattern": "("}),)), "'.' is not a regular expression"),
        (
            JobSpec(command=(), notifiers=(Plugin("mail", {"to": ("a@b",), "on": ("done",)}),)),
            "Invalid enum value 'done'",
        ),
    ],
)
def test_what_cannot_be_used_is_said_at_submission(spec: JobSpec, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate(spec)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("tests.finishing.nowhere:Checker", "'ours' cannot be loaded from tests.finishing.nowhere:Checker: No module"),
        (
            "tests.finishing.test_plugins:NoStruct",
            "test_plugins:NoStruct is no checker: expected a msgspec.Struct with",
        ),
        ("ganga.finishing.mergers:Tar", "mergers:Tar is no checker"),
        ("ganga.finishing.plugins:validate", "plugins:validate is no checker"),
    ],
)
def test_plug_ins_of_others_that_do_not_fit(offer: Callable[..., None], value: str, message: str) -> None:
    offer("ganga.checkers", ours=value)
    with pytest.raises(UsageError, match=message):
        CHECKERS.load(Plugin("ours"))


def test_a_group_without_any(offer: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    offer("ganga.checkers")
    monkeypatch.setattr("ganga.finishing.plugins.entry_points", lambda group: [])  # noqa: ARG005 - called by keyword
    with pytest.raises(UsageError, match="there are: none"):
        CHECKERS.load(Plugin("files"))
