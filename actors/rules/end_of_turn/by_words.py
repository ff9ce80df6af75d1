"""The end of turn by what was said, what was asked, and how the speaker pauses."""

from enum import Enum
from typing import assert_never

from actors.conversation import ExpectedAnswer
from actors.ports.end_of_turn import SpeechSoFar
from actors.rules.backchannel import words_of
from actors.rules.end_of_turn.completeness import Completeness, completeness
from actors.rules.end_of_turn.likelihood import likelihood
from actors.rules.end_of_turn.speaker_pauses import SpeakerPauses
from actors.turn_taking_settings import Endpointing, QuestionEndpointing

HARDLY_SHARE = 0.95
"""The silence that ends an utterance which may well go on, as a share of the way from `end_silence_ms` to
`max_silence_ms`. Pauses within sentences are nearly as long, and a reply is begun meanwhile."""
DONE, HARDLY = 0.78, 0.3
"""Likelihoods that the caller is done: from the first on the shortest silence ends the utterance, below the second only
the longest does."""
GO_ON = frozenset((Completeness.UNFINISHED, Completeness.UNCERTAIN))
"""Kinds of utterance that the shortest silence never ends, however final they sound."""


class _Grade(Enum):
    DONE = "done"
    PROBABLY = "probably"
    PERHAPS = "perhaps"
    HARDLY = "hardly"
    NOT = "not"


_BY_COMPLETENESS = {
    Completeness.ANSWERED: _Grade.DONE,
    Completeness.COMPLETE: _Grade.PROBABLY,
    Completeness.LIKELY: _Grade.PROBABLY,
    Completeness.EXPECTED: _Grade.PROBABLY,
    Completeness.UNKNOWN: _Grade.PERHAPS,
    Completeness.BRIEF: _Grade.HARDLY,
    Completeness.OPENING: _Grade.HARDLY,
    Completeness.CLIPPED: _Grade.HARDLY,
    Completeness.UNCERTAIN: _Grade.HARDLY,
    Completeness.UNFINISHED: _Grade.NOT,
}
"""The grade of each completeness where the recognizer does not tell how likely the utterance is over."""


class EndOfTurnByWords:
    """The default of `actors.ports.end_of_turn.EndOfTurn`, for one session."""

    __slots__ = ("_pauses",)

    def __init__(self) -> None:
        self._pauses = SpeakerPauses()

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        """See `actors.ports.end_of_turn.EndOfTurn`. The less likely the caller is done, the longer is the silence."""
        question = question_of(speech.question, settings)
        least, usual, most = bounds_ms(settings, question)
        is_noise = not speech.text and not speech.ended_by_engine and not _is_asked(speech)
        if not speech.is_current or is_noise:
            return usual
        expected = question.expects if question is not None else speech.expected
        grade = _grade(speech, completeness(speech.text, expected, speech.language), expected)
        pauses = self._pauses if settings.adaptive else SpeakerPauses()
        match grade:
            case _Grade.DONE:
                wanted_ms = least + pauses.more_ms
            case _Grade.PROBABLY:
                wanted_ms = (least + usual) / 2 + pauses.more_ms
            case _Grade.PERHAPS:
                wanted_ms = usual + pauses.more_ms
            case _Grade.HARDLY:
                wanted_ms = max(usual + HARDLY_SHARE * (most - usual), pauses.usual_ms)
            case _Grade.NOT:
                wanted_ms = most
            case _:
                assert_never(grade)
        return min(wanted_ms, most)

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        """See `actors.ports.end_of_turn.EndOfTurn`."""
        self._pauses.went_on(pause_ms, was_over=was_over)


def _grade(speech: SpeechSoFar, found: Completeness, expected: ExpectedAnswer) -> _Grade:
    """How likely the caller is done, in as many steps as there are silences."""
    if speech.ended_by_engine and found > Completeness.UNFINISHED:
        return _Grade.DONE
    if speech.end_confidence is None:
        return _BY_COMPLETENESS[found]
    likely = likelihood(found, expected, speech.end_confidence, len(words_of(speech.text)))
    if likely >= DONE and found not in GO_ON:
        return _Grade.DONE
    if found is Completeness.ANSWERED and expected is ExpectedAnswer.YES_NO:
        return _Grade.PERHAPS
    return _Grade.HARDLY if likely >= HARDLY else _Grade.NOT


def _is_asked(speech: SpeechSoFar) -> bool:
    """Whether the agent waits for an answer: then voice without words is rather the beginning of one than a noise."""
    return bool(speech.question) or speech.expected is not ExpectedAnswer.ANYTHING


class FixedSilence:
    """The end of turn of a session that only transcribes, where no reply is waited for: always `end_silence_ms`."""

    def silence_ms(self, _speech: SpeechSoFar, settings: Endpointing) -> float:
        """See `actors.ports.end_of_turn.EndOfTurn`."""
        return settings.end_silence_ms

    def went_on(self, _pause_ms: float, *, was_over: bool) -> None:
        """See `actors.ports.end_of_turn.EndOfTurn`."""


def question_of(question: str, settings: Endpointing) -> QuestionEndpointing | None:
    """The agent's setting for a question in these words; None if it has none."""
    asked = question.casefold()
    return next((each for each in settings.questions if each.asks.casefold() in asked), None)


def bounds_ms(settings: Endpointing, question: QuestionEndpointing | None = None) -> tuple[float, float, float]:
    """The shortest, the usual and the longest silence that ends an utterance, in ms; none is longer than the next."""
    usual = settings.end_silence_ms
    least, most = min(settings.min_silence_ms, usual), max(settings.max_silence_ms, usual)
    if question is not None and question.min_silence_ms is not None:
        least = question.min_silence_ms
    if question is not None and question.max_silence_ms is not None:
        most = question.max_silence_ms
    most = max(most, least)
    return least, min(max(usual, least), most), most
