"""What a private server is told: who may come in, and how it keeps what it is given."""

from pathlib import Path

#: Whoever reaches the socket is trusted: it lies in a folder of mode 0700. Who comes by TCP shows a password.
ACCESS = """\
local all         all              trust
local replication all              trust
host  all         all 127.0.0.1/32 scram-sha-256
"""


def settings(folder: Path, port: int, *, durable: bool) -> str:
    """The lines behind those of ``postgresql.conf``; without `durable` a crash of the machine loses data."""
    lines = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        "shared_buffers": "64MB",
        "max_connections": "200",
        "wal_level": "replica",
        # In its own folder: a server that is killed leaves it behind.
        "dynamic_shared_memory_type": "mmap",
        "max_wal_senders": "5",
        "hot_standby": "on",
        "log_line_prefix": "%m [%p] %u@%d ",
        "log_min_messages": "warning",
    }
    return "".join(f"{name} = '{value}'\n" for name, value in lines.items())
