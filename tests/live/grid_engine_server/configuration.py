"""The configuration of one cluster of one pretended machine: what the packages bring, and some of its words changed."""

import socket
from collections.abc import Mapping
from pathlib import Path

CELL = "default"
QUEUE = "all.q"
PARALLEL_ENVIRONMENT = "smp"
#: Processors that the machine pretends to have.
SLOTS = 64

#: What the packages bring is looked for here by names that a private root has to have.
PROGRAMS = Path("/usr/lib/gridengine")
_SHARED = Path("/usr/share/gridengine")


def host() -> str:
    return socket.gethostname().partition(".")[0]


def changed(text: str, words: Mapping[str, object]) -> str:
    """A configuration, a line for each word, with these values instead of its own."""
    lines = [line for line in text.splitlines() if line.partition(" ")[0] not in words]
    if len(lines) + len(words) != len(text.splitlines()):
        raise ValueError(f"not each of {', '.join(words)} is in one line of the configuration")
    return "".join(f"{line}\n" for line in [*lines, *(f"{word} {value}" for word, value in words.items())])


def host_aliases() -> str:
    """All names that the loopback interface may have are one, and that is not localhost, which is refused."""
    try:
        name, others, _ = socket.gethostbyaddr("127.0.0.1")
    except OSError:
        name, others = "localhost", []
    return f"{host()} {' '.join(sorted({name, *others, 'localhost'} - {host()}))}\n"


def bootstrap(root: Path) -> str:
    words = {
        "admin_user": "none",
        "default_domain": "none",
        "ignore_fqdn": "true",
        "spooling_method": "berkeleydb",
        "spooling_lib": "libspoolb",
        "spooling_params": root / "spool" / "database",
        # Not where Debian has its wrappers: for each job one finds out, with a compiler, what machine this is.
        "binary_path": PROGRAMS,
        "qmaster_spool_dir": root / "spool" / "qmaster",
        "security_mode": "none",
        "listener_threads": 2,
        "worker_threads": 2,
        "scheduler_threads": 1,
    }
    return "".join(f"{word} {value}\n" for word, value in words.items())


def cluster_configuration(root: Path) -> str:
    """Quick: by itself it writes the accounting down every 15 seconds."""
    text = (_SHARED / "default-configuration").read_text()
    return changed(
        text,
        {
            "execd_spool_dir": root / "spool" / "execd",
            "min_uid": 0,
            "min_gid": 0,
            "mailer": "/bin/true",
            "load_report_time": "00:00:01",
            "finished_jobs": 0,
            "reporting_params": "accounting=true reporting=false flush_time=00:00:01 accounting_flush_time=00:00:00",
            "execd_params": "INHERIT_ENV=false",
            "shell_start_mode": "unix_behavior",
            "max_unheard": "00:01:00",
        },
    )


def scheduler_configuration(text: str) -> str:
    """It starts jobs at once."""
    return changed(
        text,
        {
            "schedule_interval": "0:0:1",
            "flush_submit_sec": 1,
            "flush_finish_sec": 1,
            "maxujobs": 0,
            "job_load_adjustments": "NONE",
            "load_adjustment_decay_time": "0:0:0",
        },
    )


def queue_configuration(text: str, root: Path) -> str:
    """A queue that takes jobs however busy the machine is."""
    return changed(
        text,
        {
            "qname": QUEUE,
            "hostlist": host(),
            "slots": SLOTS,
            "load_thresholds": "NONE",
            "shell": "/bin/sh",
            "pe_list": PARALLEL_ENVIRONMENT,
            "rerun": "TRUE",
            "tmpdir": root / "tmp",
        },
    )


def parallel_environment() -> str:
    words = {
        "pe_name": PARALLEL_ENVIRONMENT,
        "slots": 999,
        "user_lists": "NONE",
        "xuser_lists": "NONE",
        "start_proc_args": "NONE",
        "stop_proc_args": "NONE",
        "allocation_rule": "$pe_slots",
        "control_slaves": "FALSE",
        "job_is_first_task": "TRUE",
        "urgency_slots": "min",
        "accounting_summary": "FALSE",
        "qsort_args": "NONE",
    }
    return "".join(f"{word} {value}\n" for word, value in words.items())


def complexes() -> Path:
    return _SHARED / "util" / "resources"
