"""What is no event of an engine's port is found out by class and field, and no event of one is."""

from array import array
from typing import Any, get_args

import msgspec
import pytest

from actors.errors import ErrorKind
from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports.llm import ToolCalled
from actors.ports.realtime_events import (
    CallerTranscribed,
    RealtimeClosed,
    RealtimeEvent,
    RealtimeReady,
    ResponseAudio,
    ResponseFinished,
    ResponseStarted,
    ResponseStatus,
    ResponseToolCalled,
)
from actors.ports.tts import (
    SYNTHESIS_EVENTS,
    AudioSynthesized,
    PieceSynthesized,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from actors.rules.well_typed import violation
from protocol.realtime.failure_kinds import FailureKind

EVENTS = (*SYNTHESIS_EVENTS, *get_args(RealtimeEvent))
NAN = float("nan")
CALL = ToolCalled(call_id="1", name="book", arguments="{}")


@pytest.mark.parametrize(
    "event",
    [
        AudioSynthesized(1, b""),
        AudioSynthesized(1, array("h", [1, 2]).tobytes()),
        AudioSynthesized(1, bytearray(4)),  # type: ignore[arg-type]  # as good as bytes
        WordSynthesized(reply=1, text_start=0, text_end=3, audio_ms=0),
        SynthesisFailed(1, ErrorKind.TIMEOUT, "detail"),
        RealtimeReady(),
        RealtimeReady(lives_s=3),
        CallerTranscribed("item", FinalTranscript(text="yes")),
        CallerTranscribed("item", NoSpeechRecognized(10)),
        ResponseToolCalled("r", "i", CALL),
        ResponseFinished(response_id="r", status=ResponseStatus.FAILED, failure=FailureKind.TRANSIENT),
    ],
)
def test_an_event_of_the_port_is_one(event: msgspec.Struct) -> None:
    assert violation(event, EVENTS) == ""


def wrong(value: object) -> Any:
    """A value where the types have another."""
    return value


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (None, "NoneType"),
        ("text", "str"),
        (AudioSynthesized, "StructMeta"),
        (NoSpeechRecognized(1), "NoSpeechRecognized"),
        (AudioSynthesized(1, b"abc"), "AudioSynthesized.pcm"),
        (AudioSynthesized(1, wrong(None)), "AudioSynthesized.pcm"),
        (AudioSynthesized(1, wrong("ab")), "AudioSynthesized.pcm"),
        (AudioSynthesized(wrong(1.0), b""), "AudioSynthesized.reply"),
        (SynthesisFinished(wrong(True)), "SynthesisFinished.reply"),
        (PieceSynthesized(1, 3, NAN), "PieceSynthesized.audio_ms"),
        (PieceSynthesized(1, 3, float("inf")), "PieceSynthesized.audio_ms"),
        (PieceSynthesized(1, 3, wrong(True)), "PieceSynthesized.audio_ms"),
        (SynthesisFailed(1, wrong("timeout"), "detail"), "SynthesisFailed.kind"),
        (RealtimeReady(lives_s=wrong("long")), "RealtimeReady.lives_s"),
        (ResponseAudio("r", "i", b"a"), "ResponseAudio.pcm"),
        (ResponseStarted(wrong(None), 1), "ResponseStarted.response_id"),
        (CallerTranscribed("item", wrong(None)), "CallerTranscribed.transcript"),
        (CallerTranscribed("item", FinalTranscript(text=wrong(None))), "CallerTranscribed.transcript"),
        (CallerTranscribed("item", FinalTranscript(text="a", words=wrong(None))), "CallerTranscribed.transcript"),
        (ResponseToolCalled("r", "i", wrong({})), "ResponseToolCalled.call"),
        (RealtimeClosed(wrong(None), "detail"), "RealtimeClosed.kind"),
    ],
)
def test_what_is_none_is_named_by_class_and_field_and_never_by_its_value(event: object, found: str) -> None:
    assert violation(event, EVENTS) == found
