"""An agent's phrases in the voice of a speech-to-speech model while a session lasts: those that were not kept before.

A text that is finished as soon as it is written is a phrase, and read by the model. A synthesizer says what the model
does not begin to read in time, or reads otherwise than it is written, and whatever is written piece by piece.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from actors.agent import Voice
from actors.ports.realtime import RealtimeModel
from actors.ports.tts import (
    AudioSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
)
from actors.runtime.failure_counters import Failure, report_failure
from app.providers.realtime.phrase_voice import PhraseStream, PhraseVoice

log = logging.getLogger(__name__)

FINISHED_S = 0.05
"""Seconds within which a text that is a phrase is complete; a text that is not is the reply of a model that only
writes."""
BEGUN_S = 1.5
"""Seconds within which the model has to begin to read; a synthesizer that takes over then still speaks before it counts
as stalled."""


class LivePhrases:
    """Implements `SpeechSynthesizer` over a speech-to-speech model, and a synthesizer for all that is no phrase."""

    def __init__(self, model: RealtimeModel, synthesizer: SpeechSynthesizer) -> None:
        self._voice = PhraseVoice(model)
        self._synthesizer = synthesizer

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> "LivePhraseStream":
        """A voice for one session.

        Raises:
            SynthesizerError: the synthesizer cannot start one.
        """
        synthesis = await self._synthesizer.open(voice, rate_hz, report)
        stream = LivePhraseStream(synthesis, report)
        stream.reader = await self._voice.open(voice, rate_hz, stream.told)
        return stream

    async def close(self) -> None:
        """Do nothing: model and synthesizer are the worker's, which closes them."""


class _Phrase(msgspec.Struct):
    """A reply that the synthesizer was not given."""

    text: str
    timer: asyncio.TimerHandle
    is_finished: bool = False
    is_begun: bool = False
    """Whether some of its audio has come."""


class LivePhraseStream:
    """Implements `Synthesis`: each reply is read by the model, or spoken by the synthesizer."""

    reader: PhraseStream

    def __init__(self, synthesis: Synthesis, report: Callable[[SynthesisEvent], None]) -> None:
        self._synthesis = synthesis
        self._report = report
        self._phrases: dict[int, _Phrase] = {}
        self._written: set[int] = set()
        """The numbers of the replies that the synthesizer was given and that are not finished."""
        self._is_failing = False
        """Whether the model has failed in this session, after which no phrase waits for it."""

    def write(self, reply: int, text: str) -> None:
        """Keep the text of what may be a phrase, or give it to the synthesizer."""
        if (phrase := self._phrases.get(reply)) is not None:
            phrase.text += text
        elif self._is_failing or reply in self._written:
            self._written.add(reply)
            self._synthesis.write(reply, text)
        else:
            timer = asyncio.get_running_loop().call_later(FINISHED_S, self._give_to_synthesizer, reply)
            self._phrases[reply] = _Phrase(text, timer)

    def finish(self, reply: int) -> None:
        """Have the model read a phrase; the synthesizer says anything else to its end."""
        if (phrase := self._phrases.get(reply)) is None:
            self._written.discard(reply)
            self._synthesis.finish(reply)
            return
        phrase.timer.cancel()
        phrase.is_finished = True
        late = "it was not begun in time"
        phrase.timer = asyncio.get_running_loop().call_later(BEGUN_S, self._give_up_reading, reply, late)
        self.reader.write(reply, phrase.text)
        self.reader.finish(reply)

    def cancel(self, reply: int) -> None:
        """Stop making a reply, whoever makes it."""
        if (phrase := self._phrases.pop(reply, None)) is not None:
            phrase.timer.cancel()
        self._written.discard(reply)
        self.reader.cancel(reply)
        self._synthesis.cancel(reply)

    async def close(self) -> None:
        """End whatever is being read or spoken."""
        for phrase in self._phrases.values():
            phrase.timer.cancel()
        self._phrases.clear()
        await asyncio.gather(self.reader.close(), self._synthesis.close())

    def told(self, event: SynthesisEvent) -> None:
        """Hand on what the model has read. What fails before its first sound is said by the synthesizer."""
        phrase = self._phrases.get(event.reply)
        if phrase is None:
            return
        match event:
            case SynthesisFailed(reply, _, detail) if not phrase.is_begun:
                self._give_up_reading(reply, detail)
                return
            case AudioSynthesized():
                phrase.timer.cancel()
                phrase.is_begun = True
            case SynthesisFinished(reply) | SynthesisFailed(reply):
                phrase.timer.cancel()
                del self._phrases[reply]
            case _:
                pass
        self._report(event)

    def _give_up_reading(self, reply: int, detail: str) -> None:
        line = "the synthesizer says a phrase that the speech-to-speech model was to say: %s"
        report_failure(Failure.REALTIME, log, line, detail, cause="phrase")
        self._is_failing = True
        self._give_to_synthesizer(reply)

    def _give_to_synthesizer(self, reply: int) -> None:
        """Give all that was written of it to the synthesizer."""
        phrase = self._phrases.pop(reply)
        self.reader.cancel(reply)
        phrase.timer.cancel()
        self._synthesis.write(reply, phrase.text)
        if phrase.is_finished:
            self._synthesis.finish(reply)
        else:
            self._written.add(reply)
