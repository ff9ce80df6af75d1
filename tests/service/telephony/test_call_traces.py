"""The trace of a call: from the announcement over the session to the orders to the network, callbacks linked."""

from unittest import mock

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from tests.kit.spans import recorded_spans
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import answered, over, telephone

TRACERS = ("app.telemetry.requests", "actors.runtime.session_trace")


def context_of(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert isinstance(context, SpanContext)
    return context


@on_virtual_time
async def test_a_session_goes_on_with_the_trace_of_its_call_and_callbacks_link_to_it() -> None:
    with recorded_spans(*TRACERS) as spans, mock.patch("app.middleware.is_tracing", return_value=True):
        async with telephone() as phone:
            caller = await answered(phone)
            assert caller.call is not None
            await phone.rest.get("/sessions")
            (session_id,) = phone.service.sessions.live
            await phone.rest.get(f"/sessions/{session_id}")
            caller.hang_up()
            await over(phone, caller)
            await phone.service.sessions.emptied()
        finished = spans.get_finished_spans()
    (session,) = [span for span in finished if span.name == "session"]
    (announced,) = [span for span in finished if span.name == "POST /api/v1/calls/answer"]
    assert session.parent is not None
    assert session.parent.span_id == context_of(announced).span_id
    assert context_of(session).trace_id == context_of(announced).trace_id
    linked = {span.name for span in finished for link in span.links if link.context == session.context}
    assert linked == {"POST /api/v1/calls/callbacks/{call_secret}", "GET /api/v1/sessions/{session_id}"}
    assert (session.attributes or {})["session.id"] == session_id
    text = "".join(span.to_json() for span in finished)
    assert "5550100" not in text
    assert caller.call.connection_id not in text
