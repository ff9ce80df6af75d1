"""How much one reply of a language model may be, whatever the model does. Pure: the time is an argument, in seconds."""

import msgspec

from actors.ports.llm import ModelEvent, TextGenerated, ToolCalled

MAX_REPLY_CHARS = 6_000
"""The most characters of one reply: seven minutes of speech."""
MAX_REPLY_S = 180.0
"""The longest time from the first event of a reply to its last, in seconds."""
MAX_EVENTS = 20_000
"""The most events of one reply, including those without text."""
MAX_TOOL_CALLS = 8
"""The most tool calls that a model may make at once."""
MAX_ARGUMENTS_CHARS = 16_000
"""The longest arguments of one tool call, in characters of JSON."""
MAX_NAME_CHARS = 200
"""The longest name of a tool, and the longest id of a call, in characters."""

SLOWEST_MS_PER_CHAR = 2_000.0
"""The longest time in ms that a character takes to say: a sign that is read as three words, by a voice at half
speed."""
SPARE_AUDIO_MS = 10_000.0
"""Milliseconds of audio that a reply may have beyond what its text takes: the silence around it."""
MOST_AUDIO_MS = 900_000.0
"""The most audio of one reply, in ms: its longest text, said slowly."""

TOO_LONG = f"the arguments are longer than {MAX_ARGUMENTS_CHARS} characters: the tool was not run"


def most_audio_ms(chars: int) -> float:
    """How much audio a text-to-speech engine may make of so many characters; one that makes more does not end."""
    return min(MOST_AUDIO_MS, SPARE_AUDIO_MS + chars * SLOWEST_MS_PER_CHAR)


class ReplyBounds:
    """Holds the events of one reply to its bounds."""

    def __init__(self, began: float) -> None:
        self.exceeded = ""
        """The bound at which the reply was cut, in words; empty while it is within all bounds."""
        self.until = began + MAX_REPLY_S
        """When the reply is cut, however many pieces it has."""
        self._events = 0
        self._chars = 0
        self._calls = 0

    def admit(self, event: ModelEvent, now: float) -> ModelEvent | None:
        """As much of an event as is within the bounds; None for nothing of it. Afterwards `exceeded` may be set."""
        if not self.count(now):
            return None
        if isinstance(event, TextGenerated):
            return self._text(event)
        if isinstance(event, ToolCalled):
            return self._call(event)
        return event

    def count(self, now: float) -> bool:
        """Count one piece of the reply, and return whether it is within the bounds of those; `exceeded` may be set."""
        self._events += 1
        if self._events > MAX_EVENTS:
            self.exceeded = f"{MAX_EVENTS} pieces"
        elif now >= self.until:
            self.exceeded = f"{MAX_REPLY_S:.0f} s"
        else:
            return True
        return False

    def _text(self, event: TextGenerated) -> TextGenerated:
        left = MAX_REPLY_CHARS - self._chars
        self._chars += len(event.text)
        if self._chars <= MAX_REPLY_CHARS:
            return event
        self.exceeded = f"{MAX_REPLY_CHARS} characters"
        return TextGenerated(event.text[:left])

    def _call(self, event: ToolCalled) -> ToolCalled | None:
        self._calls += 1
        if self._calls > MAX_TOOL_CALLS:
            self.exceeded = f"{MAX_TOOL_CALLS} calls of tools"
            return None
        call_id, name = event.call_id[:MAX_NAME_CHARS], event.name[:MAX_NAME_CHARS]
        if len(event.arguments) > MAX_ARGUMENTS_CHARS:
            # An empty object: some servers refuse a conversation in which arguments are no JSON.
            return ToolCalled(call_id=call_id, name=name, arguments="{}", refusal=TOO_LONG)
        return msgspec.structs.replace(event, call_id=call_id, name=name)
