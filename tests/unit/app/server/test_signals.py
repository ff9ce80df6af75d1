from app.server.signals import StopSignal, StopSignals


def test_a_signal_drains_its_echo_is_nothing_and_a_later_one_ends_at_once() -> None:
    times = iter([100.0, 100.1, 100.2, 100.3, 105.0])
    orders = StopSignals(lambda: next(times))
    expected = [StopSignal.DRAIN, StopSignal.REPEATED, StopSignal.REPEATED, StopSignal.AT_ONCE, StopSignal.AT_ONCE]
    assert [orders.count() for _ in range(5)] == expected
