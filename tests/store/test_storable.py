import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.errors import UsageError
from ganga.model.ids import TargetName
from ganga.store.storable import check_target, storable_text

any_text = st.text(st.characters(codec=None, categories=None))


@given(any_text)
def test_any_text_becomes_storable_and_stays_as_it_is(text: str) -> None:
    kept = storable_text(text)
    kept.encode()
    assert storable_text(kept) == kept


@given(st.text())
def test_storable_text_is_kept(text: str) -> None:
    assert storable_text(text) == text


def test_a_target_must_be_text() -> None:
    check_target(TargetName("lokal@münchen"))
    with pytest.raises(UsageError, match="is not a name of a target"):
        check_target(TargetName("a\udc80"))
