"""Chance from the system and from a seed."""

import pytest

from actors.ports.clock import Random
from actors.runtime.randomness import SeededRandom, SystemRandom


@pytest.mark.parametrize("random", [SystemRandom(), SeededRandom(1)])
def test_tokens_differ_and_numbers_stay_between(random: Random) -> None:
    assert len({random.token("s_") for _ in range(100)}) == 100
    assert random.token("s_").startswith("s_")
    assert len(random.token()) >= 16
    assert all(2 <= random.uniform(2, 3) <= 3 for _ in range(100))


def test_a_seed_repeats_itself() -> None:
    first, again, other = SeededRandom(1), SeededRandom(1), SeededRandom(2)
    assert (first.token(), first.uniform(0, 1)) == (again.token(), again.uniform(0, 1))
    assert first.token() != other.token()
