"""Spans of a test's own, without a provider for the whole process, which can be installed only once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


@contextmanager
def recorded_spans(*modules: str) -> Iterator[InMemorySpanExporter]:
    """What these modules, each with a tracer of its own named `_tracer`, record from now on."""
    spans, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    patches = [mock.patch(f"{module}._tracer", provider.get_tracer("earshot")) for module in modules]
    for patch in patches:
        patch.start()
    try:
        yield spans
    finally:
        for patch in patches:
            patch.stop()
        provider.shutdown()


def tree(spans: Sequence[ReadableSpan]) -> dict[str, list[str]]:
    """The names of the spans below each span, by its name, in the order in which they began."""
    below: dict[str, list[str]] = {}
    names = {span.context.span_id: span.name for span in spans if span.context is not None}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        parent = names.get(span.parent.span_id, "elsewhere") if span.parent is not None else ""
        below.setdefault(parent, []).append(span.name)
    return below
