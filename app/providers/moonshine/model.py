"""Moonshine tiny (English) on onnxruntime: samples in, pieces of words out.

It hears a piece of audio as a whole, not as a stream. The encoder turns audio into states, 41 a second; the decoder
writes one piece a step until it writes the end. Nothing of a stream is kept here, so one model serves all threads.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import onnxruntime

from app.errors import AppError
from app.providers.moonshine.draft import Draft
from app.providers.moonshine.hints import Floats, Hints, Node
from app.providers.moonshine.vocabulary import Vocabulary, read_pieces
from app.providers.moonshine.weights import DECODER, ENCODER, TOKENIZER

RATE_HZ = 16_000
LAYERS = 6
HEADS = 8
HEAD_SIZE = 36
START, END = 1, 2
PIECES_PER_S = 6.5
"""The most pieces per second of audio: nobody speaks faster, and on some noises the model would repeat itself
for ever."""
SAMPLES_MIN = 4_000
"""The fewest samples that are decoded; shorter audio is filled up with silence, since the encoder fails on less."""

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
"""How many pieces at the end of a text count for its end: the punctuation, and the last pieces of the last word."""
LEAST_COMMA, LEAST_WORD = -9.0, -6.0
"""Probabilities of a comma and of another word below e to these are as good as none. Of people's voices the model is
less sure than of synthetic ones: what it is surer of than this tells the two apart, and not pauses from ends."""
LEAST_SURE, MOST_SURE = 0.3, 0.82
"""Bounds of the mean probability of the last pieces, between which it tells anything, for the same reason."""
BY_LAST_PIECES, BY_COMMA, BY_WORD, BY_QUESTION, BIAS = 0.59, -0.98, -0.86, -0.39, -8.61
"""Weights of what tells that an utterance is over: the log odds of the last pieces, the logarithms of how likely a
comma or another word would have been in place of the mark at its end, and that this is a question mark, beside which a
comma is less likely anyhow. By logistic regression: see `actors.rules.end_of_turn.likelihood`."""


class Decoded(msgspec.Struct, frozen=True):
    """What a piece of audio says, as pieces of words."""

    pieces: tuple[int, ...]
    confidence: float
    """The geometric mean of the probabilities of all pieces and of the end: 0.9 when they are right, below 0.5 for
    noise."""
    end_confidence: float = 1.0
    """How likely the utterance is over, from 0 to 1: little if the audio ends in the middle of a phrase, or if the
    voice goes on as before a comma."""
    steps: int = 1
    """How often the decoder ran; with the length of the audio this is most of the cost of decoding."""
    given: int = 0
    """How many pieces it was given to read, as a prefix or a guess, instead of finding them in a step each."""


class AbandonedError(AppError):
    """The result is not wanted any more."""


class Decoder(Protocol):
    """The part of the model that is used here."""

    def decode(
        self,
        samples: Floats,
        hints: Hints | None,
        prefix: tuple[int, ...],
        draft: tuple[int, ...],
        abandoned: Callable[[], bool],
    ) -> Decoded:
        """Put into words what is said in `samples`: see `Model.decode`."""
        ...


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
        self._commas = np.array(sorted(self.vocabulary.commas), np.int64)
        self._marks = np.array(sorted(self.vocabulary.marks), np.int64)

    def decode(
        self,
        samples: Floats,
        hints: Hints | None = None,
        prefix: Sequence[int] = (),
        draft: Sequence[int] = (),
        abandoned: Callable[[], bool] = lambda: False,
    ) -> Decoded:
        """What is said in `samples` (float, 16 kHz mono, full scale 1).

        Args:
            prefix: pieces that it begins with; read in one step, where finding them anew takes a step each.
            draft: pieces that probably follow; read in one step too. From the first one on that the model would not
                have written, the rest of them is tried again behind what it does write.
            abandoned: asked before each step.

        Raises:
            AbandonedError: `abandoned` said so.
        """
        states = self._encode(samples)
        cache: dict[str, Floats] = dict.fromkeys(_CACHE, _NO_CACHE)
        most = math.ceil(len(samples) / RATE_HZ * PIECES_PER_S) + 2
        text = _Text(prefix, hints, most, len(self.vocabulary))
        drafted, known, steps, given = Draft(draft), len(prefix), 0, 0
        written = [START, *prefix]
        while not text.is_over:
            if abandoned():
                raise AbandonedError
            guesses = drafted.rest
            steps, given = steps + 1, given + len(written) - 1 + len(guesses)
            text.add(self._step(states, [*written, *guesses], cache)[-len(guesses) - 1 :], guesses)
            _shorten(cache, len(text.pieces))
            drafted.follow(text.pieces[known:])
            written, known = text.pieces[-1:], len(text.pieces)
        pieces, logarithms = text.pieces, text.logarithms
        mark = pieces[-1] if len(logarithms) > 1 and pieces[-1] in self.vocabulary.marks else None
        over = self._over(_mean(logarithms[-LAST_PIECES:]), mark, text.last if mark is None else text.before)
        return Decoded(tuple(pieces), _mean(logarithms), over, steps, given)

    def _over(self, sure: float, mark: int | None, rated: Floats) -> float:
        """How likely the utterance is over.

        Args:
            sure: mean probability of the last pieces.
            mark: the piece at the end that is punctuation; None if there is none.
            rated: the scores of all pieces at its place.
        """
        evidence = self.end_evidence(sure, mark, rated)
        weights = (BY_LAST_PIECES, BY_COMMA, BY_WORD, BY_QUESTION)
        odds = BIAS + sum(weight * value for weight, value in zip(weights, evidence, strict=True))
        return 1 / (1 + math.exp(-odds))

    def end_evidence(self, sure: float, mark: int | None, rated: Floats) -> tuple[float, float, float, float]:
        """What tells of an end, in the order of the weights; for the arguments see `_over`."""
        every = np.logaddexp.reduce(rated)
        words = rated.copy()
        words[self._marks] = -np.inf
        comma = max(float(np.logaddexp.reduce(rated[self._commas]) - every), LEAST_COMMA)
        word = max(float(np.logaddexp.reduce(words) - every), LEAST_WORD)
        share = min(max(sure, LEAST_SURE), MOST_SURE)
        return math.log(share / (1 - share)), comma, word, float(mark in self.vocabulary.question_marks)

    def _encode(self, samples: Floats) -> Floats:
        if len(samples) < SAMPLES_MIN:
            samples = np.pad(samples, (0, SAMPLES_MIN - len(samples)))
        audio = samples[np.newaxis]
        states: Floats = self._encoder.run(
            None, {"input_values": audio, "attention_mask": np.ones(audio.shape, np.int64)}
        )[0]
        return states

    def _step(self, states: Floats, written: list[int], cache: dict[str, Floats]) -> Floats:
        """The scores of the piece behind each that was `written`; `cache` takes those up."""
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
        logits: Floats = scores[0]
        return logits


class _Text:
    """What is written of one piece of audio, piece of a word by piece.

    Args:
        prefix: the pieces that it begins with.
        hints: phrases that are likely; None: none are.
        most: with so many pieces it is over.
        kinds: how many pieces the vocabulary has.
    """

    def __init__(self, prefix: Sequence[int], hints: Hints | None, most: int, kinds: int) -> None:
        self.pieces = list(prefix)
        self.logarithms: list[float] = []
        """The logarithms of the probabilities of the pieces after the prefix, and of the end."""
        self.last: Floats = np.zeros(kinds, np.float32)
        """The scores of all pieces in the last step."""
        self.before: Floats = self.last
        """The scores of all pieces in the step before the last."""
        self.is_over = len(self.pieces) >= most
        self._most = most
        self._hints = hints
        self._active: list[Node] = []
        for piece in self.pieces:
            self._go_on(piece)

    def add(self, rated: Floats, guesses: Sequence[int]) -> None:
        """Write the best piece of each place, up to the first that is not as it was guessed.

        Args:
            rated: the scores of all pieces, a row for each guess and one for the place behind them.
            guesses: what the scores of each next place take for granted.
        """
        for place, logits in enumerate(rated):
            piece = self._write(logits)
            if self.is_over or place == len(guesses) or guesses[place] != piece:
                return

    def _write(self, logits: Floats) -> int:
        self.before, self.last = self.last, logits
        piece = int(logits.argmax()) if self._hints is None else self._hints.best(logits, self._active)
        self.logarithms.append(float(logits[piece] - np.logaddexp.reduce(logits)))
        if piece == END:
            self.is_over = True
        else:
            self.pieces.append(piece)
            self._go_on(piece)
            self.is_over = len(self.pieces) == self._most
        return piece

    def _go_on(self, piece: int) -> None:
        if self._hints is not None:
            self._active = self._hints.after(self._active, piece)


def _shorten(cache: dict[str, Floats], length: int) -> None:
    """Forget of what was written all but the first pieces, START included."""
    for name, values in cache.items():
        if ".decoder." in name and values.shape[2] > length:
            cache[name] = values[:, :, :length]


def _mean(logarithms: list[float]) -> float:
    """The geometric mean of probabilities, of which these are the logarithms; 0 if there are none."""
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else 0.0
