"""PSI/J: its executor for Slurm, which asks in a thread of its own and calls back. Run in the environment of peers."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.bench.batch.inside.telling import COMPLETED, FAILED, KILLED, Errand, Teller, errand, until_over

_WORDS: Final = {"COMPLETED": COMPLETED, "FAILED": FAILED, "CANCELED": KILLED}


def _callback(psij: ModuleType, teller: Teller) -> object:
    """One that tells ends. What is called is of a class of PSI/J's own."""

    def changed(_self: object, job: object, status: object) -> None:
        word = _WORDS.get(str(getattr(getattr(status, "state", None), "name", "")))
        if word is not None:
            teller.ended(str(getattr(job, "native_id", "")), word)

    return type("Telling", (psij.JobStatusCallback,), {"job_status_changed": changed})()


def _main(wanted: Errand, teller: Teller) -> None:
    psij, slurm = import_module("psij"), import_module("psij.executors.batch.slurm")
    config = slurm.SlurmExecutorConfig(
        work_directory=Path(wanted.folder), queue_polling_interval=wanted.interval, initial_queue_polling_delay=0
    )
    executor = psij.JobExecutor.get_instance("slurm", config=config)

    executor.set_job_status_callback(_callback(psij, teller))
    for native_id in wanted.follow:
        executor.attach(psij.Job(), native_id)
    submitted = {}
    for key, (script, minutes) in wanted.submit.items():
        attributes = psij.JobAttributes(duration=timedelta(minutes=minutes))
        spec = psij.JobSpec(executable="/bin/sh", arguments=["-c", script], attributes=attributes)
        job = psij.Job(spec)
        executor.submit(job)
        submitted[key] = job.native_id
    teller.follows(submitted)
    until_over()


if __name__ == "__main__":
    _main(errand(), Teller())
