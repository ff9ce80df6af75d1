"""The words that a speech-to-speech model tells can go anywhere."""

import msgspec
import pytest

from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.session.realtime.realtime_texts import with_well_formed_text

HALF, WHOLE = "a \ud83d b", "a � b"

EVENTS: list[reported.RealtimeEvent] = [
    reported.ResponseTranscript("r", "i", HALF),
    reported.ResponseWord(response_id="r", item_id="i", text=HALF, audio_ms=0, duration_ms=1),
    reported.ResponseToolCalled("r", "i", ToolCalled(call_id=HALF, name=HALF, arguments=HALF)),
    reported.CallerTranscribed("i", FinalTranscript(text=HALF, start_ms=0, end_ms=1)),
    reported.CallerTranscribed("i", InterimTranscript(HALF, 0, 1)),
]


@pytest.mark.parametrize("event", EVENTS)
def test_half_an_emoji_is_replaced_in_whatever_has_words(event: reported.RealtimeEvent) -> None:
    text = msgspec.json.encode(with_well_formed_text(event)).decode()
    assert WHOLE in text
    assert "\\ud83d" not in text


def test_two_halves_are_the_character_that_they_mean() -> None:
    event = with_well_formed_text(reported.ResponseTranscript("r", "i", "\ud83d\ude42"))
    assert event == reported.ResponseTranscript("r", "i", "🙂")


@pytest.mark.parametrize(
    "event",
    [
        reported.ResponseTranscript("r", "i", "plain"),
        reported.ResponseAudio("r", "i", b"ab"),
        reported.CallerTranscribed("i", NoSpeechRecognized(1)),
        reported.ResponseFinished(response_id="r", status=reported.ResponseStatus.COMPLETED),
    ],
)
def test_all_else_is_passed_on_as_it_is(event: reported.RealtimeEvent) -> None:
    assert with_well_formed_text(event) is event
