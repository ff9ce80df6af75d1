"""A session with a speech-to-speech model on virtual time, and what was heard of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from actors.agent import Agent
from actors.conversation import Role
from actors.messages.output import ReplyHeard
from actors.ports import realtime as port
from actors.runtime.address import Address
from actors.session.modes.voice_live import VOICE_LIVE
from app.providers.absent import AbsentRecognizer
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.session_kit import AGENT, Stage, stage

OPTIONS = port.RealtimeOptions(session_id="s", instructions="You answer the telephone.")
SILENT = msgspec.structs.replace(AGENT, greeting="")
LONG = "This answer is so long that there is all the time in the world to interrupt it. It has a second sentence, too."


class Told(Address[Any]):
    """A synthesizer that only notes what it is told."""

    def __init__(self) -> None:
        super().__init__("synthesizer")
        self.messages: list[Any] = []

    def tell(self, message: Any) -> None:
        self.messages.append(message)


@asynccontextmanager
async def speaking(realtime: FakeRealtime, agent: Agent = SILENT, **more: Any) -> AsyncIterator[Stage]:
    """A session with this model whose caller has said nothing yet."""
    more.setdefault("recognizer", AbsentRecognizer())
    async with stage(mode=VOICE_LIVE, agent=agent, realtime=realtime, **more) as on:
        await asyncio.sleep(0.3)
        yield on


async def heard(on: Stage, count: int = 1) -> list[ReplyHeard]:
    """The replies that were heard, once there are so many."""
    await on.ear.until_count(ReplyHeard, count)
    return on.ear.of(ReplyHeard)


def messages(on: Stage) -> list[tuple[Role, str]]:
    """The conversation as it is recorded."""
    return [(message.role, message.text) for message in on.entry.checkpoint.messages]
