"""The voice: a clause in, samples at 24 kHz and the time of each word out.

The model keeps the durations of its phonemes to itself. Protobuf messages are merged by writing one after the other, so
one more output is appended to the model's bytes: how many frames of 25 ms each phoneme takes.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime
from hibari import dsp
from hibari.g2p import G2P
from hibari.g2p.normalize import normalize
from hibari.tts import ASSETS
from hibari.voices import DEFAULT, VOICES, voice_path
from numpy.typing import NDArray

from app.providers.hibari.digits import digit_by_digit
from app.providers.hibari.readings import speakable
from app.providers.hibari.text import Span, aligned, words

Samples = NDArray[np.float32]

RATE_HZ = 24_000
FRAME = 600
FRAME_MS = 25.0
LEAD_FRAMES, TRAIL_FRAMES = 2, 6
"""Frames of silence that are kept before and after a clause; the model makes a third of a second before the
first word."""
QUIET = 0.003
"""The amplitude (full scale is 1) up to which samples are silence: -50 dB."""
EARLY_MS = 50.0
"""By how many ms words are heard before the frames that the model assigns to them."""
SPEED_MIN, SPEED_MAX = 0.5, 2.0
PHONEMES_MAX = 450
"""The most phonemes of one clause; the rest is left out, which happens only to endless figures."""

_DURATIONS = b"/Clip_output_0"
_NAME_OF_VALUE, _OUTPUT_OF_GRAPH, _GRAPH_OF_MODEL = 1, 12, 7
_NOISE_SEED = 1
_SILENCE = 0
"""The id of the silence before the first phoneme and after the last."""


class SpokenClause(msgspec.Struct, frozen=True):
    """The sound of one clause, and where its words are in it."""

    samples: Samples
    """The samples as floats, mono, 24 kHz, full scale 1."""
    words: tuple[tuple[Span, float], ...]
    """For each word its place in the text, and its beginning in the audio in ms."""


class SpeechModel:
    """The loaded model and its dictionaries. Thread-safe.

    The package's own class would load the model once more, for a session that is never run.
    """

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = json.loads((Path(ASSETS) / "vocab.json").read_text("utf-8"))
        self._g2p: Any = G2P(british=VOICES[DEFAULT]["british"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # grows to the longest clause ever said
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        name = _field(_NAME_OF_VALUE, _DURATIONS)
        model = Path(voice_path(DEFAULT)).read_bytes() + _field(_GRAPH_OF_MODEL, _field(_OUTPUT_OF_GRAPH, name))
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def speak(self, text: str, span: Span, speed: float = 1.0) -> SpokenClause:
        """A part of `text` as sound. It has no samples if there is nothing to pronounce in it."""
        written = words(text, span)
        phonemes, spoken = self._phonemes(text[span.start : span.end])
        known = [self._vocabulary[char] for char in phonemes if char in self._vocabulary] if spoken and written else []
        if not known:
            return SpokenClause(np.zeros(0, np.float32), ())
        ids = [_SILENCE, *known[: PHONEMES_MAX - 1], _SILENCE]
        speed = min(max(speed, SPEED_MIN), SPEED_MAX)
        *parts, durations = self._session.run(
            None, {"ids": np.array([ids], np.int64), "speed": np.array([speed], np.float32)}
        )
        frames = durations.ravel().astype(int)
        begin = max(0, int(frames[0]) - LEAD_FRAMES)
        end = int(frames.sum()) - max(0, int(frames[-1]) - TRAIL_FRAMES)
        made = dsp.synth(*(part[0] for part in parts), np.random.default_rng(_NOISE_SEED))
        samples = _without_tail(made[begin * FRAME : end * FRAME])
        before = np.concatenate(([0], np.cumsum(frames))) - begin
        first = aligned([text[word.start : word.end] for word in written], [word for word, _ in spoken])
        last_ms = len(samples) * 1000 / RATE_HZ - 1
        times = (before[min(spoken[at][1], len(frames) - 1)] * FRAME_MS - EARLY_MS for at in first)
        return SpokenClause(
            samples, tuple((word, min(max(0.0, float(ms)), last_ms)) for word, ms in zip(written, times, strict=True))
        )

    def _phonemes(self, text: str) -> tuple[str, list[tuple[str, int]]]:
        """What is pronounced, and each spoken word with the place of its first phoneme among the ids."""
        g2p, vocabulary = self._g2p, self._vocabulary
        phonemes = ""
        known = 1  # the first id is the silence before the first word
        spoken: list[tuple[str, int]] = []
        is_new = True
        said = normalize(speakable(text))
        try:
            tokens = g2p.phonemize_tokens(g2p.tokenize(said))
        except (IndexError, ValueError):  # a number beyond those that have names, or that Python converts
            tokens = g2p.phonemize_tokens(g2p.tokenize(digit_by_digit(said)))
        for token in tokens:
            pronounced = (token.phonemes or "") + (" " if token.whitespace else "")
            if any(map(str.isalnum, token.text)):
                if is_new:
                    spoken.append((token.text, known))
                    is_new = False
                else:
                    spoken[-1] = (spoken[-1][0] + token.text, spoken[-1][1])
            is_new = is_new or bool(token.whitespace)
            phonemes += pronounced
            known += sum(char in vocabulary for char in pronounced)
        return phonemes.rstrip(), spoken


def _without_tail(samples: Samples) -> Samples:
    """The samples without what is silent after the last sound, but for `TRAIL_FRAMES`: some punctuation is long."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    return samples[: int(loud[-1]) + TRAIL_FRAMES * FRAME] if len(loud) else samples


def _field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a protobuf message; all here are shorter than 128 bytes."""
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data
