"""The socket to the service is lost at any moment of a conversation, which goes on to the word.

The client is ours, the service is the emulated one, the engines beside are fakes. The conversations are held at once.
"""

import asyncio
import random

from actors.messages.output import ReplyHeard
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.realtime.spoken_reply import GO_ON
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.plan import Plan
from tests.cloud.realtime.replies import Reply
from tests.kit.session_kit import stage
from tests.service.providers.realtime.conversing import ga, voice_live
from tests.unit.actors.session.realtime.realtime_kit import SILENT

WAIT_S = 60.0
ANSWER = "It is open from nine in the morning until six, and on Sundays it is closed."
CODES = (0, 1000, 1001, 1011, 1012, 1013)
"""With 0 the socket breaks."""


class GoesOn(Plan):
    """Answers with `ANSWER`; who is asked to go on with a reply says what is missing of it."""

    def __init__(self, service: RealtimeEmulator) -> None:
        super().__init__()
        self._service = service

    def next_reply(self) -> Reply:
        received = self._service.sessions[-1].received
        (*_, wanted) = received.where(lambda message: message["type"] == "response.create")
        if GO_ON not in wanted["response"].get("instructions", ""):
            return Reply(text=ANSWER)
        (*_, before) = received.where(lambda message: message.get("item", {}).get("role") == "assistant")
        return Reply(text=ANSWER.removeprefix(before["item"]["content"][0]["text"]).strip())


async def test_ten_sockets_that_are_lost_at_any_moment_cost_no_word() -> None:
    chance = random.Random(12)

    async def test(after_s: float, code: int, *, is_ga: bool) -> tuple[float, list[str], int, bool]:
        async with RealtimeEmulator() as service:
            service.plan = GoesOn(service)
            model = RealtimeService((ga if is_ga else voice_live)(service))
            async with stage(mode=VOICE_LIVE, agent=SILENT, recognizer=AbsentRecognizer(), realtime=model) as on:
                async with asyncio.timeout(WAIT_S):
                    far = await service.session()
                await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
                talking = asyncio.ensure_future(on.talk(700))
                await asyncio.sleep(after_s)
                await far.drop(code)
                await talking
                await on.ear.until_count(ReplyHeard, 1, WAIT_S)
                heard = [reply.text for reply in on.ear.of(ReplyHeard)]
                given_up = on.entry.checkpoint.realtime_given_up
            await model.close()
            return after_s, heard, len(service.sessions), given_up

    rows = [(chance.uniform(0.0, 3.5), chance.choice(CODES), number % 2 == 0) for number in range(10)]
    found = await asyncio.gather(*(test(after_s, code, is_ga=is_ga) for after_s, code, is_ga in rows))
    assert found == [(after_s, [ANSWER], 2, False) for after_s, _, _ in rows]
