"""The caller's end of a conversation that is evaluated."""

import asyncio

from actors.conversation import Ending, Floor, UtteranceKind
from actors.messages.output import ErrorShown, FloorChanged, ReplyText, SessionEnded, ToolStarted
from actors.runtime.clock import run_virtual
from app.evals.listener import Listener


def test_what_is_expected_is_expected_of_the_answer_to_the_last_words() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        listener = Listener(loop.time)
        listener.tell(ReplyText(0, UtteranceKind.GREETING, "Hello there."))
        assert listener.said("HELLO")
        listener.acted("hi")
        assert not listener.said("hello")
        listener.tell(FloorChanged(Floor.AGENT, 1))
        listener.tell(ReplyText(1, UtteranceKind.REPLY, "Nine "))
        listener.tell(ReplyText(1, UtteranceKind.REPLY, "is free."))
        listener.tell(ReplyText(1, UtteranceKind.PROMPT, "Are you there?"))
        listener.tell(ErrorShown("not of interest"))
        assert listener.spoken == "Nine is free. Are you there?"
        assert (listener.speaking_since, listener.is_quiet) == (0, False)
        listener.tell(FloorChanged(Floor.NOBODY, 1))
        assert (listener.speaking_since, listener.is_quiet) == (None, True)

    run_virtual(main())


def test_a_wait_ends_with_what_it_waits_for_with_its_time_or_with_the_session() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        listener = Listener(loop.time)
        assert not await listener.until(lambda: bool(listener.calls), 2.0)
        assert loop.time() == 2.0
        loop.call_later(1.0, listener.tell, ToolStarted("c", "book", "{}"))
        assert await listener.until(lambda: bool(listener.calls), 2.0)
        assert loop.time() == 3.0
        loop.call_later(1.0, listener.tell, SessionEnded(Ending.NORMAL))
        assert not await listener.until(lambda: False, 60.0)
        assert loop.time() == 4.0
        assert [str(moment).split()[2:4] for moment in listener.timeline] == [["tool:", "book"], ["session:", "ended,"]]

    run_virtual(main())
