"""The words of HTCondor's commands, the submit description, and what the answers mean."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.batch.dialect import Carrying, Order, Receiving
from ganga.backends.htcondor.description import is_plain
from ganga.backends.htcondor.settings import Settings
from ganga.backends.htcondor.words import HTCondor
from ganga.errors import BackendError, BackendProtocolError, BackendUnavailable, SubmissionRejected, UsageError
from ganga.model.ids import NativeId
from ganga.model.resources import Resources
from tests.backends.htcondor.recorded import said

WORK = PurePosixPath("/home/me/it's here")
FOLDER = WORK / "batches" / "x"
CONDOR = HTCondor(Settings(), WORK / "events")


def order(
    wish: Resources, tasks: int | None = None, own: frozenset[int] = frozenset(), *, inputs: bool = False
) -> Order:
    return Order("ganga-1-1.x", b"", tasks, wish, FOLDER, FOLDER / "log", inputs, own)


def lines(wish: Resources, dialect: HTCondor = CONDOR, tasks: int | None = None) -> list[str]:
    return dialect.submit(order(wish, tasks)).stdin.decode().splitlines()


def test_a_job_is_submitted_by_a_description() -> None:
    command = CONDOR.submit(order(Resources()))
    folder = "/home/me/it''s here/batches/x"
    arguments = f"\"'{folder}/launch.sh' '{folder}' '$(Process)' '' '$(Cluster)'\""
    assert command.argv == ("condor_submit", "-terse", "-")
    assert command.stdin.decode().splitlines() == [
        "batch_name = ganga-1-1.x",
        "notification = never",
        "executable = /bin/sh",
        "transfer_executable = False",
        "initialdir = /home/me/it's here/batches/x",
        "should_transfer_files = NO",
        "output = /dev/null",
        "error = /home/me/it's here/batches/x/log",
        f"arguments = {arguments}",
        "log = /home/me/it's here/events",
        "queue 1",
    ]


@pytest.mark.parametrize("shared_files", [False, True])
def test_it_brings_files_where_they_are_not_shared(*, shared_files: bool) -> None:
    dialect = HTCondor(Settings(shared_files=shared_files), WORK / "events")
    assert isinstance(dialect, Carrying)
    assert dialect.carries_files is not shared_files


def test_subjobs_are_one_cluster() -> None:
    assert lines(Resources(), tasks=7)[-1] == "queue 7"


def test_what_a_job_needs_is_said() -> None:
    wish = Resources(
        processors=4,
        memory=(1 << 30) + 1,
        time=60,
        project="physics.x",
        gpus=2,
        native=('+JobFlavour = "a"', "rank = 1"),
    )
    assert CONDOR.refusal(wish) is None
    assert lines(wish)[:7] == [
        "request_cpus = 4",
        "request_memory = 1025",
        "request_gpus = 2",
        "periodic_remove = JobStatus =?= 2 && time() - JobCurrentStartExecutingDate > 60",
        "accounting_group = physics.x",
        '+JobFlavour = "a"',
        "rank = 1",
    ]


def test_what_a_site_takes_for_a_queue_is_said() -> None:
    dialect = HTCondor(Settings(queue_attribute="JobFlavour", queue="longlunch", project="cms"), WORK / "events")
    assert lines(Resources(), dialect)[:2] == ["accounting_group = cms", '+JobFlavour = "longlunch"']
    assert lines(Resources(queue="espresso"), dialect)[1] == '+JobFlavour = "espresso"'


def test_files_are_brought_where_none_are_shared() -> None:
    dialect = HTCondor(Settings(shared_files=False), WORK / "events")
    assert dialect.refusal(Resources(image="docker://debian:12")) is None
    text = dialect.submit(order(Resources(image="docker://debian:12"), 3, frozenset({1}), inputs=True)).stdin.decode()
    assert "universe = container\ncontainer_image = docker://debian:12\n" in text
    assert "transfer_input_files = $(files)\ntransfer_output_files = $(Process),job\n" in text
    assert text.endswith(
        "queue files from (\nlaunch.sh,task.sh,inputs\nlaunch.sh,task.sh,inputs,own.1\nlaunch.sh,task.sh,inputs\n)\n"
    )
    assert "relative_paths" not in text
    assert "transfer_input_files = launch.sh,task.sh\n" in dialect.submit(order(Resources())).stdin.decode()


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (Resources(queue="long"), "queue_attribute"),
        (Resources(image="a.sif"), "shared_files = false"),
        (Resources(project="a\nqueue 9"), "no name of an accounting group"),
        (Resources(native=("queue 9",)), "no line of a submit description"),
        (Resources(native=("rank = 1\nqueue 9",)), "no line of a submit description"),
        (Resources(native=("rank = 1 \\",)), "no line of a submit description"),
        (Resources(native=("Log = /tmp/x",)), "log cannot be chosen"),
        (Resources(native=("MY.Iwd = /tmp/x",)), "iwd cannot be chosen"),
        (Resources(time=9, native=("periodic_remove = x",)), "leave out one of them"),
    ],
)
def test_what_cannot_be_said_is_refused(wish: Resources, why: str) -> None:
    assert why in (CONDOR.refusal(wish) or "")


_SPITE = st.text(st.sampled_from("ab =\n\r\\\"'$()#+.\x00\x0b\x85\u2028"), max_size=20)


@given(_SPITE, _SPITE, _SPITE, st.lists(_SPITE, max_size=3))
def test_no_text_becomes_a_line_of_its_own(queue: str, project: str, image: str, native: list[str]) -> None:
    dialect = HTCondor(Settings(queue_attribute="Q", shared_files=False), WORK / "events")
    wish = Resources(queue=queue, project=project, image=image, native=tuple(native))
    if dialect.refusal(wish) is not None:
        return
    told = dialect.submit(order(wish)).stdin.decode().split("\n")
    bare = dialect.submit(order(Resources())).stdin.decode().split("\n")
    more = len(native) + bool(queue) + bool(project) + 2 * bool(image)
    assert told[more:] == bare
    assert all(re.match(r"[+\w.]+[ \t]*=", line) and not line.rstrip().endswith("\\") for line in told[:more])


@pytest.mark.parametrize("path", ["/a$b", '/a"b', "/a\\b", "/a\nb", " /a", "/a "])
def test_a_folder_that_means_something_else_is_noticed(path: str) -> None:
    assert not is_plain(PurePosixPath(path))
    assert is_plain(PurePosixPath("/it's/a b/ü"))


def test_another_schedd_is_named_everywhere() -> None:
    dialect = HTCondor(Settings(schedd="s@there", pool="central"), WORK / "events")
    where = ("-pool", "central", "-name", "s@there")
    ids = [NativeId("7.1")]
    assert dialect.submit(order(Resources())).argv[1:5] == where
    commands = (*dialect.kill(ids), *dialect.history_of(ids), dialect.bring_home(ids), dialect.let_go(ids))
    for command in (*commands, dialect.call_off("x")):
        assert command.argv[1:5] == where
    for command in (dialect.queue(), *dialect.queue_of(ids)):
        assert command.argv[4:8] == where


SPOOLING = HTCondor(Settings(spool=True), WORK / "events")


def test_files_are_spooled_to_a_queue_that_sees_none() -> None:
    command = SPOOLING.submit(order(Resources(image="a.sif")))
    assert SPOOLING.carries_files
    assert command.argv == ("condor_submit", "-spool", "-terse", "-")
    assert "transfer_output_files = $(Process),job\n" in command.stdin.decode()
    assert "\nlog = " not in command.stdin.decode()


def test_a_spooled_job_that_has_ended_is_not_killed() -> None:
    (command,) = SPOOLING.kill([NativeId("7.1"), NativeId("8.0"), NativeId("7.3")])
    which = "(ClusterId =?= 7 && member(ProcId, {1, 3})) || (ClusterId =?= 8 && member(ProcId, {0}))"
    assert command.argv == ("condor_rm", "-constraint", f"JobStatus =!= 4 && ({which})")


def test_only_a_spooled_job_that_has_ended_is_let_go() -> None:
    which = "(ClusterId =?= 7 && member(ProcId, {1}))"
    assert SPOOLING.let_go([NativeId("7.1")]).argv == ("condor_rm", "-constraint", f"JobStatus =?= 4 && ({which})")


def test_only_what_is_arriving_is_called_off() -> None:
    assert isinstance(SPOOLING, Receiving)
    which = 'JobStatus =?= 5 && HoldReasonCode =?= 16 && JobBatchName =?= "ganga-1-1.x"'
    assert SPOOLING.call_off("ganga-1-1.x").argv == ("condor_rm", "-constraint", which)


def test_output_is_asked_for_by_ids() -> None:
    assert SPOOLING.bring_home([NativeId("7.1"), NativeId("8.0")]).argv == ("condor_transfer_data", "7.1", "8.0")


def test_that_no_job_is_meant_any_more_is_no_error() -> None:
    complaint = "\nCouldn't find/remove all jobs matching constraint (JobStatus =?= 4 && (ClusterId =?= 7))\n"
    SPOOLING.killed(said("", exit_code=1, error=complaint, program="condor_rm"))
    with pytest.raises(BackendUnavailable, match="DENIED"):
        SPOOLING.killed(said("", exit_code=1, error=f'SECMAN:2010:Received "DENIED"\n{complaint}', program="condor_rm"))


@pytest.mark.parametrize("text", ["12.0 - 12.0\n", "12.0 - 12.999\n", "Welcome!\n12.0 - 12.0\n"])
def test_the_cluster_is_read(text: str) -> None:
    assert CONDOR.submitted(said(text, program="condor_submit")) == "12"


@pytest.mark.parametrize("text", ["", "12\n", "12.0 - 13.0\n", "1 job(s) submitted to cluster 12.\n"])
def test_an_answer_without_a_cluster_is_an_error(text: str) -> None:
    with pytest.raises(BackendProtocolError):
        CONDOR.submitted(said(text, program="condor_submit"))


@pytest.mark.parametrize(
    "error",
    [
        "\nERROR: on Line 5 of submit file: \n\nERROR: Failed to parse command file (line 5).\n",
        "\nERROR: Parse error in expression: \n\tRequirements = (((\n",
        "\nERROR: No such directory: /nonexist\n",
    ],
)
def test_a_refusal_is_told(error: str) -> None:
    with pytest.raises(SubmissionRejected, match="HTCondor refuses it: "):
        CONDOR.submitted(said("", exit_code=1, error=error, program="condor_submit"))


@pytest.mark.parametrize(
    "error",
    ["\nERROR: Can't find address of schedd nosuch@\n", "\nERROR: Failed to connect to local queue manager\n", ""],
)
def test_what_may_pass_is_an_outage(error: str) -> None:
    with pytest.raises(BackendUnavailable):
        CONDOR.submitted(said("", exit_code=1, error=error, program="condor_submit"))


@given(st.text(), st.text(), st.integers(-9, 255))
def test_any_answer_is_a_cluster_or_an_error(text: str, error: str, exit_code: int) -> None:
    try:
        cluster = CONDOR.submitted(said(text, exit_code=exit_code, error=error, program="condor_submit"))
    except (BackendError, SubmissionRejected):
        return
    assert exit_code == 0
    assert cluster in text


def test_jobs_that_are_gone_need_no_end() -> None:
    CONDOR.killed(said("Job 3.1 marked for removal\n", exit_code=1, error="Job 3.5 not found\n", program="condor_rm"))
    CONDOR.killed(said("", exit_code=1, error="\nJob 2.0 already marked for removal\n", program="condor_rm"))
    for error in ("\nCan't find address of local schedd\n", ""):
        with pytest.raises(BackendUnavailable):
            CONDOR.killed(said("", exit_code=1, error=error, program="condor_rm"))


@pytest.mark.parametrize("reference", ["12", "12.3", "name:my jobs", "user:me"])
def test_what_a_person_means_is_found(reference: str) -> None:
    assert CONDOR.inquiry(reference).history is not None


@pytest.mark.parametrize("reference", ["", "x", "12.", 'name:"||true||"', "user:-all", "user:", "-all"])
def test_what_nobody_means_is_a_slip(reference: str) -> None:
    with pytest.raises(UsageError):
        CONDOR.inquiry(reference)
