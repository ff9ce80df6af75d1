"""One stream of caller audio to words: voice activity, noise, features, a borrowed decoder. Runs in a worker process.

A decoder is borrowed only while somebody speaks. Speech is decoded as it comes; after `PAUSE_WINDOWS` of silence the
decoder waits, after `SEGMENT_WINDOWS` it is given back with what it heard. When an utterance taught much about the
channel (the first of a call always does), it is decoded again as a whole, since its beginning was heard with wrong
ideas.
"""

import re
from collections import deque
from collections.abc import Iterable
from typing import Protocol

import msgspec
import numpy as np

from actors.ports.vad import VoiceActivity
from app.providers.pocketsphinx.cepstra import CEPSTRA, FILTERS, FRAME_MS, TO_CEPSTRA, FilterPowers
from app.providers.pocketsphinx.feature_enhancement import Channel, Enhancer, Floats, SpeechModel
from app.providers.pocketsphinx.noise_reduction import BLOCK_BYTES, NoiseReduction

WINDOW_BYTES = 1024
WINDOW_MS = 32
VOICED = 0.5
UNVOICED = 0.1
ONSET_WINDOWS = 2
"""Voiced windows in a row that begin an utterance."""
PRE_ROLL_FRAMES = 40
"""Audio before the onset that is decoded too."""
PAUSE_WINDOWS = 10
SEGMENT_WINDOWS = 32
STALE_WINDOWS = 160
"""Words that nobody asked for within 5 s of silence are forgotten: the endpointing took them for a noise."""
NOISE_FRAMES_MAX = 300.0
RELEARN_WINDOWS = 8
DECODE_AGAIN_SHIFT = 0.15
"""Move of the channel, in deviations of speech, above which an utterance is decoded again."""

FIRST_ROUNDS = 4
FIRST_PRIOR_FRAMES = 5.0
NO_MEAN = ",".join(["0"] * CEPSTRA)

_PRONUNCIATION = re.compile(r"\([0-9]+\)$")


class Heard(msgspec.Struct, frozen=True):
    """What an utterance is believed to be; positions in ms of the stream's audio."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    """Mean posterior of the words: 0.8 on average when they are right, 0.5 for speech about other things."""


class Word(msgspec.Struct, frozen=True):
    """A word of it, and how likely (0 to 1) it is that one, given all that the decoder kept."""

    text: str
    probability: float


class Hypothesis(Protocol):
    """The text that a decoder believes in, with its confidence."""

    hypstr: str


class Segment(Protocol):
    """One word of a hypothesis and its frames of audio."""

    word: str
    prob: float


class Decoder(Protocol):
    """The part of pocketsphinx's decoder used here."""

    def set_cmn(self, mean: str) -> None: ...
    def start_utt(self) -> None: ...
    def process_cep(self, cepstra: bytes, no_search: bool, full_utt: bool) -> int: ...
    def end_utt(self) -> None: ...
    def hyp(self) -> Hypothesis | None: ...
    def seg(self) -> Iterable[Segment] | None: ...


class Decoders(Protocol):
    """Lends decoders of one vocabulary to utterances."""

    speech: SpeechModel

    def borrow(self) -> Decoder:
        """A decoder with no utterance open."""
        ...

    def give_back(self, decoder: Decoder) -> None:
        """End a loan; no utterance is open."""
        ...


class UtteranceDecoding:
    """Turns one stream of caller audio into transcripts, one utterance after the other."""

    def __init__(self, decoders: Decoders, detector: VoiceActivity) -> None:
        self._decoders = decoders
        self._detector = detector
        self._reduction = NoiseReduction()
        self._powers = FilterPowers()
        self._channel = Channel()
        self._noise: Floats = np.zeros(FILTERS)
        self._noise_frames = 0.0
        self._waiting: deque[Floats] = deque(maxlen=PRE_ROLL_FRAMES)
        self._voiced_windows = 0
        self._silent_windows = 0
        self._windows = 0
        self._segment: _Segment | None = None
        self._words: list[Word] = []
        self._start_ms = 0
        self._end_ms = 0

    @property
    def audio_ms(self) -> int:
        """How much audio of the stream was taken in, in ms."""
        return self._windows * WINDOW_MS

    def take(self, window: bytes) -> None:
        """The next `WINDOW_BYTES` of PCM16LE at 16 kHz."""
        probability = self._detector.probability(window)
        self._windows += 1
        voiced = probability > VOICED
        self._voiced_windows = self._voiced_windows + 1 if voiced else 0
        self._silent_windows = 0 if voiced else self._silent_windows + 1
        frames = self._features(window, noise_only=probability < UNVOICED and self._silent_windows > 2)
        self._waiting.extend(frames)
        if self._segment is None:
            self._idle()
        else:
            self._decode(self._segment)

    def partial(self) -> Heard | None:
        """What was heard so far, or None when that is nothing."""
        words = [word.text for word in self._words]
        if self._segment is not None:
            words += self._segment.texts()
        return Heard(" ".join(words), self._start_ms, self._end_ms) if words else None

    def finish(self) -> Heard | None:
        """What was heard since the last time, or None when that is nothing."""
        self._close_segment()
        words, self._words = self._words, []
        if not words:
            return None
        confidence = sum(word.probability for word in words) / len(words)
        return Heard(" ".join(word.text for word in words), self._start_ms, self._end_ms, confidence)

    def close(self) -> None:
        """Give the borrowed decoder back to the pool, with its utterance ended."""
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None

    def _features(self, window: bytes, *, noise_only: bool) -> Floats:
        blocks = [
            self._reduction.take(window[at : at + BLOCK_BYTES], noise_only=noise_only)
            for at in range(0, WINDOW_BYTES, BLOCK_BYTES)
        ]
        powers = self._powers.take(np.concatenate(blocks))
        if noise_only:
            for frame in powers:
                self._noise_frames = min(NOISE_FRAMES_MAX, self._noise_frames + 1)
                self._noise += (frame - self._noise) / self._noise_frames
        cepstra: Floats = np.log(powers) @ TO_CEPSTRA.T
        return cepstra

    def _idle(self) -> None:
        if self._voiced_windows >= ONSET_WINDOWS:
            if not self._words:
                self._start_ms = max(0, self.audio_ms - len(self._waiting) * FRAME_MS)
            self._segment = _Segment(self._decoders, self._channel, np.maximum(self._noise, 1.0))
            self._decode(self._segment)
        elif self._words and self._silent_windows > STALE_WINDOWS:
            self._words = []

    def _decode(self, segment: "_Segment") -> None:
        if self._silent_windows <= PAUSE_WINDOWS:
            segment.feed(np.array(self._waiting).reshape(-1, CEPSTRA), voiced=self._silent_windows == 0)
            self._waiting.clear()
        if self._silent_windows == 0:
            self._end_ms = self.audio_ms
        elif self._silent_windows >= SEGMENT_WINDOWS:
            self._close_segment()

    def _close_segment(self) -> None:
        if self._segment is not None:
            self._words += self._segment.finish()
            self._segment = None


class _Segment:
    """Speech without a long pause, being decoded."""

    def __init__(self, decoders: Decoders, channel: Channel, noise: Floats) -> None:
        self._decoders = decoders
        self._decoder = decoders.borrow()
        self._channel = channel
        self._channel_before = channel.mean.copy()
        self._first = channel.frames == 0
        self._noise = noise
        self._frames: list[Floats] = []
        self._voiced: list[Floats] = []
        self._residues: list[Floats] = []
        self._enhancer = Enhancer(decoders.speech, noise, channel.mean)
        self._start()

    def feed(self, cepstra: Floats, *, voiced: bool) -> None:
        clean, residues = self._enhancer.enhance(cepstra)
        self._decode(clean - self._channel.mean)
        self._frames.append(cepstra)
        if voiced:
            self._voiced.append(cepstra)
            self._residues.append(residues)
            if len(self._residues) >= RELEARN_WINDOWS:
                self._relearn()

    def texts(self) -> list[str]:
        hypothesis = self._decoder.hyp()
        return [plain(word) for word in hypothesis.hypstr.split() if is_word(word)] if hypothesis is not None else []

    def finish(self) -> list["Word"]:
        self._relearn()
        self._decoder.end_utt()
        if self._first:
            self._learn_anew()
        shift = (self._channel.mean - self._channel_before) ** 2 / self._decoders.speech.variances.mean(axis=0)
        if float(np.sqrt(shift.mean())) > DECODE_AGAIN_SHIFT:
            clean, _ = self._enhancer.enhance(np.concatenate(self._frames))
            self._start()
            self._decode(clean - self._channel.mean)
            self._decoder.end_utt()
        heard = [Word(plain(part.word), min(1.0, part.prob)) for part in self._words() if is_word(part.word)]
        self._decoders.give_back(self._decoder)
        return heard

    def _words(self) -> Iterable[Segment]:
        # Without a hypothesis pocketsphinx has None here, not nothing.
        return (self._decoder.seg() if self._decoder.hyp() is not None else None) or ()

    def abandon(self) -> None:
        self._decoder.end_utt()
        self._decoders.give_back(self._decoder)

    def _relearn(self) -> None:
        if self._residues:
            self._channel.learn(np.concatenate(self._residues))
            self._residues.clear()
            self._enhancer = Enhancer(self._decoders.speech, self._noise, self._channel.mean)

    def _learn_anew(self) -> None:
        """What the first speech of a stream says of its channel, once it is all there."""
        for _ in range(FIRST_ROUNDS):
            _, residues = self._enhancer.enhance(np.concatenate(self._voiced))
            self._channel.mean += residues.sum(axis=0) / (len(residues) + FIRST_PRIOR_FRAMES)
            self._enhancer = Enhancer(self._decoders.speech, self._noise, self._channel.mean)

    def _start(self) -> None:
        # The mean is taken out here; the model's own settings make the decoder want to do it too.
        self._decoder.set_cmn(NO_MEAN)
        self._decoder.start_utt()

    def _decode(self, cepstra: Floats) -> None:
        # One frame a call: pocketsphinx 5.1.1 finds nothing in a stream of cepstra given several frames at a time.
        for frame in cepstra.astype(np.float32):
            self._decoder.process_cep(frame.tobytes(), False, False)


def is_word(word: str) -> bool:
    """True unless it is a filler: silence, noise, the beginning or end of a sentence."""
    return word[0] not in "<[+"


def plain(word: str) -> str:
    """A word without the number of its pronunciation."""
    return _PRONUNCIATION.sub("", word)
