import pytest

from app.server.processes.signals import StopSignal, StopSignals, hands_over
from config.settings import Settings


def test_a_signal_drains_its_echo_is_nothing_and_a_later_one_ends_at_once() -> None:
    times = iter([100.0, 100.1, 100.2, 100.3, 105.0])
    orders = StopSignals(lambda: next(times))
    expected = [StopSignal.DRAIN, StopSignal.REPEATED, StopSignal.REPEATED, StopSignal.AT_ONCE, StopSignal.AT_ONCE]
    assert [orders.count() for _ in range(5)] == expected


def test_where_others_can_go_on_the_second_signal_hands_over_and_the_third_ends() -> None:
    times = iter([100.0, 100.1, 105.0, 105.1, 110.0, 115.0])
    orders = StopSignals(lambda: next(times), hands_over=True)
    expected = [
        *(StopSignal.DRAIN, StopSignal.REPEATED, StopSignal.HAND_OVER, StopSignal.REPEATED),
        *(StopSignal.AT_ONCE, StopSignal.AT_ONCE),
    ]
    assert [orders.count() for _ in range(6)] == expected


@pytest.mark.parametrize(
    ("variables", "can"),
    [
        ({}, False),
        ({"REDIS_URL": "redis://cache"}, True),
        ({"REDIS_URL": "redis://cache", "DRAIN_POLICY": "goodbye"}, False),
    ],
)
def test_others_can_go_on_where_there_is_redis_and_goodbyes_are_not_wanted(
    variables: dict[str, str], can: bool
) -> None:
    assert hands_over(Settings.read(variables)) is can
