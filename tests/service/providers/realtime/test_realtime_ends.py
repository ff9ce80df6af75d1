"""Services that look for turns, too, in whole sessions: their ends are evidence, and nothing is left of what was none.

The client is ours, the service is the emulated one, the engines beside are fakes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard
from actors.session.modes.voice_live import VOICE_LIVE
from actors.turn_taking_settings import Endpointing
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import WORD_MS, Heard, Reply
from tests.cloud.realtime.service_session import ServiceSession
from tests.kit.session_kit import Stage, stage
from tests.service.providers.realtime.conversing import ga, voice_live
from tests.unit.actors.session.realtime.realtime_kit import SILENT

WAIT_S = 60.0
LONG = " ".join(["word"] * 12)


def using(resource: RealtimeResource, **use: object) -> RealtimeResource:
    return msgspec.structs.replace(resource, use=msgspec.structs.replace(resource.use, **use))


SERVICES: Mapping[str, tuple[Callable[[RealtimeEmulator], RealtimeResource], str]] = {
    "ga": (lambda service: using(ga(service), server_detection=True), "server_vad"),
    "voice live": (
        lambda service: using(voice_live(service), semantic_model="azure_semantic_vad_multilingual"),
        "azure_semantic_vad_multilingual",
    ),
}
"""How each is asked to look for turns, and by which name."""


async def ready(service: RealtimeEmulator) -> ServiceSession:
    """The service's side of the session, once it has its settings."""
    async with asyncio.timeout(WAIT_S):
        far = await service.session()
    await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
    return far


def callers_items(far: ServiceSession) -> list[str]:
    """The ids of what the service knows of the caller."""
    return [item_id for item_id, item in far.conversation.items.items() if item.get("role") == "user"]


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_decides_nothing_and_forgets_what_was_no_turn(name: str) -> None:
    resource, detection = SERVICES[name]
    agent = msgspec.structs.replace(SILENT, endpointing=Endpointing(end_silence_ms=500, min_silence_ms=200))
    async with RealtimeEmulator() as service:
        service.plan.replies.extend([Reply(text=LONG), Reply(text=LONG), Reply(text="It is open.")])
        service.plan.heard.extend([Heard(text=text) for text in ("One.", "Hm.", "Two.", "Three.")])
        model = RealtimeService(resource(service))
        async with stage(mode=VOICE_LIVE, agent=agent, recognizer=AbsentRecognizer(), realtime=model) as on:
            far = await ready(service)
            asked = far.settings.detection or {}
            assert (asked["type"], asked["create_response"], asked["interrupt_response"]) == (detection, False, False)

            await on.talk(800)
            await on.ear.until_count(AudioFrame, 30, WAIT_S)
            await on.talk(220)
            await on.ear.until_count(ReplyHeard, 1, WAIT_S)
            (reply,) = on.ear.of(ReplyHeard)
            assert (reply.text, reply.interrupted) == (LONG, False), "a false interruption costs nothing"
            assert len(callers_items(far)) == 1, "the service knows of no cough"
            assert far.conversation.audio_ms == {on_item: WORD_MS * 12.0 for on_item in far.conversation.audio_ms}

            before = len(on.ear.shown)
            await on.talk(800)
            await on.ear.until(lambda ear: frames(ear.shown[before:]) >= 50, WAIT_S)
            await on.talk(1_200)
            await on.ear.until_count(ReplyHeard, 3, WAIT_S)
            cut, answer = on.ear.of(ReplyHeard)[1:]
            assert (cut.interrupted, answer.text) == (True, "It is open.")
            assert_truncated_as_heard(on, far, before)
            assert len(callers_items(far)) >= 3
            assert all(far.received.where(lambda message: message["type"] == "response.create"))
            assert len(far.received.where(lambda message: message["type"] == "response.create")) == 3
            codes = {message["error"]["code"] for message in far.sent.where(lambda sent: sent["type"] == "error")}
            assert codes <= {"input_audio_buffer_commit_empty"}, "of a turn that it had committed itself in that moment"
        await model.close()


def frames(shown: Sequence[tuple[float, object]]) -> int:
    return sum(isinstance(message, AudioFrame) for _, message in shown)


def assert_truncated_as_heard(on: Stage, far: ServiceSession, before: int) -> None:
    """The service was told to a frame how much of the reply has reached the caller."""
    (until,) = [at for at, (_, message) in enumerate(on.ear.shown) if isinstance(message, AudioDiscarded)]
    (truncated,) = far.received.where(lambda message: message["type"] == "conversation.item.truncate")
    assert truncated["audio_end_ms"] == pytest.approx(20 * frames(on.ear.shown[before:until]), abs=20)
    assert far.conversation.audio_ms[truncated["item_id"]] == truncated["audio_end_ms"]


async def test_a_turn_is_answered_when_the_service_has_heard_its_end() -> None:
    async with RealtimeEmulator() as service:
        service.plan.replies.extend([Reply(text="It is open."), Reply(text="No.")])
        service.plan.heard.extend([Heard(text="Are you open?"), Heard(text="On Sunday?")])
        model = RealtimeService(SERVICES["voice live"][0](service))
        patient = msgspec.structs.replace(SILENT, endpointing=Endpointing(end_silence_ms=5_000, min_silence_ms=200))
        async with stage(mode=VOICE_LIVE, agent=patient, recognizer=AbsentRecognizer(), realtime=model) as on:
            far = await ready(service)
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 1, WAIT_S)
            assert far.buffer.appended_ms < 4_000, "less silence than ends a turn otherwise"
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 2, WAIT_S)
            assert [reply.text for reply in on.ear.of(ReplyHeard)] == ["It is open.", "No."]
            await on.ear.until(lambda _: "On Sunday?" in said(on.entry.checkpoint.messages), WAIT_S)
            assert said(on.entry.checkpoint.messages) == ["Are you open?", "On Sunday?"]
            assert len(callers_items(far)) == 2
        await model.close()


def said(messages: tuple[object, ...]) -> list[str]:
    return [message.text for message in messages if getattr(message, "role", "") == "user"]  # type: ignore[attr-defined]
