"""Ends of turns that Azure Voice Live finds by what is said: evidence, of which nothing is left where it was none.

The client is ours, the service is the emulated one, the engines beside are fakes.
"""

import asyncio

import msgspec

from actors.messages.output import AudioFrame, ReplyHeard
from actors.session.modes.voice_live import VOICE_LIVE
from actors.turn_taking_settings import Endpointing
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Heard, Reply
from tests.kit.session_kit import stage
from tests.service.providers.realtime.conversing import voice_live
from tests.unit.actors.session.realtime_kit import SILENT

WAIT_S = 60.0


async def test_a_turn_is_answered_when_the_service_has_heard_its_end_and_a_cough_is_forgotten() -> None:
    async with RealtimeEmulator() as service:
        service.plan.replies.extend([Reply(text=" ".join(["word"] * 10)), Reply(text="It is open.")])
        service.plan.heard.extend([Heard(text="Are you open?"), Heard(text="Hm."), Heard(text="On Sunday?")])
        resource = voice_live(service)
        use = msgspec.structs.replace(resource.use, semantic_model="azure_semantic_vad_multilingual")
        model = RealtimeService(msgspec.structs.replace(resource, use=use))
        patient = msgspec.structs.replace(SILENT, endpointing=Endpointing(end_silence_ms=5_000, min_silence_ms=200))
        async with stage(mode=VOICE_LIVE, agent=patient, recognizer=AbsentRecognizer(), realtime=model) as on:
            async with asyncio.timeout(WAIT_S):
                far = await service.session()
            await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
            await on.talk(800)
            await on.ear.until_count(AudioFrame, 10, WAIT_S)
            assert far.buffer.appended_ms < 4_000, "less silence than ends a turn otherwise"
            await on.talk(160)
            await on.ear.until_count(ReplyHeard, 1, WAIT_S)
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 2, WAIT_S)
            assert [reply.text for reply in on.ear.of(ReplyHeard)] == [" ".join(["word"] * 10), "It is open."]
            await on.ear.until(lambda _: "On Sunday?" in said(on.entry.checkpoint.messages), WAIT_S)
            assert said(on.entry.checkpoint.messages) == ["Are you open?", "On Sunday?"]
            known = [item for item in far.conversation.items.values() if item.get("role") == "user"]
            assert len(known) == 2, "the service knows of no cough"
        await model.close()


def said(messages: tuple[object, ...]) -> list[str]:
    return [message.text for message in messages if getattr(message, "role", "") == "user"]  # type: ignore[attr-defined]
