"""The connection to a speech-to-speech model: which session is the present one, and what is told of one that is not."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.runtime.clock import run_virtual
from actors.runtime.supervised_actor import SupervisedActor, actor_of
from actors.session.engine_events import RealtimeReported
from actors.session.realtime.realtime_connection import RealtimeConnection
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import FakeRealtime

OPENS_S = 0.1
"""A session of the fake model is open within this."""


class Told(SupervisedActor):
    """An actor that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("told", None)
        self.reports: list[RealtimeReported] = []

    def on_receive(self, message: RealtimeReported) -> None:
        self.reports.append(message)


class Place:
    """A connection, its actor, and what the connection has said of sessions that are open."""

    def __init__(self, model: FakeRealtime) -> None:
        actor = actor_of(Told.start())
        assert actor is not None
        self.actor = actor
        self.model = model
        self.asked = 0
        self.opened: list[tuple[port.RealtimeSession, port.RealtimeOptions]] = []
        self.connection = RealtimeConnection(
            actor, model, self._options, lambda session, options: self.opened.append((session, options))
        )

    def _options(self) -> port.RealtimeOptions:
        self.asked += 1
        return port.RealtimeOptions(session_id="s", instructions=f"for session {self.asked}")

    @property
    def counted(self) -> list[Any]:
        """The events of the session that is the present one."""
        return [message.event for message in self.actor.reports if self.connection.has_reported(message)]


def at_place(model: FakeRealtime, act: Callable[[Place], Any]) -> Any:
    """What `act`, which is awaited, returns for a connection to `model`, in virtual time."""

    async def main() -> Any:
        place = Place(model)
        try:
            return await act(place)
        finally:
            place.actor.stop()

    return run_virtual(main())


def test_a_session_is_told_of_when_it_is_open_with_what_it_was_asked_for() -> None:
    async def act(place: Place) -> None:
        place.connection.open()
        assert place.opened == []
        await asyncio.sleep(OPENS_S)
        ((session, options),) = place.opened
        assert session is place.connection.session
        session.add(ChatMessage(role=Role.USER, text="hello"))
        assert [len(opened.added) for opened in place.model.sessions] == [1]
        assert options.instructions == "for session 1"
        assert place.counted == [reported.RealtimeReady(None)]

    at_place(FakeRealtime(), act)


def test_what_a_former_session_still_tells_does_not_count() -> None:
    async def act(place: Place) -> None:
        place.connection.open()
        await asyncio.sleep(OPENS_S)
        former = place.model.sessions[0]
        report = former._report
        place.connection.open()
        assert place.connection.session is None
        await asyncio.sleep(OPENS_S)
        report(reported.RealtimeClosed(FailureKind.TRANSIENT, "late"))
        await asyncio.sleep(0)
        assert former.is_closed
        assert not place.model.sessions[1].is_closed
        assert len(place.actor.reports) == 3
        assert place.counted == [reported.RealtimeReady(None)]
        assert [options.instructions for _, options in place.opened] == ["for session 1", "for session 2"]

    at_place(FakeRealtime(), act)


def test_an_opening_that_is_given_up_opens_nothing() -> None:
    async def act(place: Place) -> None:
        place.connection.open()
        await asyncio.sleep(OPENS_S / 4)
        place.connection.close()
        await asyncio.sleep(OPENS_S)
        assert place.opened == []
        assert place.connection.session is None
        assert all(session.is_closed for session in place.model.sessions)
        assert place.counted == []

    at_place(FakeRealtime(), act)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [(ErrorKind.UNAVAILABLE, FailureKind.TRANSIENT), (ErrorKind.AUTHENTICATION, FailureKind.FATAL)],
)
def test_a_refusal_is_told_as_the_end_of_the_session(
    refusal: ErrorKind, kind: FailureKind, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(place: Place) -> list[Any]:
        place.connection.open()
        await asyncio.sleep(OPENS_S)
        assert place.opened == []
        return place.counted

    model = FakeRealtime()
    model.refusals.append(refusal)
    with caplog.at_level(logging.WARNING):
        (closed,) = at_place(model, act)
    assert (closed.kind, closed.retry_after_s) == (kind, None)
    assert "a speech-to-speech session cannot be opened" in caplog.text


def test_what_is_no_event_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def act(place: Place) -> list[Any]:
        place.connection.open()
        await asyncio.sleep(OPENS_S)
        place.model.sessions[0].tell("hello")  # type: ignore[arg-type]
        await asyncio.sleep(0)
        return place.counted

    with caplog.at_level(logging.WARNING):
        assert at_place(FakeRealtime(), act) == [reported.RealtimeReady(None)]
    assert "the speech to speech has reported what its port does not allow" in caplog.text
