"""Calls and browser conversations that a speech-to-speech model holds, beside others that it does not."""

import asyncio

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.providers.realtime import live_phrases
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Heard, Reply
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.spelt_speech import Utterance
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, over, telephone, tone
from tests.service.telephony.test_transcribed_calls import SPELT, audio, browse, finals_of, words_of
from tests.service.telephony.test_transcribed_calls import transcript as transcribed
from tests.service.voice_live_kit import (
    PERIOD_HZ,
    TURN,
    WAIT_S,
    answer_of,
    browsing,
    greeted,
    model_of,
    of_type,
    pitch_hz,
    pitches_hz,
    placed,
    speaking,
    transcript,
)

VARIABLES = ("AZURE_VOICE_LIVE_ENDPOINT", "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID", "OPENAI_REALTIME_MODEL")


@pytest.fixture
def model() -> RealtimeEmulator:
    service = RealtimeEmulator()
    service.plan.default = Reply(text="It is open until six.", tone_hz=500)
    return service


async def converse(phone: Telephone, mode: str, session_id: str, pcm: bytes = TURN) -> SpokenCaller:
    """Be greeted in a browser, say something, and hear the answer."""
    async with browsing(phone, mode, session_id) as person:
        await person.reply(0)
        before = len(person.events)
        await person.say(pcm)
        await person.reply(before)
    return person


@on_virtual_time
async def test_a_call_and_a_browser_in_each_of_the_three_modes_are_served_at_the_same_time(
    model: RealtimeEmulator,
) -> None:
    model.plan.heard.extend([Heard(text="Are you open?")] * 2)
    async with speaking(model, **SPELT) as phone:
        spoken_with, session_id = await greeted(phone, "+15550123")
        by_text, text_id = await greeted(phone, "+15550124", "media")
        listened_to, listened_id = await placed(phone, "+15550125", "transcription")
        words = audio(Utterance(500, ("gor", "lat")))
        heard, by_words, _, person, by_text_person, shown = await asyncio.gather(
            answer_of(spoken_with),
            answer_of(by_text, words),
            listened_to.say(audio(Utterance(500, ("bam", "den")))),
            converse(phone, "VOICE_LIVE", "browser-live"),
            converse(phone, "media", "browser-text", words),
            browse(phone, [Utterance(500, ("bam", "den"))], 2_500, "Transcription"),
        )
        assert pitch_hz(heard) == model.plan.default.tone_hz
        assert pitch_hz(by_words) != model.plan.default.tone_hz
        assert await transcript(phone, session_id, 3) == [
            ("assistant", "Hello there."),
            ("user", "Are you open?"),
            ("assistant", "It is open until six."),
        ]
        assert ("user", "gor lat") in await transcript(phone, text_id, 3)
        assert words_of(await transcribed(phone, listened_id, 1), "caller") == ["bam", "den"]
        assert listened_to.ear.arrivals == []
        (understood,) = by_text_person.understood()
        assert understood in by_text_person.said_by_agent(), "the model of the tests repeats what it is told"
        assert [final["message"] for final in finals_of(shown)] == ["bam den"]
        assert person.said_by_agent() == "Hello there. It is open until six."
        assert person.understood() == ["Are you open?"]
        assert person.heard_s > 1.2
        assert len(model.sessions) == 2
        for caller in (spoken_with, by_text, listened_to):
            caller.hang_up()
            await over(phone, caller)


@on_virtual_time
async def test_the_model_is_connected_to_while_the_telephone_rings(model: RealtimeEmulator) -> None:
    async with speaking(model) as phone:
        phone.acs.on_outbound(Pickup("no_answer", after_s=0.5))
        asked = {"target_number": "+15550123", "streaming_mode": "voice_live"}
        assert (await phone.rest.post("/calls/initiate", json=asked)).status_code == httpx.codes.OK
        await model.session()

        phone.acs.on_outbound(Pickup("answer"))
        callee, _ = await greeted(phone, "+15550124")
        await answer_of(callee)
        assert len(model.sessions) == 2, "one for the call that nobody answers, one for the other"
        callee.hang_up()
        await over(phone, callee)


@on_virtual_time
async def test_the_greeting_has_the_voice_of_the_model_where_it_is_to_say_phrases(
    model: RealtimeEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is waited for, however long a busy machine takes.
    monkeypatch.setattr(live_phrases, "BEGUN_S", 60.0)
    async with speaking(model, REALTIME_PHRASES="model") as phone:
        agent = phone.service.agents.default
        await greeted_by_the_model(
            phone, "+15550123", agent.greeting
        )  # nothing is kept of it: it is read while the call waits
        spoken = phone.service.phrases.at(agent, 16_000, "voice_live")
        async with asyncio.timeout(WAIT_S):
            while agent.greeting not in spoken:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.05)
        read = len(texts_read(model))
        await greeted_by_the_model(phone, "+15550124", agent.greeting)
        assert texts_read(model)[read:].count(agent.greeting) == 0, "it was kept"


def texts_read(model: RealtimeEmulator) -> list[str]:
    """The texts that the model was given to speak word for word."""
    asked = [message["response"] for session in model.sessions for message in of_type(session, "response.create")]
    given = [each["pre_generated_assistant_message"] for each in asked if "pre_generated_assistant_message" in each]
    return [content["text"] for message in given for content in message["content"]]


async def greeted_by_the_model(phone: Telephone, number: str, greeting: str) -> None:
    """A call whose greeting has the voice of the model."""
    callee, session_id = await placed(phone, number, "voice_live")
    heard = await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
    assert pitch_hz(heard) == pytest.approx(Reply().tone_hz, abs=PERIOD_HZ)
    assert await transcript(phone, session_id, 1) == [("assistant", greeting)]
    callee.hang_up()
    await over(phone, callee)


DETECTIONS = {
    "none": {},
    "server_vad": {"REALTIME_MODEL": "openai", "REALTIME_TURN_DETECTION": "server_vad"},
    "azure_semantic_vad": {"AZURE_VOICE_LIVE_TURN_DETECTION": "azure_semantic_vad"},
}
"""How each is configured that looks for turns in the service."""


@pytest.mark.parametrize("detection", DETECTIONS)
@on_virtual_time
async def test_an_interruption_is_told_to_the_model_as_it_was_heard(model: RealtimeEmulator, detection: str) -> None:
    long = Reply(text=" ".join(["word"] * 30), tone_hz=500)
    short = Reply(text="All right then, goodbye.", tone_hz=900)
    model.plan.replies.extend([long, short])
    async with speaking(model, model.ga_environment, **DETECTIONS[detection]) as phone:
        caller, _ = await greeted(phone)
        far = await model_of(model)
        asked = far.settings.detection
        assert asked is None or (asked["type"], asked["create_response"], asked["interrupt_response"]) == (
            detection,
            False,
            False,
        )
        began = len(caller.ear.arrivals)
        said = await caller.say(TURN)
        await caller.hears_voice(since_s=said.ended_s, timeout_s=WAIT_S)
        await asyncio.sleep(0.5)
        await caller.say(tone(160))  # a cough, which costs nothing
        await asyncio.sleep(1.0)
        answer = await answer_of(caller)

        (stop,) = caller.ear.stops
        of_long = [arrival for arrival in caller.ear.arrivals[began:] if arrival.at_s <= stop.at_s]
        heard_ms = sum(arrival.bytes for arrival in of_long) / 32 - stop.dropped_ms
        (truncated,) = of_type(far, "conversation.item.truncate")
        assert truncated["audio_end_ms"] == pytest.approx(heard_ms, abs=20)
        since_stop = caller.ear.heard_between(stop.at_s, caller.ear.arrivals[-1].at_s)
        assert long.tone_hz not in pitches_hz(since_stop)
        assert pitch_hz(answer) == short.tone_hz
        assert await far.sent.until(lambda message: message["type"] == "conversation.item.truncated")
        errors = far.sent.where(lambda message: message["type"] == "error")
        # A turn that the service has committed itself in the moment in which we did is refused the second time.
        assert {error["error"]["code"] for error in errors} <= {"input_audio_buffer_commit_empty"}
        assert detection != "none" or not errors
        said_ms = [len(pcm) / 2 / far.settings.input_hz * 1_000 for pcm in far.buffer.turns]
        kept = [item for item in far.conversation.items.values() if item.get("role") == "user"]
        assert len(kept) == 2, f"a cough is no turn: {said_ms}"
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_server_without_a_model_refuses_the_mode_and_names_what_to_set() -> None:
    async with telephone() as phone:
        asked = {"target_number": "+15550123", "streaming_mode": "voice_live"}
        answer = await phone.rest.post("/calls/initiate", json=asked)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert all(name in answer.text for name in VARIABLES)
        url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/conversation?streaming_mode=voice_live"
        async with asyncio.timeout(30), connect(url, proxy=None) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        assert all(name in closed.value.rcvd.reason for name in VARIABLES)
        assert not phone.acs.calls


@pytest.mark.parametrize(
    ("variables", "status", "told"),
    [
        ({}, "healthy", "Azure Voice Live answers"),
        ({"AZURE_VOICE_LIVE_API_KEY": "wrong-key"}, "unhealthy", "check AZURE_VOICE_LIVE_API_KEY"),
    ],
)
@on_virtual_time
async def test_readiness_says_whether_the_service_takes_our_connections(
    model: RealtimeEmulator, variables: dict[str, str], status: str, told: str
) -> None:
    async with speaking(model, **variables) as phone:
        report = (await phone.rest.get("/readiness")).json()
        (check,) = [check for check in report["checks"] if check["component"] == "speech_to_speech"]
        assert check["status"] == status
        assert told in (check["details"] or check["error"])
