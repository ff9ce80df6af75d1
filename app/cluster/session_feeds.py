"""Sends what sessions of this worker show to workers, on whichever machine, that have dashboards of them open.

A worker with a dashboard asks all others, again and again, to tell it what that session shows, whether or not they have
it (`dashboards.py`). So nothing is missed of a session that begins later, or that moves to another worker.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping

import msgspec

from actors.errors import StoreError
from actors.messages.output import OutputMessage, SessionEnded
from actors.ports.clock import Clock
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.failure_counters import Failure, report_failure
from actors.session.sessions import SessionEntry
from app.agents.roster import AgentRoster
from app.browser.connection import closing_of
from app.browser.session_outputs import SessionOutputs
from app.browser.wire_output import BrowserWords
from app.cluster.cluster import Cluster
from app.cluster.worker_requests import NO, YES
from app.server.lifecycle import Lifecycle
from protocol.browser import encode

log = logging.getLogger(__name__)

FOLLOW, SHOWN = "follow", "shown"
FOLLOWED_S = 7.0
"""Seconds without a request from a worker after which it has no dashboard of the session any more, or is gone."""
MOST_FEEDS = 10_000
"""The most sessions of this worker, live or not, that other workers follow."""
MOST_WAITING = 500
"""The most messages that wait for one other worker while Redis is slow or gone; of more the oldest are dropped."""


class Follow(msgspec.Struct, frozen=True):
    """Asks a worker to tell `worker` what these sessions show."""

    worker: str
    session_ids: list[str]


class Shown(msgspec.Struct, frozen=True):
    """Messages of the dashboard's protocol, and with what its socket is then closed: 0 if it is not."""

    session_id: str
    messages: list[str]
    code: int = 0
    reason: str = ""


class SessionFeeds:
    """Shows the sessions of one worker to the dashboards of others, and theirs here. Belongs to the loop's thread.

    Args:
        cluster: the other workers. It is not to have started yet.
        outputs: what the sessions of this worker show.
        live: the sessions of this worker.
        agents: of which the first speaks in a session that has not begun.
        lifecycle: whether sessions end since this worker does.
        clock: of the sessions.
        background: runs what tells the others.
    """

    def __init__(
        self,
        cluster: Cluster,
        outputs: SessionOutputs,
        live: Mapping[str, SessionEntry],
        agents: AgentRoster,
        lifecycle: Lifecycle,
        clock: Clock,
        background: BackgroundTasks,
    ) -> None:
        self._cluster = cluster
        self._outputs = outputs
        self._live = live
        self._agents = agents
        self._clock = clock
        self.lifecycle = lifecycle
        self._background = background
        self._feeds: dict[str, SessionFeed] = {}
        self._waiting: dict[str, deque[Shown]] = {}
        """The messages that are to be sent to each worker while another is being sent"""
        cluster.on(FOLLOW, self._follow)

    def words(self, session_id: str) -> BrowserWords:
        """The source of the words in which the dashboards of a session are written."""
        entry = self._live.get(session_id)
        label = entry.plan.agent.label if entry is not None else self._agents.default.label
        return BrowserWords(session_id, label, self._clock)

    def tell(self, worker: str, shown: Shown) -> None:
        """Queue messages of a session for the dashboards of another worker; never waits."""
        waiting = self._waiting.get(worker)
        if waiting is None:
            waiting = deque()
            if not self._background.run(self._tell(worker, waiting), what="feed of a dashboard"):
                return
            self._waiting[worker] = waiting
        elif len(waiting) >= MOST_WAITING:
            waiting.popleft()
            _lost("too much waits for Redis")
        waiting.append(shown)

    async def _tell(self, worker: str, waiting: deque[Shown]) -> None:
        try:
            while waiting:
                batch = list(waiting)
                waiting.clear()
                try:
                    await self._cluster.requests.tell(worker, SHOWN, msgspec.msgpack.encode(batch))
                except StoreError as error:
                    _lost(error.detail)
        finally:
            del self._waiting[worker]

    async def _follow(self, payload: bytes) -> bytes:
        asked = msgspec.msgpack.decode(payload, type=Follow)
        now = asyncio.get_running_loop().time()
        for session_id in [each for each, feed in self._feeds.items() if not feed.workers_at(now)]:
            del self._feeds[session_id], self._outputs.elsewhere[session_id]
        for session_id in asked.session_ids:
            feed = self._feeds.get(session_id)
            if feed is None and len(self._feeds) >= MOST_FEEDS:
                return NO
            if feed is None:
                feed = self._outputs.elsewhere[session_id] = self._feeds[session_id] = SessionFeed(self, session_id)
            feed.until[asked.worker] = now + FOLLOWED_S
        return YES


class SessionFeed:
    """Shows one session to the workers that have dashboards of it. Belongs to the loop's thread."""

    def __init__(self, feeds: SessionFeeds, session_id: str) -> None:
        self._feeds = feeds
        self._session_id = session_id
        self._words: BrowserWords | None = None
        self.until: dict[str, float] = {}
        """When each worker stops following the session, in seconds of the loop's clock"""

    def workers_at(self, now: float) -> list[str]:
        """The ids of the workers that follow the session at `now`; those that have not asked again lately are
        dropped.
        """
        for worker in [worker for worker, until in self.until.items() if until <= now]:
            del self.until[worker]
        return list(self.until)

    def tell(self, message: OutputMessage) -> None:
        """Send a message of the session to every worker that follows it."""
        workers = self.workers_at(asyncio.get_running_loop().time())
        if not workers:
            self._words = None
            return
        if self._words is None:
            # Only once the session is here it is known which agent has it.
            self._words = self._feeds.words(self._session_id)
        messages = [encode(each) for each in self._words.say(message)]
        code, reason = closing_of(message, self._feeds.lifecycle) if isinstance(message, SessionEnded) else (0, "")
        self._send(workers, Shown(self._session_id, messages, code, reason))

    def close(self, code: int, reason: str) -> None:
        """Have the sockets of the dashboards closed."""
        self._send(list(self.until), Shown(self._session_id, [], code, reason))

    def _send(self, workers: list[str], shown: Shown) -> None:
        for worker in workers:
            self._feeds.tell(worker, shown)


def _lost(reason: str) -> None:
    report_failure(
        Failure.DROPPED,
        log,
        "a dashboard of another worker is not shown everything: %s",
        reason,
        place="feed of a dashboard",
    )
