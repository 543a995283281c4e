"""What ``condor_q`` and ``condor_history`` say, as JSON.

Of no job at all `condor_q` says nothing, as one would that was cut off. So it is then asked for the totals of the same
question, and only these tell that there is none.
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from ganga.backends.batch.dialect import Entry, Listing
from ganga.backends.batch.shell import Reply
from ganga.backends.htcondor import ids
from ganga.backends.htcondor.complaints import unavailable
from ganga.backends.htcondor.states import Ad, observation
from ganga.model.ids import NativeId

ATTRIBUTES: Final = ",".join(field.encode_name for field in msgspec.structs.fields(Ad))

#: `condor_q` with the words of the question; and for the totals, where it says nothing.
ASK_QUEUE: Final = """
said=$(condor_q "$@") || { code=$?; printf '%s\\n' "$said"; exit $code; }
case $said in
'') condor_q "$@" -totals ;;
*) printf '%s\\n' "$said" ;;
esac
"""

_T = TypeVar("_T")
_A = TypeVar("_A", bound=Ad)


class _Totals(msgspec.Struct, frozen=True, rename="pascal"):
    my_type: str
    jobs: int
    error_code: int


_NONE: Final = [_Totals("Summary", 0, 0)]


class _Core(msgspec.Struct, frozen=True, rename="pascal"):
    cluster_id: int
    proc_id: int
    job_status: int


def read_queue(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    text = _array(reply)
    totals = _read(text, list[_Totals])
    if totals is None:
        return _entries(_ads(reply, text, Ad))
    if totals != _NONE:
        raise reply.unreadable("a list of jobs, or the totals of none")
    return {}


def read_history(reply: Reply) -> Listing:
    """An empty list is one. Raises `BackendUnavailable` and `BackendProtocolError`."""
    return _entries(_ads(reply, _array(reply), Ad))


def ads(reply: Reply, kind: type[_A]) -> Sequence[_A]:
    """The jobs that either tells of. Raises `BackendUnavailable` and `BackendProtocolError`."""
    text = _array(reply)
    return [] if _read(text, list[_Totals]) == _NONE else _ads(reply, text, kind)


def _array(reply: Reply) -> bytes:
    """From the line that opens it to the end: sites let commands say more before."""
    if reply.exit_code != 0:
        raise unavailable(reply)
    text = b"\n" + reply.stdout.strip()
    start = text.find(b"\n[\n")
    if start < 0 or not text.endswith(b"\n]"):
        raise reply.unreadable("a whole list in JSON, with its end")
    return text[start:]


def _ads(reply: Reply, text: bytes, kind: type[_A]) -> Sequence[_A]:
    raws = _read(text, list[msgspec.Raw])
    known = [ad for raw in raws or () if (ad := _ad(raw, kind)) is not None]
    if raws is None or len(known) < len(raws):
        raise reply.unreadable("a list of jobs with their numbers and statuses")
    return known


def _ad(raw: msgspec.Raw, kind: type[_A]) -> _A | None:
    """Of jobs that were held once, spooled ones too, attributes may be there and undefined. And anybody may have put
    strange things into them: then only the status counts.
    """
    ad = _read(raw, kind) or _defined(raw, kind)
    if ad is not None:
        return ad
    core = _read(raw, _Core)
    return None if core is None else kind(cluster_id=core.cluster_id, proc_id=core.proc_id, job_status=core.job_status)


def _defined(raw: msgspec.Raw, kind: type[_A]) -> _A | None:
    attributes = _read(raw, dict[str, object]) or {}
    try:
        return msgspec.convert({name: value for name, value in attributes.items() if value is not None}, kind)
    except msgspec.ValidationError:
        return None


def _entries(ads: Sequence[Ad]) -> dict[NativeId, Entry]:
    return {
        ids.native_id(str(ad.cluster_id), ad.proc_id): Entry(
            ad.job_batch_name, observation(ad), ad.owner, arriving=ad.arriving
        )
        for ad in ads
    }


def _read(text: bytes | msgspec.Raw, kind: type[_T]) -> _T | None:
    """None for text that is no such thing."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
