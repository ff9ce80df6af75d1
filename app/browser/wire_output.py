"""Translates a session's output into messages of the browser's protocol."""

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec
from msgspec import UNSET, UnsetType

from actors.conversation import Ending, SpokenWord, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import (
    AgentTookOver,
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
    ToolProgressed,
    ToolStarted,
    TurnMeasured,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.clock import Clock
from protocol.browser import (
    AssistantFinal,
    Control,
    Envelope,
    EnvelopeType,
    Floor,
    ServerMessage,
    SessionEnd,
    ToolEnd,
    ToolProgress,
    ToolStart,
    TurnMetrics,
    timestamp,
)
from protocol.browser_payloads import (
    AgentNow,
    ErrorText,
    Exit,
    FinalText,
    GreetingText,
    InterimText,
    Payload,
    ReplyPiece,
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
    | ToolProgressed
    | ToolFinished
    | AgentTookOver
    | FloorChanged
    | TurnMeasured
    | ErrorShown
    | SessionEnded
)


class BrowserWords:
    """Translates the output of one session. `label` is the agent's, which messages have as their sender."""

    def __init__(self, session_id: str, label: str, clock: Clock) -> None:
        self._session_id = session_id
        self._labels = [(0, label)]
        self._clock = clock

    def set_label(self, label: str) -> None:
        """Set the label of the sender of all further messages, until another agent takes the conversation over."""
        self._labels = [(0, label)]

    def _label(self, turn: int) -> str:
        """The label of the agent that speaks in `turn`: after a handoff the former agent is heard to its end."""
        return next((label for first, label in reversed(self._labels) if first <= turn), self._labels[0][1])

    def envelope(self, kind: EnvelopeType, sender: str, payload: Payload) -> Envelope:
        """Make an envelope of this session, with the present time."""
        return Envelope(type=kind, sender=sender, payload=payload, session_id=self._session_id, ts=self._now())

    def say(self, message: OutputMessage) -> list[ServerMessage]:
        """Return the wire messages for an output message; none for audio, which each connection encodes itself."""
        match message:
            case AudioFrame():
                return []
            case AudioDiscarded(turn, reason):
                return [self.control("tts_cancelled", turn, reason), self.control("audio_stop", turn, reason)]
            case PlaybackPaused(turn):
                return [self.control("pause", turn)]
            case PlaybackResumed(turn):
                return [self.control("resume", turn)]
            case InterimTranscript():
                return [self.envelope("event", "User", _interim(message))]
            case FinalTranscript():
                return [self.envelope("event", "User", _final(message))]
            case ReplyText(turn, kind, text):
                return [self._reply_text(turn, kind, text)]
            case ReplyHeard(turn=turn, text=text, precision=precision, interrupted=interrupted):
                return [
                    AssistantFinal(
                        content=text,
                        speaker=self._label(turn),
                        turn=turn,
                        exactness=precision.value,
                        interrupted=interrupted,
                    )
                ]
            case ToolStarted(call_id, name, arguments):
                return [
                    ToolStart(call_id=call_id, tool=name, ts=self._now(), args=msgspec.Raw(_json_object(arguments)))
                ]
            case ToolProgressed(call_id, name, percent):
                return [ToolProgress(call_id=call_id, tool=name, ts=self._now(), pct=percent)]
            case ToolFinished():
                return [self._tool_end(message)]
            case AgentTookOver(agent=agent, label=label, from_agent=from_agent, turn=turn):
                self._labels.append((turn, label))
                changed = AgentNow(agent=agent, label=label, from_agent=from_agent, turn=turn)
                return [self.envelope("event", "System", changed)]
            case FloorChanged(floor, turn):
                return [Floor(floor.value, turn)]
            case TurnMeasured():
                return [_metrics(message)]
            case ErrorShown(text):
                return [self.envelope("error", "System", ErrorText(text))]
            case SessionEnded(reason):
                return self._ended(reason)
            case _:
                assert_never(message)

    def control(self, action: str, turn: int, reason: str = "") -> Control:
        """Make a control message for the browser's audio player, such as pause, resume or `tts_cancelled`."""
        return Control(action=action, at=self._now(), session_id=self._session_id, reason=reason, turn=turn)  # type: ignore[arg-type]

    def _reply_text(self, turn: int, kind: UtteranceKind, text: str) -> Envelope:
        if kind is UtteranceKind.GREETING:
            return self.envelope("status", self._label(turn), GreetingText(message=text, turn=turn))
        piece = ReplyPiece(content=text, turn=turn, kind=kind.value)
        return self.envelope("assistant_streaming", self._label(turn), piece)

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
            self.envelope("exit", "System", Exit(reason.value)),
            SessionEnd(reason.value, self._now()),
        ]

    def _now(self) -> str:
        return timestamp(self._clock.wall())


def places_of(words: Iterable[SpokenWord]) -> tuple[WordPlace, ...]:
    """Return recognised words with their places in the form that clients get."""
    return tuple(WordPlace(word.text, round(word.start_ms), round(word.end_ms - word.start_ms)) for word in words)


def _interim(said: InterimTranscript) -> InterimText:
    offset_ms, duration_ms = _place(said)
    return InterimText(
        content=said.text,
        message=said.text,
        speaker=said.speaker or UNSET,
        language=said.language or UNSET,
        offset_ms=offset_ms,
        duration_ms=duration_ms,
    )


def _final(said: FinalTranscript) -> FinalText:
    offset_ms, duration_ms = _place(said)
    return FinalText(
        message=said.text,
        turn=said.turn,
        confidence=round(said.confidence, 3),
        speaker=said.speaker or UNSET,
        language=said.language or UNSET,
        offset_ms=offset_ms,
        duration_ms=duration_ms,
        words=places_of(said.words) if said.words else UNSET,
    )


def _place(said: InterimTranscript | FinalTranscript) -> tuple[int | UnsetType, int | UnsetType]:
    """Return where in the audio something was said: offset and duration in ms, both UNSET if that is not known."""
    if said.end_ms <= 0:
        return UNSET, UNSET
    return round(said.start_ms), round(said.end_ms - said.start_ms)


def _json_object(text: str) -> bytes:
    """Return `text` as bytes if it is JSON, else an empty object, since a model may write anything."""
    try:
        msgspec.json.decode(text)
        return text.encode()
    except (msgspec.DecodeError, RecursionError, ValueError):
        return b"{}"


def _metrics(measured: TurnMeasured) -> TurnMetrics:
    """Return the times of a turn, rounded to a tenth of a millisecond."""
    fields: dict[str, Any] = msgspec.structs.asdict(measured)
    for name, value in fields.items():
        fields[name] = round(value, 1) if isinstance(value, float) else value
    return TurnMetrics(**fields)
