"""The end of turn on synthetic speech: what is complete is answered soon, and a pause in a sentence is none."""

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.session.checkpoint import AskedQuestion
from actors.turn_taking_settings import Endpointing
from app.providers.moonshine.model import Decoded, Model
from app.providers.moonshine.segments import WINDOW_BYTES
from app.providers.moonshine.weights import weights
from tests.eval.pause_clips import Clip, Said, clips_with_pauses_anywhere, spoken
from tests.eval.progress import Progress
from tests.eval.turn_ends import (
    NUMBERS,
    RULES,
    Outcome,
    Row,
    outcome,
    row_of,
    rows,
    said_earlier,
    said_of_corpus,
    table,
    table_of_kinds,
)
from tests.eval.virtual_line import Line
from tests.kit.speech import silence

ANYTHING = ExpectedAnswer.ANYTHING
SENTENCE = "i would like to know what a cleaning costs"


def paused(text: str, word: int, pause_ms: int, expected: ExpectedAnswer = ExpectedAnswer.ANYTHING) -> Clip:
    """`text` with a pause before its word number `word`, from 1."""
    pcm, places = spoken(text)
    at = places[word - 1]
    return Clip(
        kind="sentence",
        pcm=pcm[:at] + silence(pause_ms) + pcm[at:],
        pauses=((at / 32, at / 32 + pause_ms),),
        expected=expected,
    )


def test_a_complete_sentence_is_answered_sooner_than_after_any_fixed_silence() -> None:
    clip = Clip(kind="sentence", pcm=spoken("What time do you close on Friday?")[0])
    by_words, by_silence = (outcome(clip, RULES[rule]).dead_air_ms for rule in ("words", "600 ms of silence"))
    assert by_words < 450 < by_silence


def test_what_is_measured_is_the_same_whatever_else_the_machine_does() -> None:
    clip = Clip(kind="sentence", pcm=spoken("Are you open on Monday?")[0])
    assert outcome(clip, RULES["words"]) == outcome(clip, RULES["words"])


def test_a_pause_after_a_word_that_goes_on_is_no_end() -> None:
    clip = paused(SENTENCE, 4, 1_200)
    assert outcome(clip, RULES["words"]).cut == 0
    assert outcome(clip, RULES["900 ms of silence"]).cut == 1


def test_a_number_is_heard_to_its_end() -> None:
    clip = paused(NUMBERS[0], 3, 1_200, ExpectedAnswer.NUMBER)
    assert outcome(clip, RULES["words"]).cut == 0


class Deaf(Model):
    """Hears no word."""

    def __init__(self) -> None:
        folder = weights()
        assert folder is not None
        super().__init__(folder)

    def decode(self, *_args: object, **_kwargs: object) -> Decoded:
        return Decoded((), confidence=0.0)


def test_a_short_voice_without_words_is_answered_where_the_agent_has_asked_and_else_not() -> None:
    deaf, pcm = Deaf(), silence(800) + spoken("hello")[0] + silence(2_500)
    for question, answers in (("What is your name?", 1), ("", 0)):
        line = Line(Endpointing(), AskedQuestion(question, ANYTHING), EndOfTurnByWords(), model=deaf)
        for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES):
            line.hear(pcm[at : at + WINDOW_BYTES])
        assert len(line.ends_ms) == len(line.answers_ms) == answers


def test_each_kind_of_sentence_is_there_and_none_twice() -> None:
    known, earlier = said_of_corpus(), said_earlier()
    for several in (known, earlier):
        assert {said.kind for said in several} == {"sentence", "answer", "number", "name"}
    assert not {said.text for said in known} & {said.text for said in earlier}


def test_the_table_has_a_line_for_each_rule() -> None:
    whole, with_pause = Clip(kind="sentence", pcm=b""), Clip(kind="name", pcm=b"", pauses=((0.0, 500.0), (900, 1_200)))
    row = row_of("words", [Outcome(whole, 0, 300.0), Outcome(with_pause, 1, 300.0)])
    assert row == Row(rule="words", dead_air_ms={"sentence": (300.0,)}, paused={"name": (2, 1)})
    line = " ".join(table([row]).splitlines()[1].split())
    assert line == "words 1 300 ms 1 300 ms 300 ms 300 ms 50.0% name 1 of 2"


def test_each_kind_of_answer_has_its_line() -> None:
    whole, with_pause = Clip(kind="name", pcm=b""), Clip(kind="name", pcm=b"", pauses=((0.0, 500.0),))
    row = row_of("words", [Outcome(whole, 0, 300.0), Outcome(whole, 0, 500.0), Outcome(with_pause, 1, 300.0)])
    assert " ".join(table_of_kinds(row).splitlines()[1].split()) == "name 2 400 ms 400 ms 1 of 1"


def test_what_was_said_without_a_pause_has_no_share_of_pauses() -> None:
    row = row_of("words", [Outcome(Clip(kind="sentence", pcm=b""), 0, 300.0)])
    assert table([row]).splitlines()[1].split()[-1] == "ms"


def test_every_rule_is_measured_on_the_same_clips() -> None:
    said: list[str] = []
    material = clips_with_pauses_anywhere([Said("yes please", kind="answer")], 1)
    measured = rows(material, said.append)
    assert [row.rule for row in measured] == list(RULES)
    assert all(sum(count for count, _ in row.paused.values()) == 1 for row in measured)
    assert len(said) == len(RULES) * len(material)
    assert callable(Progress())
