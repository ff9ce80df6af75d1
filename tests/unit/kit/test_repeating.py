"""What is made up at random: how often, and that no property asserts a bound of real time."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kit import repeating


@pytest.mark.parametrize(
    ("quick", "count", "expected"), [(False, 200, 200), (True, 200, 50), (True, 1, 1), (True, 5, 2)]
)
def test_all_day_it_is_a_quarter_and_at_least_once(
    quick: bool, count: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeating, "QUICK", quick)
    assert repeating.times(count) == expected


def test_of_a_table_it_is_every_fourth_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeating, "QUICK", False)
    assert repeating.some(range(9)) == list(range(9))
    monkeypatch.setattr(repeating, "QUICK", True)
    assert repeating.some(range(9)) == [0, 4, 8]
    assert repeating.some([7]) == [7]


@given(st.none())
@settings(max_examples=1)
def settings_of_its_own(_: None) -> None:
    """A property that says how many examples it wants, and nothing else."""


EXAMPLES = 100
"""Of a property that says nothing else, by Hypothesis itself."""


def test_properties_have_the_profile_of_the_tests() -> None:
    assert settings().max_examples == repeating.times(EXAMPLES)
    own: settings = settings_of_its_own._hypothesis_internal_use_settings  # type: ignore[attr-defined]
    for held in (settings(), own):
        assert held.deadline is None
        assert HealthCheck.too_slow in held.suppress_health_check
