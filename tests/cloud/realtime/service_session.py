"""The state machine of the service: one session, in either dialect, from the first message to the last.

Tests look at `sent` and `received`, and make things go wrong by `fail`, `drop`, `stall` and `expire`.
"""

import base64
import binascii
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.cloud.background import Background
from tests.cloud.journal import Journal
from tests.cloud.realtime.conversation import Conversation, InputBuffer, made_id
from tests.cloud.realtime.dialects import Dialect
from tests.cloud.realtime.hearing import Hearing
from tests.cloud.realtime.plan import Plan
from tests.cloud.realtime.responding import Response
from tests.cloud.realtime.settings import RefusedError, Settings

Message = dict[str, Any]


class ServiceSession:
    """One connection. `azure`: the service is Azure's, whose GA form never tells of speech with `semantic_vad`."""

    def __init__(self, socket: web.WebSocketResponse, dialect: Dialect, plan: Plan, *, azure: bool) -> None:
        self.id = made_id("sess")
        self.dialect = dialect
        self.plan = plan
        self.azure = azure
        self.received: Journal[Message] = Journal()
        self.sent: Journal[Message] = Journal()
        self.closed: Journal[int] = Journal()
        self.settings = Settings(dialect)
        self.conversation = Conversation(dialect)
        self.buffer = InputBuffer()
        self.response: Response | None = None
        self.has_spoken = False
        self.tasks = Background()
        self._hearing = Hearing(self)
        self._socket = socket
        self._stalled = False
        self._events = itertools.count(1)
        self._expires_at = time.time() + plan.limit_s
        self._handlers: dict[str, Callable[[Message], Awaitable[None]]] = {
            "session.update": self._update_session,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.delete": self._delete_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    async def run(self) -> None:
        """Talk until the socket is closed."""
        self.tasks.later(self.plan.limit_s, self.expire())
        try:
            await self.send("session.created", session=self.described)
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._take(json.loads(message.data))
        finally:
            self.closed.append(self._socket.close_code or 1006)
            await self.tasks.close()

    @property
    def described(self) -> Message:
        """The session as events have it."""
        kind = {"object": "realtime.session"}
        return {**self.settings.session, **kind, "id": self.id, "expires_at": int(self._expires_at)}

    # what goes wrong

    async def fail(self, code: str, message: str = "Something went wrong.", *, kind: str = "server_error") -> None:
        """Send an error that no message has caused."""
        await self.send("error", error={"type": kind, "code": code or None, "message": message, "param": None})

    async def drop(self, code: int = 0) -> None:
        """Close the socket with `code`; 0: it breaks without a word."""
        transport = self._socket._req.transport if self._socket._req is not None else None
        if code:
            await self._socket.close(code=code)
        elif transport is not None:
            transport.abort()

    def stall(self) -> None:
        """Send nothing more, and keep the socket open."""
        self._stalled = True

    async def expire(self) -> None:
        """End the session as at its limit."""
        await self.fail("session_expired", "Your session hit the maximum duration.", kind="invalid_request_error")
        await self.drop(1001)

    # sending

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event."""
        if self._stalled or self._socket.closed:
            return
        event = {"type": kind, "event_id": f"event_{next(self._events)}", **fields}
        self.sent.append(event)
        with contextlib.suppress(ConnectionError, RuntimeError):  # the client may be gone at any time
            await self._socket.send_str(json.dumps(event))

    async def tell_item(self, item: Message, previous: str | None) -> None:
        """Tell of an item that is in the conversation now."""
        for kind in self.dialect.item_events:
            await self.send(kind, previous_item_id=previous, item=item)

    # receiving

    async def _take(self, message: Message) -> None:
        self.received.append(message)
        try:
            await self._handlers.get(message.get("type", ""), _refuse)(message)
        except RefusedError as refused:
            await self.send("error", error={**refused.error, "event_id": message.get("event_id")})

    async def _update_session(self, message: Message) -> None:
        self.settings.update(message.get("session"), has_spoken=self.has_spoken)
        self._hearing.detection_changed()
        await self.send("session.updated", session=self.described)

    async def _append(self, message: Message) -> None:
        try:
            pcm = base64.b64decode(message["audio"], validate=True)
        except (KeyError, TypeError, binascii.Error):
            raise RefusedError("invalid_value", "Invalid 'audio'. Expected base64.", "audio") from None
        self.buffer.append(pcm, self.settings.input_hz)
        await self._hearing.listen(pcm)

    async def _commit(self, message: Message) -> None:
        await self._hearing.commit()

    async def _clear(self, message: Message) -> None:
        self.buffer.pcm.clear()
        self._hearing.detection_changed()
        await self.send("input_audio_buffer.cleared")

    async def _create_item(self, message: Message) -> None:
        previous = self.conversation.last_id
        await self.tell_item(self.conversation.create(message.get("item")), previous)

    async def _delete_item(self, message: Message) -> None:
        self.conversation.delete(message.get("item_id"))
        await self.send("conversation.item.deleted", item_id=message["item_id"])

    async def _retrieve_item(self, message: Message) -> None:
        item = self.conversation.items.get(message.get("item_id", ""))
        if item is None:
            raise RefusedError("item_retrieve_invalid_item_id", "Item does not exist.", "item_id")
        await self.send("conversation.item.retrieved", item=item)

    async def _truncate_item(self, message: Message) -> None:
        self.conversation.truncate(message.get("item_id"), message.get("audio_end_ms"))
        place = {name: message[name] for name in ("item_id", "content_index", "audio_end_ms")}
        await self.send("conversation.item.truncated", **place)

    async def _create_response(self, message: Message) -> None:
        await self.respond(message.get("response") or {})

    async def _cancel_response(self, message: Message) -> None:
        wanted = message.get("response_id")
        if self.response is None or wanted not in (None, self.response.id):
            raise RefusedError("response_cancel_not_active", "Cancellation failed: no active response found")
        self.response.cancel("client_cancelled")

    # answering

    async def respond(self, wanted: Message) -> None:
        """Begin a response.

        Raises:
            RefusedError: it is asked for in a wrong way, or another one is being made.
        """
        response = Response(self, wanted)
        if self.response is not None:
            if not wanted.get("cancel_previous", self.dialect.name == "voice live"):
                raise RefusedError(
                    "conversation_already_has_active_response", "Conversation already has an active response."
                )
            self.response.cancel("client_cancelled")
            await self.response.finished.wait()
        self.response = response
        self.tasks.start(response.run())


async def _refuse(message: Message) -> None:
    raise RefusedError("invalid_value", "Invalid value: 'type'.", "type")
