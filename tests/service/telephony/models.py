"""Models that calls of the tests are talked to by. Each worker of a server imports them anew: they import little."""

from collections.abc import AsyncIterator

import msgspec

from actors.conversation import Role
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled


class KeyedTools:
    """A model that calls the tool that a key stands for, says how it went, and repeats all else."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """One reply."""
        last = request.messages[-1]
        if last.role is Role.TOOL and "on_hold" in last.text:
            yield ToolCalled(call_id=f"back-{request.turn}", name="take_off_hold", arguments="{}")
        elif last.role is Role.TOOL:
            yield TextGenerated("That did not work." if "error" in last.text else "Done.")
        elif (wanted := KEYED.get(last.text)) is not None:
            yield TextGenerated("One moment please. ")
            name, arguments = wanted
            yield ToolCalled(call_id=f"call-{request.turn}", name=name, arguments=arguments)
        else:
            yield TextGenerated(f"You said {last.text}. What else?")
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


KEYED = {
    "1": ("transfer_call", '{"number": "+15550155"}'),
    "2": ("transfer_to_person", "{}"),
    "3": ("send_keys", '{"keys": "12#"}'),
    "4": ("start_recording", "{}"),
    "5": ("stop_recording", "{}"),
    "6": ("collect_digits", '{"length": 3, "terminator": "*", "timeout_s": 8}'),
    "7": ("end_conversation", "{}"),
    "8 1": ("put_on_hold", "{}"),
    "8 2": ("take_off_hold", "{}"),
}


def keyed_tools() -> KeyedTools:
    """The plug-in."""
    return KeyedTools()


BRIEFING = "Ada is calling about an invoice."
CALL = ToolCalled(call_id="call-1", name="transfer_with_briefing", arguments=f'{{"briefing": "{BRIEFING}"}}')


class PutsThrough:
    """A model that puts callers through, and says how that went."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        last = request.messages[-1]
        if last.role is Role.TOOL:
            yield TextGenerated("That did not work." if "error" in last.text else "You are both on the line. Goodbye.")
        elif last.text == "1":
            yield TextGenerated("I will ask them. ")
            yield msgspec.structs.replace(CALL, call_id=f"call-{request.turn}")
        else:
            yield TextGenerated(f"You said {last.text}. What else?")
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


def puts_through() -> PutsThrough:
    return PutsThrough()
