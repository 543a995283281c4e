"""The worker of the tests where DIRAC's services and DiracX share their databases."""

from pathlib import Path

from tests.live.dirac.services.worker import ServiceWorker
from tests.live.dirac.worker import Worker


class CommonWorker(ServiceWorker):
    """Tells of its jobs over DISET, and brings their output to DiracX, from where DIRAC's own store fetches it."""

    slots = 64

    async def _bring_inputs(self, jdl: dict[str, str], folder: Path) -> None:
        bring = Worker._bring_inputs if "|/S3/" in jdl.get("InputSandbox", "") else ServiceWorker._bring_inputs
        await bring(self, jdl, folder)

    async def _send_outputs(self, job: int, jdl: dict[str, str], folder: Path) -> None:
        await Worker._send_outputs(self, job, jdl, folder)
