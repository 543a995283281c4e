"""A tool is found where it belongs, gets no more than its time, and leaves nothing behind."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from ganga_quality.findings import Failure, FailureKind
from ganga_quality.runners import program
from ganga_quality.runners.program import Deadline, Unusable

PYTHON = Path(sys.executable)


def executable(file: Path, text: str = "#!/bin/sh\necho hello\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_the_program_beside_the_interpreter_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = executable(tmp_path / "own" / "some-tool")
    executable(tmp_path / "other" / "some-tool")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "own" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    assert program.find("some-tool") == own


def test_else_it_is_the_one_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = executable(tmp_path / "other" / "some-tool")
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    assert program.find("some-tool") == other


def test_a_program_of_the_judged_code_is_never_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "bin" / "some-tool")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["bin", "", "."]))
    with pytest.raises(Unusable, match="some-tool is not there") as caught:
        program.find("some-tool")
    assert caught.value.failure("ruff") == Failure(tool="ruff", kind=FailureKind.MISSING, message=str(caught.value))


def test_it_runs_in_the_folder_with_what_it_needs_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUFF_OUTPUT_FORMAT", "full")
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("LANG", "C.UTF-8")
    code = "import os, sys; print(os.getcwd(), sorted({'LANG', 'GITHUB_TOKEN', 'RUFF_OUTPUT_FORMAT'} & {*os.environ}))"
    completed = program.run(PYTHON, ["-c", code], folder=tmp_path, deadline=Deadline(30))
    assert completed.output.decode().strip() == f"{tmp_path} ['LANG']"
    assert completed.code == 0


def test_a_shell_never_sees_its_arguments(tmp_path: Path) -> None:
    arguments = ["-c", "import sys; print(sys.argv[1])", "$(touch pwned); *"]
    completed = program.run(PYTHON, arguments, folder=tmp_path, deadline=Deadline(30))
    assert completed.output == b"$(touch pwned); *\n"
    assert list(tmp_path.iterdir()) == []


def test_its_end_is_told_in_words(tmp_path: Path) -> None:
    failed = program.run(PYTHON, ["-c", "import sys; sys.exit('so it is')"], folder=tmp_path, deadline=Deadline(30))
    assert (failed.code, failed.ending, failed.words) == (1, "exit code 1", "so it is")
    killed = program.run(PYTHON, ["-c", "import os; os.abort()"], folder=tmp_path, deadline=Deadline(30))
    assert killed.ending == "signal SIGABRT"


def test_many_words_are_cut_to_the_last(tmp_path: Path) -> None:
    completed = program.run(PYTHON, ["-c", "print('a' * 9999, 'end')"], folder=tmp_path, deadline=Deadline(30))
    assert len(completed.words) < 2100
    assert completed.words.endswith("aaa end")


def test_what_cannot_be_started_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be started"):
        program.run(executable(tmp_path / "x", "no program"), [], folder=tmp_path, deadline=Deadline(30))


#: Starts another program that would hang for ever with the output in its hands, and hangs.
HANGING = 'sleep 1000 & echo $! > "$1"; wait'


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class DeadlineOnceThere(Deadline):
    """Its time begins when the file has its line: a busy machine may be late to begin at all."""

    def __init__(self, seconds: float, file: Path) -> None:
        super().__init__(seconds)
        self._file = file

    @property
    def left(self) -> float:
        patience = Deadline(60)
        while not (self._file.exists() and self._file.read_text().endswith("\n")) and patience.left:
            time.sleep(0.01)
        return self.seconds


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc whether a process is a zombie")
def test_the_time_limit_ends_it_with_all_that_it_started(tmp_path: Path) -> None:
    told = tmp_path / "child"
    with pytest.raises(Unusable, match=r"did not end within 1\.5 s") as caught:
        program.run(
            Path("/bin/sh"), ["-c", HANGING, "sh", str(told)], folder=tmp_path, deadline=DeadlineOnceThere(1.5, told)
        )
    assert caught.value.kind is FailureKind.TIMED_OUT
    child, patience = int(told.read_text()), Deadline(60)
    # A signal was sent to it; on a busy machine it takes a moment to die of it.
    while not is_gone(child) and patience.left:
        time.sleep(0.01)
    assert is_gone(child)


def test_everything_can_be_stopped_from_another_thread(tmp_path: Path) -> None:
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    code = f"import time; open({str(fifo)!r}, 'w').close(); time.sleep(1000)"
    endings: list[str] = []

    def hang() -> None:
        endings.append(program.run(PYTHON, ["-c", code], folder=tmp_path, deadline=Deadline(60)).ending)

    thread = threading.Thread(target=hang)
    thread.start()
    fifo.read_bytes()  # returns when the program has opened the other end
    program.stop_all()
    thread.join(100)
    assert endings == ["signal SIGKILL"]
