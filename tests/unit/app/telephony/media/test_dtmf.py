"""Keys that reach us twice count once."""

from app.telephony.media.dtmf import BURST_KEYS, KEYS_PER_S, SAME_PRESS_S, DtmfPresses, Way


def test_a_key_that_comes_both_ways_is_one_press() -> None:
    tones = DtmfPresses()
    assert tones.take_tone(Way.SOCKET, "5", 1.0)
    assert not tones.take_tone(Way.EVENT, "5", 1.4)


def test_the_event_may_come_first() -> None:
    tones = DtmfPresses()
    assert tones.take_tone(Way.EVENT, "5", 1.0)
    assert not tones.take_tone(Way.SOCKET, "5", 1.1)


def test_the_same_key_twice_is_two_presses_by_whatever_way() -> None:
    tones = DtmfPresses()
    assert [tones.take_tone(Way.SOCKET, "5", at) for at in (1.0, 1.3)] == [True, True]
    assert [tones.take_tone(Way.EVENT, "5", at) for at in (1.5, 1.9)] == [False, False]
    assert tones.take_tone(Way.EVENT, "5", 2.0)


def test_another_key_is_another_press() -> None:
    tones = DtmfPresses()
    assert tones.take_tone(Way.SOCKET, "5", 1.0)
    assert tones.take_tone(Way.EVENT, "6", 1.1)


def test_the_same_key_much_later_is_another_press() -> None:
    tones = DtmfPresses()
    assert tones.take_tone(Way.SOCKET, "5", 1.0)
    assert tones.take_tone(Way.EVENT, "5", 1.0 + SAME_PRESS_S + 0.1)


def test_no_more_keys_count_than_somebody_can_press() -> None:
    tones = DtmfPresses()
    pressed = [tones.count_press(number / 1_000) for number in range(1_000)]
    assert pressed[:BURST_KEYS] == [True] * BURST_KEYS
    assert BURST_KEYS <= sum(pressed) <= BURST_KEYS + KEYS_PER_S
    assert all(tones.count_press(100.0 + second / 4) for second in range(400))
