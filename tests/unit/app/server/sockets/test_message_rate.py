"""How much a client may send before it is closed."""

from app.server.sockets.message_rate import BURST_S, BYTES_PER_FRAME, MessageRate


class Time:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_client_at_the_rate_goes_on_for_ever() -> None:
    time = Time()
    rate = MessageRate(100.0, time)
    for _ in range(100_000):
        time.now_s += 0.0100001
        assert rate.admit(1, BYTES_PER_FRAME)


def test_what_a_network_held_may_come_at_once_and_no_more() -> None:
    time = Time()
    rate = MessageRate(100.0, time)
    held = int(100 * BURST_S)
    assert all(rate.admit(1, 10) for _ in range(held))
    assert not rate.admit(1, 10)
    time.now_s += BURST_S + 1.0
    assert all(rate.admit(1, 10) for _ in range(held))


def test_bytes_count_as_well() -> None:
    rate = MessageRate(100.0, Time())
    assert rate.admit(1, int(100 * BURST_S * BYTES_PER_FRAME))
    assert not rate.admit(1, BYTES_PER_FRAME)
