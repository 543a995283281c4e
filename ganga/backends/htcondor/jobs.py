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


class _Totals(msgspec.Struct, frozen=True, rename="pascal"):
    my_type: str
    jobs: int
    error_code: int


class _Core(msgspec.Struct, frozen=True, rename="pascal"):
    cluster_id: int
    proc_id: int
    job_status: int


def read_queue(reply: Reply) -> Listing:
    """Raises `BackendUnavailable` and `BackendProtocolError`."""
    text = _array(reply)
    totals = _read(text, list[_Totals])
    if totals is None:
        return _listing(reply, text)
    if totals != [_Totals("Summary", 0, 0)]:
        raise reply.unreadable("a list of jobs, or the totals of none")
    return {}


def read_history(reply: Reply) -> Listing:
    """An empty list is one. Raises `BackendUnavailable` and `BackendProtocolError`."""
    return _listing(reply, _array(reply))


def _array(reply: Reply) -> bytes:
    """From the line that opens it to the end: sites let commands say more before."""
    if reply.exit_code != 0:
        raise reply.unavailable()
    text = b"\n" + reply.stdout.strip()
    start = text.find(b"\n[\n")
    if start < 0 or not text.endswith(b"\n]"):
        raise reply.unreadable("a whole list in JSON, with its end")
    return text[start:]


def _listing(reply: Reply, text: bytes) -> Listing:
    raws = _read(text, list[msgspec.Raw])
    ads = [_ad(raw) for raw in raws or ()]
    known = [ad for ad in ads if ad is not None]
    if raws is None or len(known) < len(raws):
        raise reply.unreadable("a list of jobs with their numbers and statuses")
    return _entries(known)


def _ad(raw: msgspec.Raw) -> Ad | None:
    """Anybody may have put strange things into the attributes of a job: then only its status counts."""
    ad = _read(raw, Ad)
    if ad is not None:
        return ad
    core = _read(raw, _Core)
    return None if core is None else Ad(cluster_id=core.cluster_id, proc_id=core.proc_id, job_status=core.job_status)


def _entries(ads: Sequence[Ad]) -> dict[NativeId, Entry]:
    return {
        ids.native_id(str(ad.cluster_id), ad.proc_id): Entry(ad.job_batch_name, observation(ad), ad.owner) for ad in ads
    }


def _read(text: bytes | msgspec.Raw, kind: type[_T]) -> _T | None:
    """None for text that is no such thing."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
