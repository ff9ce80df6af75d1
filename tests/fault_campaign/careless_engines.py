"""Voice activity, an end of turn and a voice that tell what their ports do not allow, or raise."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from actors.agent import Voice
from actors.ports.end_of_turn import SpeechSoFar
from actors.ports.tts import AudioSynthesized, Synthesis, SynthesisEvent, WordSynthesized
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.turn_taking_settings import Endpointing
from tests.fault_campaign.speech_as_text import Pace, SpellingSynthesizer
from tests.kit.fakes import EnergyActivity
from tests.kit.faults import Faults


class AnswerFault(StrEnum):
    """What comes of a question that is to be answered with a number."""

    NOT_A_NUMBER = "answers NaN"
    NOTHING = "answers None"
    TOO_MUCH = "answers a million"
    BUG = "RuntimeError"
    SYSTEM_EXIT = "SystemExit"


def _answer(fault: AnswerFault) -> Any:
    match fault:
        case AnswerFault.NOT_A_NUMBER:
            return float("nan")
        case AnswerFault.NOTHING:
            return None
        case AnswerFault.TOO_MUCH:
            return 1e6
        case AnswerFault.BUG:
            raise RuntimeError("fake")
        case AnswerFault.SYSTEM_EXIT:
            raise SystemExit(1)


class Count:
    """Of the questions of a session, whichever actor asks."""

    def __init__(self, fault: AnswerFault | None, faulty: range) -> None:
        self._fault = fault
        self._faulty = faulty
        self._asked = 0

    def due(self) -> AnswerFault | None:
        """Count one more question; how it goes wrong, if it does."""
        self._asked += 1
        return self._fault if self._asked in self._faulty else None


class CarelessActivity(EnergyActivity):
    """Voice activity that goes wrong at some windows."""

    def __init__(self, count: Count) -> None:
        super().__init__()
        self._count = count

    def probability(self, window: bytes) -> float:
        fault = self._count.due()
        return super().probability(window) if fault is None else _answer(fault)


class CarelessEndOfTurn(EndOfTurnByWords):
    """An end of turn that goes wrong at some questions."""

    def __init__(self, count: Count) -> None:
        super().__init__()
        self._count = count

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        fault = self._count.due()
        return super().silence_ms(speech, settings) if fault is None else _answer(fault)


class VoiceFault(StrEnum):
    """What a voice tells beside what it is to tell, or how it makes audio otherwise than at once."""

    NO_EVENT = "tells what is no event"
    HALF_A_SAMPLE = "tells half a sample of audio"
    NO_PLACE = "tells a word without a place"
    NO_WORDS = "does not tell where the words lie"
    SLOW = "makes audio slower than it plays"
    PAUSES = "pauses for 1.5 s in the middle of each piece"


PACES = {VoiceFault.SLOW: Pace(1.25), VoiceFault.PAUSES: Pace(0.3, 1.5)}


class CarelessSynthesizer(SpellingSynthesizer):
    """A voice that tells something else, too, with whatever it tells."""

    def __init__(self, *, faults: Faults, kept_share: float, cut_writes: range, fault: VoiceFault | None) -> None:
        super().__init__(
            faults=faults,
            kept_share=kept_share,
            cut_writes=cut_writes,
            has_words=fault is not VoiceFault.NO_WORDS,
            pace=PACES.get(fault) if fault is not None else None,
        )
        self._fault = fault

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        def told(event: SynthesisEvent) -> None:
            wrong: Any = None
            match self._fault:
                case VoiceFault.HALF_A_SAMPLE:
                    wrong = AudioSynthesized(event.reply, b"abc")
                case VoiceFault.NO_PLACE:
                    none: Any = None
                    wrong = WordSynthesized(reply=event.reply, text_start=none, text_end=none, audio_ms=0)
                case _:
                    pass
            report(wrong)
            report(event)

        is_told_more = self._fault in (VoiceFault.NO_EVENT, VoiceFault.HALF_A_SAMPLE, VoiceFault.NO_PLACE)
        return await super().open(voice, rate_hz, told if is_told_more else report)
