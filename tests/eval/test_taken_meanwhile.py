"""What was free a moment ago may be taken when it is booked: the caller is offered what is free now."""

from datetime import date, time

from app.dialogue.model import ScriptModel
from app.tools.appointments import CALENDAR
from tests.eval.conversation import Conversation


async def test_a_time_that_is_taken_meanwhile_is_not_offered_again() -> None:
    CALENDAR.clear()
    conversation = Conversation(ScriptModel())
    for line in ("i would like to book an appointment", "a check up please"):
        await conversation.say(line)
    await conversation.say("the ninth of june please")
    first = [run for run in conversation.runs if run.name == "free_times"][-1].result["offers"][0]
    await conversation.say("the first one please")
    await conversation.say("my name is anna")
    assert CALENDAR.take(date(2026, 6, 9), time.fromisoformat(first), "somebody else")
    reply = await conversation.say("yes please")
    assert "just taken" in reply
    offers = [run for run in conversation.runs if run.name == "free_times"][-1].result["offers"]
    assert first not in offers
    await conversation.say("the first one please")
    assert "booked" in await conversation.say("yes please")
    CALENDAR.clear()


async def test_what_is_so_already_may_be_said_once_more() -> None:
    CALENDAR.clear()
    conversation = Conversation(ScriptModel())
    for line in ("i would like to book an appointment", "a check up please", "the ninth of june please"):
        await conversation.say(line)
    await conversation.say("the first one please")
    await conversation.say("my name is anna")
    assert "What should I change" in await conversation.say("no")
    assert "Shall I book it" in await conversation.say("on the ninth of june please")
    CALENDAR.clear()
