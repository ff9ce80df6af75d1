"""Long conversations on virtual time: summed up beside the replies, and going on where that cannot be done."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.rules.summary import READ_AS
from actors.runtime.clock import run_virtual
from actors.session.replies.summaries import AGAIN_AFTER_TURNS
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage

LONG = msgspec.structs.replace(
    AGENT,
    greeting="",
    model=msgspec.structs.replace(AGENT.model, context_chars=2_000),
    limits=msgspec.structs.replace(AGENT.limits, no_input_s=600, max_session_s=86_400),
)
NAME = "My name is Ada Kowalczyk."


class Summing(FakeModel):
    """Answers at once, and makes summaries in its own time, or in no way at all."""

    def __init__(self, *, takes_s: float = 5.0, fails: Exception | None = None, pieces: Sequence[str] = ()) -> None:
        super().__init__()
        self.takes_s, self.fails = takes_s, fails
        self.pieces = pieces or ("The user is Ada ", "Kowalczyk.")
        self.summaries: list[ModelRequest] = []

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        if not request.is_aside:
            async for event in super().reply(request):
                yield event
            return
        self.summaries.append(request)
        await asyncio.sleep(self.takes_s)
        if self.fails is not None:
            raise self.fails
        for piece in self.pieces:
            yield TextGenerated(piece)
        yield ReplyGenerated(90, 10)


def answer(request: ModelRequest) -> Sequence[ModelEvent | float]:
    return [TextGenerated("I see."), ReplyGenerated(1, 1)]


async def talk(on: Stage, turns: int, first: int = 0) -> None:
    for turn in range(first, first + turns):
        text = NAME if turn == 0 else f"{turn} " + "word " * 45
        on.entry.deliver(TextEntered(text))
        await on.ear.until_count(ReplyHeard, turn + 1)


def test_the_older_part_is_summed_up_in_time_and_read_in_its_place() -> None:
    async def main() -> None:
        model = Summing()
        model.script = answer
        async with stage(agent=LONG, model=model, caller=False) as on:
            await talk(on, 8)
            (request,) = model.summaries
            assert NAME in request.messages[0].text
            assert (request.tools, request.preamble, request.agent.model.max_tokens) == ((), "", 800)
            # It takes its time, and no reply waits for it.
            assert all(message.role is not Role.NOTE for message in model.requests[-1].messages)
            await asyncio.sleep(10)
            await talk(on, 1, first=8)
            read = model.requests[-1].messages
            assert read[0].text == READ_AS + "The user is Ada Kowalczyk."
            assert model.requests[-1].omitted == 0
            assert NAME not in [message.text for message in read]
            # What was said is in the record as it was said, and a successor goes on from the summary.
            assert NAME in [message.text for message in on.session.record().messages]
            assert on.entry.checkpoint.summary is not None
            assert on.entry.checkpoint.spent_tokens == 100 + 9 * 2

    run_virtual(main())


def test_slots_that_an_engine_notes_outlive_the_words_that_they_came_from() -> None:
    def noting(request: ModelRequest) -> Sequence[ModelEvent | float]:
        noted = [MemoryUpdated({"slots": {"name": "Ada Kowalczyk"}})] if request.messages[-1].text == NAME else []
        return [*noted, *answer(request)]

    async def main() -> None:
        model = Summing(takes_s=0.5)
        model.script = noting
        async with stage(agent=LONG, model=model, caller=False) as on:
            await talk(on, 12)
            assert READ_AS in model.requests[-1].messages[0].text
            assert model.requests[-1].memory == {"slots": {"name": "Ada Kowalczyk"}}

    run_virtual(main())


def test_a_conversation_of_hours_is_summed_up_again_and_again() -> None:
    async def main() -> None:
        model = Summing(takes_s=0.5)
        model.script = answer
        async with stage(agent=LONG, model=model, caller=False) as on:
            await talk(on, 60)
            assert 8 < len(model.summaries) < 20
            assert all("The user is Ada Kowalczyk." in each.messages[0].text for each in model.summaries[1:])
            assert max(each.omitted for each in model.requests) == 0

    run_virtual(main())


@pytest.mark.parametrize(
    "model",
    [
        Summing(fails=ModelError(ErrorKind.UNAVAILABLE, "away")),
        Summing(fails=ValueError("a defect")),
        Summing(takes_s=3_600),
        Summing(pieces=("", " \n")),
        Summing(pieces=("x" * 3_000, "x" * 3_000)),
    ],
    ids=["away", "broken", "never", "empty", "endless"],
)
def test_one_that_fails_costs_nothing_and_is_asked_for_again_later(model: Summing) -> None:
    async def main() -> None:
        model.script = answer
        async with stage(agent=LONG, model=model, caller=False) as on:
            await talk(on, 8)
            await asyncio.sleep(120)
            await talk(on, AGAIN_AFTER_TURNS + 1, first=8)
            assert len(model.summaries) == 2
            assert [heard.text for heard in on.ear.of(ReplyHeard)] == ["I see."] * (9 + AGAIN_AFTER_TURNS)
            assert on.entry.checkpoint.summary is None
            assert model.requests[-1].omitted > 0

    run_virtual(main())


def test_an_agent_may_do_without() -> None:
    async def main() -> None:
        model = Summing()
        model.script = answer
        agent = msgspec.structs.replace(LONG, model=msgspec.structs.replace(LONG.model, summarize=False))
        async with stage(agent=agent, model=model, caller=False) as on:
            await talk(on, 12)
            assert (model.summaries, model.requests[-1].omitted > 0) == ([], True)

    run_virtual(main())


def test_one_of_words_that_are_all_refused_meanwhile_is_not_read() -> None:
    async def main() -> None:
        model = Summing(takes_s=30.0)
        model.script = answer
        async with stage(agent=LONG, model=model, caller=False) as on:
            await talk(on, 8)
            assert len(model.summaries) == 1
            history = on.actor("orchestrator")._maker._history
            history.withhold(7)
            history.withhold(8)
            await asyncio.sleep(40)
            await talk(on, 1, first=8)
            assert all(message.role is not Role.NOTE for message in model.requests[-1].messages)

    run_virtual(main())
