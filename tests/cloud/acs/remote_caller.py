"""Another process calls through the emulator: a WebSocket on which it speaks, and is told how its call goes.

The query names who calls (`from`), whom (`to`), and the webhook that Event Grid tells of it. Binary messages are what
the caller says, PCM16LE mono at 16 kHz. The messages from here are JSON, told apart by `type`: `answered` with the
`call_id`, `said` when a binary message has been said to its end, and `ended`, the last, with what was heard. At a text
message, and when the other process closes the WebSocket, the caller hangs up.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from tests.cloud.acs.caller import Caller, CallOver
from tests.cloud.acs.calls import Call
from tests.cloud.acs.identifiers import phone

PATH = "/emulator/calls"
RATE_HZ = 16_000
ROOM_DBFS = -50.0
"""The noise behind the caller."""
MOST_SAID_BYTES = 120 * RATE_HZ * 2
"""Two minutes of speech in one message."""

LONGEST_S = 3_600.0
"""A call lasts no longer than this."""

Dial = Callable[[str, Caller, str], Awaitable[object]]
"""Have a caller call a number, and a webhook be told of it."""


async def serve_caller(request: web.Request, dial: Dial) -> web.WebSocketResponse:
    """One call, from its announcement to its end."""
    socket = web.WebSocketResponse(max_msg_size=MOST_SAID_BYTES)
    await socket.prepare(request)
    caller = Caller(phone(request.query["from"]), noise_dbfs=ROOM_DBFS)
    await dial(request.query["webhook"], caller, request.query["to"])
    telling = asyncio.ensure_future(_tell(socket, caller))
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY or not await _said(socket, caller, message.data):
                break
        _hang_up(caller)
        await telling
    finally:
        _hang_up(caller)
        telling.cancel()
    return socket


async def _said(socket: web.WebSocketResponse, caller: Caller, pcm: bytes) -> bool:
    """Whether it was said to its end, and the other process told so."""
    with contextlib.suppress(CallOver, TimeoutError, ConnectionError):
        await caller.say(pcm, RATE_HZ)
        await socket.send_json({"type": "said"})
        return True
    return False


async def _tell(socket: web.WebSocketResponse, caller: Caller) -> None:
    """How the call goes, until it is over; then the socket is closed."""
    with contextlib.suppress(ConnectionError):
        with contextlib.suppress(CallOver, TimeoutError):
            call = await _connected(caller)
            await socket.send_json({"type": "answered", "call_id": call.connection_id})
            await caller.ended(LONGEST_S)
        await socket.send_json(outcome_of(caller))
        await socket.close()


async def _connected(caller: Caller) -> Call:
    """The call, once it is answered.

    Raises:
        CallOver: it was refused, or nobody took its announcement; TimeoutError: it rang for too long.
    """
    connected = asyncio.ensure_future(caller.connected())
    try:
        if caller.delivery is not None:
            await asyncio.wait({connected, caller.delivery}, return_when=asyncio.FIRST_COMPLETED)
            if caller.delivery.done() and caller.delivery.result().status != web.HTTPOk.status_code:
                raise CallOver("its announcement was refused")
        return await connected
    finally:
        connected.cancel()


def _hang_up(caller: Caller) -> None:
    """Harmless when the call is over."""
    if caller.result is None:
        caller.hang_up()


def outcome_of(caller: Caller) -> dict[str, Any]:
    """What became of the call, and how the agent's voice came."""
    statuses = caller.delivery.result().statuses if caller.delivery is not None and caller.delivery.done() else []
    pacing = caller.ear.pacing
    media = caller.call.media if caller.call is not None else None
    return {
        "type": "ended",
        "reason": caller.result.message if caller.result is not None else "nobody answered",
        "announcement": statuses,
        "heard_s": pacing.audio_ms / 1000,
        "messages": pacing.frames,
        "lead_ms": pacing.max_lead_ms,
        "late_ms": pacing.max_late_ms,
        "interruptions": len(caller.ear.stops),
        "violations": [message.reason for message in media.violations] if media is not None else [],
    }
