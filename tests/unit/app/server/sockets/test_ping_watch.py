"""A client is gone when it has answered pings before, and then sends nothing for as long as it is read."""

from app.server.sockets.ping_watch import SILENT_INTERVALS, PingWatch


def looks(watch: PingWatch, count: int, *, is_held: bool = False) -> list[bool]:
    return [watch.look(is_held=is_held) for _ in range(count)]


def test_one_that_answered_before_and_is_silent_is_gone() -> None:
    watch = PingWatch()
    watch.answers = watch.heard = True
    assert looks(watch, SILENT_INTERVALS + 2) == [False] * (SILENT_INTERVALS + 1) + [True]
    assert watch.silent_intervals == SILENT_INTERVALS + 1


def test_one_that_never_answers_pings_is_never_taken_for_gone() -> None:
    assert not any(looks(PingWatch(), 10 * SILENT_INTERVALS))


def test_whatever_is_heard_begins_the_count_anew() -> None:
    watch = PingWatch()
    watch.answers = True
    looks(watch, SILENT_INTERVALS)
    watch.heard = True
    assert looks(watch, SILENT_INTERVALS + 1) == [False] * (SILENT_INTERVALS + 1)


def test_silence_of_one_that_is_not_read_says_nothing() -> None:
    watch = PingWatch()
    watch.answers = True
    assert not any(looks(watch, 10 * SILENT_INTERVALS, is_held=True))
    assert not looks(watch, 1)[0]


def test_each_connection_has_its_own() -> None:
    one, other = PingWatch(), PingWatch()
    one.answers = True
    looks(one, 10)
    assert (other.answers, other.silent_intervals) == (False, 0)
