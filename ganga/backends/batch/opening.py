"""Open a target on any batch system."""

from ganga.backends.batch.backend import BatchBackend
from ganga.backends.batch.dialect import Dialect
from ganga.backends.batch.shell import Shell
from ganga.backends.batch.workplace import Workplace, work_folder
from ganga.model.ids import TargetName


async def open_backend(
    dialect: Dialect, shell: Shell, target: TargetName, *, folder: str, largest_array: int, commit_delay: float
) -> BatchBackend:
    """See that the system answers, and make the folder for the files of jobs; an empty name means the one by default.

    Raises `BackendUnavailable` and `BackendProtocolError`.
    """
    dialect.read_queue(await shell.run(dialect.queue()))
    place = Workplace(shell, await work_folder(shell, folder, target), dialect.variables)
    return BatchBackend(dialect, shell, place, largest_array=largest_array, commit_delay=commit_delay)
