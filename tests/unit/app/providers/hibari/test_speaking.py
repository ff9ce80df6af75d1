"""Threads that speak: each stream in order, whoever waits first, and a fault that ends one reply only."""

import queue
from collections.abc import Iterator

import pytest

from app.providers.hibari.replies import Clause, Ended
from app.providers.hibari.speaking import FailedClause, Made, MadeClause, SpeakingThreads, Stream

WITHIN_S = 60.0
RATE_HZ = 16_000


def speak(clause: Clause, rate_hz: int, speed: float) -> tuple[bytes, tuple[tuple[int, int, float], ...]]:
    """A tenth of a second of silence for each clause, with its first character as a word in the middle of it."""
    if "fail" in clause.text:
        raise ValueError("the runtime has failed")
    return bytes(rate_hz // 10 * 2), ((clause.span.start, clause.span.start + 1, 50.0),)


@pytest.fixture
def threads() -> Iterator[SpeakingThreads]:
    threads = SpeakingThreads(speak, 2)
    yield threads
    threads.close()


class Listener:
    """One stream and all it is told."""

    def __init__(self, threads: SpeakingThreads) -> None:
        self.threads = threads
        self.made: queue.Queue[Made] = queue.Queue()
        self.stream = Stream(rate_hz=RATE_HZ, speed=1.0, tell=self.made.put)

    def say(self, reply: int, *texts: str) -> None:
        for text in texts:
            self.threads.change(self.stream, lambda replies, text=text: replies.write(reply, text))  # type: ignore[misc]
        self.threads.change(self.stream, lambda replies: replies.finish(reply))

    def next(self) -> Made:
        return self.made.get(timeout=WITHIN_S)


def test_clauses_and_the_end_are_told_in_order_with_places_in_the_reply(threads: SpeakingThreads) -> None:
    listener = Listener(threads)
    listener.say(4, "One. ", "Two.")
    first, second, end = listener.next(), listener.next(), listener.next()
    assert isinstance(first, MadeClause)
    assert isinstance(second, MadeClause)
    assert (first.start_ms, first.end_ms, first.words) == (0.0, 100.0, ((0, 1, 50.0),))
    assert (second.start_ms, second.end_ms, second.words) == (100.0, 200.0, ((5, 6, 150.0),))
    assert end == Ended(4)


def test_a_fault_ends_its_reply_and_no_other(threads: SpeakingThreads) -> None:
    listener, other = Listener(threads), Listener(threads)
    listener.say(1, "This is to fail.", "Not made.")
    other.say(1, "Fine.")
    assert listener.next() == FailedClause(1, "ValueError")
    assert isinstance(other.next(), MadeClause)
    listener.say(2, "Fine again.")
    assert isinstance(listener.next(), MadeClause)
    assert listener.next() == Ended(2)


def test_many_streams_each_get_all_of_theirs(threads: SpeakingThreads) -> None:
    listeners = [Listener(threads) for _ in range(20)]
    for listener in listeners:
        listener.say(1, *["Some words. "] * 10)
    for listener in listeners:
        made = [listener.next() for _ in range(11)]
        starts = [each.start_ms for each in made if isinstance(each, MadeClause)]
        assert starts == pytest.approx([100.0 * n for n in range(10)])
        assert made[-1] == Ended(1)


def test_nothing_is_made_of_what_was_forgotten_or_after_the_end(threads: SpeakingThreads) -> None:
    listener, other = Listener(threads), Listener(threads)
    threads.forget(listener.stream)
    threads.close()
    other.say(1, "Nobody speaks.")
    with pytest.raises(queue.Empty):
        other.made.get(timeout=0.2)
    assert threads.busy_s == 0.0
