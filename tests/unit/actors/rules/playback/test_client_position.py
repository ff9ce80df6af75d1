"""How far the caller has heard, by what the transport of each connection tells of it."""

from collections.abc import Callable

import pytest

from actors.conversation import PositionPrecision
from actors.messages.caller import BLIND, MARKED, PACED, Lead
from actors.rules.playback.client_position import MARK_DUE_MS, MARK_FRESH_MS, TURNS_KEPT, ClientPosition
from actors.rules.playback.play_head import MarkState


@pytest.mark.parametrize("lead", [PACED, BLIND, MARKED])
def test_only_a_client_that_sends_marks_is_given_time_to_begin(lead: Lead) -> None:
    position = ClientPosition(lead)
    position.sent(1, 0, 1_000)
    position.head.advance(100)
    assert position.head.heard_ms == (0 if lead is MARKED else 100)
    position.head.advance(100 + MARK_DUE_MS)
    assert position.head.heard_ms == (100 if lead is MARKED else 100 + MARK_DUE_MS)


@pytest.mark.parametrize(
    ("lead", "precision"),
    [
        (PACED, PositionPrecision.NETWORK),
        (MARKED, PositionPrecision.ESTIMATED),
        (BLIND, PositionPrecision.ESTIMATED),
    ],
)
def test_how_exactly_a_position_is_known_without_marks(lead: Lead, precision: PositionPrecision) -> None:
    assert ClientPosition(lead).precision(0) is precision


def test_a_mark_is_exact_for_a_while_and_only_where_marks_were_asked_for() -> None:
    for lead in (PACED, BLIND, MARKED):
        position = ClientPosition(lead)
        position.sent(1, 0, 1_000)
        position.mark(1, 40, MarkState.PLAYING, 60)
        is_exact = position.precision(60 + MARK_FRESH_MS) is PositionPrecision.EXACT
        assert is_exact is (lead is MARKED)
        assert position.precision(61 + MARK_FRESH_MS) is not PositionPrecision.EXACT


@pytest.mark.parametrize("silence", [ClientPosition.stand, ClientPosition.hold])
def test_a_position_that_stands_still_is_as_exact_as_it_was_when_it_came_to_stand(
    silence: Callable[[ClientPosition, float], None],
) -> None:
    exact, stale = ClientPosition(MARKED), ClientPosition(MARKED)
    for position in (exact, stale):
        position.sent(1, 0, 1_000)
        position.mark(1, 40, MarkState.PLAYING, 60)
    silence(exact, 60 + MARK_FRESH_MS)
    silence(exact, 5_000)
    silence(stale, 61 + MARK_FRESH_MS)
    assert exact.precision(9_000) is PositionPrecision.EXACT
    assert stale.precision(9_000) is PositionPrecision.ESTIMATED


def test_a_mark_of_a_client_that_holds_tells_where_it_stands_and_one_after_all_was_taken_back_does_not() -> None:
    held, taken_back = ClientPosition(MARKED), ClientPosition(MARKED)
    for position in (held, taken_back):
        position.sent(1, 0, 1_000)
    held.hold(500)
    taken_back.stand(500)
    taken_back.head.skip()
    for position in (held, taken_back):
        position.mark(1, 400, MarkState.PAUSED, 600)
    assert held.precision(9_000) is PositionPrecision.EXACT
    assert taken_back.precision(9_000) is PositionPrecision.ESTIMATED


@pytest.mark.parametrize("go_on", [lambda one: one.release(900), lambda one: one.sent(1, 900, 20)])
def test_a_position_that_goes_on_becomes_less_exact_again(go_on: Callable[[ClientPosition], None]) -> None:
    position = ClientPosition(MARKED)
    position.sent(1, 0, 1_000)
    position.mark(1, 40, MarkState.PLAYING, 60)
    position.hold(100)
    go_on(position)
    assert position.precision(901) is PositionPrecision.ESTIMATED


def test_marks_count_from_where_their_turn_begins() -> None:
    position = ClientPosition(MARKED, {1: 300})
    position.sent(1, 0, 200)
    position.sent(2, 0, 200)
    position.mark(1, 400, MarkState.PLAYING, 10)
    assert position.head.heard_ms == 100
    position.mark(2, 50, MarkState.PLAYING, 20)
    assert position.head.heard_ms == 250


def test_marks_of_turns_long_past_are_ignored() -> None:
    position = ClientPosition(MARKED)
    for turn in range(TURNS_KEPT + 1):
        position.sent(turn, 0, 20)
    position.mark(0, 20, MarkState.PLAYING, 1)
    assert position.head.heard_ms == 0
    position.mark(1, 20, MarkState.PLAYING, 1)
    assert position.head.heard_ms == 40


def test_another_client_counts_anew() -> None:
    position = ClientPosition(MARKED, {1: 300})
    position.sent(1, 0, 200)
    position.mark(1, 300, MarkState.PLAYING, 10)
    position.head.skip()
    position.attach(MARKED)
    assert position.precision(10) is PositionPrecision.ESTIMATED
    position.mark(1, 300, MarkState.PLAYING, 20)
    assert position.precision(20) is PositionPrecision.ESTIMATED, "that turn is unknown to the new client"
    position.sent(1, 20, 100)
    position.mark(1, 60, MarkState.PLAYING, 30)
    assert position.head.heard_ms == 260


def test_a_position_that_was_held_goes_on_after_the_time_that_a_client_needs_to_begin() -> None:
    for lead, delay_ms in ((PACED, 0), (MARKED, MARK_DUE_MS)):
        position = ClientPosition(lead)
        position.sent(1, 0, 1_000)
        position.head.hold()
        position.release(500)
        position.head.advance(500 + delay_ms + 30)
        assert position.head.heard_ms == 30
