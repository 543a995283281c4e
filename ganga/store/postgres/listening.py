"""Waiting for what others write: the server notifies, and a slow look stands behind that."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from ganga.errors import StoreError
from ganga.model.ids import Seq
from ganga.store.news import News
from ganga.store.postgres.channels import Channels, hinted, news_channel

#: Seconds for which one listens when nobody waits any longer: most come back.
_LINGER: Final = 10.0


class Listener:
    """Announces to `news` what `last_seq` finds, while anybody waits there."""

    def __init__(self, channels: Channels, owner: str, news: News, last_seq: Callable[[], Awaitable[Seq]]) -> None:
        self._channels = channels
        self._channel = news_channel(owner)
        self._news = news
        self._last_seq = last_seq
        self._task: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin, unless that was done."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="store looks")

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        waited = loop.time()
        try:
            async with self._channels.hints(self._channel) as hint:
                while self._news or loop.time() < waited + _LINGER:
                    hint.clear()
                    if self._news:
                        waited = loop.time()
                        self._news.announce(await self._last_seq())
                    await hinted(hint)
        except StoreError as error:
            self._news.fail(error)
