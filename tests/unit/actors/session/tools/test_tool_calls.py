"""Calls of tools as the conversation records them."""

import asyncio
from typing import Any

import msgspec

from actors.conversation import Ending
from actors.messages.model import EndingDecided, ToolFinished
from actors.messages.output import ToolStarted
from actors.runtime.clock import run_virtual
from actors.session.tools.tool_calls import ToolCalls
from actors.session.tools.tool_runs import UNKNOWN
from actors.tool_outcome import ToolEnding, ToolOutcome
from tests.unit.actors.session.tools.tool_kit import TURN, ToolTalk, called


class Conversation(ToolTalk):
    """One in whose first turn the model has called `look_up`."""

    def __init__(self) -> None:
        super().__init__()
        self.called = [called("look_up", "c1")]
        self.history.add_tool_calls(TURN, self.called, 0.0)
        self.calls = ToolCalls(self.ongoing, self.runs)


def finished(**changes: Any) -> ToolFinished:
    outcome = ToolOutcome("nine", **changes)
    return ToolFinished(turn=TURN, call_id="c1", name="look_up", outcome=outcome, elapsed_ms=1.0)


def test_a_call_is_shown_runs_and_is_recorded_once() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.start(TURN, talk.called, talk.called)
        await asyncio.sleep(2)
        (result,) = talk.finished
        assert talk.calls.record(result)
        assert not talk.calls.record(result)
        assert talk.results == [("c1", '"nine"')]
        assert talk.shown.messages == [ToolStarted("c1", "look_up", "{}"), result]
        assert talk.told == []

    run_virtual(main())


def test_a_call_that_is_not_to_be_run_is_shown_only() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.start(TURN, talk.called, ())
        await asyncio.sleep(2)
        assert talk.finished == []
        assert talk.shown.messages == [ToolStarted("c1", "look_up", "{}")]

    run_virtual(main())


def test_a_tool_that_ends_the_session_says_so_to_turn_taking() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.record(finished(ending=ToolEnding.END_SESSION))
        assert talk.told == [EndingDecided(Ending.NORMAL)]

    run_virtual(main())


def test_who_takes_over_records_what_is_known_and_that_nothing_is_known() -> None:
    async def main() -> None:
        for seconds, text in ((2.0, '"nine"'), (None, UNKNOWN.text)):
            talk = Conversation()
            if seconds is not None:
                talk.calls.start(TURN, talk.called, talk.called)
                talk.calls.take_over()
                assert talk.results == [], "it still runs"
                await asyncio.sleep(seconds)
            talk.calls.take_over()
            assert talk.results == [("c1", text)]

    run_virtual(main())


def test_a_tool_that_there_is_not_has_an_error_for_a_result() -> None:
    async def main() -> None:
        talk = Conversation()
        unknown = [msgspec.structs.replace(talk.called[0], name="nothing")]
        talk.calls.start(TURN, unknown, unknown)
        await asyncio.sleep(1)
        (result,) = talk.finished
        assert result.outcome.failed

    run_virtual(main())
