"""The worker of the tests where DIRAC's services and DiracX share their databases."""

import asyncio
from pathlib import Path

from ganga.errors import BackendUnavailable
from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac.worker import Worker

_TRIES = 10


class CommonWorker(ServiceWorker):
    """Tells of its jobs over DISET, and brings their output to DiracX, from where DIRAC's own store fetches it."""

    slots = 64

    async def _bring_inputs(self, jdl: dict[str, str], folder: Path) -> None:
        bring = Worker._bring_inputs if "|/S3/" in jdl.get("InputSandbox", "") else ServiceWorker._bring_inputs
        await bring(self, jdl, folder)

    async def _send_outputs(self, job: int, jdl: dict[str, str], folder: Path) -> None:
        """As often as it takes: on a busy machine DiracX now and then fails on this database, and pilots try again."""
        for _ in range(_TRIES):
            try:
                await Worker._send_outputs(self, job, jdl, folder)
            except BackendUnavailable:
                await asyncio.sleep(1)
            else:
                return
        await Worker._send_outputs(self, job, jdl, folder)
