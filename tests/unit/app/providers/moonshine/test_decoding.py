"""The most urgent is decoded first, what nobody wants is not, and a fault ends no thread."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from app.providers.moonshine import decoding as module
from app.providers.moonshine.decoding import Decoding, DecodingQueue, Urgency, decoded, decoding_of
from app.providers.moonshine.hints import Floats, Hints
from app.providers.moonshine.model import AbandonedError, Decoded
from app.providers.moonshine.segments import Segment

WITHIN_S = 60.0


class SlowModel:
    """Decodes when it is let; the number of samples is what it hears."""

    def __init__(self) -> None:
        self.is_busy = threading.Event()
        self.may_go_on = threading.Event()
        self.order: list[int] = []
        self.confidence = 1.0

    def decode(
        self,
        samples: Floats,
        hints: Hints | None,
        prefix: tuple[int, ...],
        draft: tuple[int, ...],
        abandoned: Callable[[], bool],
    ) -> Decoded:
        self.is_busy.set()
        assert self.may_go_on.wait(WITHIN_S)
        if abandoned():
            raise AbandonedError
        if len(samples) == 13:
            raise RuntimeError("the runtime failed")
        assert np.abs(samples).max() <= 1.0
        self.order.append(len(samples))
        return Decoded((len(samples),), self.confidence)


class Bench:
    """A queue with one thread, and what came out of it."""

    def __init__(self) -> None:
        self.model = SlowModel()
        self.queue = DecodingQueue(self.model, threads=1)
        self.done: list[Decoding] = []
        self._changed = threading.Condition()

    def submit(self, samples: int, urgency: Urgency) -> Decoding:
        decoding = decoding_of(segment(samples), urgency, None, self._on_done)
        assert self.queue.submit(decoding)
        return decoding

    def keep_busy(self) -> Decoding:
        decoding = self.submit(1, Urgency.INTERIM)
        assert self.model.is_busy.wait(WITHIN_S)
        return decoding

    def until(self, count: int) -> None:
        self.model.may_go_on.set()
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.done) >= count, WITHIN_S)

    def _on_done(self, decoding: Decoding) -> None:
        with self._changed:
            self.done.append(decoding)
            self._changed.notify_all()


def segment(samples: int) -> Segment:
    return Segment(start_ms=0, end_ms=100, pcm=bytearray(b"\xff\x7f" * samples), voiced_ms=100)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.model.may_go_on.set()
    made.queue.close()


def test_finals_come_first(bench: Bench) -> None:
    bench.keep_busy()
    bench.submit(2, Urgency.INTERIM)
    bench.submit(3, Urgency.SOON)
    bench.submit(4, Urgency.FINAL)
    bench.submit(5, Urgency.FINAL)
    bench.until(5)
    assert bench.model.order == [1, 4, 5, 3, 2]


def test_one_that_waits_can_be_hurried_and_is_decoded_once(bench: Bench) -> None:
    bench.keep_busy()
    hurried = bench.submit(2, Urgency.SOON)
    bench.submit(3, Urgency.SOON)
    bench.submit(4, Urgency.FINAL)
    hurried.urgency = Urgency.FINAL
    assert bench.queue.submit(hurried)
    bench.submit(5, Urgency.INTERIM)
    bench.until(5)
    assert bench.model.order == [1, 4, 2, 3, 5]


def test_what_nobody_wants_is_not_decoded(bench: Bench) -> None:
    busy = bench.keep_busy()
    waiting = bench.submit(2, Urgency.FINAL)
    busy.is_abandoned = waiting.is_abandoned = True
    bench.submit(3, Urgency.INTERIM)
    bench.until(1)
    assert bench.model.order == [3]
    assert not busy.is_done


def test_a_result_says_how_long_it_took_and_lets_go_of_the_audio(bench: Bench) -> None:
    decoding = bench.submit(7, Urgency.FINAL)
    bench.until(1)
    assert decoding.result == Decoded((7,), 1.0)
    assert decoding.is_done
    assert decoding.took_ms > 0
    assert decoding.pcm == b""


def test_a_fault_is_told_and_the_thread_goes_on(bench: Bench) -> None:
    failed = bench.submit(13, Urgency.FINAL)
    bench.submit(2, Urgency.FINAL)
    bench.until(2)
    assert isinstance(failed.error, RuntimeError)
    assert bench.model.order == [2]


def test_there_is_a_bound_and_what_nobody_wants_makes_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    bench.keep_busy()
    first = bench.submit(2, Urgency.INTERIM)
    bench.submit(3, Urgency.INTERIM)
    more = decoding_of(segment(4), Urgency.FINAL, None, bench.done.append)
    assert not bench.queue.submit(more)
    first.is_abandoned = True
    assert bench.queue.submit(more)


def test_it_says_how_long_it_has_been_busy(bench: Bench) -> None:
    assert bench.queue.busy_s == 0.0
    bench.keep_busy()
    assert bench.queue.busy_s > 0.0


def test_a_closed_queue_takes_nothing(bench: Bench) -> None:
    bench.queue.close()
    assert not bench.queue.submit(decoding_of(segment(2), Urgency.FINAL, None, bench.done.append))


@pytest.mark.parametrize(("urgency", "looks"), [(Urgency.FINAL, 2), (Urgency.SOON, 2), (Urgency.INTERIM, 1)])
def test_what_may_become_a_final_is_looked_at_twice(urgency: Urgency, looks: int) -> None:
    model = SlowModel()
    model.may_go_on.set()
    model.confidence = 0.1
    decoded(model, decoding_of(segment(5_000), urgency, None, lambda _: None))
    assert len(model.order) == looks
    decoded(model, decoding_of(segment(5_000), Urgency.FINAL, None, lambda _: None, prefix=(3,)))
    assert len(model.order) == looks + 1, "it takes something for granted, and is no final"
