"""The media socket as the service drives it, and who speaks and hears over it."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from azure.communication.callautomation import (
    AudioFormat,
    MediaStreamingAudioChannelType,
    PhoneNumberIdentifier,
)
from azure.communication.callautomation.aio import CallAutomationClient

from tests.cloud.acs.caller import Caller, CallOver, Echo
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.identifiers import phone
from tests.cloud.acs.media import MediaStream
from tests.cloud.acs.pcm import level_dbfs, silence, tone
from tests.cloud.echo_app import EchoApp
from tests.cloud.sdk_options import media_options

Answer = Callable[..., Awaitable[Caller]]


@pytest.fixture
def answer(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> Answer:
    """Answers a call with the media options given, and waits for the first audio if there is to be any."""

    async def answer(caller: Caller | None = None, **options: Any) -> Caller:
        ringing = acs.ring(caller=caller)
        media = media_options(app, **options)
        before = len(app.messages)
        await client.answer_call(ringing.context, app.callback_url, media_streaming=media)
        await ringing.caller.connected()
        if media.start_media_streaming and app.socket_status == 101:
            await app.messages.until(lambda message: message["kind"] == "AudioData", after=before)
        return ringing.caller

    return answer


def stream(caller: Caller) -> MediaStream:
    assert caller.call is not None
    assert caller.call.media is not None
    return caller.call.media


def audio(app: EchoApp) -> list[dict[str, Any]]:
    return [message["audioData"] for message in app.messages if message["kind"] == "AudioData"]


async def test_the_service_says_who_it_is(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    (upgrade,) = app.upgrades
    assert caller.call is not None
    assert upgrade.token == "good"
    assert upgrade.headers["x-ms-call-connection-id"] == caller.call.connection_id
    assert upgrade.headers["x-ms-call-correlation-id"] == caller.call.correlation_id


@pytest.mark.parametrize(
    ("form", "rate_hz", "frame"), [(AudioFormat.PCM16_K_MONO, 16_000, 640), (AudioFormat.PCM24_K_MONO, 24_000, 960)]
)
async def test_metadata_comes_first_then_a_frame_every_20_ms(
    form: AudioFormat, rate_hz: int, frame: int, app: EchoApp, answer: Answer
) -> None:
    caller = await answer(audio_format=form)
    first = app.messages[0]
    described = {"encoding": "PCM", "sampleRate": rate_hz, "channels": 1, "length": frame}
    assert first["kind"] == "AudioMetadata"
    assert {**first["audioMetadata"], "subscriptionId": ""} == {**described, "subscriptionId": ""}
    began_s, frames = asyncio.get_running_loop().time(), len(audio(app))
    await caller.say(tone(400, rate_hz))
    took_s = asyncio.get_running_loop().time() - began_s
    said = audio(app)[frames:]
    # The frame that ended the wait may not have arrived; a loop that stalls catches up.
    assert len(said) == pytest.approx(took_s / 0.02, abs=3)
    spoken = [message for message in said if not message["silent"]]
    assert {len(base64.b64decode(message["data"])) for message in spoken} == {frame}
    assert spoken[0]["participantRawID"] == "4:+15550100"
    assert datetime.fromisoformat(spoken[0]["timestamp"]).tzinfo is not None


async def test_silence_is_flagged_empty_or_plain(acs: AcsEmulator, app: EchoApp, answer: Answer) -> None:
    await answer()
    assert audio(app)[-1]["silent"] is True
    assert base64.b64decode(audio(app)[-1]["data"]) == bytes(640)
    acs.behaviour.silence = "empty"
    await app.messages.until(lambda message: message.get("audioData", {}).get("data") == "")
    acs.behaviour.silence = "zeros"
    plain = await app.messages.until(lambda message: message.get("audioData", {}).get("silent") is False)
    assert base64.b64decode(plain["audioData"]["data"]) == bytes(640)


async def test_the_caller_hears_what_is_sent(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    spoken = await caller.say(tone(300, 8_000), 8_000)
    heard_s = await caller.hears_voice(since_s=spoken.started_s)
    assert caller.call is not None
    late_s = caller.call.max_late_ms / 1000
    assert spoken.ended_s - spoken.started_s == pytest.approx(0.28, abs=0.1 + late_s)
    assert heard_s - spoken.started_s < 0.1 + late_s
    await caller.hears_silence(200)
    (voice,) = caller.ear.voices()
    # Gaps, where the application was late in saying it back, stretch the voice.
    assert voice.ms >= 280
    assert sum(span.ms for span in caller.ear.timeline if span.kind == "audio") == pytest.approx(300, abs=21)
    assert level_dbfs(caller.ear.heard_between(voice.started_s, voice.ended_s)) == pytest.approx(-20, abs=3)
    assert stream(caller).violations == []


async def test_a_reply_is_heard_whole(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    app.echoes = False
    waiting = asyncio.ensure_future(caller.hears_reply(quiet_ms=200))
    await app.send("AudioData", tone(300, 16_000))
    assert len(await waiting) / 32 == pytest.approx(300, abs=60)


async def test_stop_audio_is_heard_at_once(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    app.echoes = False
    await app.send("AudioData", tone(600, 16_000))
    await caller.hears_voice(since_s=0)
    await app.send("StopAudio")
    await stream(caller).received.until(lambda message: message.kind == "stop")
    await caller.hears_silence(100)
    (stop,) = caller.ear.stops
    (voice,) = caller.ear.voices()
    assert voice.ended_s - stop.at_s < 0.03
    assert voice.ms + stop.dropped_ms == pytest.approx(600, abs=45)
    assert caller.ear.quiet_ms_after(stop) is None


async def test_what_must_not_be_sent_is_noted(acs: AcsEmulator, app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    camel = {"kind": "AudioData", "audioData": {"data": base64.b64encode(tone(20, 16_000)).decode()}}
    await app.sockets[-1].send_json(camel)
    await app.sockets[-1].send_bytes(b"\0\0")
    await stream(caller).received.until(lambda message: message.reason == "a binary message")
    assert [message.kind for message in stream(caller).received] == ["violation", "violation"]
    assert caller.ear.arrivals == []
    acs.behaviour.lenient = True
    await app.sockets[-1].send_json(camel)
    await stream(caller).received.until(lambda message: message.kind == "audio")


async def test_audio_is_ignored_unless_the_stream_goes_both_ways(app: EchoApp, answer: Answer) -> None:
    caller = await answer(enable_bidirectional=False)
    await app.send("AudioData", tone(20, 16_000))
    await stream(caller).received.until(lambda message: message.kind == "ignored")
    assert caller.ear.arrivals == []


async def test_keys_come_over_the_socket(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    caller.press("3#")
    await app.messages.until(lambda message: message.get("dtmfData", {}).get("data") == "#")
    keys = [message["dtmfData"]["data"] for message in app.messages if message["kind"] == "DtmfData"]
    assert keys == ["3", "#"]


async def test_keys_do_not_unless_asked_for(app: EchoApp, answer: Answer) -> None:
    caller = await answer(enable_dtmf_tones=False)
    caller.press("3")
    before = len(app.messages)
    await app.messages.until(lambda message: message["kind"] == "AudioData", after=before + 2)
    assert [message for message in app.messages if message["kind"] == "DtmfData"] == []


async def test_there_is_noise_behind_a_caller(app: EchoApp, answer: Answer) -> None:
    await answer(Caller(phone("+15550100"), noise_dbfs=-40))
    loud = await app.messages.until(lambda message: message.get("audioData", {}).get("silent") is False)
    assert level_dbfs(base64.b64decode(loud["audioData"]["data"])) == pytest.approx(-40, abs=1)


async def test_a_caller_may_echo_what_they_hear(app: EchoApp, answer: Answer) -> None:
    app.echoes = False
    caller = await answer(Caller(phone("+15550100"), echo=Echo(delay_ms=100, gain_db=-20)))
    await app.send("AudioData", tone(200, 16_000, level_dbfs=-10))
    heard_s = await caller.hears_voice(since_s=0)
    echo = await app.messages.until(lambda message: message.get("audioData", {}).get("silent") is False)
    assert asyncio.get_running_loop().time() - heard_s >= 0.08
    # It is over with the next frame of silence: what comes late, comes all the same, one frame after the other.
    begun = list(app.messages).index(echo)
    await app.messages.until(lambda message: message.get("audioData", {}).get("silent") is True, after=begun)
    echoes = [base64.b64decode(message["data"]) for message in audio(app) if not message["silent"]]
    assert max(level_dbfs(pcm) for pcm in echoes) == pytest.approx(-30, abs=1)
    assert len(echoes) == pytest.approx(10, abs=2)
    assert echo["audioData"]["participantRawID"] == "4:+15550100"


async def test_frames_may_jitter_and_come_late_to_begin_with(acs: AcsEmulator, app: EchoApp, answer: Answer) -> None:
    acs.behaviour.jitter_ms = 15
    acs.behaviour.socket_delay_s = 0.1
    caller = await answer()
    connected, started = [await acs.callbacks.taken(name) for name in ("CallConnected", "MediaStreamingStarted")]
    assert started.attempts[0].at_s - connected.attempts[0].at_s >= 0.09
    frames = len(audio(app))
    spoken = await caller.say(tone(400, 16_000))
    assert spoken.ended_s - spoken.started_s == pytest.approx(0.38, abs=0.08)
    assert len(audio(app)) - frames == pytest.approx(20, abs=4)


@pytest.mark.parametrize("channels", list(MediaStreamingAudioChannelType))
async def test_two_speakers_are_mixed_or_not(
    channels: MediaStreamingAudioChannelType,
    acs: AcsEmulator,
    app: EchoApp,
    client: CallAutomationClient,
    answer: Answer,
) -> None:
    app.echoes = False
    caller = await answer(channels=channels)
    assert caller.call is not None
    bob = PhoneNumberIdentifier("+15550101")
    us = PhoneNumberIdentifier("+15550199")
    await client.get_call_connection(caller.call.connection_id).add_participant(bob, source_caller_id_number=us)
    other = await acs.callee("+15550101")
    await other.connected()
    both = tone(200, 16_000)
    await asyncio.gather(caller.say(both), other.say(both))
    loud = [message for message in audio(app) if not message["silent"]]
    named = {message.get("participantRawID") for message in loud}
    level = max(level_dbfs(base64.b64decode(message["data"])) for message in loud)
    if channels == "mixed":
        assert named == {None}
        assert level == pytest.approx(-14, abs=1)
    else:
        assert named == {"4:+15550100", "4:+15550101"}
        assert level == pytest.approx(-20, abs=1)


@pytest.mark.parametrize(
    ("status", "details"),
    [(401, "authenticationFailure"), (403, "forbidden"), (503, "initialWebSocketConnectionFailed")],
)
async def test_a_refused_socket_is_told(status: int, details: str, app: EchoApp, answer: Answer) -> None:
    app.socket_status = status
    await answer()
    failed = await app.event("MediaStreamingFailed")
    assert failed["mediaStreamingUpdate"]["mediaStreamingStatusDetails"] == details
    assert failed["resultInformation"]["subCode"] == 8581


async def test_a_broken_socket_is_opened_again(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    stream(caller).drop(reconnect_after_s=0.1)
    failed = await app.event("MediaStreamingFailed")
    assert failed["mediaStreamingUpdate"]["mediaStreamingStatusDetails"] == "streamConnectionInterrupted"
    again = await app.event("MediaStreamingStarted", 2)
    assert again["mediaStreamingUpdate"]["mediaStreamingStatusDetails"] == "streamConnectionReestablished"
    assert [upgrade.token for upgrade in app.upgrades] == ["good", "good"]
    spoken = await caller.say(tone(60, 16_000))
    await caller.hears_voice(since_s=spoken.started_s)


async def test_a_broken_socket_is_opened_when_asked_for(
    app: EchoApp, client: CallAutomationClient, answer: Answer
) -> None:
    caller = await answer()
    stream(caller).drop()
    await app.event("MediaStreamingFailed")
    assert caller.call is not None
    await client.get_call_connection(caller.call.connection_id).start_media_streaming()
    await app.event("MediaStreamingStarted", 2)
    assert stream(caller).connections == 2


@pytest.mark.parametrize(("code", "event"), [(1000, "MediaStreamingStopped"), (1012, "MediaStreamingFailed")])
async def test_the_application_closes_the_socket(code: int, event: str, app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    await app.sockets[-1].close(code=code)
    await app.event(event)
    assert stream(caller).close_code == code


async def test_the_service_does_not_even_try(acs: AcsEmulator, app: EchoApp, answer: Answer) -> None:
    acs.behaviour.opens_sockets = False
    caller = await answer(start_media_streaming=False)
    assert caller.call is not None
    stream(caller).start(caller.call.order)
    await app.event("ParticipantsUpdated")
    assert (stream(caller).busy, len(app.upgrades)) == (False, 0)


async def test_streaming_stopped_while_it_starts_stays_stopped(app: EchoApp, answer: Answer) -> None:
    caller = await answer(start_media_streaming=False)
    assert caller.call is not None
    stream(caller).start(caller.call.order)
    await stream(caller).stop(caller.call.order)
    await app.upgrades.until(lambda _: True)
    await app.event("MediaStreamingStopped")
    assert "MediaStreamingStarted" not in app.names()
    assert not stream(caller).connected


async def test_a_stalled_socket_sends_nothing(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    stream(caller).stalled = True
    await caller.say(tone(100, 16_000))
    assert [message for message in audio(app) if not message["silent"]] == []
    assert stream(caller).connected


async def test_the_end_of_the_call_ends_the_socket_and_what_is_said(app: EchoApp, answer: Answer) -> None:
    caller = await answer()
    saying = asyncio.ensure_future(caller.say(silence(5_000, 16_000)))
    await asyncio.sleep(0)
    caller.hang_up()
    with pytest.raises(CallOver):
        await saying
    with pytest.raises(CallOver):
        await caller.hears_voice()
    await app.event("CallDisconnected")
    assert "MediaStreamingFailed" not in app.names()
    assert not stream(caller).connected
