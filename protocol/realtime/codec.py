"""Commands to messages and messages to events, in either dialect: the one place that knows what messages are called.

Twenty messages a second go each way for every call, nearly all of them audio. So audio is written and read as one typed
message; base64 is made and read by msgspec on the way.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from protocol.errors import WireError
from protocol.realtime import commands, events, messages
from protocol.realtime.dialect import Dialect

MAX_TYPE_CHARS = 64

T = TypeVar("T")


class RealtimeProtocolError(WireError):
    """A message of the service cannot be understood; the text names the field, never what was said."""


class _Append(msgspec.Struct, tag_field="type", tag="input_audio_buffer.append"):
    audio: bytes


class _Typed(msgspec.Struct):
    type: str


_typed = msgspec.json.Decoder(_Typed)
_encoder = msgspec.json.Encoder()


class Codec:
    """The protocol in one dialect. Keeps nothing from one message to the next."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._readers: dict[str, Callable[[bytes | str], events.Event]] = {
            dialect.audio_delta: _reader(events.AudioDelta),
            dialect.audio_done: _reader(events.AudioDone),
            dialect.transcript_delta: _reader(events.TranscriptDelta),
            dialect.transcript_done: _reader(events.TranscriptDone),
            dialect.text_delta: _reader(events.TranscriptDelta),
            **_READERS,
        }

    def encode(self, command: commands.Command, event_id: str = "") -> bytes:
        """Spell a command; an error that it causes comes back with `event_id`.

        Raises:
            ValueError: this service has no such setting, or cannot do what is ordered; names it.
        """
        if isinstance(command, commands.AppendAudio):
            return _encoder.encode(_Append(command.pcm))
        message = self._message(command)
        if event_id:
            message["event_id"] = event_id
        return _encoder.encode(message)

    def decode(self, message: bytes | str) -> events.Event:
        """Read a message of the service.

        Raises:
            RealtimeProtocolError: it is no JSON object with a type, or a field of it is missing or wrong.
        """
        try:
            kind = _typed.decode(message).type
            reader = self._readers.get(kind)
            return events.Ignored(kind[:MAX_TYPE_CHARS]) if reader is None else reader(message)
        except RecursionError:
            raise RealtimeProtocolError("message: nested too deeply") from None
        except msgspec.ValidationError as error:
            raise RealtimeProtocolError(f"message: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RealtimeProtocolError("message: not JSON") from None

    def _message(self, command: commands.Command) -> dict[str, Any]:
        match command:
            case commands.UpdateSession(settings):
                return {"type": "session.update", "session": self._dialect.session(settings)}
            case commands.AppendAudio(pcm):
                return {"type": "input_audio_buffer.append", "audio": pcm}
            case commands.CommitAudio():
                return {"type": "input_audio_buffer.commit"}
            case commands.ClearAudio():
                return {"type": "input_audio_buffer.clear"}
            case commands.CreateItem(item):
                return {"type": "conversation.item.create", "item": self._item(item)}
            case commands.DeleteItem(item_id):
                return {"type": "conversation.item.delete", "item_id": item_id}
            case commands.TruncateItem(item_id, audio_end_ms):
                place = {"item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
                return {"type": "conversation.item.truncate", **place}
            case commands.CreateResponse():
                return {"type": "response.create", "response": self._dialect.response(command)}
            case commands.CancelResponse(response_id):
                return {"type": "response.cancel"} | ({"response_id": response_id} if response_id else {})

    def _item(self, item: commands.Item) -> dict[str, Any]:
        own_id = {"id": item.item_id} if item.item_id else {}
        match item:
            case commands.TextItem(role=role, text=text):
                kind = self._dialect.assistant_text if role == "assistant" else "input_text"
                return {**own_id, "type": "message", "role": role, "content": [{"type": kind, "text": text}]}
            case commands.CallItem(call_id=call_id, name=name, arguments=arguments):
                call = {"call_id": call_id, "name": name, "arguments": arguments}
                return {**own_id, "type": "function_call", **call}
            case commands.CallOutputItem(call_id=call_id, output=output):
                return {**own_id, "type": "function_call_output", "call_id": call_id, "output": output}


def _reader(event: type[T]) -> Callable[[bytes | str], T]:
    return msgspec.json.Decoder(event).decode


def _told(message: type[messages.M]) -> Callable[[bytes | str], events.Event]:
    decode = msgspec.json.Decoder(message).decode
    return lambda text: decode(text).event()


_READERS: dict[str, Callable[[bytes | str], events.Event]] = {
    "session.created": _told(messages.SessionCreated),
    "session.updated": _told(messages.SessionUpdated),
    "input_audio_buffer.speech_started": _reader(events.InputSpeechStarted),
    "input_audio_buffer.speech_stopped": _reader(events.InputSpeechStopped),
    "input_audio_buffer.committed": _reader(events.InputCommitted),
    "conversation.item.input_audio_transcription.delta": _told(messages.InputTranscriptDelta),
    "conversation.item.input_audio_transcription.completed": _reader(events.InputTranscript),
    "conversation.item.input_audio_transcription.failed": _told(messages.InputTranscriptFailed),
    "response.created": _told(messages.ResponseCreated),
    "response.output_item.added": _reader(events.ResponseGoesOn),
    "response.function_call_arguments.delta": _reader(events.ResponseGoesOn),
    "response.audio_timestamp.delta": _reader(events.WordTime),
    "response.output_item.done": _told(messages.OutputItemDone),
    "response.done": _told(messages.ResponseDone),
    "rate_limits.updated": _told(messages.RateLimitsUpdated),
    "error": _told(messages.Error),
}
"""The function that reads a message of a type that both dialects share, by the type."""
