"""The emulator's parts that need no connection: framing, SSML, energy, engines, tones."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.cloud.acs.pcm import silence, tone
from tests.cloud.speech.energy import Edge, Segments
from tests.cloud.speech.engines import Heard, LatencyEcho, Partial, RecognitionEngine, Scripted, Utterance
from tests.cloud.speech.recognition import read_context
from tests.cloud.speech.records import Recognition
from tests.cloud.speech.ssml import Manner, Span, SsmlError, parse_ssml
from tests.cloud.speech.voices import tone_voice
from tests.cloud.speech.wire import WireError, audio_frame, parse, text_frame, wave_header

RATE_HZ = 16_000
BLOCK = RATE_HZ // 50 * 2
SPEAK = "<speak version='1.0' xml:lang='en-US' xmlns='http://www.w3.org/2001/10/synthesis'>{}</speak>"


def spoken(*lengths_ms: int) -> bytes:
    """Tone and silence by turns, a tone first."""
    return b"".join(
        silence(length_ms, RATE_HZ) if number % 2 else tone(length_ms, RATE_HZ)
        for number, length_ms in enumerate(lengths_ms)
    )


class Heardsay:
    """A turn that keeps what an engine tells; an utterance whose final is told counts as told unless `lost`."""

    def __init__(self, engine: RecognitionEngine, connection: int = 0, lost: bool = False) -> None:
        self.recognition = read_context({}, connection, "")
        self.told: list[Heard] = []
        self._lost = lost
        self._ear = engine.listen(self)

    def tell(self, heard: Heard, *, delay_ms: float = 0.0, told: Callable[[], None] | None = None) -> None:
        self.told.append(heard)
        if told and not self._lost:
            told()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        raise AssertionError("these engines do all at once")

    def hear(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), BLOCK):
            self._ear.hear(pcm[start : start + BLOCK])

    def finish(self) -> None:
        self._ear.finish()

    def texts(self, kind: str) -> list[str]:
        return [heard.text for heard in self.told if heard.kind == kind]


def test_what_is_framed_can_be_read_again() -> None:
    frame = parse(text_frame("turn.start", "7", {"a": 1}))
    assert (frame.path, frame.request_id, frame.json()) == ("turn.start", "7", {"a": 1})
    sound = parse(audio_frame("7", "S", b"\1\2"))
    assert (sound.path, sound.stream_id, sound.body) == ("audio", "S", b"\1\2")


@pytest.mark.parametrize("raw", ["no headers", "Name:x\r\n\r\n", b"", b"\xff\xff", b"\0\x01a"])
def test_a_frame_that_is_none_is_refused(raw: str | bytes) -> None:
    with pytest.raises(WireError):
        parse(raw)


@pytest.mark.parametrize("body", ["", "[]", "{"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    with pytest.raises(WireError, match=r"speech\.context"):
        parse(f"Path:speech.context\r\n\r\n{body}").json()


def test_stereo_is_refused() -> None:
    header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\2\0" + (16_000).to_bytes(4, "little") + bytes(6) + b"\x10\0"
    with pytest.raises(WireError, match="2 channels"):
        wave_header(header)


def test_a_document_is_read_as_a_voice_would() -> None:
    inner = (
        "<voice name='en-US-AvaNeural'><mstts:express-as xmlns:mstts='http://www.w3.org/2001/mstts' style='cheerful' "
        "styledegree='2'><prosody rate='+20%' pitch='-5%'>Hi &amp; <break time='1.5s'/>bye</prosody>"
        "</mstts:express-as> now<bookmark mark='m'/></voice>"
    )
    document = parse_ssml(SPEAK.format(inner))
    assert document.text == "Hi & bye now"
    assert (document.voice, document.style, document.rate, document.pitch) == (
        "en-US-AvaNeural",
        "cheerful",
        "+20%",
        "-5%",
    )
    assert [span.pause_ms for span in document.spans if span.pause_ms] == [1500]
    assert document.spans[-1].bookmark == "m"
    assert document.spans[-2].manner == Manner("en-US-AvaNeural", "en-US")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("<speak>", "well-formed"),
        ("<speak/>", "namespace"),
        (SPEAK.format("Hello"), "outside of a voice"),
        (SPEAK.format(""), "VOICE"),
        (SPEAK.format("<voice>Hello</voice>"), "name"),
        (SPEAK.format("<voice name='a'><script>x</script></voice>"), "script"),
    ],
)
def test_a_document_that_the_service_refuses(document: str, why: str) -> None:
    with pytest.raises(SsmlError, match=why):
        parse_ssml(document)


@pytest.mark.parametrize(("rate", "tempo"), [("", 1), ("+50%", 1.5), ("-20%", 0.8), ("2", 2), ("fast", 1.55), ("x", 1)])
def test_a_rate_is_a_tempo(rate: str, tempo: float) -> None:
    assert Manner(rate=rate).tempo == tempo
    length = len(tone_voice(Span("Hello there", Manner(rate=rate)), 16_000).pcm)
    assert length == pytest.approx(len(tone_voice(Span("Hello there", Manner()), 16_000).pcm) / tempo, rel=0.02)


def test_tones_are_the_same_every_time_and_words_lie_in_them() -> None:
    first, second = (tone_voice(Span("Hello, you 2.", Manner()), 24_000) for _ in range(2))
    assert first == second
    assert [word.text for word in first.words] == ["Hello", ",", "you", "2", "."]
    assert [word.punctuation for word in first.words] == [False, True, False, False, True]
    ends = [word.start_ms + word.duration_ms for word in first.words]
    assert all(end <= word.start_ms for end, word in zip(ends, first.words[1:], strict=False))
    assert ends[-1] <= len(first.pcm) / 48


def test_speech_is_found_by_its_energy() -> None:
    segments = Segments(RATE_HZ, 200)
    pcm = silence(100, RATE_HZ) + spoken(300, 150, 300, 400)
    edges = [edge for start in range(0, len(pcm), 333) for edge in segments.feed(pcm[start : start + 333])]
    assert edges == [Edge("start", 100), Edge("end", 850)]
    assert segments.finish() == []


def test_a_click_is_no_speech() -> None:
    assert Segments(RATE_HZ, 200).feed(spoken(20, 500)) == []


def test_a_script_is_heard_in_order_and_nothing_after_it() -> None:
    turn = Heardsay(Scripted("Hello there.", Utterance("Bye.", ("b", Partial("by", 150)), confidence=0.5)))
    turn.hear(spoken(600, 600, 500, 600, 300, 600))
    assert turn.texts("partial") == ["hello", "hello there", "b", "by"]
    finals = [heard for heard in turn.told if heard.kind == "final"]
    assert [(f.text, f.status, f.confidence) for f in finals] == [
        ("Hello there.", "Success", 0.9),
        ("Bye.", "Success", 0.5),
        ("", "NoMatch", 0.9),
    ]
    assert [(f.offset_ms, f.duration_ms) for f in finals] == [(0, 600), (1200, 500), (2300, 300)]


def test_a_script_at_given_places_needs_no_loud_audio() -> None:
    script = Scripted(Utterance("One.", at_ms=500, duration_ms=400), Utterance("Two.", at_ms=1500, duration_ms=300))
    turn = Heardsay(script)
    turn.hear(silence(1700, RATE_HZ))
    turn.finish()
    finals = [(h.text, h.offset_ms, h.duration_ms) for h in turn.told if h.kind == "final"]
    assert finals == [("One.", 500, 400), ("Two.", 1500, 200)]


def test_an_utterance_that_was_lost_comes_again_in_the_next_turn() -> None:
    script = Scripted("One.", "Two.")
    lost = Heardsay(script, lost=True)
    lost.hear(spoken(300, 600))
    assert [u.text for u in script.left] == ["One.", "Two."]
    again = Heardsay(script, connection=1)
    again.hear(spoken(300, 600))
    third = Heardsay(script, connection=2)
    third.hear(spoken(300, 600))
    assert (again.texts("final"), third.texts("final"), script.left) == (["One."], ["Two."], ())


def test_a_script_of_its_own_for_each_connection() -> None:
    script = Scripted("One.", each_connection=True)
    for connection in (0, 1):
        turn = Heardsay(script, connection)
        turn.hear(spoken(300, 600))
        assert turn.texts("final") == ["One."]


def test_an_echo_counts_and_ends_soon() -> None:
    turn = Heardsay(LatencyEcho(final_after_ms=100, partial_every_ms=200))
    turn.hear(spoken(500, 100, 250, 100))
    assert turn.texts("partial") == ["number 1 part 1", "number 1 part 2", "number 2 part 1"]
    assert turn.texts("final") == ["Number 1.", "Number 2."]


def test_a_context_is_read() -> None:
    context = {
        "phraseDetection": {
            "language": "de-DE",
            "speakerDiarization": {},
            "CONVERSATION": {"segmentation": {"segmentationSilenceTimeoutMs": 700}},
        },
        "dgi": {"Groups": [{"Items": [{"Text": "Ann"}, {"Text": "Bo"}]}]},
    }
    read = read_context(context, 3, "r")
    assert isinstance(read, Recognition)
    assert (read.languages, read.phrases, read.diarization, read.segmentation_ms) == (
        ("de-DE",),
        ("Ann", "Bo"),
        True,
        700,
    )
    assert not read.detects_language
