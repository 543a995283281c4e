"""The configuration of one cluster of one pretended machine: what the packages bring, with these words."""

import socket
from dataclasses import dataclass
from typing import Final

QUEUE: Final = "batch"
#: Processors that the machine pretends to have.
SLOTS: Final = 64
#: Seconds for which the server tells how a job has ended. Sites say minutes.
REMEMBERED: Final = 10


@dataclass(frozen=True)
class Ports:
    """Those of the daemons; the node has one more, for questions about itself."""

    server: int
    node: int
    node_questions: int
    scheduler: int


def host() -> str:
    return socket.gethostname()


def nodes() -> str:
    return f"{host()} np={SLOTS}\n"


def services(ports: Ports) -> str:
    """From these alone the scheduler learns where the node answers questions; else it waits for four seconds each time
    before it does without.
    """
    return f"pbs_resmon {ports.node_questions}/tcp\n"


def node_config() -> str:
    """It looks often, and copies no file to where it is already."""
    return f"$pbsserver {host()}\n$usecp *:/ /\n$check_poll_time 1\n$status_update_time 2\n"


def server_settings() -> str:
    """What `qmgr` is told. Root's jobs are taken: whoever tests is root."""
    lines = (
        f"create queue {QUEUE} queue_type=Execution,enabled=True,started=True",
        f"set server default_queue = {QUEUE}",
        f"set queue {QUEUE} resources_default.nodes = 1",
        "set server acl_roots = root@*",
        "set server scheduler_iteration = 1",
        "set server job_stat_rate = 2",
        "set server poll_jobs = True",
        "set server mom_job_sync = True",
        "set server query_other_jobs = True",
        f"set server keep_completed = {REMEMBERED}",
        "set server scheduling = True",
    )
    return "".join(f"{line}\n" for line in lines)
