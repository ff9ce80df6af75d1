"""What one worker asks of another, wherever it runs: over Redis pub/sub, answered within a time or not at all.

Each worker listens to a channel of its own. Nothing of a conversation's audio goes this way.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import msgspec
from opentelemetry import metrics

from actors.errors import StoreError
from actors.ports.clock import Random
from app.errors import AppError

if TYPE_CHECKING:
    from app.stores.redis_connection import RedisConnection

log = logging.getLogger(__name__)

MOST_IN_HAND = 200
"""The most requests that a worker handles at once; further ones are not answered."""
CLOSE_S = 2.0
"""Seconds for which requests in progress are waited for at the end; those that go on have swallowed their
cancellation."""
MOST_LINES = 16
"""The most connections to Redis that requests and answers use at once; a publication takes a fraction of a
millisecond."""
YES, NO = b"yes", b"no"
"""Answers to requests that ask whether something is so, or is done."""

_asked = metrics.get_meter("earshot").create_counter(
    "earshot.cluster.requests", description="What workers asked of each other over Redis, by topic and outcome"
)


class WorkerSilentError(AppError):
    """Another worker cannot be asked, or does not answer in time. The text is one line."""


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """One worker asks another for something."""

    number: int
    reply_to: str
    topic: str
    payload: bytes


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The answer to the `Ask` of the same number."""

    number: int
    payload: bytes


class Notice(msgspec.Struct, frozen=True, tag="notice"):
    """Something that one worker tells another, and that needs no answer."""

    topic: str
    payload: bytes


Handle = Callable[[bytes], Awaitable[bytes]]
TakeNotice = Callable[[bytes], None]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Ask | Answer | Notice).decode


def channel_of(worker: str) -> str:
    """The channel that a worker listens to."""
    return f"earshot:to:{worker}"


class WorkerRequests:
    """Asks other workers, and answers them, for one worker. Belongs to the loop's thread."""

    def __init__(self, connection: "RedisConnection", worker: str, random: Random) -> None:
        self._connection = connection
        self._worker = worker
        self._handlers: dict[str, Handle] = {}
        self._takers: dict[str, TakeNotice] = {}
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._in_hand: set[asyncio.Task[None]] = set()
        self._lines = asyncio.Semaphore(MOST_LINES)
        # Only where Redis is configured, its client is imported.
        from app.stores.redis_subscription import RedisSubscription

        self._subscription = RedisSubscription(connection, random, channel_of(worker), self._hear)
        self.is_reachable = self._subscription.is_subscribed
        """Set while other workers can send requests to this one."""

    def on(self, topic: str, handle: Handle) -> None:
        """Have `handle` answer what others ask about `topic`."""
        self._handlers[topic] = handle

    def on_notice(self, topic: str, take: TakeNotice) -> None:
        """Have `take` called with what others tell about `topic`, in the order in which they told it."""
        self._takers[topic] = take

    async def tell(self, worker: str, topic: str, payload: bytes) -> None:
        """Send a notice to another worker. Notices of one worker arrive in the order in which they were sent, or not at
        all.

        Raises:
            StoreError: Redis cannot be used.
        """
        await self._publish(worker, Notice(topic, payload))

    async def ask(self, worker: str, topic: str, payload: bytes, within_s: float) -> bytes:
        """Send a request to another worker and return its answer.

        Raises:
            WorkerSilentError: nothing, within `within_s` seconds; what it was asked for may be done all the same.
        """
        number = next(self._numbers)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(within_s):
                await self._publish(worker, Ask(number, self._worker, topic, payload))
                found = await answer
        except (TimeoutError, StoreError) as error:
            _asked.add(1, {"topic": topic, "outcome": "silent"})
            raise WorkerSilentError(str(error) or "the worker that is asked does not answer") from None
        finally:
            del self._asked[number]
        _asked.add(1, {"topic": topic, "outcome": "answered"})
        return found

    async def close(self) -> None:
        """Stop listening; requests that are being answered are cancelled."""
        await self._subscription.close()
        for task in self._in_hand:
            task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=CLOSE_S)

    async def _publish(self, worker: str, message: Ask | Answer | Notice) -> None:
        # The number of subscribers that Redis returns is not used: in a cluster it counts those of one node only.
        async with self._lines:
            await self._connection.run(lambda client: cast(Any, client).publish(channel_of(worker), _encode(message)))

    def _hear(self, data: bytes) -> None:
        try:
            message = _decode(data)
        except msgspec.MsgspecError as error:
            # Another version of the server may have sent it. Its content must not appear in the log..
            log.warning("a message of another worker cannot be decoded: %s", type(error).__name__)
            return
        if isinstance(message, Answer):
            answer = self._asked.get(message.number)
            if answer is not None and not answer.done():
                answer.set_result(message.payload)
        elif isinstance(message, Notice):
            self._take(message)
        elif (handle := self._handlers.get(message.topic)) is None or len(self._in_hand) >= MOST_IN_HAND:
            _asked.add(1, {"topic": message.topic, "outcome": "not taken"})
        else:
            task = asyncio.get_running_loop().create_task(self._answer(message, handle), name="worker.answer")
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

    def _take(self, notice: Notice) -> None:
        take = self._takers.get(notice.topic)
        try:
            if take is not None:
                take(notice.payload)
        except Exception as error:
            # A fault of one handler must not end this task, which also reads the requests of other workers.
            log.exception("a notice of another worker failed: %s", type(error).__name__)

    async def _answer(self, message: Ask, handle: Handle) -> None:
        try:
            payload = await handle(message.payload)
            await self._publish(message.reply_to, Answer(message.number, payload))
        except StoreError as error:
            log.warning("the answer to another worker could not be sent: %s", error)
        except Exception as error:
            # The worker that asks gets no answer, and logs that after its time-out.
            log.exception("a request of another worker failed: %s", type(error).__name__)
