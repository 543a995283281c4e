"""Checkers, mergers and notifiers by name."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

import msgspec

from ganga.errors import UsageError
from ganga.finishing.base import Checker, Merger, Notifier
from ganga.model.ids import shortened
from ganga.model.job import JobSpec, Plugin

PluginT = TypeVar("PluginT")


class Group(Generic[PluginT]):
    """The plug-ins of one kind: `word` is what people call it, `verb` the method that each has."""

    def __init__(self, entry_points_group: str, word: str, verb: str) -> None:
        self._entry_points_group = entry_points_group
        self._word = word
        self._verb = verb

    def load(self, plugin: Plugin) -> PluginT:
        """The plug-in with its options. Raises `UsageError`, which says what there is to choose from."""
        kind = self._kind(plugin.name)
        try:
            return cast("PluginT", msgspec.convert(dict(plugin.options), kind))
        except msgspec.ValidationError as error:
            options = ", ".join(field.name for field in msgspec.structs.fields(kind))
            raise UsageError(f"{self.title(plugin)} cannot be used: {error}; its options are: {options}") from error

    def title(self, plugin: Plugin) -> str:
        """The plug-in for people: ``checker 'files'``."""
        return f"{self._word} {shortened(plugin.name)!r}"

    def _kind(self, name: str) -> type[msgspec.Struct]:
        known = _entry_points(self._entry_points_group)
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise UsageError(f"there is no {self._word} {shortened(name)!r}; there are: {names}")
        try:
            kind: object = known[name].load()
        except Exception as error:
            raise UsageError(f"{self._word} {name!r} cannot be loaded from {known[name].value}: {error}") from error
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct) and hasattr(kind, self._verb)):
            raise UsageError(f"{known[name].value} is no {self._word}: expected a msgspec.Struct with `{self._verb}`")
        return kind


CHECKERS: Group[Checker] = Group("ganga.checkers", "checker", "check")
MERGERS: Group[Merger] = Group("ganga.mergers", "merger", "merge")
NOTIFIERS: Group[Notifier] = Group("ganga.notifiers", "notifier", "notify")


def validate(spec: JobSpec) -> None:
    """Raise `UsageError` if a plug-in of the specification does not exist or cannot take its options."""
    for checker in spec.checkers:
        CHECKERS.load(checker)
    for merger in spec.mergers:
        MERGERS.load(merger)
    for notifier in spec.notifiers:
        NOTIFIERS.load(notifier)


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}
