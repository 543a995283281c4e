"""A progress bar, on the standard error; apart from the rest since what it stands on is slow to load."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """A function to be told how many of how many have ended, and a line about them."""
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("waiting", total=None)
        yield lambda ended, total, text: bar.update(task, total=total, completed=ended, description=text)
