"""What ganga and its helper say to each other: JSON, each message after its length. Standard library only."""

import struct
from typing import BinaryIO

#: Comes before the first answer: what is printed while a Python starts lies before it.
MARK = b"\0ganga: from here on\n"

#: A length that nobody sends on purpose: something else was written to the channel.
LARGEST = 1 << 30

_LENGTH = struct.Struct("!I")
#: Bytes of the length.
HEAD = _LENGTH.size


def framed(message: bytes) -> bytes:
    """The message with its length before it."""
    return _LENGTH.pack(len(message)) + message


def length(head: bytes) -> int:
    """The length of the message that follows. Raises `ValueError` if none can."""
    (size,) = _LENGTH.unpack(head)
    if size > LARGEST:
        raise ValueError(f"a message of {size} bytes; the largest has {LARGEST}")
    return int(size)


def read(stream: BinaryIO) -> bytes | None:
    """The next message of a blocking stream; None at its end, also where a message breaks off. Raises `ValueError`."""
    head = stream.read(HEAD)
    if len(head) < HEAD:
        return None
    size = length(head)
    message = stream.read(size)
    return message if len(message) == size else None
