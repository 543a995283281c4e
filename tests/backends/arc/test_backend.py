"""The verbs beside those of output and submission."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ganga.backends.arc.backend import ArcBackend
from ganga.backends.arc.settings import Settings
from ganga.backends.base import Adopting, Discarding, Historied, Identified, Readable
from ganga.backends.web.proxy import Proxy
from ganga.errors import UsageError
from ganga.model.ids import NativeId
from ganga.model.status import JobStatus
from tests.backends.arc.element import Scripted, asked, recorded
from tests.backends.dirac.identities import PERSON, Identities

KILL, CLEAN, INFO = (f"POST /1.0/jobs?action={action}" for action in ("kill", "clean", "info"))
LIST = "GET /1.0/jobs?state"
FAILED = NativeId("VSnKDmfFJpAoOSAtDmABFKDmABFKDmABFKDmu7MKDmABFKDmj79MGn")


@asynccontextmanager
async def opened(script: Scripted, folder: Path, proxy: Proxy | None = None) -> AsyncIterator[ArcBackend]:
    async with asked(script) as service:
        yield ArcBackend(service, proxy or Proxy(folder / "none", None), Settings(), folder)


async def test_it_can_what_it_says(tmp_path: Path) -> None:
    async with opened(Scripted(), tmp_path) as backend:
        for kind in (Adopting, Discarding, Historied, Identified, Readable):
            assert isinstance(backend, kind)
        assert "ArcBackend" in repr(backend)


async def test_orders_go_out_and_a_refusal_is_noted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    script = Scripted()
    script.answers = {
        KILL: b'{"job":{"status-code":"505","reason":"Job could not be canceled","id":"a"}}',
        CLEAN: recorded("clean"),
    }
    async with opened(script, tmp_path) as backend:
        await backend.kill([NativeId("a")])
        assert "ARC does not kill the job a: Job could not be canceled" in caplog.text
        caplog.clear()
        await backend.discard([FAILED])
        assert not [record for record in caplog.records if record.name.startswith("ganga")]
        await backend.kill([])
    assert [question for question in script.asked if question.startswith("POST")] == [KILL, CLEAN]


async def test_jobs_are_adopted_by_id_address_or_name(tmp_path: Path) -> None:
    script = Scripted()
    script.answers = {
        LIST: b'{"job":[{"id":"%s","state":"FAILED"}]}' % FAILED.encode(),
        INFO: recorded("info-failed"),
        f"GET /1.0/jobs/{FAILED}/diagnose/diag": b"exitcode=3\n",
        f"GET /1.0/jobs/{FAILED}/diagnose/failed": b"LRMS error: (3)\n",
    }
    async with opened(script, tmp_path) as backend:
        for reference in (FAILED, f"https://arc.example.org/arex/rest/1.0/jobs/{FAILED}/", "name:exit3"):
            adopted = await backend.adopt([reference])
            assert {job: (seen.status, seen.exit_code) for job, seen in adopted.items()} == {
                FAILED: (JobStatus.FAILED, 3)
            }
        for strange in ("name:other", "unknown", "no id!", ""):
            with pytest.raises(UsageError):
                await backend.adopt([strange])


async def test_what_happened_to_jobs_is_told_of_those_that_are_known(tmp_path: Path) -> None:
    script = Scripted()
    notes = b"2026-11-22T22:31:49Z Job state change UNDEFINED -> ACCEPTED   Reason: new\n"
    script.answers = {f"GET /1.0/jobs/{FAILED}/diagnose/errors": notes}
    async with opened(script, tmp_path) as backend:
        history = await backend.history([FAILED, NativeId("unknown"), NativeId("no id!")])
    assert {job: [step.status for step in told] for job, told in history.items()} == {FAILED: ["ACCEPTED"]}


async def test_we_are_whose_proxy_was_read_last(identities: Identities, tmp_path: Path) -> None:
    proxy = Proxy(identities.folder / "proxy.pem", identities.folder / "ca.pem")
    async with opened(Scripted(), tmp_path, proxy) as backend:
        before = backend.identity
        await proxy.current()
        known = backend.identity
    assert before is None
    assert known is not None
    assert (known.name, known.expires_at) == (PERSON, proxy.expires_at)
