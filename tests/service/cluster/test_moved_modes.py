"""Calls that a speech-to-speech model holds, and that are only transcribed, go on at another machine: real processes, a
real Redis, a real telephone. No word that was understood before is lost, and what is said afterwards follows it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from app.replay.recording import read
from app.replay.replaying import replayed
from app.stores.redis_store import checkpoint_key
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Heard, Reply
from tests.kit.spelt_speech import Utterance
from tests.service.cluster.machines import Machines, machines
from tests.service.cluster.test_open_orders import ENDS, moved, streams, until
from tests.service.telephony.processes import greeted
from tests.service.telephony.test_transcribed_calls import audio
from tests.service.voice_live_kit import TURN, WAIT_S, answer_of, pitch_hz

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300, idle_s: 300}
"""
"""Waits for whoever says nothing, however long a busy machine takes."""
LONG_WORDS = 40


async def entries(at: Machines) -> list[dict[str, Any]]:
    """What was said in the only session, as the API has it; nothing while no machine has it."""
    try:
        async with at.rest() as rest:
            sessions = (await rest.get("/sessions")).json().get("sessions", [])
            if len(sessions) != 1:
                return []
            answer = await rest.get(f"/sessions/{sessions[0]['session_id']}/transcript")
            found: list[dict[str, Any]] = answer.json().get("entries", [])
            return found
    except httpx.HTTPError:
        return []


async def until_said(at: Machines, texts: Sequence[str]) -> list[dict[str, Any]]:
    """Wait until the caller's words are these; all that was said."""
    found: list[dict[str, Any]] = []

    async def is_said() -> bool:
        found[:] = await entries(at)
        return [entry["text"] for entry in found if entry["role"] == "user"] == list(texts)

    try:
        await until(is_said)
    except TimeoutError:
        raise AssertionError(f"what was said is {found}") from None
    return found


async def is_heard(at: Machines, text: str) -> bool:
    """Whether the caller has heard this to its end."""
    return text in [entry["text"] for entry in await entries(at)]


async def is_kept(at: Machines, text: str) -> bool:
    """Whether this was written by now into what a session goes on from at another machine."""
    async with at.rest() as rest:
        (session,) = (await rest.get("/sessions")).json()["sessions"]
    return text in at.redis.command("GET", checkpoint_key(session["session_id"]))


@ENDS
async def test_a_call_of_a_speech_to_speech_model_goes_on_in_the_midst_of_a_reply(tmp_path: Path, how: str) -> None:
    async with RealtimeEmulator() as model:
        short = Reply(text="It is open until six.", tone_hz=500)
        long = Reply(text=" ".join(f"word{number}" for number in range(LONG_WORDS)), tone_hz=700)
        model.plan.default, model.plan.speed = short, 10.0
        model.plan.replies.extend([short, long])
        model.plan.heard.extend(Heard(text=text) for text in ("Are you open?", "Tell me more.", "And on Sunday?"))
        files = tmp_path / "files"
        recorded = {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(files)}
        variables: Any = {**model.environment(), "ACS_STREAMING_MODE": "voice_live", **recorded}
        async with machines(tmp_path, AGENT, **variables) as at:
            at.only(at.one)
            caller = await greeted(at.acs, at.url, 0)
            call = await caller.connected()
            assert pitch_hz(await answer_of(caller)) == short.tone_hz
            said = await caller.say(TURN)
            await caller.hears_voice(since_s=said.ended_s, timeout_s=WAIT_S)
            if how == "kill":
                # Who is told to end waits by itself until the model has told all that it says.
                await until(lambda: is_kept(at, long.text.split()[-1]))
            await moved(at, call, how)
            await streams(call)
            # On a busy machine the rest of the reply may be long in coming: who speaks before would interrupt it.
            await until(lambda: is_heard(at, long.text))
            await caller.hears_silence(300, timeout_s=WAIT_S)
            assert pitch_hz(await answer_of(caller)) == short.tone_hz
            asked = ("Are you open?", "Tell me more.", "And on Sunday?")
            found = [entry["text"] for entry in await until_said(at, asked)]
            assert found == ["Hello there.", asked[0], short.text, asked[1], long.text, asked[2], short.text]
            items = model.sessions[-1].conversation.items.values()
            told = [content.get("text") or content.get("transcript") for item in items for content in item["content"]]
            assert told == found, "its model knows all of it, in that order"
            caller.hang_up()
            await caller.ended()
            assert "terminate" not in at.acs.executions

            async def is_recorded() -> bool:
                # A worker that is killed takes with it what it had of its live sessions.
                return len(list(files.glob("*.jsonl"))) == (1 if how == "kill" else 2)

            await until(is_recorded)
        for path in files.glob("*.jsonl"):
            first = replayed(read(path))
            assert (first.difference, first.decisions > 5) == (None, True)
            assert replayed(read(path)) == first


@ENDS
async def test_a_call_that_is_only_transcribed_goes_on(tmp_path: Path, how: str) -> None:
    variables: Any = {"SPEECH_RECOGNIZER": "tests.kit.spelt_speech:recognizer", "ACS_STREAMING_MODE": "transcription"}
    async with machines(tmp_path, AGENT, **variables) as at:
        at.only(at.one)
        caller = await at.acs.dial(f"{at.url}/api/v1/calls/answer", from_="+15550100")
        call = await caller.connected()
        await caller.say(audio(Utterance(500, ("gor", "lat"))))
        await caller.say(audio(Utterance(500, ("bam", "den", "kes"))))
        await until_said(at, ["gor lat", "bam den kes"])
        await moved(at, call, how)
        await streams(call)
        await caller.say(audio(Utterance(500, ("dim", "bot"))))
        first, second, third = await until_said(at, ["gor lat", "bam den kes", "dim bot"])
        assert first["offset_ms"] < second["offset_ms"] < third["offset_ms"], "where they lie in the audio goes on"
        assert [word["text"] for word in third["words"]] == ["dim", "bot"]
        caller.hang_up()
        await caller.ended()
        assert "terminate" not in at.acs.executions
