"""A pattern means to the server what it means to Python."""

from fnmatch import fnmatchcase

import psycopg
from hypothesis import example, given
from hypothesis import strategies as st

from ganga.store.patterns import beginning, behind_all
from ganga.store.postgres.patterns import regular_expression
from ganga.store.postgres.text import escaped
from tests.live.postgres_server.server import PostgresServer

LETTERS = "fit-012*?[]!^a\\\0\x01\x02é~&|:=.\n😀zZ"
names = st.text(LETTERS, max_size=5) | st.text(st.characters(codec="utf-8"), max_size=4)
patterns = st.text(LETTERS + "[[]]!--**??", max_size=9) | st.text(st.characters(codec="utf-8"), max_size=5)


@given(pattern=patterns, name=names)
@example("\0*", "\0z")
@example("\x01*", "\x01z")
def test_a_name_that_fits_is_within_the_bounds_as_all_three_are_kept(pattern: str, name: str) -> None:
    begins, behind = beginning(pattern), behind_all(beginning(pattern))
    if fnmatchcase(name, pattern):
        assert escaped(begins).encode() <= escaped(name).encode()
        assert behind is None or escaped(name).encode() < escaped(behind).encode()


def test_a_pattern_means_the_same_to_the_server(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:

        @given(st.lists(names, min_size=1, max_size=8), patterns)
        @example(["\0", "\x01"], "*0")
        @example(["\0", "\x01", "0"], "[!\0]")
        @example(["\x01", "b"], "[\0-a]")
        @example(["", "a", "-"], "[b-a-]")
        def compare(names: list[str], pattern: str) -> None:
            found = connection.execute(
                'SELECT name COLLATE "C" ~ %s FROM unnest(%s::text[]) WITH ORDINALITY AS x(name, place) ORDER BY place',
                (regular_expression(pattern), list(map(escaped, names))),
            ).fetchall()
            assert [fits for (fits,) in found] == [fnmatchcase(name, pattern) for name in names]

        compare()
