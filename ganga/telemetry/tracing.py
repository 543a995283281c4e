"""What OpenTelemetry is told: a span for each order of a monitor, in it one for each call of a back end, and one for
each save.

A span says the target, what was done, how many jobs it was about, and how it ended: an error by its kind and by the
sentence that people are shown. It names no job and carries no text of one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

import ganga
from ganga.core.orders import CatchUp, Kill, Sweep
from ganga.model.ids import shortened
from ganga.monitor.instruments import Call, Fact, Save, Work, outcome_of

#: Characters of an error that are exported.
WORDS = 300


class Tracing:
    """An observer that makes spans. Spans of libraries that are instrumented themselves lie within them."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def during(self, work: Work, /) -> Iterator[None]:
        """See `Observer.during`."""
        name, kind, attributes = _described(work)
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                _note(span, error)
                raise

    def tell(self, fact: Fact, /) -> None:
        """Facts take no time."""


@contextmanager
def exporting() -> Iterator[Tracing]:
    """Export spans over OTLP/HTTP while the block lasts, as the standard variables ``OTEL_*`` say.

    Leaving it takes as long as the collector may take for an answer, at most.
    """
    named = Resource({"service.name": "ganga", "service.version": ganga.__version__})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield Tracing(provider.get_tracer("ganga", ganga.__version__))
    finally:
        provider.shutdown()


def _described(work: Work) -> tuple[str, SpanKind, Mapping[str, str | int]]:
    match work:
        case Call(target=target, verb=verb, jobs=jobs):
            return f"backend.{verb}", SpanKind.CLIENT, {"ganga.target": target, "ganga.verb": verb, "ganga.jobs": jobs}
        case Save(target=target, records=records, events=events):
            counts = {"ganga.records": records, "ganga.events": events}
            return "store.save", SpanKind.INTERNAL, {"ganga.target": target, **counts}
        case CatchUp(target=target):
            return "order.catch_up", SpanKind.INTERNAL, {"ganga.target": target}
        case Sweep(target=target) | Kill(target=target):
            jobs = len(work.ids)
        case _:
            target, jobs = work.target, len(work.jobs)
    order = type(work).__name__.lower()
    return f"order.{order}", SpanKind.INTERNAL, {"ganga.target": target, "ganga.jobs": jobs}


def _note(span: Span, error: BaseException) -> None:
    words = shortened(str(error), WORDS)
    span.set_attribute("ganga.outcome", outcome_of(error))
    span.add_event("exception", {"exception.type": type(error).__qualname__, "exception.message": words})
    span.set_status(Status(StatusCode.ERROR, words))
