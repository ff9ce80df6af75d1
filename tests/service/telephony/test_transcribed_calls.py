"""Calls and browser conversations that are only transcribed, beside others that are answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import httpx
import msgspec
import pytest
import webvtt
from websockets.asyncio.client import ClientConnection, connect

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.identifiers import user
from tests.kit.session_kit import AGENT
from tests.kit.spelt_speech import FRAME_MS, Utterance, frame_of
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, over, room, telephone

SPELT: Any = {"SPEECH_RECOGNIZER": "tests.kit.spelt_speech:recognizer"}
AI: Any = {"AZURE_COGNITIVE_SERVICES_ENDPOINT": "https://ai.example"}
WAIT_S = 60.0


async def called(phone: Telephone, number: str, mode: str) -> tuple[Caller, str]:
    """Somebody whom the server has called in this mode, and the id of the session."""
    await room(phone.service)
    asked = {"target_number": number, "streaming_mode": mode}
    placed = (await phone.rest.post("/calls/initiate", json=asked)).json()
    callee = await phone.acs.callee(number)
    await callee.connected()
    return callee, placed["session_id"]


async def transcript(phone: Telephone, session_id: str, count: int) -> dict[str, Any]:
    """The transcript of a session once it has so many entries."""
    async with asyncio.timeout(WAIT_S):
        while True:
            answer = await phone.rest.get(f"/sessions/{session_id}/transcript")
            if answer.status_code == httpx.codes.OK and len(answer.json()["entries"]) >= count:
                return dict(answer.json())
            await asyncio.sleep(0.1)


def words_of(document: dict[str, Any], speaker: str | None) -> list[str]:
    """What one speaker has said, word by word."""
    return [w["text"] for entry in document["entries"] if entry.get("speaker") == speaker for w in entry["words"]]


def audio(said: Utterance) -> bytes:
    """An utterance with half a second of silence before and after it."""
    return b"".join(frame_of([said], at_ms) for at_ms in range(said.start_ms - 500, said.end_ms + 500, FRAME_MS))


async def browse(phone: Telephone, script: Sequence[Utterance], until_ms: int, mode: str) -> list[dict[str, Any]]:
    """Speak by a script into a browser's socket, and collect what is shown."""
    url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/conversation?streaming_mode={mode}&session_id=browser-1"
    shown: list[dict[str, Any]] = []
    await room(phone.service)
    async with connect(url) as socket:

        async def read() -> None:
            async for message in socket:
                shown.append(msgspec.json.decode(message))

        reading = asyncio.ensure_future(read())
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at_ms in range(0, until_ms, FRAME_MS):
            await socket.send(frame_of(script, at_ms))
            await asyncio.sleep(max(0.0, began + (at_ms + FRAME_MS) / 1_000 - loop.time()))
        async with asyncio.timeout(WAIT_S):
            while len(finals_of(shown)) < len(script):  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.05)
        reading.cancel()
    return shown


@asynccontextmanager
async def relayed(phone: Telephone, session_id: str) -> AsyncIterator[list[dict[str, Any]]]:
    """What is shown of a session on the dashboard's relay, as it comes."""
    shown: list[dict[str, Any]] = []
    url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/dashboard/relay?session_id={session_id}"
    async with connect(url, proxy=None) as socket:

        async def read() -> None:
            async for message in socket:
                shown.append(msgspec.json.decode(message))

        reading = asyncio.ensure_future(read())
        await asyncio.wait_for(socket.ping(), WAIT_S)
        yield shown
        reading.cancel()


async def until_shown(shown: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The final transcripts that were shown, once there are so many."""
    async with asyncio.timeout(WAIT_S):
        while len(finals_of(shown)) < count:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.05)
    return finals_of(shown)


def finals_of(shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The final transcripts among what a browser was shown."""
    return [m["payload"] for m in shown if m.get("type") == "event" and m["payload"].get("sender") == "User"]


@on_virtual_time
async def test_a_call_and_a_browser_are_transcribed_while_another_call_is_answered() -> None:
    script = [Utterance(1_000, ("bam", "den")), Utterance(3_000, ("fip",))]
    async with telephone(**SPELT) as phone:
        talking = await answered(phone)
        listened, session_id = await called(phone, "+15550123", "Transcription")
        assert listened.call is not None
        assert listened.call.transcription is None
        guest = Caller(user("8:acs:guest"))
        listened.call.add(guest)
        browsing = asyncio.ensure_future(browse(phone, script, 5_500, "TRANSCRIPTION"))
        async with relayed(phone, session_id) as live:
            await asyncio.gather(
                listened.say(audio(Utterance(500, ("gor", "lat", "kes")))),
                guest.say(audio(Utterance(500, ("dim", "bot")))),
                talking.say(audio(Utterance(500, ("bup",)))),
            )
            by_speaker = {final["speaker"]: final["message"] for final in await until_shown(live, 2)}
            assert by_speaker == {"caller": "gor lat kes", "speaker 2": "dim bot"}
        document = await transcript(phone, session_id, 2)
        assert document["mode"] == "transcription"
        assert words_of(document, "caller") == ["gor", "lat", "kes"]
        assert words_of(document, "speaker 2") == ["dim", "bot"]
        assert document["languages"] == ["en-US"]
        await talking.hears_reply(quiet_ms=300)
        assert listened.ear.arrivals == []

        shown = await browsing
        finals = finals_of(shown)
        assert [(f["message"], f["offset_ms"], f["duration_ms"]) for f in finals] == [
            ("bam den", 1_000, 400),
            ("fip", 3_000, 200),
        ]
        assert finals[0]["words"][1] == {"text": "den", "offset_ms": 1_200, "duration_ms": 200}
        assert not [m for m in shown if m.get("type") in ("audio_data", "assistant_streaming")]

        vtt = await phone.rest.get("/sessions/browser-1/transcript", headers={"accept": "text/vtt"})
        captions = webvtt.from_buffer(StringIO(vtt.text)).captions
        assert [(c.start, c.end, c.text) for c in captions] == [
            ("00:00:01.000", "00:00:01.400", "bam den"),
            ("00:00:03.000", "00:00:03.200", "fip"),
        ]
        guest.hang_up()
        listened.hang_up()
        await over(phone, listened)
        # It is kept with the record.
        assert (await transcript(phone, session_id, 2))["entries"] == document["entries"]


@on_virtual_time
async def test_a_browser_that_comes_back_goes_on_with_its_transcript() -> None:
    async with telephone(**SPELT) as phone:
        url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/conversation"
        begun = f"{url}?streaming_mode=transcription&session_id=browser-1"
        await room(phone.service)
        said = audio(Utterance(500, ("bam", "den")))
        async with asyncio.timeout(WAIT_S), connect(begun, proxy=None) as socket:
            opened = msgspec.json.decode(await socket.recv())["payload"]
            await say(socket, said)
            await transcript(phone, "browser-1", 1)
            socket.transport.abort()
        resumed = f"{begun}&resume_token={opened['resume_token']}"
        async with asyncio.timeout(WAIT_S), connect(resumed, proxy=None) as socket:
            assert msgspec.json.decode(await socket.recv())["payload"]["resumed"] is True
            await say(socket, audio(Utterance(500, ("gor", "lat"))))
            first, second = (await transcript(phone, "browser-1", 2))["entries"]
        assert [word["text"] for entry in (first, second) for word in entry["words"]] == ["bam", "den", "gor", "lat"]
        assert second["offset_ms"] >= first["offset_ms"] + first["duration_ms"] + 500


@on_virtual_time
async def test_a_call_and_a_browser_in_which_nobody_speaks_are_over() -> None:
    limits = msgspec.structs.replace(AGENT.limits, idle_s=3.0)
    async with telephone(agent=msgspec.structs.replace(AGENT, limits=limits), **SPELT) as phone:
        listened, session_id = await called(phone, "+15550123", "transcription")
        url = f"ws{phone.url.removeprefix('http')}/api/v1/realtime/conversation?streaming_mode=transcription"
        async with asyncio.timeout(WAIT_S), connect(url, proxy=None) as socket:
            speaking = asyncio.ensure_future(say(socket, audio(Utterance(500, ("bam", "den")))))
            await listened.say(audio(Utterance(500, ("gor", "lat"))))
            shown = [msgspec.json.decode(message) async for message in socket]
            await speaking
        (end,) = [message for message in shown if message.get("type") == "session_end"]
        assert end["reason"] == "IDLE_TIMEOUT"
        assert [final["message"] for final in finals_of(shown)] == ["bam den"]
        await over(phone, listened)
        assert words_of(await transcript(phone, session_id, 1), "caller") == ["gor", "lat"]


async def say(socket: ClientConnection, pcm: bytes) -> None:
    """Send audio as a microphone does."""
    size = len(frame_of([], 0))
    for begin in range(0, len(pcm), size):
        await socket.send(pcm[begin : begin + size])
        await asyncio.sleep(FRAME_MS / 1_000)


@pytest.mark.parametrize("dates_offsets", [False, True], ids=["from the beginning", "counted down"])
async def test_the_network_transcribes_a_call_and_no_audio_is_streamed(dates_offsets: bool) -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", **AI) as phone:
        phone.acs.behaviour.dates_offsets = dates_offsets
        caller = await phone.acs.dial(phone.webhook)
        call = await caller.connected()
        assert call.media is None
        stream = call.transcription
        assert stream is not None
        assert stream.options.locale == "en-US"
        await connected(stream)
        (session_id,) = phone.service.sessions.live
        async with relayed(phone, session_id) as live:
            stream.send(caller.raw_id, "Good", final=False, offset_ms=700, duration_ms=300)
            stream.send(caller.raw_id, "Good morning.", offset_ms=700, duration_ms=800)
            stream.send("8:acs:guest", "Hello there, you two.", offset_ms=1_200, duration_ms=1_000)
            finals = await until_shown(live, 2)
            assert [(final["speaker"], final["message"]) for final in finals] == [
                ("caller", "Good morning."),
                ("speaker 2", "Hello there, you two."),
            ]
            interims = [m["payload"] for m in live if m["payload"].get("event_type") == "stt_partial"]
            assert [interim["content"] for interim in interims] == ["Good"]
        document = await transcript(phone, session_id, 2)
        first, second = document["entries"]
        assert (first["speaker"], first["text"], first["confidence"]) == ("caller", "Good morning.", 0.9)
        assert (second["speaker"], second["language"]) == ("speaker 2", "en-us")
        tolerance_ms = 1_000 if dates_offsets else 0
        assert first["offset_ms"] == pytest.approx(700, abs=tolerance_ms)
        assert second["offset_ms"] - first["offset_ms"] == 500
        assert [word["offset_ms"] - first["offset_ms"] for word in first["words"]] == [0, 400]
        assert [word["duration_ms"] for word in second["words"]] == [250] * 4
        # No recognizer of ours was started.
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        assert [state.name for state in entry.session.tree()[1:]] == ["transcriber"]
        assert "+1555" not in msgspec.json.encode(document).decode()
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_the_network_transcribes_what_callers_say_where_no_test_says_it() -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", **AI) as phone:
        phone.acs.behaviour.transcribes = True
        caller = await phone.acs.dial(phone.webhook)
        stream = (await caller.connected()).transcription
        assert stream is not None
        await connected(stream)
        (session_id,) = phone.service.sessions.live
        await caller.say(audio(Utterance(500, ("gor", "lat"))) + audio(Utterance(500, ("bam", "den", "kes"))))
        first, second = (await transcript(phone, session_id, 2))["entries"]
        assert [first["text"], second["text"]] == ["Number 1.", "Number 2."]
        assert [entry["duration_ms"] for entry in (first, second)] == pytest.approx([400, 600], abs=20)
        assert second["offset_ms"] - first["offset_ms"] == pytest.approx(500 + 400 + 500, abs=20)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_lost_transcription_socket_is_opened_again_and_no_word_comes_twice() -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", **AI) as phone:
        caller = await phone.acs.dial(phone.webhook)
        call = await caller.connected()
        stream = call.transcription
        assert stream is not None
        await connected(stream)
        (session_id,) = phone.service.sessions.live
        stream.send(caller.raw_id, "First.", offset_ms=100, duration_ms=200)
        stream.send(caller.raw_id, "First.", offset_ms=100, duration_ms=200)
        await transcript(phone, session_id, 1)
        stream.drop()
        await connected(stream, anew=True)
        stream.send(caller.raw_id, "Second.", offset_ms=100, duration_ms=200)
        document = await transcript(phone, session_id, 2)
        assert [entry["text"] for entry in document["entries"]] == ["First.", "Second."]
        assert document["entries"][1]["offset_ms"] > 300
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(
    ("event", "details"), [("Failed", "speechServicesConnectionError"), ("Stopped", "subscriptionStopped")]
)
@on_virtual_time
async def test_a_transcription_that_ends_though_its_socket_stays_open_is_begun_again(event: str, details: str) -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", **AI) as phone:
        caller = await phone.acs.dial(phone.webhook)
        stream = (await caller.connected()).transcription
        assert stream is not None
        await connected(stream)
        (session_id,) = phone.service.sessions.live
        stream.send(caller.raw_id, "First.", offset_ms=100, duration_ms=200)
        await transcript(phone, session_id, 1)
        stream.fall_silent(event, details)
        await connected(stream)
        stream.send(caller.raw_id, "Second.", offset_ms=100, duration_ms=200)
        document = await transcript(phone, session_id, 2)
        assert [entry["text"] for entry in document["entries"]] == ["First.", "Second."]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_who_has_to_give_an_access_code_is_heard_by_us() -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", CALL_ACCESS_CODE="4711", **AI, **SPELT) as phone:
        caller = await phone.acs.dial(phone.webhook)
        call = await caller.connected()
        assert call.media is not None
        assert call.transcription is None
        caller.hang_up()
        await over(phone, caller)


async def connected(stream: Any, *, anew: bool = False) -> None:
    """Wait until the network's transcription socket is open; `anew`: once more, after it was lost."""
    async with asyncio.timeout(WAIT_S):
        while anew and stream.connected:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.02)
        while not stream.connected:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.02)
        # The application takes the socket a moment after the network has it.
        await asyncio.sleep(0.3)
