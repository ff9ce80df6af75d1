"""The weights of the end of turn: the fit finds what tells, and says how well."""

import random

import pytest

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.completeness import Completeness
from tests.eval.end_weights import NAMES, Example, fitted, table, told_apart, trade_off, unseen


def made_up(count: int = 400) -> list[Example]:
    """Examples in which only the comma tells of the end."""
    chance = random.Random(1)
    found = []
    for number in range(count):
        comma = chance.uniform(-9, 0)
        is_over = chance.random() < (0.95 if comma < -4.5 else 0.05)
        evidence = (chance.uniform(-1, 5), comma, chance.uniform(-9, 0), 0.0)
        kinds = chance.choice(list(Completeness)), chance.choice(list(ExpectedAnswer))
        found.append(Example(f"{number}", is_over, evidence, *kinds, chance.randint(1, 20)))
    return found


def test_what_tells_has_the_weight() -> None:
    assert all(len(each.row) == len(NAMES) for each in made_up(10))
    weights = dict(zip(NAMES, fitted(made_up()), strict=True))
    assert weights["comma"] < -0.4
    assert abs(weights["last pieces"]) < 0.3
    assert abs(weights["each word"]) < 0.1
    examples = made_up()
    odds = unseen(examples)
    assert told_apart(examples, odds) == pytest.approx(0.95, abs=0.05)
    first, last = (line.split() for line in trade_off(examples, odds).splitlines()[1::7])
    assert [first[0], last[0]] == ["0.5", "0.95"]
    assert all(
        float(early.rstrip("%")) >= float(late.rstrip("%")) for early, late in zip(first[1:], last[1:], strict=True)
    )
    assert "COMPLETE        0.00" in table(weights.values())
