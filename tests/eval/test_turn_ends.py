"""The end of turn on synthetic speech: what is complete is answered soon, and a pause in a sentence is none."""

from actors.conversation import ExpectedAnswer
from tests.eval.turn_ends import (
    HELD_OUT_PAUSES_EACH,
    NUMBERS,
    PAUSES_EACH,
    RULES,
    Clip,
    Outcome,
    Row,
    clip_of_people,
    clips,
    outcome,
    row_of,
    said,
    said_held_out,
    spoken,
    table,
)
from tests.kit.speech import silence

SENTENCE = "i would like to know what a cleaning costs"


def paused(text: str, word: int, pause_ms: int, expected: ExpectedAnswer = ExpectedAnswer.ANYTHING) -> Clip:
    """`text` with a pause before its word number `word`, from 1."""
    pcm, places = spoken(text)
    at = places[word - 1]
    return Clip(
        kind="sentence", pcm=pcm[:at] + silence(pause_ms) + pcm[at:], resumes_ms=at / 32 + pause_ms, expected=expected
    )


def test_a_complete_sentence_is_answered_sooner_than_after_any_fixed_silence() -> None:
    clip = Clip(kind="sentence", pcm=spoken("what time do you close on friday")[0])
    by_words, by_silence = (outcome(clip, RULES[rule]).dead_air_ms for rule in ("words", "600 ms of silence"))
    assert by_words < 450 < by_silence


def test_a_pause_after_a_word_that_goes_on_is_no_end() -> None:
    clip = paused(SENTENCE, 4, 1_200)
    assert not outcome(clip, RULES["words"]).is_cut
    assert outcome(clip, RULES["900 ms of silence"]).is_cut


def test_a_number_is_heard_to_its_end() -> None:
    clip = paused(NUMBERS[0], 3, 1_200, ExpectedAnswer.NUMBER)
    assert not outcome(clip, RULES["words"]).is_cut


def test_there_is_a_pause_in_half_of_the_material() -> None:
    made = clips(said(), PAUSES_EACH)
    assert sum(bool(clip.resumes_ms) for clip in made) > 0.4 * len(made)
    assert {clip.kind for clip in made} == {"sentence", "answer", "number", "name"}


def test_the_sentences_that_are_held_out_are_of_the_same_kinds_and_none_of_the_others() -> None:
    known, held_out = ({text for _, text, _ in texts} for texts in (said(), said_held_out()))
    assert not known & held_out
    one_of_each = [next(each for each in said_held_out() if each[0] == kind) for kind in ("sentence", "number", "name")]
    made = clips(one_of_each, HELD_OUT_PAUSES_EACH)
    assert [bool(clip.resumes_ms) for clip in made] == [False, True, True] * 3


def test_the_pauses_of_a_recording_are_found() -> None:
    loud = b"\x00\x10" * 8_000
    clip = clip_of_people(loud + silence(400) + loud)
    assert 850 <= clip.resumes_ms <= 950
    assert clip_of_people(loud + silence(100) + loud).resumes_ms == 0


def test_the_table_has_a_line_for_each_rule() -> None:
    whole, with_pause = Clip(kind="name", pcm=b""), Clip(kind="name", pcm=b"", resumes_ms=500.0)
    found = [Outcome(whole, is_cut=False, dead_air_ms=300.0), Outcome(with_pause, is_cut=True, dead_air_ms=300.0)]
    row = row_of("words", found, 20.0)
    assert row == Row(rule="words", dead_air_ms=(320.0,), paused={"name": (1, 1)})
    line = " ".join(table([row]).splitlines()[1].split())
    assert line == "words 1 320 ms 320 ms 320 ms 100.0% name 1 of 1"
