from pathlib import Path

import msgspec
import pytest

from ganga.errors import ConfigurationError
from ganga.reading import nearest, read_struct


class Oven(msgspec.Struct, frozen=True):
    heat: int
    fan: bool = False


def test_a_table_becomes_a_record() -> None:
    assert read_struct(Oven, {"heat": 200}, where="oven", file=None) == Oven(200)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"heet": 1}, "f.toml: [oven] has an unknown setting 'heet'; did you mean 'heat'?"),
        ({"zzz": 1}, "f.toml: [oven] has an unknown setting 'zzz'; known here: fan, heat"),
        ({"heat": "hot"}, "f.toml: oven.heat: expected `int`, got `str`"),
        ({}, "f.toml: oven: object missing required field `heat`"),
        ([], "f.toml: oven: expected `object`, got `array`"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(table: object, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_struct(Oven, table, where="oven", file=Path("f.toml"))
    assert str(caught.value) == sentence


def test_the_nearest_word_is_what_was_meant() -> None:
    assert nearest("lst", ["list", "logs"]) == "list"
    assert nearest("xyzzy", ["list", "logs"]) is None
