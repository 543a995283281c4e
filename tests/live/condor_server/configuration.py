"""The configuration of one pool of one pretended machine, whose daemons are quicker than elsewhere."""

from pathlib import Path
from typing import Final

from tests.live.condor_server.user import DOMAIN

#: Processors and MiB of memory that the machine pretends to have.
PROCESSORS: Final = 64
_MEMORY: Final = 128 * PROCESSORS * 2

FOLDERS: Final = ("log", "spool", "execute", "lock", "run")


def condor_config(folder: Path, release: Path, port: int) -> str:
    """Of a pool with its state in the folder, and its collector on this port."""
    sections = (_places(folder, release), _network(folder, port), _trust(), _machine(), _pace())
    return "".join(f"{name} = {value}\n" for section in sections for name, value in section.items())


def _places(folder: Path, release: Path) -> dict[str, object]:
    return {
        "RELEASE_DIR": release,
        "BIN": release / "bin",
        "SBIN": release / "sbin",
        "LIB": release / "lib" / "condor",
        "LIBEXEC": release / "libexec" / "condor",
        "SHARE": release / "share" / "condor",
        "LOCAL_DIR": folder,
        # What the machine may have to say of a pool of its own is not for this one.
        "LOCAL_CONFIG_FILE": "",
        "LOCAL_CONFIG_DIR": "",
        **{name.upper(): folder / name for name in FOLDERS},
    }


def _network(folder: Path, port: int) -> dict[str, object]:
    return {
        "CONDOR_HOST": "127.0.0.1",
        "COLLECTOR_HOST": f"127.0.0.1:{port}",
        "NETWORK_INTERFACE": "127.0.0.1",
        "BIND_ALL_INTERFACES": False,
        "ENABLE_IPV6": False,
        "USE_SHARED_PORT": False,
        "SCHEDD_ADDRESS_FILE": folder / "run" / "schedd_address",
        "COLLECTOR_ADDRESS_FILE": folder / "run" / "collector_address",
        "UID_DOMAIN": DOMAIN,
        "FILESYSTEM_DOMAIN": DOMAIN,
    }


def _trust() -> dict[str, object]:
    """Everybody is who the file system says, or a token of the pool's own."""
    whom = ("READ", "WRITE", "DAEMON", "ADMINISTRATOR", "NEGOTIATOR")
    return {
        "SEC_DEFAULT_AUTHENTICATION": "REQUIRED",
        "SEC_DEFAULT_AUTHENTICATION_METHODS": "FS,IDTOKENS",
        "SEC_DEFAULT_ENCRYPTION": "OPTIONAL",
        "SEC_DEFAULT_INTEGRITY": "OPTIONAL",
        **{f"ALLOW_{name}": "*" for name in whom},
    }


def _machine() -> dict[str, object]:
    """It takes jobs however busy it is, and keeps them."""
    return {
        "DAEMON_LIST": "MASTER COLLECTOR NEGOTIATOR SCHEDD STARTD",
        "MASTER_NAME": "pool",
        "NUM_CPUS": PROCESSORS,
        "MEMORY": _MEMORY,
        "NUM_SLOTS_TYPE_1": 1,
        "SLOT_TYPE_1": "100%",
        "SLOT_TYPE_1_PARTITIONABLE": True,
        "START": True,
        "SUSPEND": False,
        "KILL": False,
        # What `use POLICY : HOLD_IF_MEMORY_EXCEEDED` makes, for machines without control groups.
        "MEMORY_EXCEEDED": "((MemoryUsage * 1.0 > Memory) =?= True)",
        "PREEMPT": "$(MEMORY_EXCEEDED)",
        "WANT_SUSPEND": False,
        "WANT_HOLD": "$(MEMORY_EXCEEDED)",
        "WANT_HOLD_REASON": '"memory usage exceeded request_memory"',
        "WANT_HOLD_SUBCODE": 102,
        "RUNBENCHMARKS": False,
        "BASE_CGROUP": "",
        "SINGULARITY": "/bin/false",
        "DOCKER": "",
    }


def _pace() -> dict[str, object]:
    return {
        "UPDATE_INTERVAL": 2,
        "NEGOTIATOR_INTERVAL": 1,
        "NEGOTIATOR_MIN_INTERVAL": 1,
        "NEGOTIATOR_CYCLE_DELAY": 1,
        "SCHEDD_INTERVAL": 1,
        "SCHEDD_MIN_INTERVAL": 1,
        "JOB_START_COUNT": 50,
        "JOB_START_DELAY": 0,
        "STARTER_UPDATE_INTERVAL": 2,
        "SHADOW_QUEUE_UPDATE_INTERVAL": 2,
        "PERIODIC_EXPR_INTERVAL": 1,
        # Seconds between two looks at what the processes of a job use; short jobs would have used nothing.
        "PID_SNAPSHOT_INTERVAL": 1,
        # Seconds that a job has between the first signal and the last, and a daemon that is to end.
        "MACHINEMAXVACATETIME": 5,
        "KILLING_TIMEOUT": 5,
        "SHUTDOWN_GRACEFUL_TIMEOUT": 1,
        # Seconds after which a job is given up whose machine has forgotten it: for longer than this no queue is away.
        "JOB_DEFAULT_LEASE_DURATION": 60,
        # Seconds after which the master starts a daemon again that has died.
        "MASTER_BACKOFF_CONSTANT": 1,
        "MASTER_BACKOFF_CEILING": 1,
    }
