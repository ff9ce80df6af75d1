"""Callers who have to show by keys that they may talk with the agent."""

import asyncio
import logging

import msgspec
import pytest

from actors.agent import Phrases
from app.providers.failover.recognizer import FailoverRecognizer
from app.telephony.inbound.code_limits import CodeLimits
from protocol.calls import CallState
from tests.kit.fakes import FakeRecognizer
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import answered, over, said, telephone, tone

CODE = "271828"
GUARDED = msgspec.structs.replace(
    AGENT, phrases=Phrases(enter_code="Code?", wrong_code="Wrong.", code_accepted="Yes.", goodbye="Bye.")
)


@on_virtual_time
async def test_the_code_opens_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with telephone(GUARDED, CALL_ACCESS_CODE=CODE) as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        assert list(phone.service.sessions.live) == [f"{call.session_id}.access"]
        caller.press("31#")
        await caller.hears_reply(quiet_ms=500)
        # The session is listed while it lives, and what was keyed in is shown to nobody.
        assert (await phone.rest.get(f"/sessions/{call.session_id}.access")).status_code == 200
        assert (await phone.rest.get(f"/sessions/{call.session_id}.access/transcript")).status_code == 404
        caller.press(f"{CODE}#")
        await caller.hears_reply(quiet_ms=900)
        async with asyncio.timeout(60):
            while list(phone.service.sessions.live) != [call.session_id]:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.02)
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["5"]
        caller.hang_up()
        await over(phone, caller)
        records = await phone.service.engines.store.recent()
        assert [record.session_id for record in records] == [call.session_id]
        assert CODE not in msgspec.json.encode(records).decode()
        assert " ".join(CODE) not in msgspec.json.encode(records).decode()
    logged = " ".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if "acs" not in record.name
    )
    assert CODE not in logged
    assert " ".join(CODE) not in logged


@on_virtual_time
async def test_three_wrong_codes_end_the_call() -> None:
    async with telephone(GUARDED, CALL_ACCESS_CODE=CODE) as phone:
        caller = await answered(phone)
        for _ in range(2):
            caller.press("1#")
            await caller.hears_reply(quiet_ms=500)
        caller.press("1#")
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert not call.admitted
        assert phone.service.sessions.live == {}


@on_virtual_time
async def test_wrong_codes_count_across_the_calls_of_a_caller_and_are_audited(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "earshot.audit")
    async with telephone(GUARDED, CALL_ACCESS_CODE=CODE) as phone:
        for _ in range(2):
            caller = await answered(phone)
            for _ in range(2):
                caller.press("1#")
                await caller.hears_reply(quiet_ms=500)
            caller.press("1#")
            await over(phone, caller)
        caller = await answered(phone)
        caller.press(f"{CODE}#")
        call = await over(phone, caller)
        assert not call.admitted
        audited = [record for record in caplog.records if record.name == "earshot.audit"]
        codes = [record.getMessage() for record in audited if record.getMessage().startswith("access code")]
        assert codes == ["access code wrong"] * 6 + ["access code refused: too many wrong ones"]
        assert len({record.__dict__["caller"] for record in audited if "caller" in record.__dict__}) == 1
        assert call.caller not in " ".join(str(record.__dict__) for record in audited)


def test_a_caller_is_locked_out_for_a_while_and_others_are_not() -> None:
    limits = CodeLimits(per_caller=3, overall=10, window_s=60)
    for second in range(3):
        assert limits.may_try("a", second)
        limits.wrong("a", second)
    assert not limits.may_try("a", 59.9)
    assert limits.may_try("b", 59.9)
    assert limits.may_try("a", 60)


def test_of_ever_new_callers_only_so_many_are_listened_to() -> None:
    limits = CodeLimits(per_caller=3, overall=10, window_s=60)
    tried = 0
    for number in range(1_000):
        if limits.may_try(f"caller {number}", 1):
            tried += 1
            limits.wrong(f"caller {number}", 1)
    assert tried == 10
    assert limits.exhausted
    assert not limits.may_try("somebody else", 60.9)
    assert limits.may_try("somebody else", 61)


@on_virtual_time
async def test_a_voice_opens_nothing_though_it_says_the_code_and_counts_as_no_try(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "earshot.audit")
    async with telephone(GUARDED, CALL_ACCESS_CODE=CODE) as phone:
        assert isinstance(phone.service.engines.recognizer, FailoverRecognizer)
        (provider,) = phone.service.engines.recognizer.providers
        recognizer = provider.engine
        assert isinstance(recognizer, FakeRecognizer)
        caller = await answered(phone)
        for spoken in (CODE, " ".join(CODE), "hello"):
            recognizer.utterances[:] = [spoken]
            await caller.say(tone(900))
            await caller.say(bytes(len(tone(1_500))))
            (call,) = phone.switchboard.log.live
            assert list(phone.service.sessions.live) == [f"{call.session_id}.access"]
        assert {each for stream in recognizer.streams for each in stream.heard} == {0}
        told = [record for record in caplog.records if record.name != "earshot.loop"]  # that tells of slow modules
        assert [record for record in told if "code" in record.getMessage()] == []
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_voice_does_not_interrupt_the_question_for_the_code() -> None:
    patient = msgspec.structs.replace(
        GUARDED, phrases=msgspec.structs.replace(GUARDED.phrases, enter_code="Please key in your code, then the hash.")
    )
    async with telephone(patient, CALL_ACCESS_CODE=CODE) as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.hears_voice(since_s=caller.ear.started_s)
        await caller.say(tone(900))
        assert caller.ear.stops == []
        await caller.hears_voice()
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_whoever_we_call_is_asked_for_no_code() -> None:
    async with telephone(GUARDED, CALL_ACCESS_CODE=CODE) as phone:
        await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
        (call,) = phone.switchboard.log.live
        assert list(phone.service.sessions.live) == [call.session_id]
        callee.hang_up()
        await over(phone, callee)
