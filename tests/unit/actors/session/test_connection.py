"""The connection of a session: what goes out through it, and what becomes of one that fails."""

import logging
from typing import Any

import pytest

from actors.messages.caller import PACED, ConnectionAttached, ConnectionDetached
from actors.messages.output import ErrorShown
from actors.rules.playback.client_position import TURNS_KEPT
from actors.session.connection import SessionConnection


class Told:
    def __init__(self, failure: BaseException | None = None) -> None:
        self.messages: list[Any] = []
        self._failure = failure

    def tell(self, message: Any) -> None:
        if self._failure is not None:
            raise self._failure
        self.messages.append(message)


def connection(output: Told | None = None) -> tuple[SessionConnection, Told]:
    supervisor = Told()
    made = SessionConnection(supervisor)  # type: ignore[arg-type]
    made.output, made.output_id = output, "c1"
    return made, supervisor


def test_without_anybody_connected_nothing_is_shown_and_nothing_fails() -> None:
    made, supervisor = connection()
    made.show(ErrorShown("sorry"))
    assert supervisor.messages == []


def test_what_is_shown_goes_to_the_output() -> None:
    output = Told()
    made, supervisor = connection(output)
    made.show(ErrorShown("sorry"))
    assert output.messages == [ErrorShown("sorry")]
    assert supervisor.messages == []


@pytest.mark.parametrize("failure", [RuntimeError("what was said"), SystemExit(1), KeyboardInterrupt()])
def test_an_output_that_raises_is_given_up_and_the_supervisor_is_told(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    made, supervisor = connection(Told(failure))
    with caplog.at_level(logging.WARNING):
        made.show(ErrorShown("sorry"))
        made.show(ErrorShown("again"))
    assert supervisor.messages == [ConnectionDetached("c1")]
    assert made.output is None
    assert type(failure).__name__ in caplog.text
    assert "what was said" not in caplog.text


def test_audio_is_counted_by_turn_for_the_latest_of_them() -> None:
    made, _ = connection()
    for turn in range(TURNS_KEPT + 2):
        made.audio_sent(turn, 20.0)
        made.audio_sent(turn, 20.0)
    assert list(made.sent_ms) == list(range(2, TURNS_KEPT + 2))
    assert set(made.sent_ms.values()) == {40.0}


def test_another_client_counts_from_the_beginning_and_holds_nothing() -> None:
    made, _ = connection()
    made.audio_sent(1, 20.0)
    made.is_holding = True
    attached = ConnectionAttached(connection_id="c2", lead=PACED, rate_hz=16_000)
    made.attach(attached)
    assert made.attached is attached
    assert (made.sent_ms, made.is_holding) == ({}, False)
