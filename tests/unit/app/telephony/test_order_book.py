"""Orders and their events in every order of arrival: what is believed of a recording and of a transfer at each step."""

import itertools
import random

import pytest

from app.telephony.order_book import MOST_ORDERS, OrderBook, OrderKind, OrderState

START, STOP, TRANSFER = OrderKind.START_RECORDING, OrderKind.STOP_RECORDING, OrderKind.TRANSFER
TAKEN, DOUBT, REFUSED = OrderState.TAKEN, OrderState.IN_DOUBT, OrderState.REFUSED
SUCCEEDED, FAILED, OVERDUE = OrderState.SUCCEEDED, OrderState.FAILED, OrderState.OVERDUE


def started(book: OrderBook, recording_id: str) -> None:
    order = book.give(START, f"start-{recording_id}")
    order.subject = recording_id
    book.move(order, TAKEN)


def stopped(book: OrderBook, recording_id: str, state: OrderState = TAKEN) -> None:
    book.move(book.give(STOP, f"stop-{recording_id}", recording_id), state)


def active(book: OrderBook, recording_id: str) -> None:
    book.told(START, SUCCEEDED, subject=recording_id)


def inactive(book: OrderBook, recording_id: str) -> None:
    book.told(STOP, SUCCEEDED, subject=recording_id)


@pytest.mark.parametrize("state", [DOUBT, REFUSED])
def test_a_recording_runs_until_its_stop_was_taken(state: OrderState) -> None:
    book = OrderBook()
    started(book, "a")
    stopped(book, "a", state)
    assert book.recording == "a"
    stopped(book, "a")
    assert book.recording == ""


def test_late_events_of_one_recording_leave_the_other_alone() -> None:
    # All that is yet to be told of two recordings, the first stopped and the second running, however it comes.
    for order in itertools.permutations([(active, "a"), (inactive, "a"), (active, "b")]):
        book = OrderBook()
        started(book, "a")
        stopped(book, "a")
        started(book, "b")
        for tell, recording_id in order:
            tell(book, recording_id)
            assert book.recording == "b", order
        stopped(book, "b")
        for tell, recording_id in order:
            tell(book, recording_id)
            assert book.recording == "", order


def test_a_start_that_fails_after_it_was_taken_is_no_recording() -> None:
    book = OrderBook()
    started(book, "a")
    assert book.told(START, FAILED, subject="a", reason="400/8553") is not None
    assert book.recording == ""
    active(book, "a")
    assert book.recording == ""


def test_a_second_recording_that_fails_leaves_the_first_one_running() -> None:
    book = OrderBook()
    started(book, "a")
    started(book, "b")
    book.told(START, FAILED, subject="b")
    assert book.recording == "a"


@pytest.mark.parametrize("state", [SUCCEEDED, FAILED])
def test_an_event_that_overtakes_the_answer_to_its_order(state: OrderState) -> None:
    book = OrderBook()
    order = book.give(START, "o1")
    assert book.told(START, state, subject="a") is order
    assert not book.move(order, TAKEN)
    assert (order.state, order.subject) == (state, "a")
    assert book.recording == ("a" if state is SUCCEEDED else "")


def test_a_start_whose_answer_was_lost_is_known_by_its_event() -> None:
    book = OrderBook()
    book.move(book.give(START, "o1"), DOUBT)
    assert book.recording == ""
    active(book, "a")
    assert book.recording == "a"
    stopped(book, "a", DOUBT)
    inactive(book, "a")
    assert book.recording == ""


def test_what_somebody_else_records_is_known_too() -> None:
    book = OrderBook()
    active(book, "theirs")
    assert book.recording == "theirs"
    assert not book.is_paused
    book.end_recording("theirs")
    assert book.recording == ""
    active(book, "theirs")
    assert book.recording == ""


@pytest.mark.parametrize("ours", [True, False])
def test_what_becomes_inactive_without_our_order_is_paused_and_goes_on(ours: bool) -> None:
    book = OrderBook()
    if ours:
        started(book, "a")
    active(book, "a")
    for _ in range(3):
        inactive(book, "a")
        assert (book.recording, book.is_paused) == ("a", True)
        active(book, "a")
        assert (book.recording, book.is_paused) == ("a", False)
    inactive(book, "a")
    stopped(book, "a")
    assert (book.recording, book.is_paused) == ("", False)
    inactive(book, "a")
    active(book, "a")
    assert (book.recording, book.is_paused) == ("", False)


def test_a_pause_is_of_one_recording_and_one_of_an_unknown_recording_is_nothing() -> None:
    book = OrderBook()
    inactive(book, "unknown")
    assert (book.recording, book.is_paused) == ("", False)
    started(book, "a")
    inactive(book, "a")
    started(book, "b")
    assert (book.recording, book.is_paused) == ("b", False)


@pytest.mark.parametrize("state", [REFUSED, DOUBT])
def test_inactive_after_a_stop_that_was_refused_is_a_pause_and_in_doubt_the_stop(state: OrderState) -> None:
    book = OrderBook()
    started(book, "a")
    stopped(book, "a", state)
    inactive(book, "a")
    assert (book.recording, book.is_paused) == (("a", True) if state is REFUSED else ("", False))


def test_an_event_settles_the_order_of_its_context_and_no_other() -> None:
    book = OrderBook()
    first, second = book.give(TRANSFER, "t1"), book.give(TRANSFER, "t2")
    book.move(first, TAKEN)
    book.move(first, OVERDUE)
    book.move(second, TAKEN)
    assert book.told(TRANSFER, FAILED, order_id="t1") is first
    assert book.open(TRANSFER) is second
    assert book.told(TRANSFER, FAILED, order_id="somebody's") is None
    assert book.told(TRANSFER, SUCCEEDED, order_id="t2") is second
    assert book.told(TRANSFER, SUCCEEDED, order_id="t2") is None
    assert book.open(TRANSFER) is None


def test_an_event_without_a_context_settles_the_latest() -> None:
    book = OrderBook()
    order = book.give(TRANSFER, "t1")
    book.move(order, TAKEN)
    assert book.told(TRANSFER, FAILED) is order


def test_what_has_ended_does_not_go_on_whatever_is_told() -> None:
    for seed in range(300):
        drawn = random.Random(seed)
        book = OrderBook()
        order = book.give(drawn.choice(list(OrderKind)), "o", drawn.choice(["", "s"]))
        ended: OrderState | None = None
        for state in drawn.choices(list(OrderState), k=12):
            book.move(order, state)
            if ended is not None:
                assert order.state is ended
            if order.state in (SUCCEEDED, FAILED, REFUSED):
                ended = order.state
                assert not order.open


def test_no_more_orders_are_kept_than_a_call_needs() -> None:
    book = OrderBook()
    for number in range(MOST_ORDERS * 3):
        book.move(book.give(OrderKind.SEND_KEYS, str(number)), TAKEN)
    assert len(book.all_open) == MOST_ORDERS


@pytest.mark.parametrize(("before", "is_late"), [(TAKEN, False), (OVERDUE, True), (DOUBT, True)])
def test_a_failure_is_late_once_whoever_gave_the_order_was_answered_without_it(
    before: OrderState, is_late: bool
) -> None:
    book = OrderBook()
    order = book.give(START, "start")
    if before is OVERDUE:
        book.move(order, TAKEN)
    book.move(order, before)
    assert book.told(START, FAILED, order_id="start") is order
    assert order.is_late is is_late


def test_an_order_of_another_worker_is_believed_in_as_far_as_it_was_known_there() -> None:
    book = OrderBook()
    taken = book.restore("taken", TRANSFER, "", TAKEN)
    sent = book.restore("sent", START, "", OrderState.SENT)
    assert (taken.state, sent.state) == (TAKEN, DOUBT)
    assert book.unsettled == [taken, sent]
    assert book.open(TRANSFER) is taken
    assert book.told(TRANSFER, FAILED, order_id="taken", reason="busy") is taken
    assert taken.is_late, "whoever gave it is gone, and its session is told"
    assert book.told(START, SUCCEEDED, order_id="sent", subject="a") is sent
    assert (book.recording, book.unsettled) == ("a", [])


@pytest.mark.parametrize(
    ("whom", "state", "left"), [("+1", SUCCEEDED, True), ("+1", FAILED, False), ("", SUCCEEDED, False)]
)
def test_who_is_put_through_from_among_several_leaves_the_others(whom: str, state: OrderState, left: bool) -> None:
    book = OrderBook()
    order = book.give(OrderKind.TRANSFER, "o1", whom)
    book.move(order, TAKEN)
    assert not book.has_left_others
    assert book.told(OrderKind.TRANSFER, state, order_id="o1") is order
    assert book.has_left_others is left


def test_two_orders_for_the_same_are_both_told_of() -> None:
    book = OrderBook()
    for number in ("1", "2"):
        book.move(book.give(OrderKind.HOLD, number, "caller"), TAKEN)
    for _ in range(2):
        assert book.told(OrderKind.HOLD, SUCCEEDED, subject="caller") is not None
    assert book.all_open == []
    assert book.told(OrderKind.HOLD, SUCCEEDED, subject="caller") is None
