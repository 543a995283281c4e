"""Run by a Python that has DIRAC: what the road does in the process itself."""

import asyncio
import json

from ganga.backends.dirac.client.here import Threads
from ganga.backends.dirac.client.services import ClientRoad, open_road
from ganga.backends.dirac.settings import Settings


async def main() -> None:
    async with open_road(Settings()) as road:
        assert isinstance(road, ClientRoad)
        caller = road._client._caller
        assert isinstance(caller, Threads)
        who = await road.whoami()
        await asyncio.gather(*(road.states([1]) for _ in range(20)))
        helper = caller._helper.pid
        jobs = await road.submit(['[Executable="/bin/echo"; JobName="in process";]'])
        states = await road.states(jobs)
        told = {
            "owner": who.owner,
            "helper_after_questions": helper,
            "submitted": [state.status for state in states.values()],
            "stuck": road.stuck_threads,
        }
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main())
