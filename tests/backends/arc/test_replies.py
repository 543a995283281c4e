"""What A-REX answers is read as it is, or is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganga.backends.arc.replies import by_id, entries, is_id, listing, text, versions
from ganga.errors import BackendProtocolError
from tests.backends.arc.element import recorded

KNOWN = "QrFODmJHVpAoOSAtDmABFKDmABFKDmABFKDmfMJKDmABFKDm8YZDBo"


@pytest.mark.parametrize(("name", "codes"), [("new-single", ["201"]), ("new-multi", ["201"] * 2), ("kill", ["202"])])
def test_one_job_is_an_object_and_several_are_a_list(name: str, codes: list[str]) -> None:
    assert [entry.code for entry in entries(recorded(name))] == codes


def test_each_job_has_a_verdict_of_its_own() -> None:
    (refused,) = entries(recorded("new-bad-queue"))
    assert (refused.code, refused.reason, refused.id) == (
        "500",
        "Requested queue nope is not allowed for this user",
        "",
    )
    (unknown,) = by_id(recorded("status-unknown")).values()
    assert (unknown.code, unknown.state) == ("404", "None")
    states = [entry.state for entry in by_id(recorded("status-multi-late")).values()]
    assert states == ["FAILED", "FINISHED", "RUNNING"]


def test_nothing_at_all_are_no_jobs() -> None:
    assert list(entries(b"")) == []
    assert listing(b"") == ((), ())


def test_arc_7_has_a_list_of_one_and_of_none_too() -> None:
    assert list(entries(recorded("arc-7/list-none"))) == []
    assert [entry.state for entry in entries(recorded("arc-7/list-ended"))] == ["FAILED"]
    assert [entry.code for entry in entries(recorded("arc-7/new-single"))] == ["201"]
    assert [entry.code for entry in entries(recorded("arc-7/kill"))] == ["202"]
    (refused,) = entries(recorded("arc-7/new-bad-queue"))
    assert (refused.code, refused.id) == ("500", "")
    (unknown,) = by_id(recorded("arc-7/status-unknown")).values()
    assert (unknown.code, unknown.state) == ("404", "None")
    (failed,) = entries(recorded("arc-7/info-failed"))
    assert (text(failed.document.name), text(failed.document.stdout)) == ("exit42", "out")
    assert listing(recorded("arc-7/session")) == (["out"], [])


def test_ids_of_arc_7_are_short() -> None:
    assert all(is_id(job) and len(job) == 12 for job in by_id(recorded("arc-7/status-ended")))


def test_lists_with_one_job_are_read_too() -> None:
    (entry,) = entries(b'{"job":[{"status-code":200,"id":"a","info_document":""}]}')
    assert entry.code == "200"
    assert text(entry.document.name) == ""


def test_a_document_tells_one_value_or_several() -> None:
    one, several = recorded("info-failed"), recorded("info-failed").replace(b'"exit3"', b'["exit3","again"]')
    assert one != several
    for body in (one, several):
        (entry,) = entries(body)
        assert text(entry.document.name) == "exit3"


@pytest.mark.parametrize(
    ("body", "offered"), [(b'{"version":"1.0"}', ["1.0"]), (b'{"version":["1.0","1.1"]}', ["1.0", "1.1"])]
)
def test_versions_are_one_or_several(body: bytes, offered: list[str]) -> None:
    assert versions(body) == offered


def test_a_folder_lists_files_and_folders() -> None:
    assert listing(b'{"file":["err","out"],"dir":"a"}') == (["err", "out"], ["a"])
    assert listing(b'{"dir":["a","b"]}') == ([], ["a", "b"])


def test_names_are_put_together_from_their_bytes() -> None:
    assert listing(b'{"file":["\\u00C3\\u00BC\\"\\u005C","\\u00FC","\xe2\x82\xac"]}') == (['ü"\\', "ü", "€"], [])


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc/passwd", "a\\u0000b"])
def test_a_name_that_leads_elsewhere_is_not_believed(name: str) -> None:
    with pytest.raises(BackendProtocolError, match="no file may have"):
        listing(b'{"file":"%s"}' % name.encode())


@pytest.mark.parametrize("cut", range(1, 131, 13))
def test_half_a_reply_is_no_reply(cut: int) -> None:
    with pytest.raises(BackendProtocolError, match="cannot be read"):
        entries(recorded("status-single")[:cut])


@given(st.binary())
def test_any_bytes_are_jobs_or_an_error(body: bytes) -> None:
    for read in (entries, by_id, listing, versions):
        try:
            read(body)
        except BackendProtocolError:
            continue


def test_what_goes_into_an_address_is_an_id() -> None:
    assert is_id(KNOWN)
    assert not any(map(is_id, ("", "a/b", "..", "a?b", "ü", "a" * 200)))
