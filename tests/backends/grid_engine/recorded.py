"""Replies of a real Grid Engine, and replies as they would be."""

from pathlib import Path

from ganga.backends.batch.shell import Command, Reply

_FOLDER = Path(__file__).with_name("replies")


def recorded(name: str) -> str:
    return (_FOLDER / name).read_text()


def said(text: str, *, exit_code: int = 0, error: str = "", program: str = "qstat") -> Reply:
    return Reply(Command((program,)), exit_code, text.encode(), error.encode())


def job_list(job: str, state: str, tasks: str = "") -> str:
    numbers = f"<tasks>{tasks}</tasks>" if tasks else ""
    return f"<job_list><JB_job_number>{job}</JB_job_number><state>{state}</state>{numbers}</job_list>"


def queue_text(*jobs: str) -> str:
    lists = "".join(jobs)
    return f"<?xml version='1.0'?>\n<job_info><queue_info>{lists}</queue_info><job_info></job_info></job_info>\n"


def block(job: str, failed: str, status: str, *, task: str = "undefined", start: str = "-/-") -> str:
    fields = {
        "jobname": "name",
        "jobnumber": job,
        "taskid": task,
        "start_time": start,
        "end_time": "Sun Nov 22 20:07:22 2026",
        "failed": failed,
        "exit_status": status,
        "maxvmem": "0.000B",
    }
    return "=" * 62 + "\n" + "".join(f"{key:<12} {value:<20}\n" for key, value in fields.items())
