"""The helper's own side: questions in, answers out."""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from ganga.backends.dirac.client import frames, helper
from ganga.backends.dirac.client.calls import Question

LIMIT = 60.0


def questions(*words: str) -> BytesIO:
    said = [json.dumps({"id": number, "word": word}).encode() for number, word in enumerate(words, 1)]
    return BytesIO(b"".join(map(frames.framed, said)))


def answers(sink: BytesIO) -> Iterator[tuple[int, object]]:
    sink.seek(0)
    while (message := frames.read(sink)) is not None:
        said = json.loads(message)
        yield said["id"], said["answer"]


def word(question: Question) -> bytes:
    return json.dumps(question["word"]).encode()


@contextmanager
def threads(number: int) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(number) as pool:
        yield pool


def test_each_question_is_heard_and_answered() -> None:
    sink = BytesIO()
    with threads(3) as pool:
        helper.serve(questions("one", "two", "three"), helper.Channel(sink), pool, word)
    told = list(answers(sink))
    assert [number for number, answer in told if answer is None] == [1, 2, 3]
    assert {number: answer for number, answer in told if answer is not None} == {1: "one", 2: "two", 3: "three"}


def test_a_call_that_hangs_holds_nothing_up() -> None:
    sink, release, done = BytesIO(), threading.Event(), threading.Event()

    def answer(question: Question) -> bytes:
        if question["word"] == "hang":
            assert release.wait(LIMIT)
        else:
            done.set()
        return word(question)

    with threads(2) as pool:
        helper.serve(questions("hang", "quick"), helper.Channel(sink), pool, answer)
        assert done.wait(LIMIT)
        release.set()
    assert [number for number, answer in answers(sink) if answer is not None] == [2, 1]


def test_a_long_log_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "LARGEST_LOG", 100)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(log, b"x" * 100)
        helper.shorten_log(log)
        assert os.fstat(log).st_size == 100
        os.write(log, b"x")
        helper.shorten_log(log)
        os.write(log, b"new")
        assert (tmp_path / "log").read_bytes() == b"new"
    finally:
        os.close(log)
