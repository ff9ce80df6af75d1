"""A recognizer that hears what the caller says in the audio that it is given, and goes wrong as its port forbids."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from actors.errors import ErrorKind
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions
from tests.fault_campaign.caller_voice import Listener, Utterance
from tests.kit.fakes import FakeRecognition, FakeRecognizer, loudest
from tests.kit.faults import Fault, Faults

INTERIM_EVERY_MS = 200
AUDIBLE = 500
WORDS_OF_A_SEGMENT = 2

Report = Callable[[RecognitionEvent], None]


class RecognizerFault(StrEnum):
    """How a final transcript goes wrong."""

    LATE = "finals come late"
    TWICE = "finals come twice"
    NOT_TEXT = "a final without text"
    HALF_EMOJI = "finals with half an emoji"
    NO_EVENT = "tells what is no event with each final"
    SEGMENTS = "finals come in mid-utterance"
    NO_INTERIM = "tells no interim transcripts"


class HearingRecognizer(FakeRecognizer):
    """Recognises what is in the audio, the second time as the first, and goes wrong with some finals.

    Args:
        said: what the caller says, by the number in their voice.
        faults: where a stream fails, as in `FakeRecognizer`.
        fault: how it goes wrong.
        faulty: with which finals, counted from 1 over all streams.
    """

    def __init__(
        self, said: dict[int, Utterance], faults: Faults, fault: RecognizerFault | None, faulty: range
    ) -> None:
        super().__init__(faults=faults)
        self.said = said
        self._fault = fault
        self._faulty = faulty
        self._finals = 0

    def stream_of(self, options: RecognitionOptions, report: Report) -> "HearingRecognition":
        return HearingRecognition(self, options, report)

    def goes_wrong(self, fault: RecognizerFault) -> bool:
        """Whether the next final goes wrong so."""
        return self._fault is fault and self._finals + 1 in self._faulty

    def tell_final(self, event: FinalTranscript, report: Report) -> None:
        """Tell a final, or what goes wrong with it."""
        self._finals += 1
        loop = asyncio.get_running_loop()
        none: Any = None
        match self._fault if self._finals in self._faulty else None:
            case None | RecognizerFault.SEGMENTS | RecognizerFault.NO_INTERIM:
                report(event)
            case RecognizerFault.LATE:
                loop.call_later(2.0, report, event)
            case RecognizerFault.TWICE:
                report(event)
                loop.call_later(0.3, report, event)
            case RecognizerFault.NO_EVENT:
                report(none)
                report(event)
            case RecognizerFault.HALF_EMOJI:
                report(FinalTranscript(text=f"{event.text} \ud83d", start_ms=event.start_ms, end_ms=event.end_ms))
            case RecognizerFault.NOT_TEXT:
                report(FinalTranscript(text=none, start_ms=event.start_ms, end_ms=event.end_ms))


class HearingRecognition(FakeRecognition):
    """One stream of a `HearingRecognizer`."""

    _engine: HearingRecognizer

    def __init__(self, engine: HearingRecognizer, options: RecognitionOptions, report: Report) -> None:
        super().__init__(engine, options, report)
        self._listener = Listener(engine.said)

    def push(self, pcm: bytes) -> None:
        if self._engine.faults.take("recognizer.push") is Fault.FAIL:
            self._tell(RecognitionFailed(ErrorKind.UNAVAILABLE, "fake"))
        self.heard += pcm
        self._listener.hear(pcm)
        if loudest(pcm) <= AUDIBLE:
            return
        before, self._loud_ms = self._loud_ms, self._loud_ms + len(pcm) * 500 // self._rate_hz
        if before // INTERIM_EVERY_MS < self._loud_ms // INTERIM_EVERY_MS and (words := self._listener.words):
            if not self._engine.goes_wrong(RecognizerFault.NO_INTERIM):
                self._tell(InterimTranscript(words, self._began_ms, self._ms))
            if self._engine.goes_wrong(RecognizerFault.SEGMENTS) and len(words.split()) >= WORDS_OF_A_SEGMENT:
                self._final(self._ms)

    def _final(self, end_ms: int) -> None:
        words = self._listener.words
        self._listener.forget()
        began_ms, self._began_ms, self._loud_ms = self._began_ms, end_ms, 0
        if words:
            final = FinalTranscript(text=words, start_ms=began_ms, end_ms=end_ms)
            self._engine.tell_final(final, self._tell)
        else:
            self._tell(NoSpeechRecognized(end_ms))
