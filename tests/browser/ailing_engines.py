"""A language model with which things go wrong at a word, each of a kind that operators have to see.

Nothing of it lies to the console: mailboxes, breakers and failures are those of the product.
"""

import asyncio
from collections.abc import AsyncIterator

from actors.errors import ErrorKind, ModelError
from actors.messages.transcript import EndUtterance
from actors.ports.llm import ModelEvent, ModelRequest
from actors.runtime.supervised_actor import SupervisedActor, _live
from app.console.troubles import FULL_MAILBOX
from tests.kit.fakes import FakeModel

STUCK, FULL, BROKEN = "an actor is stuck", "a mailbox is full", "the provider fails"
SLOWLY_S = 0.1
"""Much slower than a caller's frames come, but not stuck: also in a worker that was given no time for seconds a message
is handled before a summary that is due after it."""


def listeners() -> list[SupervisedActor]:
    """The recognizers of this worker's telephone calls that handle what they are told: they are told audio all the
    time."""
    return [
        actor
        for actor in list(_live.values())
        if actor.name == "recognizer" and "call_id" in actor.trace.ids() and actor.is_running
    ]


def passed_over(actor: SupervisedActor) -> None:
    """As if the scheduler had lost it: what it is told waits."""
    actor.in_ready = actor.in_urgent = True
    actor.is_running = False


class AilingModel(FakeModel):
    """Repeats what the user said, and does what that names."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        text = request.messages[-1].text
        # What was not answered yet is joined with what comes then.
        if text.endswith(BROKEN):
            raise ModelError(ErrorKind.UNAVAILABLE, "fake")
        if text.endswith((STUCK, FULL)):
            actor = listeners()[0]
            passed_over(actor)
            if text.endswith(FULL):
                # Its caller's socket is read no further long before; others are told nothing of that.
                for _ in range(FULL_MAILBOX + 50):
                    actor.actor_ref.tell(EndUtterance())
                slowly(actor)
        async for event in super().reply(request):
            yield event


def slowly(actor: SupervisedActor) -> None:
    """Have an actor handle one message from time to time, and be told another one."""
    actor.actor_ref.tell(EndUtterance())
    actor.run_once()
    asyncio.get_running_loop().call_later(SLOWLY_S, slowly, actor)


def model() -> AilingModel:
    """A plug-in."""
    return AilingModel()
