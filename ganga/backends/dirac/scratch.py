"""Private folders for archives on their way."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def scratch_folder(within: Path) -> AsyncIterator[Path]:
    """A fresh folder of this user's alone, removed with all that is in it. Raises `OSError`."""
    folder = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp(dir=within)))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)
