"""What a scrape over HTTP tells of monitors at work, read by Prometheus' own parser."""

import asyncio
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from ganga.model.ids import TargetName
from ganga.model.status import JobStatus
from ganga.monitor.instruments import Call, LoopHeld
from ganga.telemetry.metrics import Metrics
from ganga.testing.clock import VirtualLoop
from ganga.testing.world import Script
from tests.live import promtool
from tests.live.needs import needs
from tests.live.system_packages import NotInstalled
from tests.monitor.doubles import Site, scripted, target, that, virtual

SITE = TargetName("site")
PARENT_JOBS = 3


class Scraped:
    """Metrics behind a real HTTP server, which answers in threads of its own."""

    def __init__(self, port: int, metrics: Metrics) -> None:
        self._port = port
        self.metrics = metrics

    @property
    def text(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=60) as reply:
            return str(reply.read(), "utf-8")

    @property
    def families(self) -> dict[str, Metric]:
        return {family.name: family for family in text_string_to_metric_families(self.text)}

    def value(self, sample_name: str, **labels: str) -> float:
        samples = [sample for family in self.families.values() for sample in family.samples]
        [value] = [one.value for one in samples if one.name == sample_name and labels.items() <= one.labels.items()]
        return value


@contextmanager
def scraped() -> Iterator[Scraped]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    registry = CollectorRegistry()
    metrics = Metrics(registry, loop.clock)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        yield Scraped(int(server.server_address[1]), metrics)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@virtual
async def test_monitors_at_work(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(running=1e6))))
    with scraped() as scrape:
        job = await site.create("site", subjobs=PARENT_JOBS)
        async with site.service(observer=scrape.metrics):
            await site.until(job, JobStatus.RUNNING)
            await that(lambda: scrape.value("ganga_jobs", target="site", status="running") == 1 + PARENT_JOBS)
            assert scrape.value("ganga_backend_calls_total", target="site", verb="submit", outcome="ok") == 1
            assert scrape.value("ganga_backend_call_seconds_count", verb="submit") == 1
            assert scrape.value("ganga_saves_total", target="site", outcome="ok") >= 1
            assert scrape.value("ganga_save_seconds_count", target="site") >= 1
            assert scrape.value("ganga_saved_events_total") == await site.store.last_seq() - 1
            assert scrape.value("ganga_saved_records_total") >= PARENT_JOBS
            assert scrape.value("ganga_lease_held", target="site") == 1
            assert scrape.value("ganga_lease_changes_total", change="taken") == 1
            assert scrape.value("ganga_target_up", target="site") == 1
            assert 0.0 <= scrape.value("ganga_status_age_seconds", target="site") <= 10.0
        assert scrape.value("ganga_lease_held", target="site") == 0
        assert scrape.value("ganga_lease_changes_total", change="returned") == 1


@virtual
async def test_the_number_of_series_does_not_grow_with_the_jobs(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(running=1.0))))
    with scraped() as scrape:
        async with site.service(observer=scrape.metrics):
            await site.until(await site.create("site"))
            before = {name: len(family.samples) for name, family in scrape.families.items()}
            for _ in range(10):
                await site.until(await site.create("site"))
            assert {name: len(family.samples) for name, family in scrape.families.items()} == before


@virtual
async def test_no_label_is_anything_but_a_target_or_a_word_of_ours(tmp_path: Path) -> None:
    site = Site(tmp_path, target("site", scripted(Script(running=1.0))))
    with scraped() as scrape:
        async with site.service(observer=scrape.metrics):
            await site.until(await site.create("site"))
        labels = {label for family in scrape.families.values() for one in family.samples for label in one.labels}
    assert labels <= {"target", "verb", "outcome", "status", "change", "version", "le"}


@virtual
async def test_a_hold_is_counted() -> None:
    with scraped() as scrape:
        scrape.metrics.tell(LoopHeld(1.0))
        assert scrape.value("ganga_event_loop_holds_total") == 1


@virtual
async def test_a_call_that_fails_is_counted_as_what_it_was() -> None:
    with scraped() as scrape:
        with pytest.raises(TimeoutError), scrape.metrics.during(Call(SITE, "poll", 1)):
            raise TimeoutError
        assert scrape.value("ganga_backend_calls_total", verb="poll", outcome="failed") == 1


def complaints_of_promtool(program: Path, text: str) -> str:
    command = [str(program), "check", "metrics"]
    check = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return check.stdout + check.stderr + (f"exit code {check.returncode}" if check.returncode else "")


@virtual
async def test_promtool_has_no_complaint(tmp_path: Path) -> None:
    needs(promtool.program, NotInstalled)
    site = Site(tmp_path, target("site", scripted(Script(running=1.0))))
    with scraped() as scrape:
        async with site.service(observer=scrape.metrics):
            await site.until(await site.create("site"))
        text = scrape.text
    assert complaints_of_promtool(promtool.program(), text) == ""
    assert "no help text" in complaints_of_promtool(promtool.program(), "metric 1\n")
