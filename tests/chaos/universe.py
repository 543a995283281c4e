"""The targets' own world: a server with a truth of its own, which it writes down before it tells anybody.

``python -m tests.chaos.universe JOURNAL SEED`` prints its port, and answers one line of JSON with another. How a job
stands at any time follows from the times at which it was accepted, begins, ends or was killed; so the server can tell
what was true a while ago, and nothing has to happen for a job to end.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec

from ganga.model.ids import NativeId, Tag
from ganga.model.status import JobStatus
from tests.chaos.journal import Journal
from tests.chaos.truth import Accepted, Killed, Run, killed, run_of


class Wish(msgspec.Struct, frozen=True):
    """A job as somebody hands it over: how long it will run and how it will end."""

    tag: Tag
    seconds: float
    exit_code: int


class Weather(msgspec.Struct, frozen=True):
    """What is wrong with the answers just now. Times are seconds."""

    late: float = 0.0
    stale: float = 0.0
    empty: bool = False
    cut: bool = False
    duplicated: bool = False
    busy: bool = False


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question to the universe."""

    verb: str
    #: Who asks, and the how-manieth question it is: the same one that arrives twice is one.
    session: int = 0
    serial: int = 0
    wishes: Sequence[Wish] = ()
    tags: Sequence[Tag] = ()
    ids: Sequence[NativeId] = ()
    since: float | None = None
    weather: Weather | None = None


class Sight(msgspec.Struct, frozen=True):
    """How a job stood at some time. Times are UTC."""

    native_id: NativeId
    status: JobStatus
    exit_code: int | None = None
    started_at: float | None = None
    ended_at: float | None = None


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer of the universe."""

    session: int = 0
    named: dict[Tag, NativeId] = {}
    absent: Sequence[Tag] = ()
    seen: Sequence[Sight] = ()
    unknown: Sequence[NativeId] = ()
    #: Up to when the changes are told.
    cursor: float = 0.0
    error: str | None = None


#: So often an answer is as bad as the weather says.
CHANCE = 0.6
#: Jobs wait so long before they begin, at most.
QUEUE = 0.8


@dataclass
class Universe:
    """All jobs of all targets."""

    journal: Journal
    random: Random
    weather: Weather = field(default_factory=Weather)
    runs: dict[NativeId, Run] = field(default_factory=dict)
    named: dict[Tag, NativeId] = field(default_factory=dict)
    #: Who looked for a tag last and was told that it is not here: nobody else may bring it any more, and nothing that
    #: was sent before.
    promised: dict[Tag, tuple[int, int]] = field(default_factory=dict)
    sessions: int = 0
    #: Answers to submissions: one that arrives twice is carried out once.
    receipts: dict[tuple[int, int], Reply] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Carry out a request, once."""
        if request.verb == "weather":
            self.weather = request.weather or Weather()
            return Reply()
        asked = request.session, request.serial
        if request.verb != "submit":
            return self._carried_out(request)
        if asked not in self.receipts:
            taken = dict(taken for wish in request.wishes for taken in self._take(request, wish))
            self.receipts[asked] = Reply(named=taken)
        return self.receipts[asked]

    def _carried_out(self, request: Request) -> Reply:
        match request.verb:
            case "hello":
                self.sessions += 1
                reply = Reply(session=self.sessions)
            case "find":
                reply = self._find(request)
            case "kill":
                reply = self._kill(request.ids)
            case "poll":
                reply = self._poll(request.ids)
            case "changes":
                reply = self._changes(request.since)
            case verb:
                reply = Reply(error=f"there is no verb {verb!r}")
        return reply

    def _take(self, request: Request, wish: Wish) -> list[tuple[Tag, NativeId]]:
        """A plain system: whoever submits the same tag again has a second job."""
        session, serial = self.promised.get(wish.tag, (request.session, 0))
        if session != request.session or request.serial < serial:
            return []
        now = time.monotonic()
        begins = now + self.random.uniform(0.0, QUEUE)
        native_id = NativeId(f"u{len(self.runs) + 1}")
        taken = Accepted(native_id, wish.tag, now, begins, begins + wish.seconds, wish.exit_code)
        self.journal.note(taken)
        self.runs[native_id] = run_of(taken)
        self.named[wish.tag] = native_id
        return [(wish.tag, native_id)]

    def _find(self, request: Request) -> Reply:
        present = {tag: self.named[tag] for tag in request.tags if tag in self.named}
        absent = [tag for tag in request.tags if tag not in present]
        self.promised.update(dict.fromkeys(absent, (request.session, request.serial)))
        return Reply(named=present, absent=absent)

    def _kill(self, ids: Sequence[NativeId]) -> Reply:
        now = time.monotonic()
        for native_id in ids:
            run = self.runs.get(native_id)
            if run is not None and killed(run, now) != run:
                self.journal.note(Killed(native_id, now))
                self.runs[native_id] = killed(run, now)
        return Reply()

    def _poll(self, ids: Sequence[NativeId]) -> Reply:
        at = self._as_of()
        sights = {native_id: self._sight(native_id, at) for native_id in ids}
        unknown = [native_id for native_id, sight in sights.items() if sight is None]
        return Reply(seen=[sight for sight in sights.values() if sight is not None], unknown=unknown)

    def _changes(self, since: float | None) -> Reply:
        at = self._as_of()
        if since is None:
            return Reply(cursor=at)
        changed = [
            native_id
            for native_id, run in self.runs.items()
            if any(since <= time <= at for time in (run.accepted, run.begins, run.ends) if time is not None)
        ]
        sights = [self._sight(native_id, at) for native_id in changed]
        return Reply(seen=[sight for sight in sights if sight is not None], cursor=at)

    def _as_of(self) -> float:
        stale = self.weather.stale if self.random.random() < CHANCE else 0.0
        return time.monotonic() - stale

    def _sight(self, native_id: NativeId, at: float) -> Sight | None:
        """How the job stood at that time; None if nobody knew it then."""
        run = self.runs.get(native_id)
        if run is None or run.accepted is None or run.begins is None or run.ends is None or at < run.accepted:
            return None
        utc = time.time() - time.monotonic()
        if at < run.begins:
            return Sight(native_id, JobStatus.SUBMITTED)
        if at < run.ends:
            return Sight(native_id, JobStatus.RUNNING, None, run.begins + utc)
        status = JobStatus.KILLED if run.killed else run.status or JobStatus.COMPLETED
        return Sight(native_id, status, run.exit_code, run.begins + utc, run.ends + utc)


class Server:
    """Answers as well as the weather permits."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._random = universe.random
        self._read = msgspec.json.Decoder(Request)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one reply, or what the weather leaves of it."""
        try:
            line = await reader.readline()
            if line:
                writer.write(await self._reply(self._read.decode(line)))
                await writer.drain()
        except ConnectionError:
            # Whoever asked has gone: nobody is there to be told.
            pass
        finally:
            writer.close()

    async def _reply(self, request: Request) -> bytes:
        weather = Weather() if request.verb == "weather" else self._universe.weather
        await self._be_late(weather)
        if weather.busy and self._strikes():
            return msgspec.json.encode(Reply(error="503 Service Unavailable")) + b"\n"
        reply = self._universe.answer(request)
        if weather.duplicated and request.verb != "weather" and self._strikes():
            reply = self._doubled(request, reply)
        if weather.empty and request.verb != "hello" and self._strikes():
            # Nothing is said, and the feed has told nothing.
            reply = Reply(cursor=request.since or 0.0)
        await self._be_late(weather)
        line = msgspec.json.encode(reply) + b"\n"
        if weather.cut and self._strikes():
            return line[: self._random.randrange(len(line))]
        return line

    async def _be_late(self, weather: Weather) -> None:
        if weather.late and self._strikes():
            await asyncio.sleep(self._random.uniform(0.0, weather.late))

    def _doubled(self, request: Request, reply: Reply) -> Reply:
        """The request arrives a second time, and all is told twice, in any order."""
        again = self._universe.answer(request)
        seen = [*reply.seen, *again.seen]
        self._random.shuffle(seen)
        return msgspec.structs.replace(reply, seen=seen)

    def _strikes(self) -> bool:
        return self._random.random() < CHANCE


async def _main(journal: Path, seed: int) -> None:
    server = Server(Universe(Journal(journal), Random(seed)))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
