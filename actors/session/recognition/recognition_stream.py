"""The stream of one recognizer to its engine: the audio that goes in, and where in the session the words lie."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

import msgspec

from actors.conversation import SpokenWord
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.stt import Recognition
from actors.rules.stream_positions import Positions, within
from actors.rules.unicode_text import is_speakable, well_formed
from actors.rules.utterances import bounded_utterance
from actors.runtime.closing import close_in_background
from actors.runtime.session_trace import Trace
from actors.session.measurements import audio_recognized
from actors.session.recognition.audio_ring import AudioRing

MOST_WORDS = 2_000
"""The most timed words that are kept of one transcript: more than the longest utterance has."""

_Transcript = TypeVar("_Transcript", InterimTranscript, FinalTranscript)


class RecognitionStream:
    """Gives an engine's stream the audio of one speaker, and knows what of the session's audio it was given.

    Args:
        ring: the speaker's recent audio.
        trace: the session's telemetry; what the engine was given is added to its usage when the stream is closed.
        speaker: whose words they are, by label; empty for all voices in one stream.
        language: of the words, where the engine does not tell; empty if it may be one of several.
    """

    def __init__(self, ring: AudioRing, trace: Trace, speaker: str, language: str) -> None:
        self._ring = ring
        self._trace = trace
        self._speaker = speaker
        self._language = language
        self._recognition: Recognition | None = None
        self._pushed_bytes = self._missed_bytes = 0
        """Bytes of the session's audio up to which the stream has come, and how many of them it was not given."""
        self._positions = Positions()

    def opened(self, recognition: Recognition, from_bytes: int) -> None:
        """Go on with the stream `recognition`, giving it what the ring has from `from_bytes` of the audio on."""
        self._recognition = recognition
        self._positions = Positions()
        self._pushed_bytes = self._missed_bytes = from_bytes
        self._positions.resumed(0.0, self._ring.ms(from_bytes))
        for offset, pcm in self._ring.pieces_since(from_bytes):
            self.push(pcm, offset)

    def push(self, pcm: bytes, offset_bytes: int) -> None:
        """Give the engine audio that begins at `offset_bytes`; not before its stream is open, and none twice."""
        recognition = self._recognition
        if recognition is None or offset_bytes < self._pushed_bytes:
            return
        if offset_bytes != self._pushed_bytes:
            ring, streamed_bytes = self._ring, self._pushed_bytes - self._missed_bytes
            self._positions.resumed(ring.ms(streamed_bytes), ring.ms(offset_bytes))
            self._missed_bytes += offset_bytes - self._pushed_bytes
        push_on = recognition.push  # looked up for itself, as in `LiveSession.push_audio`
        push_on(pcm)
        self._pushed_bytes = offset_bytes + len(pcm)

    def finish_utterance(self) -> bool:
        """Ask for the final transcript of what was pushed; False if there is no stream yet to ask."""
        if self._recognition is None:
            return False
        self._recognition.finish_utterance()
        return True

    def close(self) -> None:
        """Close the stream in the background, and count the audio that it was given."""
        recognition, self._recognition = self._recognition, None
        given_s = self._ring.ms(self._pushed_bytes - self._missed_bytes) / 1000
        self._trace.usage.recognized_s += given_s
        audio_recognized(given_s)
        self._missed_bytes = self._pushed_bytes
        close_in_background(recognition)

    def end_ms(self, end_ms: float) -> float:
        """Where in the session's audio, in ms, something ends that ends at `end_ms` of the engine's stream."""
        return self._session_ms(self._positions.end)(end_ms)

    def in_session_time(self, transcript: _Transcript) -> _Transcript:
        """What the engine recognised, with its position in the session's audio instead of the stream's."""
        beginning, end = self._session_ms(self._positions.beginning), self._session_ms(self._positions.end)
        told = msgspec.structs.replace(
            transcript,
            text=_clean(transcript.text),
            start_ms=beginning(transcript.start_ms),
            end_ms=end(transcript.end_ms),
            speaker=self._speaker,
            language=_clean(transcript.language) or self._language,
        )
        if isinstance(told, FinalTranscript):
            words = tuple(
                SpokenWord(_clean(word.text), beginning(word.start_ms), end(word.end_ms)) for word in _words(told.words)
            )
            sure = 1.0 if (confidence := _share(told.confidence)) is None else confidence
            return msgspec.structs.replace(told, words=words, confidence=sure, turn=0)
        return msgspec.structs.replace(
            told, end_confidence=_share(told.end_confidence), ended_by_engine=told.ended_by_engine is True
        )

    def _session_ms(self, place: Callable[[float], float]) -> Callable[[float], float]:
        return partial(within, place, given_ms=self._ring.ms(self._pushed_bytes))


def _clean(text: object) -> str:
    """An engine's text, well formed, trimmed and bounded; empty where there is no word in it, as in "..."."""
    words = bounded_utterance(well_formed(text).strip()) if isinstance(text, str) else ""
    return words if is_speakable(words) else ""


def _words(words: object) -> Iterable[SpokenWord]:
    """The timed words of an engine, MOST_WORDS at most; what is no `SpokenWord` is left out."""
    if not isinstance(words, tuple | list):
        return ()
    return [word for word in words[:MOST_WORDS] if isinstance(word, SpokenWord)]


def _share(value: object) -> float | None:
    """A confidence from 0 to 1; None for anything else that an engine tells in its place."""
    return float(value) if isinstance(value, int | float) and 0.0 <= value <= 1.0 else None
