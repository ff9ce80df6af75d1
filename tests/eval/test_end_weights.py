"""The weights of the end of turn: examples are what is known in a pause and at an end, and the fit finds what tells."""

import random

import pytest

from actors.rules.end_of_turn.completeness import Completeness
from tests.eval.end_weights import NAMES, Example, _Ears, examples_of, fitted, table, told_apart
from tests.eval.pause_clips import Said, clips


def made_up(count: int = 400) -> list[Example]:
    """Examples in which only the comma tells of the end."""
    chance = random.Random(1)
    found = []
    for number in range(count):
        comma = chance.uniform(-9, 0)
        is_over = chance.random() < (0.95 if comma < -4.5 else 0.05)
        evidence = (chance.uniform(-1, 5), comma, chance.uniform(-9, 0), 0.0)
        found.append(Example(f"{number}", is_over, evidence, chance.choice(list(Completeness)), chance.randint(1, 20)))
    return found


def test_what_tells_has_the_weight() -> None:
    weights = dict(zip(NAMES, fitted(made_up()), strict=True))
    assert weights["comma"] < -0.4
    assert abs(weights["last pieces"]) < 0.3
    assert abs(weights["each word"]) < 0.1
    assert told_apart(made_up()) == pytest.approx(0.95, abs=0.05)
    assert "COMPLETE        0.00" in table(weights.values())


def test_an_example_is_what_was_known_in_a_pause_or_at_the_end() -> None:
    ears = _Ears()
    whole, paused = clips([Said("my car broke down on the highway ... this morning", "What happened?")])
    (end,), (pause,) = examples_of(whole, ears), examples_of(paused, ears)
    assert end.is_over
    assert not pause.is_over
    assert (end.words, pause.words) == (9, 7)
    assert len(end.row) == len(pause.row) == len(NAMES)
