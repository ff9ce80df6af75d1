"""What the trace of a session is told of turns."""

import ast
import asyncio
import inspect
from textwrap import dedent

from actors.conversation import PositionPrecision
from actors.errors import ErrorKind
from actors.messages.playback import (
    PausePlayback,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    PlaybackStarted,
    PlaybackStopped,
    ResumePlayback,
)
from actors.messages.transcript import FinalTranscript, NoiseStopped, SpeechStarted, SpeechStopped
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.session_trace import Trace
from actors.session.turn_trace import TRACED, TurnTrace
from tests.kit.spans import recorded_spans


def test_speech_and_playback_become_spans_without_words() -> None:
    async def conversation() -> None:
        clock = LoopClock()
        trace = Trace(clock.now, clock.wall)
        trace.session_started("session-1", "media", "ada")
        turns = TurnTrace(trace, clock)
        turns.told(SpeechStarted(0.0))
        turns.told(NoiseStopped())
        turns.told(SpeechStarted(0.0))
        await asyncio.sleep(2.0)
        turns.told(SpeechStopped(start_ms=0, end_ms=1500, voiced_ms=1500, silence_ms=500))
        await asyncio.sleep(0.25)
        turns.told(FinalTranscript(text="my secret is forty two", confidence=0.5))
        trace.turn_started(1)
        turns.told(PlaybackStarted(1))
        turns.ordered(PausePlayback())
        turns.ordered(ResumePlayback())
        turns.told(PlaybackFinished(reply=1, precision=PositionPrecision.EXACT, heard_ms=800.0, text_end=10))
        for reply in (2, 3, 4):
            turns.told(PlaybackStarted(reply))
        cut = PlaybackPosition(reply=2, precision=PositionPrecision.EXACT, heard_ms=120.0, text_end=3)
        turns.told(PlaybackStopped(3, (cut,)))
        turns.told(PlaybackFailed(4, ErrorKind.UNAVAILABLE, cut))
        trace.session_ended("NORMAL")

    with recorded_spans("actors.runtime.session_trace") as spans:
        run_virtual(conversation())
    finished = spans.get_finished_spans()
    recognition = next(span for span in finished if span.name == "recognition")
    assert recognition.attributes == {"earshot.confidence": 0.5, "earshot.recognition_delay_ms": 750.0}
    playouts = [span for span in finished if span.name == "playout"]
    assert [dict(span.attributes or {}) for span in playouts] == [
        {"earshot.heard_ms": 800.0},
        {"earshot.heard_ms": 120.0, "earshot.interrupted": True},
        {"earshot.interrupted": True},
        {"error.type": "unavailable"},
    ]
    assert [event.name for event in playouts[0].events] == ["paused", "resumed"]
    assert not [span for span in finished if "secret" in span.to_json()]


def test_a_trace_is_told_of_each_class_of_message_that_it_notes_and_of_no_other() -> None:
    noted = ast.walk(ast.parse(dedent(inspect.getsource(TurnTrace.told))))
    assert {kind.__name__ for kind in TRACED} == {
        ast.unparse(each.cls) for each in noted if isinstance(each, ast.MatchClass)
    }
