"""The configuration files of one cluster of one pretended machine."""

import getpass
import socket
from dataclasses import dataclass
from pathlib import Path

from tests.live.dirac_server.mariadb import PASSWORD, USER
from tests.live.slurm_server.release import OF_THE_SYSTEM, Release

CLUSTER = "test"
PARTITION = "main"
#: Where the kernel's control groups are.
CONTROL_GROUPS = Path("/sys/fs/cgroup")
#: The file for the ends of jobs.
COMPLETIONS = "completions.log"


@dataclass(frozen=True)
class Ports:
    controller: int
    node: int
    accounting: int
    database: int
    rest: int


@dataclass(frozen=True)
class Wishes:
    """What tests want otherwise."""

    accounting: bool = True
    #: The cluster's name.
    cluster: str = CLUSTER
    #: Whether `slurmrestd` runs.
    rest: bool = False
    #: Whether jobs get no more memory than they ask for, which takes the kernel's control groups of the first version.
    memory_limits: bool = False
    #: Whether each end is written into a file.
    completions: bool = False
    #: Seconds after which the controller forgets what has ended.
    min_job_age: int = 4
    #: Processors that the machine pretends to have.
    processors: int = 64
    release: Release = OF_THE_SYSTEM
    more: tuple[str, ...] = ()


def host() -> str:
    return socket.gethostname().partition(".")[0]


def slurm_conf(folder: Path, ports: Ports, wishes: Wishes) -> str:
    """No keys, since nobody else reaches the loopback interface, and no control groups, which need a system of its own.

    The scheduler is quick: by itself it would wait for more jobs before it starts one.
    """
    accounting: tuple[str, ...] = ("AccountingStorageType=accounting_storage/none",)
    if wishes.accounting:
        accounting = (
            "AccountingStorageType=accounting_storage/slurmdbd",
            "AccountingStorageHost=127.0.0.1",
            f"AccountingStoragePort={ports.accounting}",
        )
    completions = ("JobCompType=jobcomp/filetxt", f"JobCompLoc={folder / COMPLETIONS}") if wishes.completions else ()
    lines = (
        *_plugins(wishes.release),
        f"ClusterName={wishes.cluster}",
        f"SlurmctldHost={host()}(127.0.0.1)",
        f"SlurmctldPort={ports.controller}",
        f"SlurmUser={getpass.getuser()}",
        f"SlurmdUser={getpass.getuser()}",
        "AuthType=auth/none",
        "CredType=cred/none",
        f"ProctrackType=proctrack/{'cgroup' if wishes.memory_limits else 'linuxproc'}",
        f"TaskPlugin=task/{'cgroup' if wishes.memory_limits else 'none'}",
        "JobAcctGatherType=jobacct_gather/linux",
        "SwitchType=switch/none",
        "MpiDefault=none",
        "SelectType=select/cons_tres",
        f"SelectTypeParameters=CR_Core{'_Memory' if wishes.memory_limits else ''}",
        "SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,default_queue_depth=2000",
        "ReturnToService=2",
        "MaxJobCount=50000",
        "MaxArraySize=10001",
        f"MinJobAge={wishes.min_job_age}",
        "KillWait=2",
        "CompleteWait=0",
        "InactiveLimit=0",
        "SlurmctldTimeout=30",
        "SlurmdTimeout=300",
        "MessageTimeout=10",
        "RequeueExit=99",
        f"StateSaveLocation={folder / 'state'}",
        f"SlurmdSpoolDir={folder / 'spool'}",
        f"SlurmctldPidFile={folder / 'controller.pid'}",
        f"SlurmdPidFile={folder / 'node.pid'}",
        f"SlurmctldLogFile={folder / 'slurmctld.log'}",
        f"SlurmdLogFile={folder / 'slurmd.log'}",
        "SlurmdParameters=config_overrides",
        *accounting,
        *_tokens(folder, wishes),
        *completions,
        *wishes.more,
        f"NodeName={host()} NodeAddr=127.0.0.1 Port={ports.node} CPUs={wishes.processors} RealMemory=16000",
        f"PartitionName={PARTITION} Nodes={host()} Default=YES DefaultTime=60 MaxTime=INFINITE State=UP",
    )
    return "".join(f"{line}\n" for line in lines)


def cgroup_conf(wishes: Wishes) -> str:
    """Since 23.02 the daemon of a machine wants control groups, unless it is told otherwise. 23.11 cannot be told: it
    makes none of the first version as long as nothing asks for them, wherever they are mounted.
    """
    if wishes.memory_limits:
        return f"CgroupPlugin=cgroup/v1\nCgroupMountpoint={CONTROL_GROUPS}\nConstrainRAMSpace=yes\n"
    version = wishes.release.version()
    if version < (23, 2):
        return ""
    return f"CgroupPlugin={'cgroup/v1' if version < (24, 5) else 'disabled'}\n"


def slurmdbd_conf(folder: Path, ports: Ports, wishes: Wishes) -> str:
    lines = (
        *_plugins(wishes.release),
        *_tokens(folder, wishes),
        "AuthType=auth/none",
        "DbdHost=localhost",
        f"DbdPort={ports.accounting}",
        f"SlurmUser={getpass.getuser()}",
        "StorageType=accounting_storage/mysql",
        "StorageHost=127.0.0.1",
        f"StoragePort={ports.database}",
        f"StorageUser={USER}",
        f"StoragePass={PASSWORD}",
        "StorageLoc=slurm_acct_db",
        f"LogFile={folder / 'slurmdbd.log'}",
        f"PidFile={folder / 'accounting.pid'}",
    )
    return "".join(f"{line}\n" for line in lines)


def _tokens(folder: Path, wishes: Wishes) -> tuple[str, ...]:
    """The `slurmrestd` of 23.11 wants the accounting to believe in them too, whatever it is asked."""
    return ("AuthAltTypes=auth/jwt", f"AuthAltParameters=jwt_key={folder / 'jwt.key'}") if wishes.rest else ()


def _plugins(release: Release) -> tuple[str, ...]:
    """Its programs look in the system for them by themselves."""
    return (f"PluginDir={release.plugins}",) if release.is_elsewhere else ()
