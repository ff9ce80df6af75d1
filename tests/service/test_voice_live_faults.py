"""What goes wrong between the server and its speech-to-speech model, and is not the caller's concern."""

import pytest

from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Heard, Reply
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import over
from tests.service.voice_live_kit import answer_of, greeted, model_of, pitch_hz, pitches_hz, speaking, transcript


@pytest.fixture
def model() -> RealtimeEmulator:
    service = RealtimeEmulator()
    return service


@on_virtual_time
async def test_a_call_goes_on_when_the_socket_to_the_model_breaks_before_and_in_a_reply(
    model: RealtimeEmulator,
) -> None:
    first = Reply(text="It is open until six.", tone_hz=500)
    broken = Reply(text="It is closed on Sundays and holidays.", tone_hz=700, after_ms=900, drops=0)
    rest = Reply(text="on Sundays and holidays.", tone_hz=900)
    last = Reply(text="You are welcome, goodbye.", tone_hz=500)
    model.plan.replies.extend([first, broken, rest, last])
    model.plan.heard.extend([Heard(text="One."), Heard(text="Two."), Heard(text="Two."), Heard(text="Three.")])
    async with speaking(model) as phone:
        caller, session_id = await greeted(phone)
        await (await model_of(model)).drop()
        await model_of(model, 1)
        assert pitch_hz(await answer_of(caller)) == first.tone_hz
        heard = pitches_hz(await answer_of(caller))
        assert heard.count(int(broken.tone_hz)) >= 30, "what has come of the reply is heard to its end"
        assert heard.count(int(rest.tone_hz)) >= 40, "another session says the rest"
        renewed = await model_of(model, 2)
        assert pitch_hz(await answer_of(caller)) == last.tone_hz
        told = [
            part["text"] for item in renewed.conversation.items.values() for part in item["content"] if "text" in part
        ]
        assert "It is open until six." in told
        assert "It is closed" in told
        messages = await transcript(phone, session_id, 7)
        assert [text for role, text in messages if role == "user"] == ["One.", "Two.", "Three."]
        assert ("assistant", "It is closed on Sundays and holidays.") in messages
        assert caller.is_connected
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_call_outlives_the_limit_of_sessions_of_the_model(model: RealtimeEmulator) -> None:
    model.plan.limit_s = 6.0
    model.plan.default = Reply(text="It is open until six.", tone_hz=500)
    async with speaking(model) as phone:
        caller, _ = await greeted(phone)
        answers = 0
        while len(model.sessions) < 4:
            assert pitch_hz(await answer_of(caller)) == model.plan.default.tone_hz
            answers += 1
            assert answers < 12, "sessions are not replaced"
        assert pitch_hz(await answer_of(caller)) == model.plan.default.tone_hz
        assert caller.is_connected
        await model.sessions[2].closed.until(lambda _: True)
        assert not [
            message
            for session in model.sessions
            for message in session.sent
            if message["type"] == "error" and message["error"]["code"] != "session_expired"
        ]
        caller.hang_up()
        await over(phone, caller)
