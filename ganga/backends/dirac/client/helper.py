"""The helper process: makes calls of DIRAC's client for ganga, in the environment of DIRAC. Started by `process`.

Questions come on its standard input, answers go to its standard output; DIRAC and its plug-ins may print what they like
to what they find there instead, which is the log. It ends with its parent, whatever hangs.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO

from . import calls, frames

#: The log, in the folder that the helper is started in and has to itself.
LOG = "log"
#: Bytes of the log; what is older is dropped.
LARGEST_LOG = 1 << 20


class Channel:
    """Where the answers go, whole and one after the other."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, number: int, body: bytes) -> None:
        """Send this JSON object as an answer to the question of this number."""
        with self._lock:
            self._stream.write(frames.framed(b'{"id":%d,"answer":%b}' % (number, body)))
            self._stream.flush()


def serve(
    source: BinaryIO, channel: Channel, threads: ThreadPoolExecutor, answer: Callable[[calls.Question], bytes]
) -> None:
    """Answer all questions, each in a thread, until there are no more.

    That one has come in is said at once, and by this it is known that the process as such does not hang.
    """
    while (message := frames.read(source)) is not None:
        question = json.loads(message)
        channel.send(question["id"], b"null")
        threads.submit(_answer, question, channel, answer)


def _answer(question: calls.Question, channel: Channel, answer: Callable[[calls.Question], bytes]) -> None:
    channel.send(int(str(question["id"])), answer(question))
    shorten_log(sys.stderr.fileno())


def shorten_log(log: int) -> None:
    """Begin the log anew once it is long. It is open for appending, so that all go on at the new end."""
    if os.fstat(log).st_size > LARGEST_LOG:
        os.ftruncate(log, 0)


def main(
    threads: int,
    start: Callable[[], None] = calls.start,
    answer: Callable[[calls.Question], bytes] = calls.answer,
) -> None:
    """Serve the parent until it closes the channel, or is no more; at most so many calls at a time."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        start()
        with suppress(BrokenPipeError):
            sink.write(frames.MARK)
            channel = Channel(sink)
            channel.send(0, b"null")
            serve(source, channel, ThreadPoolExecutor(threads), answer)
    except BaseException:  # noqa: BLE001 - told in the log, of which the parent reads the end
        traceback.print_exc()
        os._exit(1)
    # A parent that was killed could not tidy up; one that lives does not close the channel before it has.
    with suppress(OSError):
        os.unlink(LOG)  # noqa: PTH108 - as quick as possible
        os.rmdir(os.getcwd())  # noqa: PTH106, PTH109 - likewise
    # The interpreter would wait for threads that hang.
    os._exit(0)
