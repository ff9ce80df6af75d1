"""The spans of one session: its own, inside it one for each turn, inside a turn one for each stage of the answer.

Names and attributes follow OpenTelemetry's conventions, those of generative AI for the model and the tools. No span
holds a word that was said: only times, counts, and names that the configuration gives.
"""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from enum import StrEnum

import msgspec
from opentelemetry import context, metrics, propagate, trace

from actors.conversation import Usage
from actors.runtime.log_context import work_for

TRACEPARENT = "traceparent"
MOST_STAGES = 64
"""The most stages of a session that are open at once; of more the oldest is closed."""

_tracer = trace.get_tracer("earshot")
_tokens = metrics.get_meter("earshot").create_counter(
    "earshot.model.tokens", unit="{token}", description="What requests to models cost"
)

Attributes = Mapping[str, str | bool | int | float]


class Stage(StrEnum):
    """What an answer is made of, by the names of the spans."""

    RECOGNITION = "recognition"
    MODEL = "chat"
    TOOL = "execute_tool"
    SYNTHESIS = "synthesis"
    PLAYOUT = "playout"


class Peer(msgspec.Struct, frozen=True):
    """The service behind an engine. An engine that is elsewhere has one as its attribute `peer`."""

    service: str
    """The service's name for people, such as "Azure Speech", which is shown on a map of dependencies."""
    address: str = ""
    """The host name of the service."""


def peer_of(*engines: object) -> Peer | None:
    """The service behind the first of these engines or streams that names one; None: all are in this process."""
    named = (getattr(engine, "peer", None) for engine in engines)
    return next((peer for peer in named if isinstance(peer, Peer)), None)


def peer_attributes(peer: Peer) -> dict[str, str]:
    """The attributes of a span by which a map of dependencies is drawn."""
    address = {"server.address": peer.address} if peer.address else {}
    return {"peer.service": peer.service, **address}


def trace_headers() -> dict[str, str]:
    """The W3C trace context of what is being done now, as headers of a request; none if it is not traced."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def current_traceparent() -> str:
    """The W3C `traceparent` of what is being done now, for a trace that goes on with it later; empty for none."""
    return trace_headers().get(TRACEPARENT, "")


class Trace:
    """The spans of one session. Shared by the actors of the session; belongs to the loop's thread.

    Args:
        now: the time in seconds of a monotonic clock, by which spans begin and end.
        wall: the time in seconds since 1970, asked once.
        usage: what the session costs is added to it.
    """

    __slots__ = (
        "_clock",
        "_completion_tokens",
        "_epoch_s",
        "_ids",
        "_prompt_tokens",
        "_session",
        "_speech",
        "_stages",
        "_turn",
        "_turn_number",
        "context",
        "peers",
        "usage",
    )

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        usage: Usage | None = None,
    ) -> None:
        self.usage = usage if usage is not None else Usage()
        self.context = Context()
        """The context in which the session's actors handle their messages; log lines in it name the session."""
        self.context.run(work_for, self)
        self.peers: dict[Stage, Peer | None] = {}
        """The service that is asked in each stage, as noted by the actors that open the streams."""
        self._clock = now
        self._epoch_s = wall() - now()
        self._session: trace.Span | None = None
        self._turn: trace.Span | None = None
        self._speech: tuple[int, int, Attributes] | None = None
        self._stages: dict[tuple[Stage, Hashable], trace.Span] = {}
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._ids: dict[str, str | int] = {}
        self._turn_number = 0

    def session_started(self, session_id: str, mode: str, agent: str, traceparent: str = "", call_id: str = "") -> None:
        """Open the span of the session, which lasts until `session_ended`.

        Args:
            session_id: the id of the session.
            mode: the name of its mode.
            agent: the name of its agent.
            traceparent: the W3C trace context of the request that the session began with.
            call_id: the id of its telephone call; empty if there is none.
        """
        self._ids = {"session_id": session_id, **({"call_id": call_id} if call_id else {})}
        attributes = {"session.id": session_id, "earshot.mode": mode, "gen_ai.agent.name": agent}
        self._session = _tracer.start_span(
            "session",
            context=propagate.extract({TRACEPARENT: traceparent}) if traceparent else context.Context(),
            kind=trace.SpanKind.SERVER,
            attributes=attributes,
            start_time=self._now(),
        )
        context_of = self._session.get_span_context()
        if context_of.is_valid:
            self._ids["trace_id"] = f"{context_of.trace_id:032x}"

    def agent_changed(self, from_agent: str, to_agent: str) -> None:
        """Note in the span of the session that another agent has the conversation."""
        if self._session is not None:
            attributes = {"earshot.handoff.from": from_agent, "earshot.handoff.to": to_agent}
            self._session.add_event("handoff", attributes, timestamp=self._now())
            self._session.set_attribute("gen_ai.agent.name", to_agent)

    def ids(self) -> dict[str, str | int]:
        """What a line of the log says of the session: `session_id`, `call_id`, `trace_id` and `turn`, if there are."""
        return {**self._ids, **({"turn": self._turn_number} if self._turn_number else {})}

    @property
    def session_context(self) -> trace.SpanContext | None:
        """What other traces link to; None unless the session's span is open and recorded."""
        return self._session.get_span_context() if self._session is not None and self._is_recording else None

    def session_ended(self, reason: str) -> None:
        """Close the spans that are open: of stages, of the turn, and the session's."""
        for stage, key in tuple(self._stages):
            self.end(stage, key)
        self.turn_ended()
        if self._session is not None:
            self._session.set_attribute("earshot.ended", reason)
            if reason == "ERROR":
                self._session.set_status(trace.StatusCode.ERROR)
            self._session.end(self._now())
            self._session = None

    # turns

    def turn_started(self, turn: int) -> None:
        """Open the span of `turn`, in place of the former one; it begins with the speech that it answers."""
        self.turn_ended()
        self._turn_number = turn
        self._prompt_tokens = self._completion_tokens = 0
        if not self._is_recording:
            return
        assert self._session is not None
        speech, self._speech = self._speech, None
        began = speech[0] if speech is not None else self._now()
        parent = trace.set_span_in_context(self._session)
        self._turn = _tracer.start_span("turn", context=parent, attributes={"earshot.turn": turn}, start_time=began)
        if speech is not None and speech[1]:
            self._open(Stage.RECOGNITION, speech[2], began).end(speech[1])

    def turn_ended(self, **times_ms: float | None) -> None:
        """Close the turn's span with its times."""
        if self._turn is not None:
            for name, value in times_ms.items():
                if value is not None:
                    self._turn.set_attribute(f"earshot.{name}", value)
            self._turn.end(self._now())
            self._turn = None

    @property
    def in_turn(self) -> bool:
        """Whether a turn's span is open and recorded."""
        return self._turn is not None

    # what the caller says

    def speech_started(self) -> None:
        """Note that the caller begins to speak; what was begun and not transcribed is gone on with."""
        if self._speech is None and self._is_recording:
            self._speech = (self._now(), 0, {})

    def speech_transcribed(self, confidence: float, delay_s: float | None) -> None:
        """Note that what the caller said is known; `delay_s` seconds after they had said it, if that is known."""
        if self._speech is not None:
            delay = {} if delay_s is None else {"earshot.recognition_delay_ms": round(delay_s * 1000, 1)}
            self._speech = (self._speech[0], self._now(), {"earshot.confidence": confidence, **delay})

    def speech_dropped(self) -> None:
        """Note that what began as speech was none, unless earlier words still wait for an answer."""
        if self._speech is not None and not self._speech[1]:
            self._speech = None

    # stages

    def begin(self, stage: Stage, key: Hashable = 0, attributes: Attributes | None = None, *, of: str = "") -> None:
        """Open the span of a stage: inside the turn's, or the session's where no turn is open.

        Args:
            stage: what is begun.
            key: tells spans of one stage apart; one that is open under the same key is closed.
            attributes: what is known of it.
            of: stands in the name of the span behind that of the stage.
        """
        if not self._is_recording:
            return
        self.end(stage, key)
        if len(self._stages) >= MOST_STAGES:
            self.end(*next(iter(self._stages)))
        self._stages[stage, key] = self._open(stage, attributes or {}, self._now(), of)

    def end(self, stage: Stage, key: Hashable = 0, attributes: Attributes | None = None, *, error: str = "") -> None:
        """Close the span of a stage, if it is open. `error`: the kind of its failure, none of its words."""
        span = self._stages.pop((stage, key), None)
        if span is None:
            return
        span.set_attributes(dict(attributes or {}))
        if error:
            span.set_attribute("error.type", error)
            span.set_status(trace.StatusCode.ERROR)
        span.end(self._now())

    def describe(self, stage: Stage, attributes: Attributes, key: Hashable = 0) -> None:
        """Add to what is known of a stage, if its span is open."""
        if (span := self._stages.get((stage, key))) is not None:
            span.set_attributes(dict(attributes))

    def end_through(self, stage: Stage, number: int, attributes: Attributes | None = None) -> None:
        """Close the spans of a stage whose keys are numbers up to `number`."""
        for each, key in tuple(self._stages):
            if each is stage and isinstance(key, int) and key <= number:
                self.end(stage, key, attributes)

    def note(self, stage: Stage, event: str) -> None:
        """Note an event in every open span of a stage."""
        for (each, _), span in self._stages.items():
            if each is stage:
                span.add_event(event, timestamp=self._now())

    def inside(self, stage: Stage, key: Hashable = 0) -> AbstractContextManager[object]:
        """A context in which the span of a stage is the current one: for tasks that are begun there, and requests."""
        span = self._stages.get((stage, key))
        if span is None:
            return nullcontext()
        return trace.use_span(span, record_exception=False, set_status_on_exception=False)

    def model_used(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count what a request to the language model cost; a turn has one for each round of tools."""
        self._prompt_tokens += prompt_tokens
        self._completion_tokens += completion_tokens
        self.usage.prompt_tokens += prompt_tokens
        self.usage.completion_tokens += completion_tokens
        _tokens.add(prompt_tokens, {"kind": "prompt"})
        _tokens.add(completion_tokens, {"kind": "completion"})
        if self._turn is not None:
            self._turn.set_attribute("earshot.prompt_tokens", self._prompt_tokens)
            self._turn.set_attribute("earshot.completion_tokens", self._completion_tokens)

    @contextmanager
    def message(self, name: str, actor: str) -> Iterator[None]:
        """A span inside the turn's for the handling of one message; what it raises is marked, without its words."""
        assert self._turn is not None
        span = _tracer.start_span(
            name,
            context=trace.set_span_in_context(self._turn),
            attributes={"earshot.actor": actor},
            start_time=self._now(),
        )
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        except BaseException as error:
            span.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            context.detach(token)
            span.end(self._now())

    # helpers

    @property
    def _is_recording(self) -> bool:
        return self._session is not None and self._session.is_recording()

    def _now(self) -> int:
        return int((self._epoch_s + self._clock()) * 1e9)

    def _open(self, stage: Stage, attributes: Attributes, began: int, of: str = "") -> trace.Span:
        assert self._session is not None
        peer = self.peers.get(stage)
        is_elsewhere = peer is not None or stage is Stage.MODEL
        return _tracer.start_span(
            f"{stage.value} {of}" if of else stage.value,
            context=trace.set_span_in_context(self._turn or self._session),
            kind=trace.SpanKind.CLIENT if is_elsewhere else trace.SpanKind.INTERNAL,
            attributes={**(peer_attributes(peer) if peer is not None else {}), **attributes},
            start_time=began,
        )
