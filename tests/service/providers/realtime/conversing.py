"""A session of our client with the emulated service, and what it reports."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource, RealtimeUse
from app.providers.realtime.session import LiveRealtimeSession
from config.secret import Secret
from tests.cloud.journal import Journal
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import tone
from tests.cloud.realtime.service_session import ServiceSession

E = TypeVar("E")

OPTIONS = port.RealtimeOptions(session_id="s", instructions="You answer the telephone.")


def ga(service: RealtimeEmulator, key: str = "") -> RealtimeResource:
    """The service as Azure OpenAI."""
    return RealtimeResource(
        label="Azure OpenAI Realtime",
        address=f"{service.endpoint}/openai/v1/realtime",
        model="speaker",
        model_variable="AZURE_OPENAI_REALTIME_DEPLOYMENT_ID",
        key=Secret(key or service.key),
        key_variable="AZURE_OPENAI_KEY",
        use=RealtimeUse(voice="marin", transcription_model="listener"),
    )


def voice_live(service: RealtimeEmulator, key: str = "") -> RealtimeResource:
    """The service as Azure Voice Live."""
    return RealtimeResource(
        label="Azure Voice Live",
        address=f"{service.endpoint}/voice-live/realtime",
        query={"api-version": "2026-07-15"},
        model="speaker",
        model_variable="AZURE_VOICE_LIVE_MODEL",
        key=Secret(key or service.key),
        key_variable="AZURE_VOICE_LIVE_API_KEY",
        voice_live=True,
        use=RealtimeUse(voice="en-US-AvaMultilingualNeural", transcription_model="azure-speech"),
    )


class Conversing:
    """Both ends of one session."""

    def __init__(
        self, client: LiveRealtimeSession, reports: Journal[reported.RealtimeEvent], far: ServiceSession
    ) -> None:
        self.client = client
        self.reports = reports
        self.far = far

    async def told(self, kind: type[E], wanted: Callable[[E], bool] = lambda _: True, *, after: int = 0) -> E:
        """The first report of this kind that is wanted, from number `after` on."""
        event = await self.reports.until(lambda report: isinstance(report, kind) and wanted(report), after=after)
        assert isinstance(event, kind)
        return event

    async def received(self, kind: str, *, after: int = 0) -> dict[str, Any]:
        """The first message of this type that the service was sent."""
        return await self.far.received.until(lambda message: message["type"] == kind, after=after)

    def audio(self, item_id: str = "") -> bytes:
        """All audio that was reported, of one item or of all."""
        pieces = [report for report in self.reports if isinstance(report, reported.ResponseAudio)]
        return b"".join(piece.pcm for piece in pieces if item_id in ("", piece.item_id))

    def speak(self, duration_ms: int, rate_hz: int = 16_000) -> None:
        """Append a tone, in frames of 20 ms as a call does."""
        frame = rate_hz // 50 * 2
        pcm = tone(duration_ms, rate_hz, 300)
        for at in range(0, len(pcm), frame):
            self.client.append(pcm[at : at + frame])


@asynccontextmanager
async def conversing(
    service: RealtimeEmulator, resource: RealtimeResource, options: port.RealtimeOptions = OPTIONS, **changes: Any
) -> AsyncIterator[Conversing]:
    """A session that is ready."""
    reports: Journal[reported.RealtimeEvent] = Journal()
    model = RealtimeService(resource)
    number = len(service.sessions)
    try:
        client = await model.open(msgspec.structs.replace(options, **changes), reports.append)
        both = Conversing(client, reports, await service.session(number))
        await both.told(reported.RealtimeReady)
        try:
            yield both
        finally:
            await client.close()
    finally:
        await model.close()
