"""What is told, kept and told again."""

import asyncio

from ganga.backends.local.news import News
from ganga.model.ids import Cursor, NativeId

A, B = NativeId("a"), NativeId("b")


async def test_news_are_told_once_when_they_arrived() -> None:
    news = News()
    news.add({A: None})
    await news.wait(None, 0)
    told, cursor = news.take()
    assert list(told) == [A]
    await news.wait(cursor, 0)
    assert news.take() == ({}, cursor)


async def test_news_are_told_again_when_they_did_not_arrive() -> None:
    news = News()
    news.add({A: None})
    await news.wait(None, 0)
    news.take()
    news.add({B: None})
    await news.wait(Cursor("old"), 0)
    assert list(news.take()[0]) == [A, B]


async def test_nothing_is_told_of_a_job_before_it_is_known_to_be_submitted() -> None:
    news = News()
    with news.withheld([A]):
        news.add({A: None, B: None})
        await news.wait(None, 0)
        told, cursor = news.take()
        assert list(told) == [B]
        waiting = asyncio.create_task(news.wait(cursor, 60))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert list(news.take()[0]) == [A]


async def test_waiting_ends_with_news() -> None:
    news = News()
    waiting = asyncio.create_task(news.wait(None, 60))
    await asyncio.sleep(0)
    news.add({A: None})
    await waiting


async def test_many_news_come_in_parts() -> None:
    news = News()
    news.add({NativeId(str(number)): None for number in range(2500)})
    sizes = []
    cursor = None
    for _ in range(4):
        await news.wait(cursor, 0)
        told, cursor = news.take()
        sizes.append(len(told))
    assert sizes == [1000, 1000, 500, 0]
