"""What the network sends on a call's media socket may be damaged: the call goes on."""

import asyncio
import json

import pytest

from app.telephony.acs.media_input import MAX_WRONG
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.media import MediaStream
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import answered, over, said, telephone, tone

HUGE = "9" * 400
DAMAGED = [
    "{",
    "[]",
    '{"kind":"AudioData"}',
    '{"kind":"AudioData","audioData":{"silent":true,"data":null}}',
    '{"kind":"AudioData","audioData":{"data":"AAA"}}',
    '{"kind":"AudioData","audioData":{"data":"AAAA\\n"}}',
    '{"kind":"DtmfData","dtmfData":{"data":"no key"}}',
    '{"kind":"AudioData","audioData":[]}',
    '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":' + HUGE + "}}",
    '{"kind":"TranscriptionData","transcriptionData":{"text":" ","resultStatus":"Final","confidence":' + HUGE + "}}",
    '{"kind":"TranscriptionData","transcriptionData":{"text":" ","resultStatus":"Final","offset":' + HUGE + "}}",
]


def media_of(caller: Caller) -> MediaStream:
    assert caller.call is not None
    assert caller.call.media is not None
    return caller.call.media


@pytest.mark.parametrize("damaged", DAMAGED)
@on_virtual_time
async def test_the_networks_own_socket_is_never_closed_for_what_it_sends(
    damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        media = media_of(caller)
        for _ in range(3 * MAX_WRONG):
            media.send_raw(damaged)
            await asyncio.sleep(0.001)
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["5"]
        assert media.connections == 1
        warnings = [r for r in caplog.records if "a media socket has sent a defective message" in r.getMessage()]
        assert len(warnings) <= 1
        status = (await phone.rest.get("/media/status")).json()
        assert status["defective_messages"] == (3 * MAX_WRONG if warnings else 0)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_supervisor_who_sends_first_does_not_take_the_callers_place() -> None:
    async with telephone() as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        media = media_of(caller)
        frame = {"participantRawID": "8:acs:supervisor", "data": None, "silent": True}
        media.send_raw(json.dumps({"kind": "AudioData", "audioData": frame}))
        await caller.hears_reply(quiet_ms=300)
        await caller.say(tone(1_500))
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["what are your opening hours"]
        media.send_raw(
            json.dumps({"kind": "DtmfData", "dtmfData": {"data": "9", "participantRawID": "8:acs:supervisor"}})
        )
        media.send_raw('{"kind":"DtmfData","dtmfData":{"data":"five"}}')
        media.send_raw('{"kind":"DtmfData","dtmfData":{"data":"pound"}}')
        await caller.hears_reply(quiet_ms=300)
        assert said(phone)[1:] == ["5"]
        caller.hang_up()
        await over(phone, caller)
