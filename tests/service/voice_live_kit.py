"""A server that answers calls and browsers with the emulated speech-to-speech service, and what its callers hear."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import numpy as np
from websockets.asyncio.client import connect

from tests.cloud.acs.caller import Caller
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.service_session import ServiceSession
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.service.telephony.telephone_kit import Telephone, room, telephone, tone

WAIT_S = 30.0
TURN = tone(800)
"""What a caller says where only its voice counts."""
PERIOD_HZ = 50
"""Pitches of replies are multiples of it, so that each is told apart in 20 ms of sound."""


@asynccontextmanager
async def speaking(
    service: RealtimeEmulator, found_by: Callable[[], dict[str, str]] | None = None, /, **environ: str
) -> AsyncIterator[Telephone]:
    """A server whose speech-to-speech model is `service`, which is started, and the telephone network.

    `found_by` makes the variables by which the server finds it; None: as Azure Voice Live.
    """
    async with service:
        variables: Any = {**(found_by or service.environment)(), **environ}
        async with telephone(**variables) as phone:
            yield phone


async def placed(phone: Telephone, number: str, mode: str) -> tuple[Caller, str]:
    """Somebody whom the server has called in this mode, and the id of the session."""
    await room(phone.service)
    asked = {"target_number": number, "streaming_mode": mode}
    answer = await phone.rest.post("/calls/initiate", json=asked)
    assert answer.status_code == httpx.codes.OK, answer.text
    callee = await phone.acs.callee(number)
    await callee.connected()
    return callee, answer.json()["session_id"]


async def greeted(phone: Telephone, number: str = "+15550123", mode: str = "voice_live") -> tuple[Caller, str]:
    """The same, once they have heard the greeting."""
    callee, session_id = await placed(phone, number, mode)
    await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
    return callee, session_id


@asynccontextmanager
async def browsing(phone: Telephone, mode: str, session_id: str) -> AsyncIterator[SpokenCaller]:
    """A browser's conversation in this mode."""
    url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/conversation"
    await room(phone.service)
    async with connect(f"{url}?streaming_mode={mode}&session_id={session_id}", max_size=None, proxy=None) as socket:
        person = SpokenCaller(socket, snr_db=None)
        try:
            yield person
        finally:
            await person.leave()


async def answer_of(caller: Caller, pcm: bytes = TURN) -> bytes:
    """What a caller hears after they have said something, from the first sound of it to the silence behind it."""
    said = await caller.say(pcm)
    return await caller.hears_reply(quiet_ms=1_000, since_s=said.ended_s, timeout_s=WAIT_S)


def pitches_hz(pcm: bytes, rate_hz: int = 16_000) -> list[int]:
    """The strongest pitch of each 20 ms that is not quiet, in steps of `PERIOD_HZ`."""
    size = rate_hz // PERIOD_HZ
    samples = np.frombuffer(pcm, np.int16).astype(float)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    loud = frames[np.abs(frames).max(axis=1) > 4_000]
    return [int(pitch) * PERIOD_HZ for pitch in np.abs(np.fft.rfft(loud, axis=1))[:, 1:].argmax(axis=1) + 1]


def pitch_hz(pcm: bytes, rate_hz: int = 16_000) -> int:
    """The pitch that most of a sound has, whatever its first and last frames and a late one are; 0 of silence."""
    pitches = pitches_hz(pcm, rate_hz)
    return max(set(pitches), key=pitches.count) if pitches else 0


async def transcript(phone: Telephone, session_id: str, count: int) -> list[tuple[str, str]]:
    """The role and the words of each message of a session, once it has so many."""
    async with asyncio.timeout(WAIT_S):
        while True:
            messages = messages_of(phone, session_id)
            if len(messages) >= count:
                return messages
            await asyncio.sleep(0.05)


def messages_of(phone: Telephone, session_id: str) -> list[tuple[str, str]]:
    """The role and the words of each message of a session that is live."""
    entry = phone.service.sessions.live[session_id]
    if entry.session is None:
        return []
    return [(str(message.role), message.text) for message in entry.session.record().messages]


async def model_of(service: RealtimeEmulator, number: int = 0) -> ServiceSession:
    """The emulated service's side of connection `number`."""
    async with asyncio.timeout(WAIT_S):
        return await service.session(number)


def of_type(session: ServiceSession, kind: str) -> list[dict[str, Any]]:
    """The messages of this type that the service was sent."""
    return session.received.where(lambda message: message["type"] == kind)
