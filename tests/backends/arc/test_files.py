"""What a job is sent runs as it was meant."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ganga.backends.arc.files import launcher, packed, refusal, remove
from ganga.backends.base import Submission
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec, Share

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def submission(*command: str, inputs: Path | None = None, share: Share | None = None) -> Submission:
    return Submission(job_id(7, 3), Tag("t"), JobSpec(command=command), share or Share(), inputs)


def run(job: Submission, folder: Path, *, has_inputs: bool = False) -> subprocess.CompletedProcess[bytes]:
    (folder / "ganga.sh").write_bytes(launcher(job, has_inputs=has_inputs))
    return subprocess.run(["sh", "ganga.sh"], cwd=folder, capture_output=True, check=False, timeout=60)


@given(st.lists(_TEXT, max_size=4), _TEXT)
def test_any_words_arrive_as_they_are(tmp_path_factory: pytest.TempPathFactory, words: list[str], value: str) -> None:
    spec = JobSpec(command=("printf", r"%s\0", "-", *words), environment={"VALUE": value})
    done = run(Submission(job_id(1), Tag("t"), spec), tmp_path_factory.getbasetemp())
    assert done.stdout.split(b"\0")[1:-1] == [word.encode() for word in words]
    spec = JobSpec(command=("printenv", "VALUE"), environment={"VALUE": value})
    assert run(Submission(job_id(1), Tag("t"), spec), tmp_path_factory.getbasetemp()).stdout == f"{value}\n".encode()


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 137), ("true", 0)])
def test_the_program_ends_the_job(script: str, code: int, tmp_path: Path) -> None:
    assert run(submission("sh", "-c", script), tmp_path).returncode == code


def test_a_subjob_knows_which_it_is(tmp_path: Path) -> None:
    done = run(submission("sh", "-c", 'echo "$GANGA_JOB_ID $GANGA_SUBJOB_INDEX"'), tmp_path)
    assert done.stdout == b"7 3\n"


def test_input_files_keep_what_they_are(tmp_path: Path) -> None:
    there, shared, own = tmp_path / "there", tmp_path / "shared", tmp_path / "own.sh"
    (shared / "folder" / "empty").mkdir(parents=True)
    (shared / "link").symlink_to("folder")
    own.write_text("#!/bin/sh\necho own\n")
    own.chmod(0o755)
    job = submission("./own.sh", inputs=shared, share=Share(inputs=(str(own),)))
    (parcel,) = packed([job], tmp_path / "packed")
    assert list(parcel.sent) == ["ganga.tar", "ganga.sh"]
    archive = parcel.sent["ganga.tar"]
    assert isinstance(archive, Path)
    assert parcel.sizes["ganga.tar"] == archive.stat().st_size
    there.mkdir()
    archive.rename(there / "ganga.tar")
    done = run(job, there, has_inputs=True)
    assert (done.stdout, done.returncode) == (b"own\n", 0)
    assert (there / "link").readlink() == Path("folder")
    assert (there / "folder" / "empty").is_dir()
    assert not (there / "ganga.tar").exists()


def test_without_its_input_files_no_program_runs(tmp_path: Path) -> None:
    done = run(submission("echo", "no"), tmp_path, has_inputs=True)
    assert (done.stdout, done.returncode) == (b"", 125)


def test_jobs_with_the_same_input_files_share_an_archive(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    jobs = [submission("true", share=Share(inputs=(str(tmp_path / "data"),))) for _ in range(3)]
    parcels = packed(jobs, tmp_path / "packed")
    assert len({str(parcel.sent["ganga.tar"]) for parcel in parcels}) == 1
    remove(tmp_path / "packed")
    remove(tmp_path / "packed")
    assert not (tmp_path / "packed").exists()


@pytest.mark.parametrize("name", ["ganga.sh", "ganga.tar", "stdout", "stderr"])
def test_names_that_are_taken_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert name in str(refusal(submission("true", share=Share(inputs=(str(tmp_path / name),)))))


@pytest.mark.parametrize("chosen", [False, True])
def test_a_folder_of_this_machine_is_refused_if_it_was_chosen(*, chosen: bool) -> None:
    job = submission("true")
    job = replace(job, spec=structs.replace(job.spec, folder="/data", folder_chosen=chosen))
    assert ("a job on ARC does not see the folder '/data'" in str(refusal(job))) is chosen


def test_a_command_that_is_none_is_refused() -> None:
    assert "empty" in str(refusal(submission()))
