"""What stands in for engines that are not installed: the server starts, and people can still type."""

from collections.abc import Callable

from actors.agent import Voice
from actors.messages.transcript import NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, RecognitionReady
from actors.ports.tts import AudioSynthesized, PieceSynthesized, Synthesis, SynthesisEvent, SynthesisFinished


class AbsentRecognizer:
    """A speech recognizer for servers without one: it understands nothing, so callers type."""

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """Open a stream that takes audio and never gives a transcript."""
        report(RecognitionReady())
        return _DeafRecognition(options.rate_hz, report)

    async def close(self) -> None:
        """Do nothing: no engine was started."""


class _DeafRecognition:
    def __init__(self, rate_hz: int, report: Callable[[RecognitionEvent], None]) -> None:
        self._rate_hz = rate_hz
        self._report = report
        self._bytes = 0

    def push(self, pcm: bytes) -> None:
        self._bytes += len(pcm)

    def finish_utterance(self) -> None:
        self._report(NoSpeechRecognized(self._bytes * 500 // self._rate_hz))

    async def close(self) -> None:
        self._report = _nobody


MUTE_MS = 20
"""Milliseconds of silence that stand for a piece of text: a reply without any audio would count as failed."""


class AbsentSynthesizer:
    """Says everything in next to no time and without a sound: replies are to be read."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """Open a stream that takes text and gives `MUTE_MS` of silence for each piece of it."""
        return _MuteSynthesis(rate_hz, report)

    async def close(self) -> None:
        """Do nothing: no engine was started."""


class _MuteSynthesis:
    def __init__(self, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> None:
        self._silence = bytes(rate_hz * MUTE_MS // 1000 * 2)
        self._report = report
        self._written: dict[int, tuple[int, float]] = {}
        """The end of the text and of the audio of each reply, in characters and ms."""

    def write(self, reply: int, text: str) -> None:
        text_end, audio_ms = self._written.get(reply, (0, 0.0))
        self._written[reply] = text_end, audio_ms = text_end + len(text), audio_ms + MUTE_MS
        self._report(AudioSynthesized(reply, self._silence))
        self._report(PieceSynthesized(reply, text_end, audio_ms))

    def finish(self, reply: int) -> None:
        self._written.pop(reply, None)
        self._report(SynthesisFinished(reply))

    def cancel(self, reply: int) -> None:
        self._written.pop(reply, None)

    async def close(self) -> None:
        self._report = _nobody


def _nobody(_: object) -> None:
    """A closed stream reports to nobody."""


def recognizer() -> AbsentRecognizer:
    """Make the recognizer of a server that has no speech to text."""
    return AbsentRecognizer()


def synthesizer() -> AbsentSynthesizer:
    """Make the synthesizer of a server that has no text to speech."""
    return AbsentSynthesizer()


def realtime_model() -> None:
    """Make nothing: no speech-to-speech model is configured, and sessions of that mode are refused."""
