"""How fast the machine is, and how many processes of tests it carries for that."""

import pytest

from tests.kit import pace
from tests.kit.pace import side_by_side, slowness


def test_a_machine_is_as_slow_as_it_mostly_is(monkeypatch: pytest.MonkeyPatch) -> None:
    took = iter([pace.QUICK_S * times for times in (9, 1, 3, 3, 1, 3, 9, 1, 3)])
    monkeypatch.setattr(pace, "BETWEEN_S", 0.0)
    monkeypatch.setattr(pace, "_steps_s", lambda: next(took))
    assert slowness() == pytest.approx(3.0)


def test_none_is_quicker_than_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BETWEEN_S", 0.0)
    monkeypatch.setattr(pace, "_steps_s", lambda: 0.01)
    assert slowness() == 1.0


def test_a_real_look_tells_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "LOOKS", 1)
    assert 1.0 <= slowness() < 1_000


@pytest.mark.parametrize(("slower", "carried"), [(1.0, 6), (1.3, 6), (2.0, 4), (2.6, 3), (9.0, 2)])
def test_the_slower_the_fewer(slower: float, carried: int) -> None:
    assert side_by_side(6, slower) == carried
