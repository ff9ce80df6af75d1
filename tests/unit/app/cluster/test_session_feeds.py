"""What dashboards of other workers are told of sessions here: for as long as they ask, and no more than is borne."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import msgspec
import pytest

from actors.conversation import Ending
from actors.errors import ErrorKind, StoreError
from actors.messages.output import ErrorShown, SessionEnded
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from app.browser.session_outputs import SessionOutputs
from app.cluster import session_feeds
from app.cluster.session_feeds import FOLLOW, SHOWN, Follow, SessionFeeds, Shown
from app.cluster.worker_requests import NO, YES
from app.console.timeline import Timelines
from tests.kit.session_kit import AGENT

SORRY = ErrorShown("sorry")


class Cluster:
    """Keeps what other workers are told; `failure` keeps it from them."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}
        self.told: list[tuple[str, Shown]] = []
        self.failure: StoreError | None = None
        self.requests = self

    def on(self, topic: str, handle: Any) -> None:
        self.handlers[topic] = handle

    async def follow(self, worker: str, *session_ids: str) -> bytes:
        asked = msgspec.msgpack.encode(Follow(worker, list(session_ids)))
        return cast(bytes, await self.handlers[FOLLOW](asked))

    async def tell(self, worker: str, topic: str, payload: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        assert topic == SHOWN
        self.told += [(worker, shown) for shown in msgspec.msgpack.decode(payload, type=list[Shown])]


class Feeds:
    """The feeds of a worker, with its outputs."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.background = BackgroundTasks()
        self.outputs = SessionOutputs((), Timelines(lambda: 0.0, (), (), content=False), log_content=False)
        self.lifecycle = SimpleNamespace(ends_sessions=False)
        agents = SimpleNamespace(default=AGENT)
        SessionFeeds(
            cast(Any, self.cluster),
            self.outputs,
            {},
            cast(Any, agents),
            cast(Any, self.lifecycle),
            LoopClock(),
            self.background,
        )

    async def show(self, session_id: str, *messages: Any) -> list[tuple[str, Shown]]:
        """What other workers have been told once a session has shown these."""
        for message in messages:
            self.outputs.of(session_id).tell(message)
        await self.background.finished()
        told, self.cluster.told = self.cluster.told, []
        return told


async def test_who_asks_is_told_in_order_and_how_the_socket_is_to_be_closed() -> None:
    feeds = Feeds()
    assert await feeds.show("s", SORRY) == []
    assert await feeds.cluster.follow("one", "s") == YES
    assert await feeds.cluster.follow("two", "s", "t") == YES
    told = await feeds.show("s", SORRY, SessionEnded(Ending.NORMAL))
    for worker in ("one", "two"):
        first, last = [shown for name, shown in told if name == worker]
        assert "sorry" in first.messages[0]
        assert (first.code, last.code, last.reason) == (0, 1000, "normal")
    feeds.lifecycle.ends_sessions = True
    assert {shown.code for _, shown in await feeds.show("t", SessionEnded(Ending.NORMAL))} == {1012}


async def test_who_asks_no_more_is_told_nothing_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = Feeds()
    monkeypatch.setattr(session_feeds, "FOLLOWED_S", 0.0)
    await feeds.cluster.follow("one", "s")
    assert await feeds.show("s", SORRY) == []
    monkeypatch.undo()
    await feeds.cluster.follow("two", "t")
    assert set(feeds.outputs.elsewhere) == {"t"}


async def test_a_session_that_has_moved_tells_nothing_more_and_its_dashboards_stay() -> None:
    feeds = Feeds()
    await feeds.cluster.follow("one", "s")
    left = feeds.outputs.of("s")
    dashboard = cast(Any, Mock())
    left.dashboards.add(dashboard)
    feeds.outputs.session_moved("s")
    left.tell(SessionEnded(Ending.NORMAL))
    await feeds.background.finished()
    assert feeds.cluster.told == []
    assert feeds.outputs.of("s") is not left
    assert feeds.outputs.of("s").dashboards == {dashboard}


async def test_what_redis_does_not_take_is_said_and_what_waits_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    feeds = Feeds()
    monkeypatch.setattr(session_feeds, "MOST_WAITING", 2)
    await feeds.cluster.follow("one", "s")
    assert len(await feeds.show("s", SORRY, SORRY, SORRY)) == 2
    assert "too much waits for Redis" in caplog.text
    feeds.cluster.failure = StoreError(ErrorKind.UNAVAILABLE, "Redis cannot be reached")
    assert await feeds.show("s", SORRY) == []
    assert "is not shown everything: Redis cannot be reached" in caplog.text
    feeds.cluster.failure = None
    assert len(await feeds.show("s", SORRY)) == 1


async def test_more_sessions_than_may_be_followed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    feeds = Feeds()
    monkeypatch.setattr(session_feeds, "MOST_FEEDS", 1)
    assert await feeds.cluster.follow("one", "s", "t") == NO
    assert set(feeds.outputs.elsewhere) == {"s"}
    await asyncio.sleep(0)
