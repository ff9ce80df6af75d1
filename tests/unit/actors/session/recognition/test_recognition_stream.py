"""What an engine's stream is given of the session's audio, and where its words lie in it."""

import pytest

from actors.conversation import SpokenWord
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.runtime.session_trace import Trace
from actors.session.recognition.audio_ring import AudioRing
from actors.session.recognition.recognition_stream import RecognitionStream

RATE_HZ = 16_000
SECOND = b"\1\0" * RATE_HZ


class Engine:
    """An engine's stream that notes what it is given."""

    def __init__(self) -> None:
        self.pushed = b""
        self.finished = 0

    def push(self, pcm: bytes) -> None:
        self.pushed += pcm

    def finish_utterance(self) -> None:
        self.finished += 1

    async def close(self) -> None: ...


def stream(seconds: int = 0, language: str = "", speaker: str = "") -> tuple[RecognitionStream, AudioRing, Trace]:
    ring, trace = AudioRing(RATE_HZ, 20_000), Trace()
    for _ in range(seconds):
        ring.append(SECOND)
    return RecognitionStream(ring, trace, speaker, language), ring, trace


def final(start_ms: float, end_ms: float, **fields: object) -> FinalTranscript:
    return FinalTranscript(text=" hello ", start_ms=start_ms, end_ms=end_ms, **fields)  # type: ignore[arg-type]


def test_a_stream_that_is_opened_is_given_what_was_not_settled() -> None:
    made, ring, _ = stream(seconds=3)
    engine = Engine()
    made.opened(engine, len(SECOND))
    assert len(engine.pushed) == 2 * len(SECOND)
    made.push(SECOND, ring.end_bytes)
    assert len(engine.pushed) == 3 * len(SECOND)


def test_nothing_is_pushed_before_there_is_a_stream_nor_twice() -> None:
    made, _, _ = stream()
    made.push(SECOND, 0)
    engine = Engine()
    made.opened(engine, len(SECOND))
    made.push(SECOND, 0)
    assert engine.pushed == b""
    made.push(SECOND, len(SECOND))
    assert engine.pushed == SECOND


def test_words_lie_where_they_were_said_in_the_session() -> None:
    made, _, _ = stream(seconds=3, language="de-DE", speaker="1")
    made.opened(Engine(), 2 * len(SECOND))
    told = made.in_session_time(final(100, 900, words=(SpokenWord(" hello", 100, 900),)))
    assert (told.text, told.start_ms, told.end_ms, told.language, told.speaker) == (
        "hello",
        2_100,
        2_900,
        "de-DE",
        "1",
    )
    assert told.words == (SpokenWord("hello", 2_100, 2_900),)
    assert made.end_ms(500) == 2_500


def test_a_gap_in_the_audio_is_none_of_the_stream() -> None:
    made, _, _ = stream()
    made.opened(Engine(), 0)
    made.push(SECOND, 0)
    made.push(SECOND, 5 * len(SECOND))
    interim = made.in_session_time(InterimTranscript(text="so", start_ms=1_000, end_ms=1_500))
    assert (interim.start_ms, interim.end_ms) == (5_000, 5_500)
    assert made.end_ms(1_000) == 1_000, "what ends at the gap ends before it"


def test_an_engine_that_tells_a_language_is_believed_and_one_that_tells_no_text_has_told_none() -> None:
    made, _, _ = stream(language="de-DE")
    told = made.in_session_time(FinalTranscript(text=None, language="fr-FR"))  # type: ignore[arg-type]  # a bad plug-in
    assert (told.text, told.language) == ("", "fr-FR")


def test_a_final_is_asked_for_where_there_is_a_stream() -> None:
    made, _, _ = stream()
    assert not made.finish_utterance()
    engine = Engine()
    made.opened(engine, 0)
    assert made.finish_utterance()
    assert engine.finished == 1


async def test_a_closed_stream_is_counted_once_and_given_nothing_more() -> None:
    made, _, trace = stream(seconds=2)
    engine = Engine()
    made.opened(engine, 0)
    made.close()
    made.close()
    assert trace.usage.recognized_s == pytest.approx(2.0)
    made.push(SECOND, 2 * len(SECOND))
    assert len(engine.pushed) == 2 * len(SECOND)
