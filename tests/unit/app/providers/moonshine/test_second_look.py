"""What the model was not sure of is decoded once more, and believed then where it is sure of several words."""

from collections.abc import Callable

import numpy as np
import pytest

from app.providers.moonshine.hints import Floats, Hints
from app.providers.moonshine.model import Decoded
from app.providers.moonshine.second_look import CONFIDENCE_MIN, LESS_QUIET, decode_surely

SAMPLES = np.zeros(16_000, np.float32)
SURE, UNSURE = CONFIDENCE_MIN, CONFIDENCE_MIN - 0.1


class Listener:
    """Hears one thing after the other."""

    def __init__(self, *results: Decoded) -> None:
        self._results = list(results)
        self.lengths: list[int] = []

    def decode(
        self,
        samples: Floats,
        hints: Hints | None,
        prefix: tuple[int, ...],
        draft: tuple[int, ...],
        abandoned: Callable[[], bool],
    ) -> Decoded:
        self.lengths.append(len(samples))
        return self._results.pop(0)


def test_what_is_sure_is_decoded_once() -> None:
    first = Decoded((7,), SURE)
    listener = Listener(first)
    assert decode_surely(listener, SAMPLES, None) == first
    assert listener.lengths == [len(SAMPLES)]


def test_what_is_not_sure_is_decoded_again_with_less_quiet_before_it() -> None:
    listener = Listener(Decoded((7, 8), UNSURE, steps=2), Decoded((4, 5, 6), SURE, steps=3))
    assert decode_surely(listener, SAMPLES, None) == Decoded((4, 5, 6), SURE, steps=5)
    assert listener.lengths == [len(SAMPLES), len(SAMPLES) - LESS_QUIET]


@pytest.mark.parametrize("second", [Decoded((4, 5, 6), UNSURE), Decoded((4, 5), 0.9)])
def test_the_first_result_stays_where_the_second_is_unsure_or_a_single_word(second: Decoded) -> None:
    assert decode_surely(Listener(Decoded((7, 8, 9), UNSURE), second), SAMPLES, None).pieces == (7, 8, 9)
