"""What a service tells, as events of the port. Pure: it reads no clock, and keeps only what later events need.

A service counts the caller's audio from the beginning of the session, as we do, and names a turn of the caller by the
id of its item. Where such a turn lies in the audio is known from our own commit, or from the service's own detection.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import TypeVar, assert_never

import msgspec

from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.rules.utterances import MAX_UTTERANCE_CHARS
from app.providers.realtime.resampling import SAMPLE_BYTES, Resampler
from protocol.realtime import events

KEPT_ITEMS = 64
"""The most items of each side whose place in the audio is remembered; the services keep about as many."""
REQUEST = "request"
"""The key in a response's metadata under which its number is sent and comes back."""

T = TypeVar("T")

Span = tuple[float, float]
"""The beginning and the end of a stretch of the session's audio, in ms."""


class _Spoken(msgspec.Struct):
    """What came of the audio of an item of the model."""

    resampler: Resampler
    received_bytes: int = 0


class EventReader:
    """The events of one session. `service_hz` is the rate of the service's audio, `rate_hz` that of the session's."""

    def __init__(self, service: str, rate_hz: int, service_hz: int, silence_ms: int) -> None:
        self._service = service
        self._rate_hz = rate_hz
        self._service_hz = service_hz
        self._silence_ms = silence_ms
        self._commits: deque[Span] = deque(maxlen=KEPT_ITEMS)
        self._requests: deque[int] = deque(maxlen=KEPT_ITEMS)
        self._spans: OrderedDict[str, Span] = OrderedDict()
        self._interim: OrderedDict[str, str] = OrderedDict()
        self._spoken: OrderedDict[str, _Spoken] = OrderedDict()
        self._detecting = ""

    def committed(self, start_ms: float, end_ms: float) -> None:
        """Note that we have committed this part of the audio: the next item of the caller is that."""
        self._commits.append((start_ms, end_ms))

    def commit_failed(self) -> None:
        """Forget the oldest commit that has no item: it will have none."""
        if self._commits:
            self._commits.popleft()

    def requested(self, request: int) -> None:
        """Note that a response was asked for: services that send no metadata back answer in this order."""
        self._requests.append(request)

    def request_failed(self, request: int) -> None:
        """Forget a request that will have no response."""
        if request in self._requests:
            self._requests.remove(request)

    def received_ms(self, item_id: str) -> float | None:
        """How much of the audio of an item of the model has come; None if nothing is known of it."""
        spoken = self._spoken.get(item_id)
        return None if spoken is None else spoken.received_bytes / SAMPLE_BYTES / self._service_hz * 1_000

    def read(self, event: events.Event) -> Iterator[reported.RealtimeEvent]:
        """What `event` tells of the conversation; nothing where it is about the session itself."""
        match event:
            case events.AudioDelta():
                if (told := self.audio(event)) is not None:
                    yield told
            case events.AudioDone(response_id, item_id):
                yield from self._audio_done(response_id, item_id)
            case events.TranscriptDelta(response_id, item_id, text):
                yield reported.ResponseTranscript(response_id, item_id, text)
            case events.TranscriptDone(response_id, item_id, text):
                yield reported.ResponseTranscriptFinished(response_id, item_id, text)
            case events.WordTime():
                yield reported.ResponseWord(
                    response_id=event.response_id,
                    item_id=event.item_id,
                    text=event.text,
                    audio_ms=event.audio_ms,
                    duration_ms=event.audio_duration_ms,
                )
            case events.FunctionCalled():
                call = ToolCalled(call_id=event.call_id, name=event.name, arguments=event.arguments)
                yield reported.ResponseToolCalled(event.response_id, event.item_id, call)
            case events.ResponseCreated(response_id, metadata):
                yield reported.ResponseStarted(response_id, self._request(metadata))
            case events.ResponseDone():
                yield self._finished(event)
            case events.ResponseGoesOn(response_id):
                yield reported.ResponseGoesOn(response_id)
            case events.RateLimitsUpdated(limits):
                for each in limits:
                    yield reported.RateLimited(
                        name=each.name, limit=each.limit, remaining=each.remaining, reset_s=each.reset_seconds
                    )
            case events.SessionCreated() | events.SessionUpdated() | events.ServiceFailed() | events.Ignored():
                return
            case _:
                yield from self._of_caller(event)

    # the caller

    def _of_caller(
        self,
        event: events.InputSpeechStarted
        | events.InputSpeechStopped
        | events.InputCommitted
        | events.InputTranscriptDelta
        | events.InputTranscript
        | events.InputTranscriptFailed,
    ) -> Iterator[reported.RealtimeEvent]:
        match event:
            case events.InputSpeechStarted(audio_start_ms, item_id):
                self._detecting = item_id
                _keep(self._spans, item_id, (float(audio_start_ms), float(audio_start_ms)))
                yield SpeechStarted(float(audio_start_ms))
            case events.InputSpeechStopped(audio_end_ms, item_id):
                yield self._speech_stopped(item_id or self._detecting, audio_end_ms)
            case events.InputCommitted(item_id):
                yield self._caller_committed(item_id)
            case events.InputTranscriptDelta(item_id, delta):
                text = (self._interim.get(item_id, "") + delta)[-MAX_UTTERANCE_CHARS:]
                _keep(self._interim, item_id, text)
                start_ms, end_ms = self._spans.get(item_id, (0.0, 0.0))
                if text.strip():
                    yield reported.CallerTranscribed(item_id, InterimTranscript(text.strip(), start_ms, end_ms))
            case events.InputTranscript(item_id, transcript):
                yield reported.CallerTranscribed(item_id, self._transcript(item_id, transcript))
            case events.InputTranscriptFailed(item_id):
                yield reported.CallerTranscribed(item_id, self._transcript(item_id, self._interim.get(item_id, "")))
            case _:
                assert_never(event)

    def _speech_stopped(self, item_id: str, audio_end_ms: int) -> SpeechStopped:
        start_ms, _ = self._spans.get(item_id, (0.0, 0.0))
        end_ms = max(start_ms, float(audio_end_ms - self._silence_ms))
        _keep(self._spans, item_id, (start_ms, end_ms))
        # The service does not say how much of the utterance was voiced: at most all of it.
        return SpeechStopped(
            start_ms=start_ms, end_ms=end_ms, voiced_ms=end_ms - start_ms, silence_ms=audio_end_ms - end_ms
        )

    def _caller_committed(self, item_id: str) -> reported.CallerCommitted:
        if item_id not in self._spans:
            _keep(self._spans, item_id, self._commits.popleft() if self._commits else (0.0, 0.0))
        start_ms, end_ms = self._spans[item_id]
        return reported.CallerCommitted(item_id=item_id, start_ms=start_ms, end_ms=end_ms)

    def _transcript(self, item_id: str, text: str) -> FinalTranscript | NoSpeechRecognized:
        self._interim.pop(item_id, None)
        start_ms, end_ms = self._spans.get(item_id, (0.0, 0.0))
        if not text.strip():
            return NoSpeechRecognized(end_ms)
        return FinalTranscript(text=text.strip(), start_ms=start_ms, end_ms=end_ms)

    # the model

    def _request(self, metadata: dict[str, str]) -> int:
        told = metadata.get(REQUEST, "")
        request = int(told) if told.isdecimal() and len(told) < 10 else next(iter(self._requests), 0)
        self.request_failed(request)
        return request

    def audio(self, event: events.AudioDelta) -> reported.ResponseAudio | None:
        """What `read` tells of audio, which is most of what comes; None while the filter keeps all of it."""
        spoken = self._spoken.get(event.item_id)
        if spoken is None:
            spoken = _Spoken(Resampler(self._service_hz, self._rate_hz))
            _keep(self._spoken, event.item_id, spoken)
        spoken.received_bytes += len(event.pcm)
        pcm = spoken.resampler.push(event.pcm)
        return reported.ResponseAudio(event.response_id, event.item_id, pcm) if pcm else None

    def _audio_done(self, response_id: str, item_id: str) -> Iterator[reported.RealtimeEvent]:
        spoken = self._spoken.get(item_id)
        if spoken is not None and (rest := spoken.resampler.finish()):
            yield reported.ResponseAudio(response_id, item_id, rest)
        yield reported.ResponseAudioFinished(response_id, item_id)

    def _finished(self, event: events.ResponseDone) -> reported.ResponseFinished:
        failure = event.failure
        return reported.ResponseFinished(
            response_id=event.response_id,
            status=_status(event),
            failure=None if failure is None else failure.kind,
            detail="" if failure is None else described(self._service, failure),
            prompt_tokens=event.usage.input_tokens,
            completion_tokens=event.usage.output_tokens,
        )


def described(service: str, failure: events.Failure) -> str:
    """A failure in one line for operators, in the identifiers of the protocol."""
    parameter = f", parameter {failure.param}" if failure.param else ""
    return f"{service}: {failure.code or failure.kind.value}{parameter}"


def _status(event: events.ResponseDone) -> reported.ResponseStatus:
    match event.status, event.reason:
        case "completed", _:
            return reported.ResponseStatus.COMPLETED
        case _, "content_filter":
            return reported.ResponseStatus.FILTERED
        case "incomplete", _:
            return reported.ResponseStatus.CUT
        case "cancelled", _:
            return reported.ResponseStatus.CANCELLED
        case _:
            if event.failure is not None and event.failure.code == "content_filter":
                return reported.ResponseStatus.FILTERED
            return reported.ResponseStatus.FAILED


def _keep(kept: OrderedDict[str, T], item_id: str, value: T) -> None:
    kept[item_id] = value
    if len(kept) > KEPT_ITEMS:
        kept.popitem(last=False)
