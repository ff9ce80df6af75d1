"""The media socket of a call, on virtual time: what it takes, what it sends, and that nothing breaks it."""

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.clock import run_virtual
from app.api.asgi import app_of_worker
from app.assembly import Assembly
from app.services import Services
from app.telephony.acs.media_input import MAX_WRONG
from tests.kit.clients.asgi_socket import AsgiSocket, Closed
from tests.kit.service_kit import running
from tests.service.telephony.telephone_kit import room, tone

METADATA = (
    '{"kind":"AudioMetadata","audioMetadata":'
    '{"subscriptionId":"s","encoding":"PCM","sampleRate":%d,"channels":1,"length":640}}'
)


class Acs:
    """The network's end of one media socket."""

    def __init__(self, service: Services, **query: str) -> None:
        self.service = service
        worker = Assembly(service)
        self.switchboard = worker.switchboard
        query = query or {"call_connection_id": "call-1"}
        self.socket = AsgiSocket(app_of_worker(worker), "/api/v1/media/stream", None, **query)
        self.sent: list[tuple[float, dict[str, Any]]] = []
        self.closed: Closed | None = None
        self._task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                message = await self.socket.recv()
                assert isinstance(message, str)
                self.sent.append((loop.time(), json.loads(message)))
        except Closed as closed:
            self.closed = closed

    @property
    def audio(self) -> list[tuple[float, bytes]]:
        """The audio that was sent, with its times."""
        return [(at, base64.b64decode(m["AudioData"]["Data"])) for at, m in self.sent if m.get("Kind") == "AudioData"]

    @property
    def stops(self) -> list[float]:
        """When StopAudio was sent."""
        return [at for at, m in self.sent if m == {"Kind": "StopAudio", "AudioData": None, "StopAudio": {}}]

    def frame(self, pcm: bytes, **more: Any) -> None:
        """Send a frame as ACS spells it."""
        data = {
            "timestamp": "2024-11-15T19:16:12.925Z",
            "data": base64.b64encode(pcm).decode(),
            "silent": False,
            **more,
        }
        self.socket.send(json.dumps({"kind": "AudioData", "audioData": data}))

    async def stream(self, seconds: float, pcm: bytes = bytes(640), **more: Any) -> None:
        """Frames in real time."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(round(seconds * 16_000 * 2 / len(pcm))):
            self.frame(pcm, **more)
            due += len(pcm) / 32_000
            await asyncio.sleep(max(0.0, due - loop.time()))

    @property
    def heard_bytes(self) -> int:
        """Audio that the session has had."""
        (entry,) = self.service.sessions.live.values()
        return entry.tracks.all_voices.end_bytes

    def leave(self) -> None:
        """The network is gone."""
        self.socket.close()
        self._task.cancel()


def virtually(
    **environ: str,
) -> Callable[[Callable[[Acs], Awaitable[None]]], Callable[[], None]]:
    """Run an async test on virtual time, with a media socket."""

    def decorate(test: Callable[[Acs], Awaitable[None]]) -> Callable[[], None]:
        def run() -> None:
            async def main() -> None:
                async with running(environ) as service:
                    await room(service)
                    acs = Acs(service)
                    try:
                        await test(acs)
                    finally:
                        acs.leave()
                        await acs.switchboard.close()

            run_virtual(main())

        run.__name__ = test.__name__
        return run

    return decorate


@virtually()
async def test_audio_without_metadata_is_heard_and_answered_at_the_usual_rate(acs: Acs) -> None:
    await acs.stream(1.0)
    assert acs.heard_bytes == 32_000
    assert {len(pcm) for _, pcm in acs.audio} == {640}


@virtually()
async def test_audio_is_sent_in_real_time_and_never_more_than_60_ms_ahead(acs: Acs) -> None:
    await acs.stream(1.5)
    began = acs.audio[0][0]
    for index, (at, _) in enumerate(acs.audio):
        ahead_ms = (index + 1) * 20 - (at - began) * 1000
        assert 20 - 1e-6 <= ahead_ms <= 60 + 1e-6


@virtually(ACS_FRAME_MS="40")
async def test_frames_may_be_of_40_ms(acs: Acs) -> None:
    await acs.stream(1.0)
    assert {len(pcm) for _, pcm in acs.audio} == {1280}
    gaps = [(b - a) * 1000 for (a, _), (b, _) in pairwise(acs.audio[2:])]
    assert gaps == pytest.approx([40] * len(gaps), abs=1e-6)


@virtually(ACS_SAMPLE_RATE="24000")
async def test_24_khz_both_ways(acs: Acs) -> None:
    acs.socket.send(METADATA % 24_000)
    for _ in range(50):
        acs.frame(bytes(960))
        await asyncio.sleep(0.02)
    assert {len(pcm) for _, pcm in acs.audio} == {960}
    assert acs.heard_bytes == pytest.approx(32_000, abs=1_500)


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
@pytest.mark.parametrize("configured_hz", ["16000", "24000"])
def test_the_rate_that_the_network_announces_is_obeyed_both_ways(rate_hz: int, configured_hz: str) -> None:
    @virtually(ACS_SAMPLE_RATE=configured_hz)
    async def announced(acs: Acs) -> None:
        told = {"encoding": "PCM", "sampleRate": str(rate_hz), "channels": "1", "length": str(rate_hz // 25)}
        acs.socket.send(json.dumps({"kind": "AudioMetadata", "audioMetadata": told}))
        for _ in range(50):
            acs.frame(bytes(rate_hz // 25))
            await asyncio.sleep(0.02)
        assert acs.heard_bytes == pytest.approx(32_000, abs=1_500)
        greeting_s = sum(len(pcm) for _, pcm in acs.audio) / 2 / rate_hz
        assert greeting_s == pytest.approx(50 * len("Hello there.") / 1_000, abs=0.03)
        assert acs.switchboard.counts.defective_messages == 0

    announced()


@virtually()
async def test_a_format_that_cannot_be_read_costs_nobody_their_call(acs: Acs) -> None:
    for wrong in ({}, {"sampleRate": "16 kHz"}, {"sampleRate": 1}, {"sampleRate": 16_000, "encoding": "opus"}):
        acs.socket.send(json.dumps({"kind": "AudioMetadata", "audioMetadata": wrong}))
    await acs.stream(1.0)
    assert acs.heard_bytes == 32_000
    assert {len(pcm) for _, pcm in acs.audio} == {640}
    assert acs.switchboard.counts.defective_messages == 4


@virtually()
async def test_where_nobody_knows_the_caller_the_first_who_speaks_is_heard(acs: Acs) -> None:
    acs.frame(bytes(640), participantRawID="8:acs:somebody-else")
    for _ in range(9):
        acs.frame(tone(20), participantRawID="4:+15550100")
        acs.frame(tone(20), participantRawID="8:acs:somebody-else")
        await asyncio.sleep(0.02)
    (entry,) = acs.service.sessions.live.values()
    assert entry.tracks.all_voices.since(0) == (0, bytes(640) + tone(20) * 9)


@virtually(ACS_PARTICIPANTS="all")
async def test_everybody_may_be_heard_and_time_passes_once(acs: Acs) -> None:
    for _ in range(10):
        acs.frame(bytes(640), participantRawID="4:+15550100")
        acs.frame(tone(20), participantRawID="8:acs:somebody-else")
        await asyncio.sleep(0.02)
    (entry,) = acs.service.sessions.live.values()
    assert entry.tracks.all_voices.since(0) == (0, bytes(640) + tone(20) * 9)


@virtually(ACS_MIXED_AUDIO="on")
async def test_mixed_audio_is_heard_whatever_it_is_called(acs: Acs) -> None:
    for name in ("4:+15550100", "8:acs:somebody-else") * 5:
        acs.frame(tone(20), participantRawID=name)
        await asyncio.sleep(0.02)
    assert acs.heard_bytes == 6_400


@virtually()
async def test_a_silent_frame_is_silence_of_its_length(acs: Acs) -> None:
    acs.frame(tone(20), silent=True)
    await asyncio.sleep(0.01)
    (entry,) = acs.service.sessions.live.values()
    assert entry.tracks.all_voices.since(0) == (0, bytes(640))


@virtually()
async def test_a_frame_that_holds_nothing_is_silence_of_a_frame(acs: Acs) -> None:
    for about in ({"silent": True, "data": None}, {"silent": True}, {"data": "@"}, {"data": "", "silent": True}):
        acs.socket.send(json.dumps({"kind": "AudioData", "audioData": about}))
    await asyncio.sleep(0.01)
    (entry,) = acs.service.sessions.live.values()
    assert entry.tracks.all_voices.since(0) == (0, bytes(4 * 640))


@virtually()
async def test_an_interruption_is_one_stop_and_then_nothing(acs: Acs) -> None:
    await acs.stream(0.3)
    await acs.stream(0.8, tone(20))
    (stopped,) = acs.stops
    assert [at for at, _ in acs.audio if stopped <= at < stopped + 0.2] == []


@virtually(ACS_OUTBOUND_CASE="camel")
async def test_older_clients_may_have_their_spelling(acs: Acs) -> None:
    await acs.stream(0.2)
    assert set(acs.sent[0][1]) == {"kind", "audioData", "stopAudio"}
    assert set(acs.sent[0][1]["audioData"]) == {"data"}


@virtually()
async def test_frames_of_other_lengths_unknown_kinds_and_binary_do_no_harm(acs: Acs) -> None:
    acs.frame(bytes(3_200))
    acs.socket.send('{"kind":"DtmfMetadata"}')
    acs.socket.send(b"\0\1\2")
    acs.socket.send('{"kind":"DtmfData","dtmfData":{"data":"5"}}')
    await acs.stream(0.2)
    assert acs.heard_bytes == 3_200 + 6_400
    assert acs.switchboard.counts.ignored_messages == 2
    assert acs.closed is None


@virtually()
async def test_whoever_only_talks_nonsense_is_hung_up_on(acs: Acs) -> None:
    for _ in range(MAX_WRONG):
        acs.socket.send("{")
    await asyncio.sleep(0.1)
    assert acs.closed is not None
    assert acs.closed.code == 1008
    assert "not JSON" in acs.closed.reason


@virtually(ACS_STREAMING_MODE="transcription")
async def test_what_the_network_has_understood_is_the_transcript_of_a_call_that_is_only_listened_to(acs: Acs) -> None:
    said = {"text": "Good morning.", "offset": 10_000_000, "duration": 5_000_000, "confidence": 0.7}
    acs.socket.send('{"kind":"TranscriptionMetadata","transcriptionMetadata":{"locale":"en-us"}}')
    for status in ("Intermediate", "Final"):
        acs.socket.send(
            json.dumps({"kind": "TranscriptionData", "transcriptionData": {**said, "resultStatus": status}})
        )
    await acs.stream(0.2)
    (entry,) = acs.service.sessions.live.values()
    assert entry.session is not None
    assert [(m.text, m.confidence) for m in entry.session.record().messages] == [("Good morning.", 0.7)]
    assert acs.audio == []


@virtually()
async def test_audio_that_cannot_be_served_is_named(acs: Acs) -> None:
    acs.socket.send(METADATA % 7_999)
    await acs.stream(0.2)
    assert acs.closed is None
    assert acs.heard_bytes == 6_400
    assert acs.switchboard.counts.defective_messages == 1


COUNTED: Counter[str] = Counter()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["AudioData", "AudioMetadata", "DtmfData", "TranscriptionData", "TranscriptionMetadata", "X", ""]
)
NAMES = st.sampled_from(["audioData", "audioMetadata", "dtmfData", "transcriptionData", "payload", "AudioData"])
MESSAGES = st.one_of(
    st.text(max_size=60),
    JSON.map(json.dumps),
    st.builds(lambda kind, name, body: json.dumps({"kind": kind, name: body}), KINDS, NAMES, JSON),
)


@settings(max_examples=60)
@given(st.lists(MESSAGES, min_size=1, max_size=60))
def test_whatever_is_sent_the_session_lives(messages: list[str]) -> None:
    async def main() -> None:
        async with running() as service:
            await room(service)
            acs = Acs(service)
            for message in messages:
                acs.socket.send(message)
                COUNTED["messages"] += 1
            await acs.stream(0.1)
            assert acs.closed is None
            assert len(service.sessions.live) == 1
            (entry,) = service.sessions.live.values()
            assert entry.session is not None
            assert [actor.restarts for actor in entry.session.tree()] == [0, 0, 0, 0]
            acs.leave()
            await acs.switchboard.close()

    run_virtual(main())


def test_how_much_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        if COUNTED:
            print(f"\nmedia socket: {COUNTED['messages']} made-up messages, no session lost")
