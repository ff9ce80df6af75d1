"""An agent's fixed phrases in the voice of a speech-to-speech model: a synthesizer (TTS) that has it read texts aloud.

Such a model may say what it likes. Where it does not speak a text word for word by itself it is asked to, and nothing
is told of its audio before its words are known: a greeting that was never written is worse than one in another voice.
"""

import asyncio
import re
from collections.abc import Callable

from actors.agent import Voice
from actors.errors import ErrorKind, ProviderError, SynthesizerError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
)
from actors.rules.realtime.failures import of_only_response
from actors.runtime.closing import close_in_background

READ_ALOUD = (
    "You read texts aloud for a telephone agent. Say exactly the words that you are given, in their language and in a"
    " friendly voice, and nothing else: no word before them, none after them, and no answer to them."
)
_WORD = re.compile(r"[^\W_]+")


class PhraseVoice:
    """Implements `SpeechSynthesizer` over a speech-to-speech model; each reply is a session of its own."""

    def __init__(self, model: port.RealtimeModel) -> None:
        self._model = model

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> "PhraseStream":
        """A voice, which connects when it has something to say. Raises nothing."""
        return PhraseStream(self._model, voice, rate_hz, report)

    async def close(self) -> None:
        """Do nothing: the model is shared with the sessions of the worker, which closes it."""


class PhraseStream:
    """Implements `Synthesis`. A reply is read when all its text is there; `report` is told of it when its words are."""

    def __init__(
        self, model: port.RealtimeModel, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]
    ) -> None:
        self._model = model
        self._voice = voice
        self._rate_hz = rate_hz
        self._report = report
        self._texts: dict[int, str] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}

    def write(self, reply: int, text: str) -> None:
        """Add to what is to be read."""
        self._texts[reply] = self._texts.get(reply, "") + text

    def finish(self, reply: int) -> None:
        """Have the reply read: all its text is there."""
        text = self._texts.pop(reply, "")
        self._reading[reply] = asyncio.create_task(self._read(reply, text), name="realtime-phrase")

    def cancel(self, reply: int) -> None:
        """Stop reading a reply, and report nothing of it."""
        self._texts.pop(reply, None)
        if (reading := self._reading.pop(reply, None)) is not None:
            reading.cancel()

    async def close(self) -> None:
        """End whatever is being read."""
        reading = list(self._reading.values())
        self._texts.clear()
        self._reading.clear()
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    async def _read(self, reply: int, text: str) -> None:
        is_verbatim = self._model.abilities.speaks_text
        reading = _Reading([] if is_verbatim else _words(text), lambda pcm: self._report(AudioSynthesized(reply, pcm)))
        try:
            if _words(text):
                await self._speak(text, reading, is_verbatim=is_verbatim)
        except ProviderError as error:
            self._reading.pop(reply, None)
            self._report(SynthesisFailed(reply, error.kind, error.detail))
            return
        self._reading.pop(reply, None)
        self._report(PieceSynthesized(reply, len(text), reading.audio_bytes * 500 / self._rate_hz))
        self._report(SynthesisFinished(reply))

    async def _speak(self, text: str, reading: "_Reading", *, is_verbatim: bool) -> None:
        """Have the text read in a session that knows nothing else.

        Raises:
            ProviderError: the model cannot be had, has failed, or has said something else.
        """
        options = port.RealtimeOptions(
            session_id="phrases", instructions=READ_ALOUD, voice=self._voice, speaks_hz=self._rate_hz
        )
        session = await self._model.open(options, reading.told)
        try:
            request = port.ResponseRequest(text=text) if is_verbatim else _asked_to_read(text)
            reading.number = session.respond(request)
            await reading.done
        finally:
            close_in_background(session)
        if not reading.audio_bytes:
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the model has said nothing")


class _Reading:
    """What a session tells of its one response.

    Args:
        words: those that it is to say; empty for a model that is believed.
        heard: told its audio, from when its words are known.
    """

    def __init__(self, words: list[str], heard: Callable[[bytes], None]) -> None:
        self.number = 0
        self.audio_bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wanted = words
        self._heard = heard
        self._is_known = not words
        self._pcm = bytearray()
        """The audio that has come before its words are known."""
        self._said = ""

    def told(self, event: reported.RealtimeEvent) -> None:
        if (failure := of_only_response(event)) is not None:
            self._end(failure)
            return
        match event:
            case reported.ResponseAudio(pcm=pcm):
                self.audio_bytes += len(pcm)
                self._pcm += pcm
                if self._is_known:
                    self._tell()
            case reported.ResponseTranscript(text=text):
                self._said += text
            case reported.ResponseTranscriptFinished():
                # Words run ahead of their audio: most of that is still to come.
                self._words_known()
            case reported.ResponseFinished(status=reported.ResponseStatus.COMPLETED):
                self._words_known()
                self._end()
            case _:
                pass

    def _words_known(self) -> None:
        """Tell the audio if all words are those that were wanted."""
        if self._wanted and _words(self._said) != self._wanted:
            self._end("the model has said other words than those of the phrase", ErrorKind.BAD_REQUEST)
        elif not self.done.done():
            self._is_known = True
            self._tell()

    def _tell(self) -> None:
        if self._pcm and not self.done.done():
            self._heard(bytes(self._pcm))
            self._pcm.clear()

    def _end(self, failure: str | None = None, kind: ErrorKind = ErrorKind.UNAVAILABLE) -> None:
        if self.done.done():
            return
        if failure is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(SynthesizerError(kind, failure))


def _asked_to_read(text: str) -> port.ResponseRequest:
    return port.ResponseRequest(instructions=f"{READ_ALOUD}\n\nThe words:\n{text}", tools=False)


def _words(text: str) -> list[str]:
    """What is compared of a text: a model writes its punctuation and its capitals as it likes."""
    return _WORD.findall(text.casefold())
