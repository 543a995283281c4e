"""All text comes back, and comes the same way by JSON."""

import json

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from ganga.store.postgres.text import escape_in, escaped, json_rows, unescaped
from tests.live.postgres_server.server import PostgresServer

texts = st.text(st.sampled_from('\0\x01\x0201\\u"a{é😀\n'), max_size=12) | st.text(max_size=12)


@given(texts)
def test_kept_text_has_no_nul_and_comes_back(text: str) -> None:
    assert "\0" not in escaped(text)
    assert unescaped(escaped(text)) == text


@given(texts, texts)
def test_different_text_is_kept_differently(one: str, other: str) -> None:
    assert (escaped(one) == escaped(other)) == (one == other)


@given(texts)
def test_json_keeps_the_same_text(text: str) -> None:
    assert json.loads(json_rows([{"text": text}])) == [{"text": escaped(text)}]


async def test_it_comes_back_from_a_server(postgres_server: PostgresServer) -> None:
    text = "\0a\x01\0\\u0000\x010\x011é😀"
    async with await psycopg.AsyncConnection.connect(postgres_server.url()) as connection:
        escape_in(connection)
        values = {"text": text, "texts": [text, None], "rows": json_rows([{"text": text}])}
        sent = await connection.execute("SELECT %(text)s::text, %(texts)s::text[]", values)
        assert await sent.fetchone() == (text, [text, None])
        sent = await connection.execute("SELECT text FROM json_to_recordset(%(rows)s) AS x(text text)", values)
        assert await sent.fetchone() == (text,)
