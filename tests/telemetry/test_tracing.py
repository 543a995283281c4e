"""A span for each order, in it one for each call; errors as people are told them, and no secrets."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from ganga.errors import BackendUnavailable
from ganga.model.ids import NativeId, TargetName
from ganga.model.job import JobSpec
from ganga.model.observation import Answer
from ganga.monitor.instruments import Call
from ganga.telemetry.tracing import WORDS, Tracing, exporting
from tests.monitor.doubles import Odd, Site, scripted, target, that, virtual

SITE = TargetName("site")


class Spans:
    """All spans that ended, in memory."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider.get_tracer("test"))

    def named(self, name: str) -> Sequence[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    @property
    def names(self) -> set[str]:
        return {span.name for span in self._exporter.get_finished_spans()}

    @property
    def text(self) -> str:
        return "".join(span.to_json() for span in self._exporter.get_finished_spans())


class Unreachable(Odd):
    async def poll(self, ids: Collection[NativeId], /) -> Answer:
        raise BackendUnavailable(f"the gate is shut: {'x' * 1000} to {len(ids)}")


@virtual
async def test_each_call_lies_in_its_order(tmp_path: Path) -> None:
    site, spans = Site(tmp_path, target("site", scripted())), Spans()
    async with site.service(observer=spans.tracing):
        await site.until(await site.create("site", subjobs=3))
    assert spans.names >= {"order.submit", "backend.submit", "order.sweep", "backend.poll", "store.save"}
    assert spans.names >= {"order.finish", "backend.fetch"}
    [order], [call] = spans.named("order.submit"), spans.named("backend.submit")
    assert call.parent is not None
    assert order.context is not None
    assert call.parent.span_id == order.context.span_id
    assert call.attributes == {"ganga.target": "site", "ganga.verb": "submit", "ganga.jobs": 3}
    assert (order.kind, call.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert order.parent is None
    saves = spans.named("store.save")
    assert sum(int(str((save.attributes or {})["ganga.events"])) for save in saves) == await site.store.last_seq() - 1


@virtual
async def test_an_error_is_told_by_its_kind_and_its_words(tmp_path: Path) -> None:
    site, spans = Site(tmp_path, target("site", Unreachable())), Spans()
    async with site.service(observer=spans.tracing):
        await site.create("site")
        await that(lambda: bool(spans.named("backend.poll")))
    span = spans.named("backend.poll")[0]
    assert span.status.status_code is StatusCode.ERROR
    assert (span.status.description or "").startswith("the gate is shut: xxx")
    assert len(span.status.description or "") <= WORDS + 3
    assert (span.attributes or {})["ganga.outcome"] == "unavailable"
    [event] = span.events
    assert (event.attributes or {})["exception.type"] == "BackendUnavailable"
    assert "exception.stacktrace" not in (event.attributes or {})


@virtual
async def test_no_span_tells_what_jobs_are(tmp_path: Path) -> None:
    site, spans = Site(tmp_path, target("site", scripted())), Spans()
    spec = JobSpec(command=("secret-program", "--password=hush"), name="confidential", environment={"TOKEN": "hush"})
    async with site.service(observer=spans.tracing):
        await site.until(await site.create("site", spec=spec))
    assert not {word for word in ("secret-program", "hush", "confidential", "TOKEN") if word in spans.text}


@asynccontextmanager
async def collector(requests: "asyncio.Queue[ExportTraceServiceRequest]") -> AsyncIterator[str]:
    """A receiver of OTLP over HTTP, and its address."""

    async def receive(request: web.Request) -> web.Response:
        requests.put_nowait(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    application = web.Application()
    application.router.add_post("/v1/traces", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def trace_one_call() -> None:
    with exporting() as tracing, tracing.during(Call(SITE, "poll", 2)):
        pass


async def test_spans_reach_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue()
    async with collector(requests) as address, asyncio.timeout(60.0):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
        await asyncio.to_thread(trace_one_call)
        [resource_spans] = (await requests.get()).resource_spans
    resource = {attribute.key: attribute.value.string_value for attribute in resource_spans.resource.attributes}
    assert resource["service.name"] == "ganga"
    assert resource["deployment.environment"] == "test"
    [span] = resource_spans.scope_spans[0].spans
    assert span.name == "backend.poll"
    assert {attribute.key for attribute in span.attributes} == {"ganga.target", "ganga.verb", "ganga.jobs"}


async def test_the_standard_variables_name_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue()
    async with collector(requests) as address, asyncio.timeout(60.0):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "night-shift")
        await asyncio.to_thread(trace_one_call)
        [resource_spans] = (await requests.get()).resource_spans
    resource = {attribute.key: attribute.value.string_value for attribute in resource_spans.resource.attributes}
    assert resource["service.name"] == "night-shift"
