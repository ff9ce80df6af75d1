"""What is decoded once more because the model was not sure of it: short answers over a telephone above all.

Of the quiet before a voice, the model makes now and then a word that nobody said, and is unsure of all that follows.
With less of that quiet it often hears the same voice well, or at least so that the caller can be asked again.
"""

from collections.abc import Callable

import msgspec

from app.providers.moonshine.hints import Floats, Hints
from app.providers.moonshine.model import RATE_HZ, Decoded, Decoder

CONFIDENCE_MIN = 0.5
"""The mean probability of the pieces below which nothing was said: noise is taken for "You" or "Thank you" with
less."""
LESS_QUIET = RATE_HZ // 10
"""Samples that are left out at the beginning of the second attempt: a tenth of a second, of some six tenths of quiet
before the first sound."""
FEWEST_PIECES = 3
"""The fewest pieces of a result of the second attempt, in which noise is taken for a word such as "You" more often."""


def decode_surely(
    decoder: Decoder,
    samples: Floats,
    hints: Hints | None,
    draft: tuple[int, ...] = (),
    abandoned: Callable[[], bool] = lambda: False,
) -> Decoded:
    """What is said in `samples`, a segment as a whole; see `Model.decode`.

    Raises:
        AbandonedError: `abandoned` said so.
    """
    first = decoder.decode(samples, hints, (), draft, abandoned)
    if first.confidence >= CONFIDENCE_MIN:
        return first
    second = decoder.decode(samples[LESS_QUIET:], hints, (), (), abandoned)
    is_better = second.confidence >= CONFIDENCE_MIN and len(second.pieces) >= FEWEST_PIECES
    steps, given = first.steps + second.steps, first.given + second.given
    return msgspec.structs.replace(second if is_better else first, steps=steps, given=given)
