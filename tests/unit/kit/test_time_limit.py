"""A test that takes too long is noticed, and one that does not costs no thread."""

import threading

from tests.kit.time_limit import TimeLimit


def test_what_takes_too_long_is_told() -> None:
    limit, expired = TimeLimit(looks_s=0.01), threading.Event()
    limit.set(0.03, expired.set)
    assert expired.wait(20)
    limit.lift()


def test_what_ends_in_time_is_not_and_all_share_one_thread() -> None:
    limit, expired, later = TimeLimit(looks_s=0.01), threading.Event(), threading.Event()
    limit.set(0.05, expired.set)
    limit.lift()
    before = threading.active_count()
    limit.set(60.0, expired.set)
    limit.set(0.05, later.set)
    assert later.wait(20)
    limit.lift()
    assert not expired.is_set()
    assert threading.active_count() == before


def test_a_process_of_tests_has_that_thread() -> None:
    assert "time limit of tests" in {thread.name for thread in threading.enumerate()}
