"""Telemetry at dispatch, once: handlers contain none. OpenTelemetry's API only; without an SDK nothing is recorded."""


from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, metrics, trace

FLUSH_S = 1.0

_tracer = trace.get_tracer("earshot")
_meter = metrics.get_meter("earshot")
_handling = _meter.create_histogram("earshot.actor.handling", unit="ms", description="Mean handling time of an actor's messages")
_handled = _meter.create_counter("earshot.actor.messages", description="Messages handled")


def _recording() -> bool:
    """Whether an SDK is installed; the API alone answers with proxies that record nothing."""
    return type(trace.get_tracer_provider()).__name__ != "ProxyTracerProvider"


class Dispatch:
    """Counts and times of one actor's messages, flushed about once a second: no span, no log, no allocation per message."""

    __slots__ = ("_actor_class", "_busy_s", "_count", "_flushed_at", "longest_s")

    def __init__(self, actor_class: str) -> None:
        self._actor_class = actor_class
        self._busy_s = 0.0
        self._count = 0
        self._flushed_at = 0.0
        self.longest_s = 0.0

    def record(self, began_s: float, ended_s: float) -> None:
        """One message was handled between the two times (seconds, monotonic)."""
        took = ended_s - began_s
        self._count += 1
        self._busy_s += took
        if took > self.longest_s:
            self.longest_s = took
        if ended_s - self._flushed_at > FLUSH_S:
            self._flushed_at = ended_s
            self.flush()

    def flush(self) -> None:
        """Hand over what was counted since the last time."""
        if self._count and _recording():
            attributes = {"actor": self._actor_class}
            _handled.add(self._count, attributes)
            _handling.record(self._busy_s / self._count * 1000, attributes)
        self._count, self._busy_s = 0, 0.0


class Trace:
    """The spans of one session: one for the session, inside it one for each turn. Shared by the actors of the session."""

    __slots__ = ("_session", "_turn")

    def __init__(self) -> None:
        self._session: trace.Span | None = None
        self._turn: trace.Span | None = None

    def session_started(self, session_id: str, mode: str, agent: str) -> None:
        """Open the session's span."""
        attributes = {"earshot.session.id": session_id, "earshot.mode": mode, "earshot.agent": agent}
        self._session = _tracer.start_span("session", attributes=attributes)

    def turn_started(self, turn: int) -> None:
        """Open the span of `turn`, in place of the former one."""
        self.turn_ended()
        if self._session is not None and self._session.is_recording():
            parent = trace.set_span_in_context(self._session)
            self._turn = _tracer.start_span("turn", context=parent, attributes={"earshot.turn": turn})

    def turn_ended(self, **times_ms: float | None) -> None:
        """Close the turn's span with its times."""
        if self._turn is not None:
            for name, value in times_ms.items():
                if value is not None:
                    self._turn.set_attribute(f"earshot.{name}", value)
            self._turn.end()
            self._turn = None

    def session_ended(self, reason: str) -> None:
        """Close what is open."""
        self.turn_ended()
        if self._session is not None:
            self._session.set_attribute("earshot.ended", reason)
            self._session.end()
            self._session = None

    @property
    def in_turn(self) -> bool:
        """Whether a turn's span is open and recorded."""
        return self._turn is not None

    @contextmanager
    def span(self, name: str, actor: str) -> Iterator[None]:
        """A span inside the turn's for the handling of one message."""
        assert self._turn is not None
        token = context.attach(trace.set_span_in_context(self._turn))
        try:
            with _tracer.start_as_current_span(name, attributes={"earshot.actor": actor}):
                yield
        finally:
            context.detach(token)


