"""The end of turn by what was said, what was asked, and how the speaker pauses."""

from typing import assert_never

from actors.ports.end_of_turn import SpeechSoFar
from actors.rules.end_of_turn.completeness import Completeness, completeness, weighed
from actors.rules.end_of_turn.speaker_pauses import SpeakerPauses
from actors.turn_taking_settings import Endpointing, QuestionEndpointing

UNCERTAIN_SHARE = 0.8
"""Where between the usual silence and the most an utterance is waited for that may go on as well as not."""


class EndOfTurnByWords:
    """The default of `actors.ports.end_of_turn.EndOfTurn`, for one session."""

    def __init__(self) -> None:
        self._pauses = SpeakerPauses()

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        """See `actors.ports.end_of_turn.EndOfTurn`. The less complete the words are, the longer is the silence."""
        question = question_of(speech.question, settings)
        least, usual, most = bounds_ms(settings, question)
        if not speech.is_current:
            return usual
        expected = question.expects if question is not None else speech.expected
        found = weighed(completeness(speech.text, expected, speech.language), speech.end_confidence)
        if speech.ended_by_engine and found > Completeness.UNFINISHED:
            found = Completeness.COMPLETE
        pauses = self._pauses if settings.adaptive else SpeakerPauses()
        match found:
            case Completeness.ANSWERED | Completeness.COMPLETE:
                wanted_ms = least + pauses.more_ms
            case Completeness.LIKELY | Completeness.EXPECTED:
                wanted_ms = (least + usual) / 2 + pauses.more_ms
            case Completeness.UNKNOWN:
                wanted_ms = usual + pauses.more_ms
            case Completeness.UNCERTAIN:
                wanted_ms = max(usual + UNCERTAIN_SHARE * (most - usual), pauses.usual_ms)
            case Completeness.UNFINISHED:
                wanted_ms = most
            case _:
                assert_never(found)
        return min(wanted_ms, most)

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        """See `actors.ports.end_of_turn.EndOfTurn`."""
        self._pauses.went_on(pause_ms, was_over=was_over)


class FixedSilence:
    """An end of turn that nobody waits for: what is only written down ends with `end_silence_ms`."""

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
    """The least, the usual and the most silence: in that order, whatever the settings are."""
    usual = settings.end_silence_ms
    least, most = min(settings.min_silence_ms, usual), max(settings.max_silence_ms, usual)
    if question is not None and question.min_silence_ms is not None:
        least = question.min_silence_ms
    if question is not None and question.max_silence_ms is not None:
        most = question.max_silence_ms
    most = max(most, least)
    return least, min(max(usual, least), most), most
