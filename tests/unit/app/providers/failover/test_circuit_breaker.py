"""The circuit breaker: each state with each event, and all orders of them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.randomness import SeededRandom
from app.providers.failover.circuit_breaker import BreakerPolicy, BreakerState, CircuitBreaker

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
POLICY = BreakerPolicy(failures=3, share=0.5, window_s=30, open_s=10, most_open_s=60, jitter=0.0, probe_s=20)


def breaker(policy: BreakerPolicy = POLICY) -> CircuitBreaker:
    return CircuitBreaker(SeededRandom(1), policy)


def opened(at: float = 0.0) -> CircuitBreaker:
    made = breaker()
    for _ in range(POLICY.failures):
        made.failed(at)
    assert made.state is OPEN
    return made


def probing(at: float = 10.0) -> CircuitBreaker:
    made = opened()
    assert made.admit(at)
    assert made.state is HALF_OPEN
    return made


Event = Callable[[CircuitBreaker], object]
AT = 12.0
ADMITS: Event = lambda it: it.admit(AT)  # noqa: E731 - a row of a table
SUCCEEDED: Event = lambda it: it.succeeded(AT)  # noqa: E731
FAILED: Event = lambda it: it.failed(AT)  # noqa: E731
GIVEN_UP: Event = lambda it: it.given_up(AT)  # noqa: E731
ASKED: Event = lambda it: it.ask_anyway(AT)  # noqa: E731


@pytest.mark.parametrize(
    ("made", "event", "answer", "then"),
    [
        (breaker, ADMITS, True, CLOSED),
        (breaker, SUCCEEDED, None, CLOSED),
        (breaker, FAILED, None, CLOSED),
        (breaker, GIVEN_UP, None, CLOSED),
        (lambda: opened(5.0), ADMITS, False, OPEN),
        (lambda: opened(0.0), ADMITS, True, HALF_OPEN),
        (opened, SUCCEEDED, None, OPEN),
        (opened, FAILED, None, OPEN),
        (opened, GIVEN_UP, None, OPEN),
        (breaker, ASKED, None, CLOSED),
        (lambda: opened(5.0), ASKED, None, HALF_OPEN),
        (probing, ASKED, None, HALF_OPEN),
        (probing, ADMITS, False, HALF_OPEN),
        (probing, SUCCEEDED, None, CLOSED),
        (probing, FAILED, None, OPEN),
        (probing, GIVEN_UP, None, HALF_OPEN),
    ],
)
def test_each_state_with_each_event(
    made: Callable[[], CircuitBreaker], event: Event, answer: bool | None, then: BreakerState
) -> None:
    it = made()
    assert event(it) == answer
    assert it.state is then


def test_it_opens_at_so_many_failures_within_the_window() -> None:
    it = breaker()
    for at in (0.0, 20.0, 40.0, 60.0, 80.0):
        it.failed(at)
        assert it.state is CLOSED
    assert it.recent_failures(80.0) == 2
    it.failed(81.0)
    assert it.state is OPEN


def test_failures_that_are_few_of_many_do_not_open_it() -> None:
    it = breaker()
    for at in range(20):
        it.succeeded(at)
    for at in range(20, 29):
        it.failed(at)
    assert (it.state, it.recent_failures(28)) == (CLOSED, 9)
    for at in range(29, 40):
        it.failed(at)
    assert it.state is OPEN


def test_it_stays_open_twice_as_long_each_time_up_to_a_bound_until_one_succeeds() -> None:
    it, now = opened(), 0.0
    for open_s in (10, 20, 40, 60, 60):
        assert it.opens_in_s(now) == open_s
        assert not it.admit(now + open_s - 0.1)
        now += open_s
        assert it.admit(now)
        it.failed(now)
    now += 60
    assert it.admit(now)
    it.succeeded(now)
    assert (it.opens_in_s(now), it.recent_failures(now)) == (0, 0)
    for _ in range(POLICY.failures):
        it.failed(now)
    assert it.opens_in_s(now) == 10


def test_it_stays_open_as_long_as_the_provider_asked_for() -> None:
    it = breaker()
    for _ in range(POLICY.failures):
        it.failed(0.0, retry_after_s=45)
    assert it.opens_in_s(0.0) == 45
    assert it.admit(45.0)
    it.failed(45.0, retry_after_s=3_600)
    assert it.opens_in_s(45.0) == POLICY.most_open_s


def test_one_that_is_asked_since_there_is_no_other_closes_it_or_leaves_it_open_as_long_as_it_was() -> None:
    it = opened()
    for now in (1.0, 2.0, 3.0):
        it.ask_anyway(now)
        assert it.state is HALF_OPEN
        it.failed(now + 0.5)
        assert (it.state, it.openings, it.opens_in_s(5.0)) == (OPEN, 1, 5.0)
    it.ask_anyway(6.0)
    it.succeeded(6.5)
    assert (it.state, it.openings) == (CLOSED, 0)
    it = opened()
    it.ask_anyway(9.0)
    it.failed(11.0)
    assert (it.openings, it.opens_in_s(11.0)) == (2, 20.0)


def test_one_probe_at_a_time_and_another_when_it_is_given_up_or_lost() -> None:
    it = probing(10.0)
    assert not it.admit(11.0)
    it.given_up(12.0)
    assert it.admit(12.0)
    assert not it.admit(31.9)
    assert it.admit(32.0)


def test_open_times_differ() -> None:
    random = SeededRandom(1)
    lengths = set()
    for _ in range(20):
        it = CircuitBreaker(random, BreakerPolicy(failures=1, jitter=0.2))
        it.failed(0.0)
        lengths.add(it.opens_in_s(0.0))
    assert len(lengths) == 20
    assert 8 <= min(lengths) < max(lengths) <= 12


STEPS = st.lists(
    st.tuples(st.sampled_from(["admit", "ask_anyway", "succeeded", "failed", "given_up"]), st.floats(0, 15)),
    max_size=80,
)
LEGAL = {(CLOSED, OPEN), (OPEN, HALF_OPEN), (HALF_OPEN, OPEN), (HALF_OPEN, CLOSED)}


@given(STEPS)
def test_whatever_comes_it_lets_in_who_it_should(steps: list[tuple[str, float]]) -> None:
    it, now, probe_free_at = breaker(), 0.0, 0.0
    for name, passed_s in steps:
        now += passed_s
        before, opens_in_s = it.state, it.opens_in_s(now)
        answer = getattr(it, name)(now)
        assert before is it.state or (before, it.state) in LEGAL
        if name == "given_up":
            probe_free_at = now
        if name == "ask_anyway" and before is OPEN:
            probe_free_at = now + POLICY.probe_s
        if name != "admit":
            continue
        match before:
            case BreakerState.CLOSED:
                assert answer
            case BreakerState.OPEN:
                assert answer == (opens_in_s == 0)
            case BreakerState.HALF_OPEN:
                assert answer == (now >= probe_free_at)
        if answer and it.state is HALF_OPEN:
            probe_free_at = now + POLICY.probe_s
