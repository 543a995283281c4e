"""What every runner is, and how one is found: the tool's name is the module's."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ganga_quality.changes import Span
from ganga_quality.findings import Outcome
from ganga_quality.settings import Settings, Tool


class Runner(Protocol):
    """The function ``run`` of each module here. What goes wrong with the tool is part of its outcome."""

    def __call__(
        self,
        folder: Path,
        files: Sequence[str],
        settings: Settings,
        *,
        cache: Path | None = None,
        spans: Mapping[str, Sequence[Span]] | None = None,
    ) -> Outcome:
        """All that the tool says of these files of the folder; with spans, black only of these lines of them."""
        ...


def runner(tool: Tool) -> Runner:
    """The runner of a tool. It is loaded now: black alone takes longer to load than everything else."""
    run: Runner = import_module(f"ganga_quality.runners.{tool}").run
    return run
