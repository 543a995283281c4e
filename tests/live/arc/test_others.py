"""Jobs that something else submitted, and people who are somebody else."""

import asyncio
from pathlib import Path
from secrets import token_hex

import pytest

from ganga.backends.arc.backend import ArcBackend
from ganga.backends.base import Retrieved
from ganga.backends.web.errors import CredentialsExpired
from ganga.backends.web.replies import NotSent
from ganga.errors import UsageError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from ganga.testing.check_backend import Trial
from tests.live.arc.conftest import Connect, until
from tests.live.arc_server.credentials import Credentials
from tests.live.arc_server.element import Element

_THEIRS = b"""\
+(&(executable="/bin/sh")(arguments="-c" "echo theirs; exit 6")(jobname="theirs")
(stdout="log.txt")(outputfiles=("/" "")))
(&(executable="/bin/sh")(arguments="-c" "exit 0")(jobname="another one"))
"""


async def test_jobs_that_something_else_submitted_are_followed(
    trial: Trial, backend: ArcBackend, element: Element
) -> None:
    theirs, another = [NativeId(entry.id) for entry in await backend._service.create(_THEIRS)]
    for native_id in (theirs, another):
        # Before that the element has not looked at the name.
        await trial.until(native_id, lambda seen: seen.native_status != "ACCEPTING", "been looked at")
    assert (await backend.adopt(["name:theirs"])).keys() == {theirs}
    assert (await backend.adopt([f"{element.url}/rest/1.0/jobs/{another}"])).keys() == {another}
    first, second = await asyncio.gather(trial.end_of(theirs), trial.end_of(another))
    assert (first.status, first.exit_code, second.status) == (JobStatus.FAILED, 6, JobStatus.COMPLETED)
    assert (await backend.adopt([theirs]))[theirs].status is JobStatus.FAILED
    retrieved, into = await until(lambda: fetched(trial, theirs))
    assert retrieved.error is None
    assert (into / "stdout").read_text() == (into / "log.txt").read_text() == "theirs\n"
    for strange in ("name:nobody's", trial.unknown, "no id!"):
        with pytest.raises(UsageError):
            await backend.adopt([strange])


async def fetched(trial: Trial, job: NativeId) -> tuple[Retrieved, Path] | None:
    """What comes of a retrieval, as soon as the element has written down where the job writes to."""
    found = await trial.fetch(job, ("*.txt",), f"theirs-{token_hex(4)}")
    return None if "has not written down yet" in (found[0].error or "") else found


async def test_a_stranger_is_denied_our_jobs_and_ends_none(trial: Trial, connect: Connect, element: Element) -> None:
    native_id = await trial.submit(trial.samples.endless)
    stranger = element.credentials.proxy("bob", trial.folder / "bob.pem")
    async with connect(proxy=str(stranger)) as theirs:
        assert theirs.identity is not None
        assert theirs.identity.name.endswith("CN=Bob Tester")
        await theirs.kill([native_id])
        answer = await theirs.poll([native_id])
        assert not answer.seen
        assert answer.absent == {native_id}
    await trial.until(native_id, lambda seen: seen.status is JobStatus.RUNNING, "begun")
    await trial.backend.kill([native_id])


async def test_without_good_credentials_nothing_is_asked(connect: Connect, element: Element, tmp_path: Path) -> None:
    ended = element.credentials.proxy("alice", tmp_path / "ended.pem", days=-1)
    with pytest.raises(CredentialsExpired, match=r"ended at .*arcproxy"):
        async with connect(proxy=str(ended)):
            pass
    others = Credentials(tmp_path / "others")
    with pytest.raises(NotSent, match="not trusted"):
        async with connect(authorities=str(others.authorities)):
            pass
    unknown = others.proxy("alice", tmp_path / "unknown.pem")
    with pytest.raises(CredentialsExpired, match="does not know the authority"):
        async with connect(proxy=str(unknown)):
            pass
