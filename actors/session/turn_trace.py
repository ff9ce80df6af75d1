"""Tells a session's trace what the orchestrator is told and orders: speech and its words, playback and its end."""

from actors.messages.playback import (
    PausePlayback,
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    ResumePlayback,
)
from actors.messages.transcript import FinalTranscript, NoiseStopped, NoSpeechRecognized, SpeechStarted, SpeechStopped
from actors.ports.clock import Clock
from actors.runtime.session_trace import Stage, Trace
from actors.session.measurements import recognition_delayed

HEARD_MS = "earshot.heard_ms"
TRACED = {
    SpeechStarted,
    SpeechStopped,
    FinalTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    PlaybackStarted,
    PlaybackCaughtUp,
    PlaybackFinished,
    PlaybackFailed,
    PlaybackStopped,
}
"""The classes of messages that a trace records; it need not be told of others."""


class TurnTrace:
    """Follows one orchestrator. Nothing that is said gets into the trace.

    Args:
        trace: the telemetry of the session.
        clock: the times of what the caller says.
    """

    __slots__ = ("_clock", "_silent_since", "_trace")

    def __init__(self, trace: Trace, clock: Clock) -> None:
        self._trace = trace
        self._clock = clock
        self._silent_since: float | None = None

    def told(self, message: object) -> None:
        """Note what the orchestrator is told, before it acts on it."""
        trace = self._trace
        match message:
            case SpeechStarted():
                self._silent_since = None
                trace.speech_started()
            case SpeechStopped(silence_ms=silence_ms):
                self._silent_since = self._clock.now() - silence_ms / 1000
            case FinalTranscript(confidence=confidence):
                self._transcribed(confidence)
            case NoiseStopped() | NoSpeechRecognized():
                trace.speech_dropped()
            case PlaybackStarted(reply):
                trace.begin(Stage.PLAYOUT, reply)
            case PlaybackCaughtUp(reply):
                trace.end(Stage.PLAYOUT, reply, {"earshot.caught_up": True})
            case PlaybackFinished(reply=reply, heard_ms=heard_ms):
                trace.end(Stage.PLAYOUT, reply, {HEARD_MS: heard_ms})
            case PlaybackFailed(reply, kind):
                trace.end(Stage.PLAYOUT, reply, error=kind)
            case PlaybackStopped(through_reply, cut):
                for position in cut:
                    heard = {HEARD_MS: position.heard_ms, "earshot.interrupted": True}
                    trace.end(Stage.PLAYOUT, position.reply, heard)
                trace.end_through(Stage.PLAYOUT, through_reply, {"earshot.interrupted": True})

    def ordered(self, order: object) -> None:
        """Note what the orchestrator orders of playback."""
        match order:
            case PausePlayback():
                self._trace.note(Stage.PLAYOUT, "paused")
            case ResumePlayback():
                self._trace.note(Stage.PLAYOUT, "resumed")

    def _transcribed(self, confidence: float) -> None:
        since, self._silent_since = self._silent_since, None
        delay_s = None if since is None else self._clock.now() - since
        if delay_s is not None:
            recognition_delayed(delay_s)
        self._trace.speech_transcribed(confidence, delay_s)
