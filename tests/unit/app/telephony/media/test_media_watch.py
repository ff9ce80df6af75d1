"""A call that is up has a media socket, or is asked for one, or is let go of: nobody is left in silence."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from app.telephony.call import Call
from app.telephony.errors import CallControlError, Trouble
from app.telephony.media.media_watch import DUE_S, OWN_RECONNECT_S, STOP_AGAIN_S, STOPPED_LOOKS_S, MediaWatch
from protocol.calls import CallState
from tests.unit.app.telephony.call_kit import Network, new_call, on_virtual_time


class Watched:
    """A call that is watched."""

    def __init__(self, state: CallState = CallState.CONNECTED) -> None:
        self.network = Network()
        self.call: Call = new_call(state)
        self.let_go: list[Call] = []
        self.gone: list[Call] = []
        self.connected: list[Call] = []
        clock: Any = SimpleNamespace(wall=lambda: 0.0)
        self.is_in_doubt = False
        self.left: list[Call] = []
        self.watch = MediaWatch(
            self.network, clock, self._let_go, self._gone, self._connected, lambda: self.is_in_doubt, self._leave
        )

    def _leave(self, call: Call) -> None:
        self.left.append(call)
        call.over.set()

    async def _let_go(self, call: Call) -> None:
        self.let_go.append(call)
        call.over.set()

    def _gone(self, call: Call) -> None:
        self.gone.append(call)
        call.over.set()

    def _connected(self, call: Call) -> None:
        self.connected.append(call)
        call.progress.state = CallState.CONNECTED

    def opens(self) -> Mock:
        """A media socket comes."""
        self.call.connection = Mock()
        self.watch.opened(self.call)
        return self.call.connection

    @property
    def asked(self) -> list[str]:
        return [order[0] for order in self.network.orders]


def watched(act: Callable[[Watched], Coroutine[Any, Any, None]], state: CallState = CallState.CONNECTED) -> None:
    async def main() -> None:
        await act(Watched(state))

    on_virtual_time(main)


def test_a_socket_that_comes_in_time_is_not_asked_for() -> None:
    async def act(on: Watched) -> None:
        on.watch.due(on.call)
        await asyncio.sleep(DUE_S - 1)
        on.opens()
        await asyncio.sleep(60)
        assert on.asked == []

    watched(act)


def test_one_that_does_not_come_is_asked_for_and_then_it_is_well() -> None:
    async def act(on: Watched) -> None:
        on.watch.due(on.call)
        await asyncio.sleep(DUE_S + 0.1)
        assert on.asked == ["start_media_streaming"]
        on.opens()
        await asyncio.sleep(60)
        assert on.asked == ["start_media_streaming"]
        assert on.let_go == []

    watched(act)


def test_a_call_to_which_none_ever_comes_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    async def act(on: Watched) -> None:
        on.watch.due(on.call)
        await asyncio.sleep(120)
        assert on.let_go == [on.call]
        assert on.asked.count("start_media_streaming") > 3

    with caplog.at_level(logging.WARNING):
        watched(act)
    assert "no media socket reached us" in caplog.text


def test_the_network_opens_a_lost_socket_by_itself_before_it_is_asked_to() -> None:
    async def act(on: Watched) -> None:
        on.watch.lost(on.call)
        await asyncio.sleep(OWN_RECONNECT_S / 2)
        assert on.asked == []
        await asyncio.sleep(OWN_RECONNECT_S)
        assert on.asked == ["start_media_streaming"]

    watched(act)


def test_a_socket_of_a_worker_that_died_is_closed_first_where_the_network_still_has_it() -> None:
    async def act(on: Watched) -> None:
        on.network.failures["start_media_streaming"] = [CallControlError(Trouble.CONFLICT, "it is open")]
        on.watch.lost(on.call, at_once=True)
        await asyncio.sleep(0.1)
        assert on.asked == ["start_media_streaming", "stop_media_streaming", "start_media_streaming"]

    watched(act)


def test_a_call_that_the_network_does_not_know_is_over() -> None:
    async def act(on: Watched) -> None:
        on.network.failures["start_media_streaming"] = [CallControlError(Trouble.NOT_FOUND, "gone")]
        on.watch.lost(on.call, at_once=True)
        await asyncio.sleep(60)
        assert on.gone == [on.call]
        assert on.asked == ["start_media_streaming"]

    watched(act)


def test_a_socket_that_the_network_could_not_open_is_asked_for_without_waiting_longer() -> None:
    async def act(on: Watched) -> None:
        on.watch.lost(on.call, at_once=True)
        await asyncio.sleep(0.05)
        on.watch.refused(on.call)
        await asyncio.sleep(0.3)
        assert on.asked.count("start_media_streaming") == 2

    watched(act)


@pytest.mark.parametrize(("told", "asked_after_s"), [("nothing", DUE_S), ("lost", OWN_RECONNECT_S)])
def test_what_asks_sooner_counts_and_one_watch_is_enough(told: str, asked_after_s: float) -> None:
    async def act(on: Watched) -> None:
        on.watch.due(on.call)
        on.watch.due(on.call)
        if told == "lost":
            on.watch.lost(on.call)
        await asyncio.sleep(asked_after_s - 0.1)
        assert on.asked == []
        await asyncio.sleep(0.2)
        assert on.asked == ["start_media_streaming"]

    watched(act)


@pytest.mark.parametrize(("state", "outcome"), [("connected", "connected"), ("disconnected", "gone")])
def test_a_call_of_which_nothing_is_heard_is_looked_at(state: str, outcome: str) -> None:
    async def act(on: Watched) -> None:
        on.network.state = state
        on.watch.due(on.call)
        await asyncio.sleep(DUE_S + 1)
        assert on.asked[0] == "properties"
        assert getattr(on, outcome) == [on.call]

    watched(act, CallState.RINGING)


def test_one_that_rings_is_looked_at_again_and_again() -> None:
    async def act(on: Watched) -> None:
        on.network.state = "connecting"
        on.watch.due(on.call)
        await asyncio.sleep(DUE_S + 60)
        assert on.asked.count("properties") > 5
        assert (on.gone, on.connected, on.let_go) == ([], [], [])

    watched(act, CallState.RINGING)


def test_a_call_that_the_network_transcribes_is_asked_for_its_transcript() -> None:
    async def act(on: Watched) -> None:
        on.call.transcribed_in = "en-US"
        on.watch.lost(on.call, at_once=True)
        await asyncio.sleep(0.1)
        assert on.network.orders == [("start_transcription", "call-1", "en-US")]

    watched(act)


def test_a_caller_on_hold_to_whom_the_network_does_not_stream_is_asked_for_once_they_are_back() -> None:
    async def act(on: Watched) -> None:
        refused = CallControlError(Trouble.CONFLICT, "the call is on hold")
        on.network.failures["start_media_streaming"] = [refused] * 100
        on.watch.lost(on.call)
        await asyncio.sleep(600)
        assert (on.asked.count("start_media_streaming"), on.let_go) == (1, [])
        on.network.failures.clear()
        on.call.progress.state = CallState.CONNECTED
        await asyncio.sleep(1)
        assert on.asked.count("start_media_streaming") == 2
        on.opens()
        await asyncio.sleep(60)
        assert on.let_go == []

    watched(act, CallState.ON_HOLD)


def test_a_caller_who_is_back_from_hold_and_gets_no_socket_is_let_go() -> None:
    async def act(on: Watched) -> None:
        refused = CallControlError(Trouble.CONFLICT, "no")
        on.network.failures["start_media_streaming"] = [refused] * 100
        on.watch.lost(on.call)
        await asyncio.sleep(60)
        on.call.progress.state = CallState.CONNECTED
        await asyncio.sleep(60)
        assert on.let_go == [on.call]

    watched(act, CallState.ON_HOLD)


@pytest.mark.parametrize("transcribed_in", ["", "en-US"])
@pytest.mark.parametrize(
    ("streaming", "unknown", "closed"),
    [("inactive", 0, 1), ("active", 0, 0), ("", 0, 0), ("inactive", len(STOPPED_LOOKS_S) - 1, 1), ("inactive", 100, 0)],
)
def test_an_open_socket_to_which_the_network_streams_no_more_is_closed(
    streaming: str, unknown: int, closed: int, transcribed_in: str
) -> None:
    async def act(on: Watched) -> None:
        on.call.transcribed_in = transcribed_in
        on.network.streaming = streaming
        on.network.failures["properties"] = [CallControlError(Trouble.UNAVAILABLE, "no answer")] * unknown
        socket = on.opens()
        on.watch.stopped(on.call)
        on.watch.stopped(on.call)
        await asyncio.sleep(60)
        assert socket.close.call_count == closed
        assert len(on.asked) == min(unknown + 1, len(STOPPED_LOOKS_S))

    watched(act)


def test_what_the_network_tells_of_the_socket_before_does_not_close_the_present_one() -> None:
    async def act(on: Watched) -> None:
        on.network.streaming = "inactive"
        on.opens()
        on.watch.stopped(on.call)
        later = on.opens()
        await asyncio.sleep(60)
        assert (later.close.call_count, on.asked) == (0, [])
        on.watch.stopped(on.call)
        await asyncio.sleep(60)
        assert later.close.call_count == 1

    watched(act)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_socket_that_the_network_opens_slowly_is_not_closed_again_and_again(at_once: bool) -> None:
    async def act(on: Watched) -> None:
        opening = CallControlError(Trouble.CONFLICT, "it is being opened")
        on.network.failures["start_media_streaming"] = [opening] * 4
        on.watch.lost(on.call, at_once=at_once)
        await asyncio.sleep(OWN_RECONNECT_S + 2)
        assert on.asked.count("stop_media_streaming") == 1
        # The one that was being opened comes after all, and is closed as ordered.
        on.opens()
        on.call.connection = None
        on.network.failures["start_media_streaming"] = [None, *[opening] * 100]
        on.watch.lost(on.call)
        await asyncio.sleep(OWN_RECONNECT_S + STOP_AGAIN_S)
        assert on.asked.count("stop_media_streaming") == 1
        # By now it is no slow one, but dead.
        await asyncio.sleep(2 * STOP_AGAIN_S)
        assert (on.asked.count("stop_media_streaming"), on.let_go) == (2, [])

    watched(act)


def test_the_network_may_take_ever_longer_to_open_a_socket() -> None:
    async def act(on: Watched) -> None:
        on.network.failures["start_media_streaming"] = [CallControlError(Trouble.CONFLICT, "it is open")] * 1_000
        loop = asyncio.get_running_loop()
        stopped_at: list[float] = []
        while len(stopped_at) < 4:
            on.watch.lost(on.call)
            await asyncio.sleep(0.5)
            if on.asked.count("stop_media_streaming") > len(stopped_at):
                stopped_at.append(loop.time())
            on.let_go.clear()
            on.call.over = type(on.call.over)()
        waits_s = [later - sooner for sooner, later in pairwise(stopped_at)]
        assert all(wait_s >= STOP_AGAIN_S * factor for wait_s, factor in zip(waits_s, (1, 2, 4), strict=True))

    watched(act)
