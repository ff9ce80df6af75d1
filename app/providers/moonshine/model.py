"""Moonshine tiny (English) on onnxruntime: samples in, pieces of words out.

It hears a piece of audio as a whole, not as a stream. The encoder turns audio into states, 41 a second; the decoder
writes one piece a step until it writes the end. Nothing of a stream is kept here, so one model serves all threads.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime

from app.errors import AppError
from app.providers.moonshine.hints import Floats, Hints, Node
from app.providers.moonshine.vocabulary import Vocabulary, read_pieces
from app.providers.moonshine.weights import DECODER, ENCODER, TOKENIZER

RATE_HZ = 16_000
LAYERS = 6
HEADS = 8
HEAD_SIZE = 36
START, END = 1, 2
PIECES_PER_S = 6.5
"""Nobody speaks faster; without a bound the model repeats itself for ever on some noises."""
SAMPLES_MIN = 4_000
"""Shorter audio is filled up with silence: the encoder fails on less."""

_CACHE = [
    f"past_key_values.{layer}.{side}.{kind}"
    for layer in range(LAYERS)
    for side in ("decoder", "encoder")
    for kind in ("key", "value")
]
_NO_CACHE = np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32)
# The decoder takes every 384th value of the mask, as if it were as long as the audio: one value serves any length.
_MASK = np.ones((1, 1), np.int64)


LAST_PIECES = 3
"""The end of a text, its punctuation and its last piece of a word."""


class Decoded(msgspec.Struct, frozen=True):
    """What a piece of audio says, as pieces of words."""

    pieces: tuple[int, ...]
    confidence: float
    """Geometric mean of the probabilities of the pieces and the end: 0.9 when they are right, below 0.5 for noise."""
    end_confidence: float = 1.0
    """The same of the last pieces and the end alone: less where the audio ends in the middle of a phrase."""


class AbandonedError(AppError):
    """The result is not wanted any more."""


class Model:
    """The loaded weights, 0.4 s and 90 MB. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        # Each utterance has one thread; more for one made two at once slower than one after the other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # grows to the longest utterance ever heard
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")

        def load(name: str) -> Any:
            return onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])

        self._encoder, self._decoder = load(ENCODER), load(DECODER)
        self._cache_outputs = [
            output.name.replace("present", "past_key_values") for output in self._decoder.get_outputs()[1:]
        ]
        self.vocabulary = Vocabulary(read_pieces((folder / TOKENIZER).read_bytes()))

    def decode(
        self,
        samples: Floats,
        hints: Hints | None = None,
        prefix: Sequence[int] = (),
        abandoned: Callable[[], bool] = lambda: False,
    ) -> Decoded:
        """What is said in `samples` (float, 16 kHz mono, full scale 1).

        Args:
            prefix: pieces that it begins with; read in one step, where finding them anew takes a step each.
            abandoned: asked before each step.

        Raises:
            AbandonedError: `abandoned` said so.
        """
        states = self._encode(samples)
        cache: dict[str, Floats] = dict.fromkeys(_CACHE, _NO_CACHE)
        pieces = list(prefix)
        active: list[Node] = []
        for piece in pieces:
            active = hints.after(active, piece) if hints is not None else active
        written = [START, *pieces]
        logarithms: list[float] = []
        while len(pieces) < math.ceil(len(samples) / RATE_HZ * PIECES_PER_S) + 2:
            if abandoned():
                raise AbandonedError
            logits = self._step(states, written, cache)
            piece = int(logits.argmax()) if hints is None else hints.best(logits, active)
            logarithms.append(float(logits[piece] - np.logaddexp.reduce(logits)))
            if piece == END:
                break
            pieces.append(piece)
            written = [piece]
            active = hints.after(active, piece) if hints is not None else active
        return Decoded(tuple(pieces), _mean(logarithms), _mean(logarithms[-LAST_PIECES:]))

    def _encode(self, samples: Floats) -> Floats:
        if len(samples) < SAMPLES_MIN:
            samples = np.pad(samples, (0, SAMPLES_MIN - len(samples)))
        audio = samples[np.newaxis]
        states: Floats = self._encoder.run(
            None, {"input_values": audio, "attention_mask": np.ones(audio.shape, np.int64)}
        )[0]
        return states

    def _step(self, states: Floats, written: list[int], cache: dict[str, Floats]) -> Floats:
        """The scores of the next piece; `cache` takes up what was `written`."""
        is_first = cache[_CACHE[0]] is _NO_CACHE
        scores, *present = self._decoder.run(
            None,
            {
                "encoder_attention_mask": _MASK,
                "input_ids": np.array([written], np.int64),
                "encoder_hidden_states": states,
                "use_cache_branch": np.array([not is_first]),
                **cache,
            },
        )
        for name, value in zip(self._cache_outputs, present, strict=True):
            # What is of the audio comes out of the first step only.
            if is_first or ".decoder." in name:
                cache[name] = value
        logits: Floats = scores[0, -1]
        return logits


def _mean(logarithms: list[float]) -> float:
    """The geometric mean of probabilities, of which these are the logarithms; 0 if there are none."""
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else 0.0
