"""How far audio is ahead of its playback, by when it came."""

from app.providers.realtime.audio_ahead import AHEAD_S, AudioAhead

RATE = 32_000


def test_audio_that_comes_as_fast_as_it_is_heard_is_never_ahead() -> None:
    ahead = AudioAhead(RATE)
    assert not any(ahead.add(RATE // 10, at / 10) for at in range(100))


def test_audio_that_comes_faster_is_ahead_once_what_there_is_lasts_long_enough() -> None:
    ahead = AudioAhead(RATE)
    told = [ahead.add(RATE // 10, at / 40) for at in range(10)]
    # 100 ms come each 25 ms: 100, 175, 250, 325 ms of it were not heard yet.
    assert AHEAD_S == 0.3
    assert told == [False, False, False, *[True] * 7]


def test_what_was_heard_is_not_ahead_any_more() -> None:
    ahead = AudioAhead(RATE)
    assert ahead.add(RATE, 0.0)
    assert not ahead.add(RATE // 10, 0.9)
    assert not ahead.add(RATE // 10, 5.0), "after a pause of the service it begins anew"


def test_another_response_begins_with_nothing() -> None:
    ahead = AudioAhead(RATE)
    assert ahead.add(10 * RATE, 0.0)
    ahead.begin()
    assert not ahead.add(RATE // 10, 1.0)
