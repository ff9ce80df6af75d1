"""Translates what a session shows into the messages of the browser's protocol."""

from collections.abc import Iterable
from typing import assert_never

import msgspec

from actors.conversation import Ending, SpokenWord, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    ErrorShown,
    FloorChanged,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    ReplyText,
    SessionEnded,
    ToolStarted,
    TurnMeasured,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.clock import Clock
from protocol.browser import (
    AssistantFinal,
    Control,
    Envelope,
    Floor,
    ServerMessage,
    SessionEnd,
    ToolEnd,
    ToolStart,
    TurnMetrics,
    timestamp,
)
from protocol.transcripts import WordPlace

Shown = (
    AudioDiscarded
    | PlaybackPaused
    | PlaybackResumed
    | InterimTranscript
    | FinalTranscript
    | ReplyText
    | ReplyHeard
    | ToolStarted
    | ToolFinished
    | FloorChanged
    | TurnMeasured
    | ErrorShown
    | SessionEnded
)


class BrowserWords:
    """Translates for one session; `label` is the agent's, as sender."""

    def __init__(self, session_id: str, label: str, clock: Clock) -> None:
        self._session_id = session_id
        self._label = label
        self._clock = clock

    def envelope(self, kind: str, from_: str, /, **payload: object) -> Envelope:
        """An envelope of this session, now: its type and its sender, then what the payload holds."""
        return Envelope(type=kind, sender=from_, payload=payload, session_id=self._session_id, ts=self._now())  # type: ignore[arg-type]

    def say(self, message: OutputMessage) -> list[ServerMessage]:
        """The wire messages for what the session shows; audio apart, which each connection encodes for itself."""
        match message:
            case AudioFrame():
                return []
            case AudioDiscarded(turn, reason):
                return [self.control("tts_cancelled", turn, reason), self.control("audio_stop", turn, reason)]
            case PlaybackPaused(turn):
                return [self.control("pause", turn)]
            case PlaybackResumed(turn):
                return [self.control("resume", turn)]
            case InterimTranscript(text=text):
                payload = {"event_type": "stt_partial", "content": text, "message": text}
                return [self.envelope("event", "User", **payload, **_place(message))]
            case FinalTranscript(text=text, confidence=confidence, turn=turn, words=words):
                final = {"sender": "User", "message": text, "turn": turn, "confidence": round(confidence, 3)}
                timed: dict[str, object] = {"words": places_of(words)} if words else {}
                return [self.envelope("event", "User", **final, **_place(message), **timed)]
            case ReplyText(turn, kind, text):
                return [self._reply_text(turn, kind, text)]
            case ReplyHeard(turn=turn, text=text, precision=precision, interrupted=interrupted):
                return [
                    AssistantFinal(
                        content=text, speaker=self._label, turn=turn, exactness=precision, interrupted=interrupted
                    )
                ]
            case ToolStarted(call_id, name, arguments):
                return [
                    ToolStart(call_id=call_id, tool=name, ts=self._now(), args=msgspec.Raw(_json_object(arguments)))
                ]
            case ToolFinished():
                return [self._tool_end(message)]
            case FloorChanged(floor, turn):
                return [Floor(floor.value, turn)]
            case TurnMeasured():
                return [msgspec.convert(message, TurnMetrics, from_attributes=True)]
            case ErrorShown(text):
                return [self.envelope("error", "System", error_message=text)]
            case SessionEnded(reason):
                return self._ended(reason)
            case _:
                assert_never(message)

    def control(self, action: str, turn: int, reason: str = "") -> Control:
        """A control message for the browser's audio player, such as pause, resume or `tts_cancelled`."""
        return Control(action=action, at=self._now(), session_id=self._session_id, reason=reason, turn=turn)  # type: ignore[arg-type]

    def _reply_text(self, turn: int, kind: UtteranceKind, text: str) -> Envelope:
        if kind is UtteranceKind.GREETING:
            return self.envelope("status", self._label, message=text, turn=turn)
        return self.envelope(
            "assistant_streaming", self._label, content=text, streaming=True, turn=turn, kind=kind.value
        )

    def _tool_end(self, message: ToolFinished) -> ToolEnd:
        outcome = message.outcome
        error = str(outcome.result) if outcome.failed else None
        result = None if outcome.failed else outcome.result
        return ToolEnd(
            call_id=message.call_id,
            tool=message.name,
            ts=self._now(),
            status="error" if outcome.failed else "success",
            elapsed_ms=message.elapsed_ms,
            result=result,
            error=error,
        )

    def _ended(self, reason: Ending) -> list[ServerMessage]:
        return [
            self.envelope("exit", "System", reason=reason.value),
            SessionEnd(reason.value, self._now()),
        ]

    def _now(self) -> str:
        return timestamp(self._clock.wall())


def places_of(words: Iterable[SpokenWord]) -> tuple[WordPlace, ...]:
    """Recognised words as clients get them."""
    return tuple(WordPlace(word.text, round(word.start_ms), round(word.end_ms - word.start_ms)) for word in words)


def _place(said: InterimTranscript | FinalTranscript) -> dict[str, object]:
    """Who said it, in which language and where in the audio, as far as that is known."""
    place: dict[str, object] = {"speaker": said.speaker} if said.speaker else {}
    if said.language:
        place["language"] = said.language
    if said.end_ms > 0:
        place |= {"offset_ms": round(said.start_ms), "duration_ms": round(said.end_ms - said.start_ms)}
    return place


def _json_object(text: str) -> bytes:
    """`text` if it is JSON, else an empty object: a model may have written anything."""
    try:
        msgspec.json.decode(text)
        return text.encode()
    except (msgspec.DecodeError, RecursionError, ValueError):
        return b"{}"
