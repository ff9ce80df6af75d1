"""A response from its creation to its end, event by event in the order of the service."""

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

from tests.cloud.realtime.conversation import made_id
from tests.cloud.realtime.replies import WORD_MS, Reply, tone
from tests.cloud.realtime.settings import RefusedError

if TYPE_CHECKING:
    from tests.cloud.realtime.service_session import ServiceSession

CHUNK_MS = 100
AHEAD_MS = 900
"""Words are told so much earlier than their audio."""


class Response:
    """One response. `wanted` is what the client gave with its order.

    Raises:
        RefusedError: the service knows no such order.
    """

    def __init__(self, session: "ServiceSession", wanted: dict[str, Any]) -> None:
        for name in wanted:
            if name not in session.dialect.response_keys:
                raise RefusedError("unknown_parameter", f"Unknown parameter: 'response.{name}'.", f"response.{name}")
        self.id = made_id("resp")
        self.finished = asyncio.Event()
        self._session = session
        self._metadata = wanted.get("metadata")
        self._reply = self._planned(wanted)
        self._cancelled = ""
        self._late = session.plan.late_deltas
        self._output: list[dict[str, Any]] = []

    def cancel(self, reason: str) -> None:
        """Stop soon: some more of it comes first."""
        self._cancelled = self._cancelled or reason

    async def run(self) -> None:
        """Make the whole response."""
        reply, session = self._reply, self._session
        await session.send("response.created", response=self._described("in_progress", None))
        await asyncio.sleep(reply.begin_s)
        if reply.text and session.settings.only_writes:
            await self._write(reply)
        elif reply.text and reply.after_ms != 0:
            await self._say(reply)
        if (reply.stalls or reply.drops is not None) and not self._cancelled:
            await self._break_off(reply)
            return
        if not self._cancelled:
            for at, call in enumerate(reply.calls, len(self._output)):
                await self._call(at, call.name, json.dumps(call.arguments))
        await self._finish(reply)

    async def _finish(self, reply: Reply) -> None:
        status = "cancelled" if self._cancelled else reply.status
        details: dict[str, Any] | None = None
        if status != "completed":
            details = {"type": status}
            if reason := self._cancelled or reply.reason:
                details["reason"] = reason
            if status == "failed":
                details["error"] = reply.error
        self._session.response = None
        await self._session.send("response.done", response=self._described(status, details))
        limit = {"name": "tokens", "limit": 50_000, "remaining": 49_950, "reset_seconds": 0.06}
        await self._session.send("rate_limits.updated", rate_limits=[limit])
        self.finished.set()

    async def _break_off(self, reply: Reply) -> None:
        if reply.stalls:
            self._session.stall()
        else:
            await self._session.drop(reply.drops or 0)

    def _planned(self, wanted: dict[str, Any]) -> Reply:
        given = wanted.get("pre_generated_assistant_message")
        if given is not None:
            return Reply(text=" ".join(content["text"] for content in given["content"]))
        plan = self._session.plan
        return plan.written if self._session.settings.only_writes else plan.next_reply()

    def _described(self, status: str, details: dict[str, Any] | None) -> dict[str, Any]:
        words = len(self._reply.words)
        tokens = {"total_tokens": 100 + 2 * words, "input_tokens": 100, "output_tokens": 2 * words}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": self._output,
            "metadata": self._metadata,
            "usage": None if status == "in_progress" else tokens,
        }

    # items

    async def _add(self, item: dict[str, Any]) -> dict[str, Any]:
        session, previous = self._session, self._session.conversation.last_id
        place = {"response_id": self.id, "output_index": len(self._output)}
        self._output.append(item)
        session.conversation.add(item)
        await session.send("response.output_item.added", **place, item=item)
        await session.send(session.dialect.item_events[0], previous_item_id=previous, item=item)
        return item

    async def _done(self, at: int, item: dict[str, Any]) -> None:
        item["status"] = "incomplete" if self._cancelled else "completed"
        await self._session.send("response.output_item.done", response_id=self.id, output_index=at, item=item)
        for kind in self._session.dialect.item_events[1:]:
            await self._session.send(kind, previous_item_id=None, item=item)

    async def _call(self, at: int, name: str, arguments: str) -> None:
        call = {"type": "function_call", "call_id": made_id("call"), "name": name, "arguments": ""}
        item = await self._add({"object": "realtime.item", "id": made_id("item"), "status": "in_progress", **call})
        place = {
            "response_id": self.id, "item_id": item["id"], "output_index": at, "call_id": call["call_id"],
        }  # fmt: skip
        for begin in range(0, len(arguments), 8):
            piece = arguments[begin : begin + 8]
            await self._session.send("response.function_call_arguments.delta", **place, delta=piece)
        item["arguments"] = arguments
        await self._session.send("response.function_call_arguments.done", **place, name=name, arguments=arguments)
        await self._done(at, item)

    async def _write(self, reply: Reply) -> None:
        session, dialect = self._session, self._session.dialect
        content: dict[str, Any] = {"type": dialect.said_text, "text": ""}
        message = {"type": "message", "role": "assistant", "content": []}
        item = await self._add({"object": "realtime.item", "id": made_id("item"), "status": "in_progress", **message})
        place = {"response_id": self.id, "item_id": item["id"], "output_index": 0, "content_index": 0}
        await session.send("response.content_part.added", **place, part=content)
        item["content"].append(content)
        for word in reply.words:
            await session.send(f"{dialect.text}.delta", **place, delta=word)
        content["text"] = reply.text
        await session.send(f"{dialect.text}.done", **place, text=reply.text)
        await session.send("response.content_part.done", **place, part=content)
        await self._done(0, item)

    async def _say(self, reply: Reply) -> None:
        session, dialect = self._session, self._session.dialect
        content: dict[str, Any] = {"type": dialect.said_audio, "transcript": ""}
        message = {"type": "message", "role": "assistant", "content": []}
        item = await self._add({"object": "realtime.item", "id": made_id("item"), "status": "in_progress", **message})
        place = {"response_id": self.id, "item_id": item["id"], "output_index": 0, "content_index": 0}
        await session.send("response.content_part.added", **place, part=content)
        item["content"].append(content)
        said = await self._speak(reply, item["id"], place)
        if (reply.stalls or reply.drops is not None) and not self._cancelled:
            return
        content["transcript"] = said
        await session.send(f"{dialect.audio}.done", **place)
        await session.send(f"{dialect.transcript}.done", **place, transcript=said)
        await session.send("response.content_part.done", **place, part=content)
        await self._done(0, item)

    async def _speak(self, reply: Reply, item_id: str, place: dict[str, Any]) -> str:
        """The audio with its words ahead of it. Returns the words that were told."""
        session, dialect, rate_hz = self._session, self._session.dialect, self._session.settings.output_hz
        words, told = reply.words, 0
        length_ms = WORD_MS * len(words) if reply.after_ms is None else reply.after_ms
        session.has_spoken = True
        for at_ms in range(0, length_ms, CHUNK_MS):
            if self._cancelled:
                self._late -= 1
                if self._late < 0:
                    break
            while told < len(words) and told * WORD_MS <= at_ms + AHEAD_MS:
                await session.send(f"{dialect.transcript}.delta", **place, delta=words[told])
                if session.settings.word_times:
                    await self._time_word(place, words[told].strip(), told * WORD_MS)
                told += 1
            chunk_ms = min(CHUNK_MS, length_ms - at_ms)
            pcm = tone(chunk_ms, rate_hz, reply.tone_hz, at_ms)
            session.conversation.audio_ms[item_id] = at_ms + chunk_ms
            await session.send(f"{dialect.audio}.delta", **place, delta=base64.b64encode(pcm).decode())
            await asyncio.sleep(chunk_ms / 1_000 / session.plan.speed)
        return "".join(words[:told])

    async def _time_word(self, place: dict[str, Any], word: str, offset_ms: int) -> None:
        times = {"audio_offset_ms": offset_ms, "audio_duration_ms": WORD_MS, "text": word, "timestamp_type": "word"}
        await self._session.send("response.audio_timestamp.delta", **place, **times)
