"""One caller's audio on its way to words: segments are decoded while they are spoken, and once more when they are over.

While the caller speaks, what there is of a segment is decoded every 400 ms, or less often where that takes long: an
interim transcript. What two of them in a row agree on is stable; the next one takes it for granted, but for its last
pieces. In the first silence after the voice, the segment is decoded as a whole, ahead of the end that endpointing will
find: when that comes and nothing was said since, its final transcript is there already.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec
from opentelemetry import metrics

from actors.errors import ErrorKind
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed
from actors.ports.vad import VoiceActivity
from app.providers.moonshine.decoding import Decoding, Urgency, decoding_of
from app.providers.moonshine.hints import Hints
from app.providers.moonshine.lateness import Lateness
from app.providers.moonshine.second_look import CONFIDENCE_MIN
from app.providers.moonshine.segments import WINDOW_BYTES, WINDOW_MS, Segment, Segmentation

INTERIM_EVERY_MS = 400
INTERIM_VOICED_MS = 400
"""Milliseconds of voice before the first interim transcript: from less the model makes up words."""
SHORT_VOICED_MS, SHORT_CONFIDENCE_MIN = 128, 0.7
"""Milliseconds of voice, and a confidence, from which on a short word such as "yes" is reported in a pause; the model
is never as sure of noise."""
INTERIM_LOAD = 2.0
"""The shortest time between two interim transcripts, as a multiple of what the last one took: half a thread for each
caller."""
UNSTABLE_PIECES = 2
"""How many of the last pieces on which two interim transcripts agree are decoded again."""
PAUSE_MS = 2 * WINDOW_MS
"""Milliseconds of silence after which a segment is decoded as a whole: its words are known when the shortest
silence that ends a turn is over. People are silent for so long within a word only a tenth more often than for
one window more."""
PAUSE_BYTES, DECODED_PAUSE_BYTES = PAUSE_MS // WINDOW_MS * WINDOW_BYTES, 9 * WINDOW_BYTES
"""The silence in a segment's audio after which it is decoded, and how much silence it is decoded with: with less, the
model is not sure of the end of a complete sentence."""
STALE_MS = 5_000
"""Milliseconds of silence after which words are forgotten that nobody has asked for: endpointing took them for
noise."""
SEGMENTS_MAX = 64
"""The most segments of one utterance; of more the first are forgotten."""
OWED_MAX = 16
"""The most final transcripts of one stream that wait; with more the machine does not keep up."""

_left_out = metrics.get_meter("earshot").create_counter(
    "earshot.recognizer.left_out_interims", description="Local interim transcripts for which there was no time"
)


class Queue(Protocol):
    """What decodes; see `DecodingQueue`."""

    def submit(self, decoding: Decoding) -> bool: ...


class Texts(Protocol):
    """What turns pieces into text; see `Vocabulary`."""

    def text(self, numbers: tuple[int, ...]) -> str: ...


class _Owed(msgspec.Struct):
    """An utterance that is over."""

    parts: list[Decoding]
    end_ms: int
    asked_at: float


class _InterimPieces(msgspec.Struct):
    """What interim decodings have made out of the segment in hand, in pieces of words."""

    last: tuple[int, ...] = ()
    """The pieces of the last decoding."""
    agreed: tuple[int, ...] = ()
    """Those on which the last two agree, from the first on."""
    due_ms: float = 0.0
    """The length of the segment from which on it is decoded next."""

    def add(self, pieces: tuple[int, ...]) -> None:
        """Note the pieces of another decoding."""
        same = next((n for n, (new, old) in enumerate(zip(pieces, self.last, strict=False)) if new != old), None)
        self.agreed = pieces[: min(len(pieces), len(self.last)) if same is None else same]
        self.last = pieces


class CallerStream:
    """What is known of one stream. Not thread-safe: everything happens on the engine's listening thread.

    Args:
        decoded: called on a decoding thread; has `on_decoded` called on the listening thread.
    """

    def __init__(
        self,
        *,
        detector: VoiceActivity,
        hints: Hints | None,
        texts: Texts,
        queue: Queue,
        decoded: Callable[[Decoding], None],
        tell: Callable[[RecognitionEvent], None],
        lateness: Lateness,
    ) -> None:
        self._detector = detector
        self._hints = hints
        self._texts = texts
        self._queue = queue
        self._decoded = decoded
        self._tell = tell
        self._lateness = lateness
        self._segmentation = Segmentation()
        self._rest = b""
        self._parts: deque[Decoding] = deque(maxlen=SEGMENTS_MAX)
        self._trial: Decoding | None = None
        self._interim_pieces = _InterimPieces()
        self._interim = ""
        self._owed: deque[_Owed] = deque()
        self.is_over = False

    def take(self, pcm: bytes) -> None:
        """More audio, PCM16LE at 16 kHz, of any length."""
        data = self._rest + pcm
        end = len(data) - len(data) % WINDOW_BYTES
        for at in range(0, end, WINDOW_BYTES):
            self._window(data[at : at + WINDOW_BYTES])
        self._rest = data[end:]

    def finish(self) -> None:
        """Note that the utterance is over: its final is owed."""
        segment = self._segmentation.end()
        if segment is not None:
            self._parts.append(self._whole(segment, Urgency.FINAL))
        for part in self._parts:
            if not part.is_begun and part.urgency is not Urgency.FINAL:
                part.urgency = Urgency.FINAL
                self._submit(part)
        self._owed.append(_Owed(list(self._parts), self._segmentation.audio_ms, self._lateness.now()))
        self._forget_utterance()
        self._tell_finals()
        if len(self._owed) > OWED_MAX:
            self.fail(ErrorKind.THROTTLED, f"{OWED_MAX} utterances wait to be recognized on this machine")

    def on_decoded(self, decoding: Decoding) -> None:
        """Note that a decoding of this stream is done."""
        if self.is_over or decoding.is_abandoned:
            return
        if decoding.error is not None:
            self.fail(ErrorKind.INTERNAL, f"the model failed: {type(decoding.error).__name__}")
            return
        if decoding is self._trial and self._segmentation.current is not None:
            self._heard_so_far(decoding, self._segmentation.current)
        self._tell_finals()

    def fail(self, kind: ErrorKind, detail: str) -> None:
        """End the stream and report why, once."""
        if not self.is_over:
            self.close()
            self._tell(RecognitionFailed(kind, detail))

    def close(self) -> None:
        """Abandon all that waits to be decoded: nobody wants a transcript of this stream any more."""
        self.is_over = True
        for decoding in (*self._parts, *(part for owed in self._owed for part in owed.parts)):
            decoding.is_abandoned = True
        self._owed.clear()
        self._drop_trial()
        self._forget_utterance()
        self._detector.reset()  # a model for voice activity that it had borrowed goes back

    # while the caller speaks

    def _window(self, window: bytes) -> None:
        if self.is_over:
            return
        ended = self._segmentation.take(window, self._detector.probability(window))
        segment = self._segmentation.current
        if ended is not None:
            self._parts.append(self._whole(ended, Urgency.SOON))
            self._forget_segment()
        elif segment is not None:
            self._follow(segment)
        elif self._parts and self._segmentation.silence_ms >= STALE_MS:
            for part in self._parts:
                part.is_abandoned = True
            self._forget_utterance()

    def _follow(self, segment: Segment) -> None:
        silence_ms = self._segmentation.silence_ms
        if silence_ms == PAUSE_MS:
            self._drop_trial()
            self._trial = self._decoding(segment, Urgency.SOON, _longer(bytes(segment.pcm[-PAUSE_BYTES:])))
        elif (
            silence_ms == 0
            and segment.voiced_ms >= INTERIM_VOICED_MS
            and segment.length_ms >= self._interim_pieces.due_ms
            and (self._trial is None or self._trial.is_done)
        ):
            prefix = self._interim_pieces.agreed[:-UNSTABLE_PIECES]
            decoding = decoding_of(segment, Urgency.INTERIM, self._hints, self._decoded, prefix)
            if self._queue.submit(decoding):
                self._trial = decoding
            else:
                _left_out.add(1)
                self._interim_pieces.due_ms = segment.length_ms + INTERIM_EVERY_MS

    def _heard_so_far(self, decoding: Decoding, segment: Segment) -> None:
        assert decoding.result is not None
        self._interim_pieces.add(decoding.result.pieces)
        self._interim_pieces.due_ms = segment.length_ms + max(INTERIM_EVERY_MS, INTERIM_LOAD * decoding.took_ms)
        is_of_pause = decoding.urgency is not Urgency.INTERIM
        is_short = segment.voiced_ms < INTERIM_VOICED_MS
        if is_short and not (is_of_pause and segment.voiced_ms >= SHORT_VOICED_MS):
            return
        heard = [*self._parts, decoding]
        text = self._text(heard)
        if decoding.result.confidence < (SHORT_CONFIDENCE_MIN if is_short else CONFIDENCE_MIN):
            text = ""
            if not is_of_pause:
                return
        # What is said again in a pause tells that nothing was said since; without words, that there may be some.
        if is_of_pause or (text and text != self._interim):
            self._interim = text or self._interim
            sure = (decoding.result.end_confidence if text else 0.0) if is_of_pause else None
            self._tell(InterimTranscript(text, heard[0].start_ms, decoding.end_ms, end_confidence=sure))

    # when it is over

    def _whole(self, segment: Segment, urgency: Urgency) -> Decoding:
        """The decoding of all of a segment that is over: the one of its last pause, if there was no voice since."""
        trial, self._trial = self._trial, None
        if trial is not None and trial.is_whole and trial.end_ms == segment.end_ms and not trial.is_abandoned:
            return trial
        if trial is not None:
            trial.is_abandoned = True
        return self._decoding(segment, urgency)

    def _decoding(self, segment: Segment, urgency: Urgency, more_silence: bytes = b"") -> Decoding:
        decoding = decoding_of(
            segment, urgency, self._hints, self._decoded, draft=self._interim_pieces.last, more_silence=more_silence
        )
        self._submit(decoding)
        return decoding

    def _submit(self, decoding: Decoding) -> None:
        if not self._queue.submit(decoding):
            self.fail(ErrorKind.THROTTLED, "too much waits to be recognized on this machine")

    def _tell_finals(self) -> None:
        while self._owed and all(part.is_done for part in self._owed[0].parts):
            owed = self._owed.popleft()
            self._lateness.final_told(owed.asked_at)
            self._tell(self._final(owed))

    def _final(self, owed: _Owed) -> FinalTranscript | NoSpeechRecognized:
        spoken = [part for part in owed.parts if self._text([part])]
        if not spoken:
            return NoSpeechRecognized(owed.end_ms)
        weights = [len(part.result.pieces) for part in spoken if part.result is not None]
        sure = [part.result.confidence for part in spoken if part.result is not None]
        confidence = sum(weight * each for weight, each in zip(weights, sure, strict=True)) / sum(weights)
        return FinalTranscript(
            text=self._text(spoken),
            start_ms=spoken[0].start_ms,
            end_ms=spoken[-1].end_ms,
            confidence=min(1.0, confidence),
        )

    def _text(self, parts: list[Decoding]) -> str:
        """The words of these parts; those that are not decoded yet, or are noise, have none."""
        results = (part.result for part in parts)
        texts = (
            self._texts.text(each.pieces) for each in results if each is not None and each.confidence >= CONFIDENCE_MIN
        )
        return " ".join(filter(None, texts))

    def _drop_trial(self) -> None:
        if self._trial is not None:
            self._trial.is_abandoned = True
            self._trial = None

    def _forget_segment(self) -> None:
        self._trial = None
        self._interim_pieces = _InterimPieces()

    def _forget_utterance(self) -> None:
        self._forget_segment()
        self._parts.clear()
        self._interim = ""


def _longer(pause: bytes) -> bytes:
    """Audio that, put behind a pause, makes it one of `DECODED_PAUSE_BYTES`: the pause over again."""
    missing = DECODED_PAUSE_BYTES - len(pause)
    return (pause * (missing // len(pause) + 1))[:missing]
