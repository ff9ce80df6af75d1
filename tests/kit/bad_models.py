"""A language model that does whatever models do wrong, by a seed: for conversations that must all end well."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled

NEVER_SPOKEN = ("ZXQ", "<", "{", "**", "```", "\ufffd", "\U0001f642", "http")
"""What none of these models' replies may be heard to hold: each hides ZXQ where nothing is to be spoken."""
SAID = "That is fine."
"""What a reply of theirs has to say, if it has anything."""

Step = ModelEvent | float | ModelError
Deed = Callable[[random.Random, int], list[Step]]


def _text(*tokens: str) -> list[Step]:
    return [*map(TextGenerated, tokens), ReplyGenerated()]


def _call(name: str, arguments: str, number: int) -> list[Step]:
    return [ToolCalled(call_id=f"c{number}", name=name, arguments=arguments), ReplyGenerated()]


DEEDS: dict[str, Deed] = {
    "answers": lambda chance, number: _text("That is", " fine."),
    "calls a tool that there is not": lambda chance, number: _call("fly", "{}", number),
    "calls with wrong arguments": lambda chance, number: _call("look_up", '{"count": "ZXQ"}', number),
    "calls with no JSON": lambda chance, number: _call("look_up", '{"count": ', number),
    "calls with the same id again": lambda chance, number: _call("look_up", '{"count": 1}', 0),
    "calls a tool that fails": lambda chance, number: _call("fail", "{}", number),
    "calls a tool that hangs": lambda chance, number: _call("hang", "{}", number),
    "says nothing": lambda chance, number: _text(),
    "says blanks": lambda chance, number: _text(" ", "\n"),
    "writes markup": lambda chance, number: _text("**That", "** is `fi", "ne`.\n\n```\nZXQ", "\n```"),
    "links": lambda chance, number: _text("[That](http://ex.org/Z", "XQ) is fine."),
    "thinks": lambda chance, number: _text("<thi", "nk>ZXQ ", "no.</th", "ink>That is fine."),
    "thinks without an end": lambda chance, number: _text("That is fine. <think>", "ZXQ. " * 40),
    "writes a call": lambda chance, number: _text(
        "That is fine. <function=look_up>", '{"count": "ZXQ"}', "</function>"
    ),
    "writes JSON": lambda chance, number: _text('{"name": "look_up", "arg', 'uments": {"count": "ZXQ"}}'),
    "halves an emoji": lambda chance, number: _text("That is \ud83d", "\ude42 fine."),
    "has only an emoji": lambda chance, number: _text("\U0001f642"),
    "is refused": lambda chance, number: [ModelError(ErrorKind.REFUSED, "filtered")],
    "is refused in the middle": lambda chance, number: [TextGenerated("That is"), ModelError(ErrorKind.REFUSED, "cut")],
    "cannot read so much": lambda chance, number: [ModelError(ErrorKind.TOO_LONG, "too long")],
    "is busy": lambda chance, number: [
        ModelError(ErrorKind.THROTTLED, "429", retry_after_s=chance.choice([None, 0.5, 9.0, 900.0]))
    ],
    "is down": lambda chance, number: [ModelError(ErrorKind.UNAVAILABLE, "down")],
    "is slow": lambda chance, number: [chance.uniform(1.0, 12.0), *_text("That is fine.")],
    "stalls": lambda chance, number: [TextGenerated("That is fine. And "), 100.0],
    "cuts off": lambda chance, number: [
        TextGenerated("That is fine. And the"),
        ModelError(ErrorKind.UNAVAILABLE, "cut"),
    ],
    "ends without an end": lambda chance, number: [TextGenerated("That is fine. ")],
    "goes on without an end": lambda chance, number: [TextGenerated("That is fine. ")] * 3_000,
}
"""What a model does when it is asked, by name: pauses in seconds, events, and a failure at the end."""


class BadModel:
    """Implements `LanguageModel`: each time it is asked it does one of `DEEDS`, and after a while it loops in one."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._asked = 0
        self.done: list[str] = []

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Do one of them, half of the time what was done last; a judge has a verdict every second time."""
        if request.is_aside and self._chance.random() < 0.5:
            yield TextGenerated(self._chance.choice("01"))
            yield ReplyGenerated(50, 1)
            return
        loops = self.done and self._chance.random() < 0.5
        name = self.done[-1] if loops else self._chance.choice(list(DEEDS))
        self.done.append(name)
        self._asked += 1
        for step in DEEDS[name](self._chance, self._asked):
            match step:
                case float():
                    await asyncio.sleep(step)
                case ModelError():
                    raise step
                case _:
                    yield step

    async def close(self) -> None:
        """Do nothing: there is no connection."""
