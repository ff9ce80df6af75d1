"""What of a caller's audio is decoded when, and what is told of it; the model's part is played by hand."""

import numpy as np
import pytest

from actors.errors import ErrorKind
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed
from app.providers.moonshine.caller_stream import (
    DECODED_PAUSE_BYTES,
    INTERIM_EVERY_MS,
    INTERIM_VOICED_MS,
    OWED_MAX,
    PAUSE_MS,
    SHORT_CONFIDENCE_MIN,
    SHORT_VOICED_MS,
    STALE_MS,
    CallerStream,
)
from app.providers.moonshine.decoding import Decoding, Urgency
from app.providers.moonshine.lateness import Lateness
from app.providers.moonshine.model import Decoded
from app.providers.moonshine.segments import PAUSE_WINDOWS, WINDOW_BYTES, WINDOW_MS

WORDS = ("", "yes", "no", "please", "you", "may", "go")


class Loudness:
    """Takes windows that are not silent for speech."""

    rate_hz = 16_000
    window_samples = 512

    def probability(self, window: bytes) -> float:
        return 0.9 if any(window) else 0.0

    def reset(self) -> None:
        """Nothing is remembered."""


class Texts:
    """Pieces are numbers of WORDS."""

    def text(self, numbers: tuple[int, ...]) -> str:
        return " ".join(WORDS[number] for number in numbers)


class Bench:
    """A stream whose decodings are answered by the test."""

    def __init__(self) -> None:
        self.submitted: list[Decoding] = []
        self.has_room = True
        self.events: list[RecognitionEvent] = []
        self.now = 0.0
        self.lateness = Lateness(lambda: self.now)
        self.stream = CallerStream(
            detector=Loudness(),
            hints=None,
            texts=Texts(),
            queue=self,
            decoded=lambda _: None,
            tell=self.events.append,
            lateness=self.lateness,
        )

    def submit(self, decoding: Decoding) -> bool:
        if self.has_room:
            self.submitted.append(decoding)
        return self.has_room

    def speak(self, ms: int) -> None:
        self.stream.take(b"\x01" * (ms // WINDOW_MS * WINDOW_BYTES))

    def be_silent(self, ms: int) -> None:
        self.stream.take(bytes(ms // WINDOW_MS * WINDOW_BYTES))

    def answer(self, text: str, confidence: float = 0.9, took_ms: float = 100.0) -> Decoding:
        """The last decoding that was asked for is done."""
        decoding = self.submitted[-1]
        decoding.is_begun = True
        decoding.result = Decoded(tuple(map(WORDS.index, text.split())), confidence)
        decoding.took_ms = took_ms
        self.stream.on_decoded(decoding)
        return decoding

    @property
    def interims(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, InterimTranscript)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_nothing_is_decoded_of_silence(bench: Bench) -> None:
    bench.be_silent(3_000)
    bench.stream.finish()
    assert bench.submitted == []
    assert bench.events == [NoSpeechRecognized(93 * WINDOW_MS)]


def test_no_interim_before_there_is_voice_enough(bench: Bench) -> None:
    bench.be_silent(960)
    bench.speak(INTERIM_VOICED_MS - WINDOW_MS)
    assert bench.submitted == []
    bench.speak(2 * WINDOW_MS)
    assert [decoding.urgency for decoding in bench.submitted] == [Urgency.INTERIM]


def test_an_interim_is_told_once(bench: Bench) -> None:
    bench.speak(800)
    bench.answer("yes")
    bench.speak(800)
    bench.answer("yes")
    bench.speak(800)
    bench.answer("yes please")
    assert bench.interims == ["yes", "yes please"]


def test_what_is_heard_again_in_a_pause_is_told_with_how_sure_it_is_of_the_end(bench: Bench) -> None:
    bench.speak(800)
    bench.answer("yes")
    bench.be_silent(PAUSE_MS)
    bench.answer("yes")
    told = [event for event in bench.events if isinstance(event, InterimTranscript)]
    assert [(each.text, each.end_confidence) for each in told] == [("yes", None), ("yes", 1.0)]


def test_a_pause_is_decoded_as_if_it_were_longer_and_is_the_final_if_nothing_follows(bench: Bench) -> None:
    bench.speak(800)
    bench.be_silent(PAUSE_MS)
    decoding = bench.submitted[-1]
    silent = len(decoding.pcm) - len(decoding.pcm.rstrip(b"\0"))
    assert silent == DECODED_PAUSE_BYTES
    bench.answer("yes")
    bench.stream.finish()
    assert bench.submitted[-1] is decoding
    assert [event.text for event in bench.events if isinstance(event, FinalTranscript)] == ["yes"]


@pytest.mark.parametrize(
    ("voiced_ms", "confidence", "told"),
    [
        (SHORT_VOICED_MS, SHORT_CONFIDENCE_MIN, ["yes"]),
        (SHORT_VOICED_MS, SHORT_CONFIDENCE_MIN - 0.01, [""]),
        (SHORT_VOICED_MS - 2 * WINDOW_MS, 0.9, []),
        (INTERIM_VOICED_MS, SHORT_CONFIDENCE_MIN - 0.01, ["yes"]),
    ],
)
def test_a_short_word_is_told_of_in_a_pause_if_it_is_no_noise(
    bench: Bench, voiced_ms: int, confidence: float, told: list[str]
) -> None:
    bench.speak(voiced_ms + WINDOW_MS)
    bench.be_silent(PAUSE_MS)
    bench.answer("yes", confidence)
    assert bench.interims == told


def test_voice_without_words_before_a_pause_may_be_the_beginning_of_some(bench: Bench) -> None:
    bench.speak(800)
    bench.be_silent(PAUSE_MS)
    bench.answer("you", confidence=0.4)
    told = [event for event in bench.events if isinstance(event, InterimTranscript)]
    assert [(each.text, each.end_confidence) for each in told] == [("", 0.0)]


def test_one_interim_at_a_time_and_the_next_when_it_is_due(bench: Bench) -> None:
    bench.speak(2_000)
    assert len(bench.submitted) == 1
    bench.answer("yes", took_ms=10.0)
    bench.speak(INTERIM_EVERY_MS - WINDOW_MS)
    assert len(bench.submitted) == 1
    bench.speak(2 * WINDOW_MS)
    assert len(bench.submitted) == 2


def test_slow_interims_are_rarer(bench: Bench) -> None:
    bench.speak(1_024)
    bench.answer("yes", took_ms=500.0)
    bench.speak(960)
    assert len(bench.submitted) == 1
    bench.speak(64)
    assert len(bench.submitted) == 2


def test_what_two_interims_agree_on_is_taken_for_granted_but_for_its_end(bench: Bench) -> None:
    bench.speak(800)
    bench.answer("yes you may go no")
    bench.speak(800)
    assert bench.submitted[-1].is_whole
    bench.answer("yes you may go please")
    bench.speak(800)
    assert bench.submitted[-1].prefix == (WORDS.index("yes"), WORDS.index("you"))
    assert not bench.submitted[-1].is_whole


def test_unsure_interims_are_not_told(bench: Bench) -> None:
    bench.speak(800)
    bench.answer("you", confidence=0.4)
    assert bench.interims == []


def test_a_pause_has_all_decoded_and_that_is_the_final(bench: Bench) -> None:
    bench.be_silent(960)
    bench.speak(960)
    bench.be_silent(PAUSE_MS)
    assert bench.submitted[0].is_abandoned
    assert (bench.submitted[-1].urgency, bench.submitted[-1].is_whole) == (Urgency.SOON, True)
    bench.answer("yes please", confidence=0.8)
    bench.be_silent(400)
    bench.stream.finish()
    assert len(bench.submitted) == 2
    assert bench.events[-1] == FinalTranscript(text="yes please", start_ms=704, end_ms=1_920, confidence=0.8)


def test_a_final_that_is_waited_for_is_hurried(bench: Bench) -> None:
    bench.speak(960)
    bench.be_silent(PAUSE_MS)
    waiting = bench.submitted[-1]
    bench.stream.finish()
    assert bench.submitted[-1] is waiting
    assert waiting.urgency is Urgency.FINAL
    assert not any(isinstance(event, FinalTranscript) for event in bench.events)
    bench.answer("yes")
    assert isinstance(bench.events[-1], FinalTranscript)


def test_who_goes_on_after_a_pause_is_decoded_anew(bench: Bench) -> None:
    bench.speak(960)
    bench.be_silent(PAUSE_MS)
    bench.answer("yes")
    bench.speak(960)
    bench.stream.finish()
    assert (bench.submitted[-1].urgency, bench.submitted[-1].is_whole) == (Urgency.FINAL, True)
    bench.answer("yes please")
    assert bench.events[-1].text == "yes please"  # type: ignore[union-attr]


def test_an_unsure_final_is_nothing(bench: Bench) -> None:
    bench.speak(960)
    bench.stream.finish()
    bench.answer("you", confidence=0.49)
    assert bench.events[-1] == NoSpeechRecognized(30 * WINDOW_MS)


def test_no_words_are_nothing(bench: Bench) -> None:
    bench.speak(960)
    bench.stream.finish()
    bench.answer("")
    assert isinstance(bench.events[-1], NoSpeechRecognized)


def test_segments_of_an_utterance_are_one_final(bench: Bench) -> None:
    bench.speak(960)
    bench.be_silent(PAUSE_WINDOWS * WINDOW_MS)
    bench.answer("yes", confidence=0.6)
    bench.speak(960)
    bench.stream.finish()
    bench.answer("you may go", confidence=1.0)
    final = bench.events[-1]
    assert isinstance(final, FinalTranscript)
    assert final.text == "yes you may go"
    assert final.confidence == pytest.approx(0.9)
    assert (final.start_ms, final.end_ms) == (0, (30 + PAUSE_WINDOWS + 30) * WINDOW_MS)


def test_interims_have_the_segments_before(bench: Bench) -> None:
    bench.speak(960)
    bench.be_silent(PAUSE_WINDOWS * WINDOW_MS)
    bench.answer("yes")
    bench.speak(960)
    bench.answer("please")
    assert bench.interims[-1] == "yes please"


def test_finals_come_in_the_order_of_their_utterances(bench: Bench) -> None:
    bench.speak(960)
    bench.stream.finish()
    first = bench.submitted[-1]
    bench.speak(960)
    bench.stream.finish()
    bench.answer("no")
    assert not any(isinstance(event, FinalTranscript) for event in bench.events)
    bench.submitted.append(first)
    bench.answer("yes")
    finals = [event for event in bench.events if isinstance(event, FinalTranscript)]
    assert [final.text for final in finals] == ["yes", "no"]
    assert finals[0].end_ms <= finals[1].start_ms


def test_words_that_nobody_asks_for_are_forgotten(bench: Bench) -> None:
    bench.speak(960)
    bench.be_silent(STALE_MS - 100)
    bench.answer("yes")
    bench.be_silent(500)
    bench.stream.finish()
    assert isinstance(bench.events[-1], NoSpeechRecognized)


def test_a_fault_of_the_model_ends_the_stream_once(bench: Bench) -> None:
    bench.speak(960)
    bench.submitted[-1].error = RuntimeError("out of memory")
    for _ in range(2):
        bench.stream.on_decoded(bench.submitted[-1])
    assert bench.events == [RecognitionFailed(ErrorKind.INTERNAL, "the model failed: RuntimeError")]
    assert bench.stream.is_over


def test_an_interim_for_which_there_is_no_room_is_left_out(bench: Bench) -> None:
    bench.has_room = False
    bench.speak(960)
    assert bench.events == []
    bench.has_room = True
    bench.speak(960)
    assert len(bench.submitted) == 1


def test_a_final_for_which_there_is_no_room_ends_the_stream(bench: Bench) -> None:
    bench.speak(320)
    bench.has_room = False
    bench.stream.finish()
    (failed,) = bench.events
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.THROTTLED


def test_too_many_finals_that_wait_end_the_stream(bench: Bench) -> None:
    for _ in range(OWED_MAX + 1):
        bench.speak(320)
        bench.stream.finish()
    assert isinstance(bench.events[-1], RecognitionFailed)
    assert all(decoding.is_abandoned for decoding in bench.submitted)


def test_a_closed_stream_wants_nothing(bench: Bench) -> None:
    bench.speak(960)
    bench.stream.finish()
    bench.speak(960)
    bench.stream.close()
    assert all(decoding.is_abandoned for decoding in bench.submitted)
    bench.answer("yes")
    bench.speak(960)
    assert bench.events == []


def test_audio_may_be_cut_anyhow(bench: Bench) -> None:
    pcm = b"\x01" * (30 * WINDOW_BYTES)
    for at in range(0, len(pcm), 74):
        bench.stream.take(pcm[at : at + 74])
    bench.stream.finish()
    assert np.count_nonzero(np.frombuffer(bench.submitted[-1].pcm, np.uint8)) == len(pcm)


def test_a_final_counts_as_late_by_the_time_since_the_end_of_its_utterance(bench: Bench) -> None:
    for took_s in (0.9, 1.5):
        bench.speak(320)
        bench.now += 5.0
        bench.stream.finish()
        bench.now += took_s
        bench.answer("yes")
    assert bench.lateness.recent(60.0) == 1
