"""The records of conversations: made by the worker at which one is over, kept for a while, and sent.

Kept by that worker; where workers share a store, there as well, so that each of them answers it.
"""

import logging
import socket
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from actors.errors import StoreError
from actors.ports.clock import Clock
from actors.session.record_saving import record_of
from actors.session.sessions import SessionEntry
from app.console.timeline import Timelines
from app.records.making import make_call_record
from app.records.redaction import compiled
from app.stores.opening import SharedStore
from config.groups.records import Records
from protocol.call_record import CallRecord

if TYPE_CHECKING:
    from app.records.webhook import Webhook

log = logging.getLogger(__name__)

MOST_KEPT = 200

_decoder = msgspec.json.Decoder(CallRecord)


def webhook_of(settings: Records) -> "Webhook | None":
    """Where records are sent, if anywhere; what sends them is loaded only then."""
    if not settings.url or settings.secret is None:
        return None
    from app.records.webhook import Webhook

    return Webhook(settings.url, settings.secret)


class CallRecords:
    """Makes the record of each conversation that is over, keeps it, and has it posted. Belongs to the loop's thread.

    Args:
        live: the live session of an id; None if there is none.
        timelines: what happened in the sessions.
        clock: the times of the sessions.
        webhook: where records are sent; None: nowhere.
        shared: the store that all workers share; None: there is none.
        audio_of: the audio of a session that is over; None if none was recorded.
        content: whether records hold what was said.
    """

    def __init__(
        self,
        live: Callable[[str], SessionEntry | None],
        timelines: Timelines,
        clock: Clock,
        webhook: "Webhook | None",
        shared: SharedStore | None,
        *,
        audio_of: Callable[[str], object | None],
        content: bool,
    ) -> None:
        self._live = live
        self._timelines = timelines
        self._clock = clock
        self._webhook = webhook
        self._shared = shared
        self._audio_of = audio_of
        self._content = content
        self._host = socket.gethostname()
        self._open: dict[str, SessionEntry] = {}
        self._kept: OrderedDict[str, CallRecord] = OrderedDict()

    def session_opened(self, session_id: str) -> None:
        """Note that a session begins, of which there will be a record if it may be stored."""
        entry = self._live(session_id)
        if entry is not None and entry.plan.stored:
            self._open[session_id] = entry

    def session_moved(self, session_id: str) -> None:
        """Make no record of a session with which another worker has gone on: it is made there."""
        self._open.pop(session_id, None)

    def session_over(self, session_id: str) -> None:
        """Make the record of a session that is over, keep it and send it."""
        entry = self._open.pop(session_id, None)
        if entry is None:
            return
        timeline = self._timelines.known(session_id)
        record = make_call_record(
            record_of(entry, "ended", self._clock),
            tuple(timeline.events) if timeline is not None else (),
            entry.usage,
            restarts=len(entry.restarts),
            has_audio=self._audio_of(session_id) is not None,
            host=self._host,
            patterns=compiled(tuple({rule: None for agent in entry.plan.agents for rule in agent.redact})),
            content=self._content,
        )
        self._kept[session_id] = record
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        data = msgspec.json.encode(record)
        if self._shared is not None:
            self._shared.keep_call_record(session_id, data)
        if self._webhook is not None:
            self._webhook.send(f"{session_id}.{record.started_at}", data)

    async def load(self, session_id: str) -> CallRecord | None:
        """The latest record of a session that is over, of whichever worker; None if there is none, or none any more.

        Raises:
            StoreError: the shared store does not answer, and this worker has none.
        """
        own = self._kept.get(session_id)
        if self._shared is None:
            return own
        try:
            data = await self._shared.load_call_record(session_id)
        except StoreError:
            if own is None:
                raise
            return own
        theirs = None if data is None else _decoded(data)
        # A session that was resumed elsewhere has a later one; both are in ISO 8601, and in UTC.
        return max((each for each in (own, theirs) if each is not None), key=lambda each: each.ended_at, default=None)

    async def close(self) -> None:
        """Send what waits to be sent, for a moment."""
        if self._webhook is not None:
            await self._webhook.close()


def _decoded(data: bytes) -> CallRecord | None:
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        # Of another version of the server, perhaps; what is in it must not be shown.
        log.warning("a call record in the shared store cannot be read: %s", type(error).__name__)
        return None
