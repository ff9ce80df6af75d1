"""The caller's side of a session: where turns begin and end, and what was said in them."""

import asyncio
from typing import TYPE_CHECKING, Any

from tests.cloud.realtime.conversation import made_id
from tests.cloud.realtime.replies import Heard
from tests.cloud.realtime.settings import edges
from tests.cloud.speech.energy import Segments

if TYPE_CHECKING:
    from tests.cloud.realtime.service_session import ServiceSession


class Hearing:
    """Detection, commits and transcripts of one session."""

    def __init__(self, session: "ServiceSession") -> None:
        self._session = session
        self._segments: Segments | None = None
        self._from_ms = 0.0
        self._item_id = ""
        self._scripted = 0

    def detection_changed(self) -> None:
        """Begin to listen anew: detection was set, or what it heard was cleared."""
        detection = self._session.settings.detection
        self._item_id = ""
        self._from_ms = self._session.buffer.appended_ms
        self._segments = None
        if detection is not None and self._session.plan.speech is None:
            self._segments = Segments(self._session.settings.input_hz, edges(detection).silence_ms)

    async def listen(self, pcm: bytes) -> None:
        """Tell of speech that begins or ends in what was just appended."""
        detection = self._session.settings.detection
        if detection is None or (self._session.azure and self._is_deaf(detection)):
            return
        if self._session.plan.speech is not None:
            await self._listen_by_script(detection, self._session.plan.speech)
            return
        if self._segments is None:
            self.detection_changed()
            self._from_ms -= len(pcm) / 2 / self._session.settings.input_hz * 1_000
        assert self._segments is not None
        for edge in self._segments.feed(pcm):
            at_ms = self._from_ms + edge.at_ms
            await (self._started(detection, at_ms) if edge.kind == "start" else self._stopped(detection, at_ms))

    async def commit(self, item_id: str = "") -> None:
        """Make what was appended an item.

        Raises:
            RefusedError: it is too little.
        """
        session = self._session
        item = session.buffer.commit(session.settings.input_hz)
        if item_id:
            item["id"] = item_id
        previous = session.conversation.last_id
        session.conversation.add(item)
        await session.send("input_audio_buffer.committed", previous_item_id=previous, item_id=item["id"])
        await session.tell_item(item, previous)
        heard = session.plan.next_heard()
        if session.settings.transcription is not None:
            session.tasks.start(self._transcribe(item, heard))

    def _is_deaf(self, detection: dict[str, Any]) -> bool:
        return self._session.dialect.name == "ga" and detection["type"] == "semantic_vad"

    async def _listen_by_script(self, detection: dict[str, Any], speech: list[tuple[float, float]]) -> None:
        heard_ms = self._session.buffer.appended_ms
        while self._scripted < len(speech):
            start_ms, end_ms = speech[self._scripted]
            if not self._item_id:
                if heard_ms < start_ms:
                    return
                await self._started(detection, start_ms)
            if heard_ms < end_ms + edges(detection).silence_ms:
                return
            await self._stopped(detection, end_ms)
            self._scripted += 1

    async def _started(self, detection: dict[str, Any], at_ms: float) -> None:
        session = self._session
        self._item_id = made_id("item")
        start_ms = max(0, round(at_ms - edges(detection).padding_ms))
        await session.send("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._item_id)
        if session.response is not None and detection.get("interrupt_response", True):
            session.response.cancel("turn_detected")

    async def _stopped(self, detection: dict[str, Any], at_ms: float) -> None:
        session = self._session
        end_ms = round(at_ms + edges(detection).silence_ms)
        item_id, self._item_id = self._item_id, ""
        await session.send("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=item_id)
        await self.commit(item_id)
        if detection.get("create_response", True) and session.response is None:
            await session.respond({})

    async def _transcribe(self, item: dict[str, Any], heard: Heard) -> None:
        await asyncio.sleep(heard.after_s)
        kind, place = "conversation.item.input_audio_transcription", {"item_id": item["id"], "content_index": 0}
        if heard.fails:
            error = {"type": "transcription_error", "code": "audio_unintelligible", "message": "...", "param": None}
            await self._session.send(f"{kind}.failed", **place, error=error)
        elif heard.text is not None:
            for at, word in enumerate(heard.text.split()):
                await self._session.send(f"{kind}.delta", **place, delta=word if at == 0 else f" {word}")
            item["content"][0]["transcript"] = heard.text
            usage = {"type": "duration", "seconds": 1}
            await self._session.send(f"{kind}.completed", **place, transcript=heard.text, usage=usage)
