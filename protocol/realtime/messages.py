"""The messages of a Realtime service that are nested, or hold null where there is nothing, and the events in them."""

from typing import Any, TypeVar

import msgspec

from protocol.realtime import events
from protocol.realtime.failure_kinds import FailureKind, error_kind

MAX_NAME_CHARS = 64

Number = int | float | None


class Message(msgspec.Struct, frozen=True):
    """A message with the fields of which we make use, as the services spell it."""

    def event(self) -> events.Event:
        """What the message tells, flat and without null."""
        raise NotImplementedError


M = TypeVar("M", bound=Message)


class _Session(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    expires_at: Number = None


class SessionCreated(Message, frozen=True):
    """The first message of a session, `session.created`."""

    session: _Session = _Session()

    def event(self) -> events.SessionCreated:
        session = self.session
        return events.SessionCreated(
            session_id=session.id or "", model=session.model or "", expires_at=_moment(session.expires_at)
        )


class SessionUpdated(Message, frozen=True):
    """The answer to settings that were taken, `session.updated`."""

    session: _Session = _Session()

    def event(self) -> events.SessionUpdated:
        return events.SessionUpdated(expires_at=_moment(self.session.expires_at))


class InputTranscriptDelta(Message, frozen=True):
    """Some words of the caller, `conversation.item.input_audio_transcription.delta`."""

    item_id: str
    delta: str | None = None

    def event(self) -> events.InputTranscriptDelta:
        return events.InputTranscriptDelta(self.item_id, self.delta or "")


class _Error(msgspec.Struct, frozen=True):
    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None

    def failure(self) -> events.Failure:
        """What it asks of us; the message of the service, which may repeat what it was sent, is left behind."""
        kind = error_kind(self.type or "", self.code or "", self.message or "")
        name = self.code or self.type or ""
        return events.Failure(kind=kind, code=_name(name), param=_name(self.param or ""))


class InputTranscriptFailed(Message, frozen=True):
    """Words that will not come, `conversation.item.input_audio_transcription.failed`."""

    item_id: str
    error: _Error | None = None

    def event(self) -> events.InputTranscriptFailed:
        failure = (self.error or _Error()).failure()
        return events.InputTranscriptFailed(self.item_id, failure.code)


class _Response(msgspec.Struct, frozen=True):
    id: str
    status: str | None = None
    status_details: "_StatusDetails | None" = None
    usage: "_Usage | None" = None
    metadata: dict[str, Any] | None = None


class _StatusDetails(msgspec.Struct, frozen=True):
    reason: str | None = None
    error: _Error | None = None


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None


class ResponseCreated(Message, frozen=True):
    """The beginning of a response, `response.created`."""

    response: _Response

    def event(self) -> events.ResponseCreated:
        metadata = {name: str(value) for name, value in (self.response.metadata or {}).items()}
        return events.ResponseCreated(self.response.id, metadata)


class ResponseDone(Message, frozen=True):
    """The end of a response, `response.done`."""

    response: _Response

    def event(self) -> events.ResponseDone:
        details = self.response.status_details or _StatusDetails()
        status = self.response.status or "completed"
        failure = details.error.failure() if details.error is not None else None
        if failure is None and status == "failed":
            failure = events.Failure(kind=FailureKind.TRANSIENT)
        usage = self.response.usage or _Usage()
        return events.ResponseDone(
            response_id=self.response.id,
            status=status,
            reason=details.reason or "",
            failure=failure,
            usage=events.Usage(input_tokens=usage.input_tokens or 0, output_tokens=usage.output_tokens or 0),
        )


class _OutputItem(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None
    status: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class OutputItemDone(Message, frozen=True):
    """`response.output_item.done`: of a call of a tool the one message that has all of it, in both dialects."""

    response_id: str
    item: _OutputItem

    def event(self) -> events.FunctionCalled | events.Ignored:
        # One that was cut off in its arguments is no call.
        item = self.item
        if item.type != "function_call" or item.status == "incomplete" or not item.call_id or not item.name:
            return events.Ignored("response.output_item.done")
        return events.FunctionCalled(
            response_id=self.response_id,
            item_id=item.id or "",
            call_id=item.call_id,
            name=item.name,
            arguments=item.arguments or "{}",
        )


class _RateLimit(msgspec.Struct, frozen=True):
    name: str | None = None
    limit: Number = None
    remaining: Number = None
    reset_seconds: Number = None


class RateLimitsUpdated(Message, frozen=True):
    """What is left of the limits, `rate_limits.updated`."""

    rate_limits: tuple[_RateLimit, ...] = ()

    def event(self) -> events.RateLimitsUpdated:
        limits = (
            events.RateLimit(
                name=_name(each.name or ""),
                limit=int(each.limit or 0),
                remaining=int(each.remaining or 0),
                reset_seconds=max(0.0, float(each.reset_seconds or 0)),
            )
            for each in self.rate_limits
        )
        return events.RateLimitsUpdated(tuple(limits))


class Error(Message, frozen=True):
    """Whatever the service holds against a message, or against the session: `error`."""

    error: _Error = _Error()

    def event(self) -> events.ServiceFailed:
        return events.ServiceFailed(failure=self.error.failure(), event_id=(self.error.event_id or "")[:MAX_NAME_CHARS])


def _moment(seconds: Number) -> float | None:
    return float(seconds) if seconds else None


def _name(text: str) -> str:
    """An identifier, or nothing: whatever else a service writes there may be somebody's words."""
    return text if len(text) <= MAX_NAME_CHARS and all(each.isalnum() or each in "_.-[]" for each in text) else ""
