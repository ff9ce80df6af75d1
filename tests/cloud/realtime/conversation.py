"""The items of a conversation as the service keeps them, and the audio that was appended and not committed yet."""

import itertools
import uuid
from typing import Any

from tests.cloud.realtime.dialects import Dialect
from tests.cloud.realtime.settings import RefusedError

LEAST_COMMIT_MS = 100
KINDS = {"message", "function_call", "function_call_output"}
ROLES = {"user", "assistant", "system"}


def made_id(kind: str) -> str:
    """An id such as the service makes."""
    return f"{kind}_{uuid.uuid4().hex[:20]}"


class Conversation:
    """The items in their order, and how much audio each of the model's has been given, in ms."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.items: dict[str, dict[str, Any]] = {}
        self.audio_ms: dict[str, float] = {}

    @property
    def last_id(self) -> str | None:
        """The id of the newest item."""
        return next(reversed(self.items), None)

    def add(self, item: dict[str, Any]) -> dict[str, Any]:
        """Append an item that the service made."""
        self.items[item["id"]] = item
        return item

    def create(self, given: Any) -> dict[str, Any]:
        """Append an item that the client gives.

        Raises:
            RefusedError: it is none, or there is one of its id.
        """
        if not isinstance(given, dict) or given.get("type") not in KINDS:
            raise RefusedError("invalid_value", "Invalid value: 'item.type'.", "item.type")
        if given["type"] == "message":
            self._check_message(given)
        elif "call_id" not in given:
            raise RefusedError(
                "missing_required_parameter", "Missing required parameter: 'item.call_id'.", "item.call_id"
            )
        if given.get("id") in self.items:
            raise RefusedError("item_create_duplicate_item_id", "An item with this id exists.", "item.id")
        if len(given.get("id", "")) > 32:
            raise RefusedError("string_above_max_length", "Invalid 'item.id': string too long.", "item.id")
        return self.add(
            {"object": "realtime.item", "status": "completed", **given, "id": given.get("id") or made_id("item")}
        )

    def delete(self, item_id: Any) -> None:
        """Take an item out.

        Raises:
            RefusedError: there is none of this id.
        """
        if self.items.pop(str(item_id), None) is None:
            raise RefusedError("item_delete_invalid_item_id", "Item does not exist.", "item_id")

    def truncate(self, item_id: Any, end_ms: Any) -> None:
        """Forget the end of the model's audio, and all of its transcript.

        Raises:
            RefusedError: there is no such item, or it has less audio than that.
        """
        item = self.items.get(str(item_id))
        if item is None or item.get("role") != "assistant":
            raise RefusedError("item_truncate_invalid_item_id", "Item does not exist.", "item_id")
        if not isinstance(end_ms, int) or end_ms < 0:
            raise RefusedError("invalid_type", "Invalid type for 'audio_end_ms': expected an integer.", "audio_end_ms")
        has_ms = int(self.audio_ms.get(str(item_id), 0.0))
        if end_ms > has_ms:
            raise RefusedError("", f"Audio content of {has_ms}ms is already shorter than {end_ms}ms")
        self.audio_ms[str(item_id)] = float(end_ms)
        for content in item["content"]:
            content.pop("transcript", None)

    def _check_message(self, given: dict[str, Any]) -> None:
        role = given.get("role")
        if role not in ROLES:
            raise RefusedError("invalid_value", "Invalid value: 'item.role'.", "item.role")
        kinds = {self._dialect.said_text} if role == "assistant" else {"input_text", "input_audio", "input_image"}
        for at, content in enumerate(given.get("content") or ()):
            if content.get("type") not in kinds:
                raise RefusedError("invalid_value", "Invalid value.", f"item.content[{at}].type")


class InputBuffer:
    """The caller's audio. Positions count all that was ever appended, cleared or not."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        """Not committed yet."""
        self.appended_ms = 0.0
        self.turns: list[bytes] = []
        """What was committed, in order."""
        self._numbers = itertools.count(1)

    def append(self, pcm: bytes, rate_hz: int) -> None:
        """Take more audio."""
        self.pcm += pcm
        self.appended_ms += len(pcm) / 2 / rate_hz * 1_000

    def commit(self, rate_hz: int) -> dict[str, Any]:
        """The item that holds what was appended.

        Raises:
            RefusedError: that is less than the service takes.
        """
        has_ms = len(self.pcm) / 2 / rate_hz * 1_000
        if has_ms < LEAST_COMMIT_MS:
            wanted = f"Expected at least {LEAST_COMMIT_MS}ms of audio, but buffer only has {has_ms:.2f}ms of audio."
            message = f"Error committing input audio buffer: buffer too small. {wanted}"
            raise RefusedError("input_audio_buffer_commit_empty", message)
        self.turns.append(bytes(self.pcm))
        self.pcm.clear()
        content = [{"type": "input_audio", "transcript": None}]
        item = {"object": "realtime.item", "type": "message", "status": "completed", "role": "user", "content": content}
        return {"id": made_id("item"), **item}
