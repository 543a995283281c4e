"""What ``{owner}`` may stand in, and what becomes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import ConfigurationError
from ganga.hosting.templates import OWNER, check_templates, filled, is_plain, speaks_of_owner

PLAIN = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", fullmatch=True)
WORDS = st.text("abc/@.-_", max_size=8)
TEXTS = st.lists(st.one_of(WORDS, st.just(OWNER)), max_size=4).map("".join)
OTHERS = st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False))
VALUES = st.recursive(
    st.one_of(TEXTS, OTHERS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)
TABLES = st.dictionaries(WORDS, VALUES, max_size=4)


@given(TABLES, PLAIN)
def test_nothing_speaks_of_the_owner_once_it_is_filled(table: dict[str, object], owner: str) -> None:
    check_templates(table, "targets.site")
    assert not speaks_of_owner(filled(table, owner))


@given(TABLES, PLAIN)
def test_what_does_not_speak_of_the_owner_stays_as_it_is(table: dict[str, object], owner: str) -> None:
    assert (filled(table, owner) == table) is not speaks_of_owner(table)


@given(TABLES, PLAIN, PLAIN)
def test_two_owners_share_no_value_that_speaks_of_them(table: dict[str, object], one: str, other: str) -> None:
    assert (filled(table, one) == filled(table, other)) is (one == other or not speaks_of_owner(table))


@given(PLAIN)
def test_a_plain_name_stays_within_its_folder(owner: str) -> None:
    assert is_plain(owner)
    assert owner not in {".", ".."}
    assert not set(owner) & set("/\\\0\n@: {}$`'\"")


@pytest.mark.parametrize(
    "owner",
    [
        "",
        ".",
        "..",
        "../bob",
        ".ssh",
        "-oProxyCommand=x",
        "a/b",
        "a\0",
        "a\n",
        "ada@gate",
        "ä",
        "{owner}",
        "a b",
        "x" * 64,
    ],
)
def test_names_that_are_not_plain(owner: str) -> None:
    assert not is_plain(owner)


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ({"host": "{user}@cluster"}, "targets.site.host has '{user}'"),
        ({"host": "{Owner}@cluster"}, "targets.site.host has '{Owner}'"),
        ({"proxy": "/srv/{ owner }/proxy"}, "targets.site.proxy has '{ owner }'"),
        ({"proxy": "/srv/{owner}/{target}"}, "targets.site.proxy has '{target}'"),
        ({"proxy": "/srv/{{owner}}"}, "targets.site.proxy has '{"),
        ({"proxy": "/srv/{owner}}"}, "targets.site.proxy has '}'"),
        ({"services": {"x": ["https://a", "https://{owner}/{}"]}}, "targets.site.services.x[1] has '{}'"),
    ],
)
def test_slips_are_told_with_their_place(table: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_templates(table, "targets.site")
    assert named in str(refused.value)
    assert "{owner} stands for the name of the owner" in str(refused.value)


@pytest.mark.parametrize("text", ["(environment={A B})", "{}", "${HOME}", "}{", '("{x}")'])
def test_other_braces_are_their_own_business(text: str) -> None:
    check_templates({"native": [text]}, "targets.site")
    assert filled({"native": [text]}, "ada") == {"native": [text]}
