"""Job descriptions, read back the way DIRAC reads them: without escapes, lists without blanks."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ganga.backends.base import Submission
from ganga.backends.dirac.jdl import LARGEST, description, parametric, refusal
from ganga.backends.dirac.settings import Settings
from ganga.errors import ConfigurationError
from ganga.model.ids import Tag, job_id
from ganga.model.job import JobSpec, Share
from ganga.model.resources import Resources

SITE = Settings()
#: A program that tells what it was given.
TELL = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ.get('WORD'), os.environ['GANGA_JOB_ID']]))"


def submission(
    *command: str,
    number: int = 12,
    index: int | None = None,
    share: Share | None = None,
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
    outputs: tuple[str, ...] = (),
) -> Submission:
    spec = JobSpec(command=command, environment=environment or {}, folder=folder, outputs=outputs)
    return Submission(job_id(number, index), Tag(f"ganga-c0ffee00-{number}-1"), spec, share or Share())


def read(jdl: str) -> dict[str, str]:
    """As simple a reader as DIRAC's: names, values up to the next semicolon, no quotation marks."""
    assert jdl[0] == "["
    assert jdl[-1] == "]"
    pairs = (part.split("=", 1) for part in jdl[1:-1].split(";") if part.strip())
    return {name.strip(): value.strip().replace('"', "") for name, value in pairs}


def listed(value: str) -> list[str]:
    return value.strip("{}").replace(" ", "").split(",")


def run(program: str, arguments: str) -> list[object]:
    """As DIRAC's wrapper runs it: by a shell, in one line."""
    line = f"{program} {arguments}"
    completed = subprocess.run(line, shell=True, check=True, capture_output=True, timeout=60)  # noqa: S602 - as there
    told = json.loads(completed.stdout)
    assert isinstance(told, list)
    return told


def test_a_plain_command_stays_readable() -> None:
    jdl = description(submission("sh", "-c", "echo hello | tee kept.txt", outputs=("kept.txt",)), None, SITE)
    assert jdl == (
        "[\n"
        '  JobType = "User";\n'
        "  Priority = 1;\n"
        '  JobName = "ganga-c0ffee00-12-1";\n'
        '  Executable = "/usr/bin/env";\n'
        "  Arguments = \"GANGA_JOB_ID=12 sh -c 'echo hello | tee kept.txt'\";\n"
        '  StdOutput = "stdout";\n'
        '  StdError = "stderr";\n'
        '  OutputSandbox = {"stdout", "stderr", "kept.txt"};\n'
        "]"
    )


_argument = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=30, deadline=None)
@given(st.lists(_argument, max_size=4), _argument)
def test_whatever_the_arguments_the_program_gets_them(arguments: list[str], word: str) -> None:
    job = submission(sys.executable, "-c", TELL, *arguments, environment={"WORD": word})
    assert refusal(job) is None
    told = read(description(job, None, SITE))
    assert run(told["Executable"], told["Arguments"]) == [arguments, word, "12"]


@pytest.mark.parametrize("nasty", ['"', ";", "[", "}", "%s", "$HOME", "*", "a\nb", "`id`", "\\", "'", "%(tag)s", "#"])
def test_the_same_in_a_parametric_description(nasty: str) -> None:
    jobs = [submission(sys.executable, "-c", TELL, nasty, share=Share(arguments=(str(n),)), number=n) for n in (1, 2)]
    told = read(parametric(jobs, "SB:SE|/a.tar.bz2", SITE))
    assert listed(told["Parameters.tag"]) == [job.tag for job in jobs]
    assert told["JobName"] == "%(tag)s"
    assert listed(told["InputSandbox"]) == ["SB:SE|/a.tar.bz2"]
    for number, parameter in enumerate(listed(told["Parameters"]), 1):
        assert re.fullmatch(r"[A-Za-z0-9+/=]+", parameter)
        arguments = told["Arguments"].replace("%s", parameter)
        assert run(told["Executable"], arguments) == [[nasty, str(number)], None, str(number)]


def test_a_program_whose_name_looks_like_a_variable_is_a_program() -> None:
    assert read(description(submission("a=b"), None, SITE))["Executable"] == "/bin/sh"


def test_a_folder_of_this_machine_means_nothing_there() -> None:
    job = submission("true", folder="/here")
    assert refusal(job) is None
    assert "/here" not in description(job, None, SITE)


def test_a_subjob_knows_its_index() -> None:
    assert "GANGA_SUBJOB_INDEX=3" in description(submission("true", index=3), None, SITE)


def test_the_wishes_of_the_site_are_written() -> None:
    site = Settings(
        job_group="calibration",
        sites=("LCG.CERN.ch", "LCG.NIKHEF.nl"),
        tags=("GPU",),
        cpu_time=3600,
        attributes={"NumberOfProcessors": "4"},
    )
    told = read(description(submission("true"), None, site))
    assert listed(told["Site"]) == ["LCG.CERN.ch", "LCG.NIKHEF.nl"]
    assert (told["JobGroup"], told["CPUTime"], told["NumberOfProcessors"]) == ("calibration", "3600", "4")
    assert "BannedSites" not in told


@pytest.mark.parametrize("attributes", [{"A": 'x"; JobName = "y'}, {"A = 1; B": "x"}])
def test_a_setting_cannot_break_out_of_its_attribute(attributes: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="job description"):
        description(submission("true"), None, Settings(attributes=attributes))


def test_a_setting_does_not_replace_what_we_need() -> None:
    told = read(description(submission("true"), None, Settings(attributes={"JobName": "mine"})))
    assert told["JobName"] == "ganga-c0ffee00-12-1"


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (submission(), "empty"),
        (submission(""), "empty"),
        (submission("true", "\0"), "characters"),
        (submission("true", "\udcff"), "characters"),
        (submission("true", environment={"A B": "x"}), "environment variable"),
        (submission("true", outputs=('a"b',)), "output"),
        (submission("true", outputs=("a b",)), "output"),
        (submission("true", "x" * LARGEST), "input file"),
    ],
)
def test_what_cannot_be_described_is_refused(job: Submission, words: str) -> None:
    reason = refusal(job)
    assert reason is not None
    assert words in reason


def needing(resources: Resources) -> Submission:
    spec = JobSpec(command=("true",), resources=resources)
    return Submission(job_id(12), Tag("ganga-c0ffee00-12-1"), spec)


def test_what_a_job_needs_is_said_in_the_words_of_dirac() -> None:
    told = read(description(needing(Resources(processors=4, time=3600)), None, Settings(cpu_time=100)))
    assert (told["NumberOfProcessors"], told["CPUTime"]) == ("4", "14400")
    assert read(description(needing(Resources()), None, Settings(cpu_time=100)))["CPUTime"] == "100"


@pytest.mark.parametrize("chosen", [False, True])
def test_a_folder_of_this_machine_is_refused_if_it_was_chosen(*, chosen: bool) -> None:
    job = needing(Resources())
    job = replace(job, spec=structs.replace(job.spec, folder="/data", folder_chosen=chosen))
    assert ("a job on DIRAC does not see the folder '/data'" in (refusal(job) or "")) is chosen


def test_what_dirac_has_no_words_for_is_refused() -> None:
    assert "memory, queue" in (refusal(needing(Resources(memory=1, queue="x", time=5))) or "")
