"""Files on their way there and back."""

import asyncio
from pathlib import Path

from ganga.backends.arc.backend import ArcBackend
from ganga.backends.base import Stream, Submission
from ganga.model.ids import NativeId, Tag, job_id
from ganga.model.job import JobSpec, Share
from ganga.testing.check_backend import Trial
from tests.live.arc.conftest import until, until_denied

_SIZE = 10 << 20

#: Odd in every way that a file name can be and that JSON can tell.
_ODD = 'it\'s "odd" \\ %41 + ? # ü.txt'

_OUTPUT = """
import os
os.makedirs("deep/er/and/deeper")
os.mkdir("deep/empty")
open("deep/er/and/deeper/nothing", "w").close()
open("large", "wb").write(os.urandom(1 << 20) * 10)
open("odd-" + os.environ["ODD"], "w").write("odd")
os.symlink("/etc/passwd", "link")
print("done")
"""

_INPUT = """
set -e
test "$(cat shared/data)" = shared
test -d shared/empty
test "$(readlink shared/link)" = data
test "$(./own.sh one 'two  $HOME' '*')" = '3:two  $HOME'
test "$GREETING" = "it's \\$5"
echo "$GANGA_SUBJOB_INDEX"
"""


async def test_output_comes_back_whole(trial: Trial, backend: ArcBackend) -> None:
    spec = JobSpec(
        command=("/usr/bin/env", "python3", "-c", _OUTPUT),
        environment={"ODD": _ODD},
        outputs=("deep", "large", "odd-*", "link", "*.sh"),
    )
    native_id = await trial.submit(spec)
    await trial.end_of(native_id)
    retrieved, into = await trial.fetch(native_id, spec.outputs, "whole")
    assert retrieved.error is None
    assert retrieved.missing == ("link", "*.sh")
    found = {str(path.relative_to(into)): path for path in into.rglob("*")}
    assert found.keys() == {
        *("deep", "deep/empty", "deep/er", "deep/er/and", "deep/er/and/deeper", "deep/er/and/deeper/nothing"),
        *("large", f"odd-{_ODD}", "stdout", "stderr"),
    }
    assert found["large"].stat().st_size == _SIZE
    assert found["deep/er/and/deeper/nothing"].stat().st_size == 0
    assert found["stdout"].read_text() == "done\n"
    await backend.discard([native_id])
    await until_denied(backend, native_id)
    gone, _ = await trial.fetch(native_id, (), "gone")
    assert "gone" in str(gone.error)


def inputs(folder: Path) -> tuple[Path, Path]:
    """What all subjobs get, and what each has to itself."""
    shared, own = folder / "inputs" / "shared", folder / "own.sh"
    (shared / "empty").mkdir(parents=True)
    (shared / "data").write_text("shared\n")
    (shared / "link").symlink_to("data")
    own.write_text('#!/bin/sh\necho "$#:$2"\n')
    own.chmod(0o755)
    return shared.parent, own


async def test_input_files_and_the_environment_arrive(trial: Trial, tmp_path: Path) -> None:
    shared, own = inputs(tmp_path)
    spec = JobSpec(command=("sh", "-c", _INPUT), environment={"GREETING": "it's $5"})
    jobs = [
        Submission(job_id(7, index), Tag(f"{trial.prefix}-{index}"), spec, Share(inputs=(str(own),)), shared)
        for index in range(3)
    ]
    receipts = await trial.backend.submit(jobs)
    assert not receipts.rejected
    ids = [receipts.accepted[job.tag] for job in jobs]
    ends = await asyncio.gather(*map(trial.end_of, ids))
    assert [seen.exit_code for seen in ends] == [0, 0, 0], ends
    for index, native_id in enumerate(ids):
        _, into = await trial.fetch(native_id, (), f"out-{index}")
        assert (into / "stdout").read_text() == f"{index}\n"
    assert not list((tmp_path / "target").iterdir())


async def test_the_output_of_a_running_job_is_read_as_it_grows(trial: Trial, backend: ArcBackend) -> None:
    script = "echo one; echo two >&2; until test -e go; do sleep 0.2; done; echo three; sleep 1000"
    native_id = await trial.submit(JobSpec(command=("sh", "-c", script)))
    assert await read_until(trial, native_id, Stream.STDOUT, 0) == b"one\n"
    assert await read_until(trial, native_id, Stream.STDERR, 0) == b"two\n"
    assert await backend.read(native_id, Stream.STDOUT, 4) == b""
    await backend._service.upload(native_id, "go", b"")
    assert await read_until(trial, native_id, Stream.STDOUT, 4) == b"three\n"
    assert await backend.read(trial.unknown, Stream.STDOUT, 0) == b""
    await backend.kill([native_id])


async def read_until(trial: Trial, native_id: NativeId, stream: Stream, offset: int) -> bytes:
    """What is there behind the offset, as soon as something is."""
    backend = trial.backend
    assert isinstance(backend, ArcBackend)
    return await until(lambda: backend.read(native_id, stream, offset))
