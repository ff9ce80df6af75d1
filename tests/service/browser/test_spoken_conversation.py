"""Real voices, real engines, the real server: what `make run` starts is talked to."""

import asyncio
from datetime import UTC, datetime

import pytest
from websockets.asyncio.client import connect

from tests.eval.callers import Caller, ToolRun
from tests.eval.local import SNR_DB, VOICES, refused_share, spoken, table, wrong_share
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import say_aside

# They speak and listen in real time, for about two minutes on an idle machine.
pytestmark = pytest.mark.timeout(400)

BOOKING = 0
"""A seed whose caller books an appointment."""
QUESTIONS = ("what are your opening hours", "how much is a cleaning")


async def converse(url: str) -> tuple[SpokenCaller, Caller]:
    """Two questions, a third whose answer is interrupted with a request for an appointment, and that to its end."""
    voice = VOICES[0]
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with connect(f"{url}/api/v1/realtime/conversation?agent=dentist", max_size=None) as socket:
        person = SpokenCaller(socket, snr_db=SNR_DB)
        greeting = await person.reply(0)
        for question in QUESTIONS:
            before = len(person.events)
            await person.say(await say_aside(question, voice))
            await person.reply(before)
        before, heard_s = len(person.events), person.heard_s
        await person.say(await say_aside("how do i find you", voice))
        await person.until(lambda p: p.heard_s > heard_s + 1.0, 10)
        line = caller.next_line(greeting)
        before = len(person.events)
        while not person.closed and line is not None:
            await person.say(await say_aside(line, voice))
            heard = await person.reply(before)
            before = len(person.events)
            line = caller.next_line(heard.rpartition("public library")[2])
        await person.until(lambda p: p.closed or line is None, 15)
        await person.leave()
    return person, caller


def test_a_spoken_conversation_with_an_interruption_reaches_its_task() -> None:
    with serving(EARSHOT, DEFAULT_AGENT="dentist") as server:
        person, caller = asyncio.run(converse(server.url.replace("http", "ws")))
    metrics = [event for event in person.events if event["type"] == "turn_metrics"]
    assert len(person.understood()) >= 8
    assert caller.task_reached([ToolRun(e["tool"], e["args"], e["result"]) for e in person.tools()])
    assert any(event["interrupted"] for event in metrics)
    cancelled = [e for e in person.events if e["type"] == "control" and e["action"] == "tts_cancelled"]
    assert cancelled[0]["reason"] == "barge_in"
    cut = [event for event in person.events if event["type"] == "assistant_final" and event["interrupted"]]
    assert cut
    silence_ms = [event["decision_to_silence_ms"] for event in metrics if event["interrupted"]]
    assert max(silence_ms) < 50


def test_a_handful_of_seeded_conversations() -> None:
    outcomes = spoken(range(4), at_once=4)
    print(table(outcomes))
    assert sum(outcome.reached for outcome in outcomes) >= 3
    assert wrong_share(outcomes) <= 0.1
    assert refused_share(outcomes) >= 0.5 or not any(u.unrelated for o in outcomes for u in o.utterances)
