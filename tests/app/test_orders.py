from app.orders import Order, Orders


def test_a_signal_drains_its_echo_is_nothing_and_a_later_one_ends_at_once() -> None:
    times = iter([100.0, 100.1, 100.2, 100.3, 105.0])
    orders = Orders(lambda: next(times))
    expected = [Order.DRAIN, Order.REPEATED, Order.REPEATED, Order.AT_ONCE, Order.AT_ONCE]
    assert [orders.count() for _ in range(5)] == expected
