"""Real voices, real engines, the real server: what `make run` starts is talked to."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from websockets.asyncio.client import connect

from tests.eval.callers import Caller, ToolRun
from tests.eval.local import SNR_DB, VOICES, Outcome, had_time, refused_share, spoken, table, wrong_share
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.serving import EARSHOT, Server, serving
from tests.kit.speech import say_aside

# They speak and listen in real time, for about two minutes on an idle machine.
pytestmark = pytest.mark.timeout(800)

TRIES = 3
"""So often they talk where this machine has no time for it."""

BOOKING = 0
"""A seed whose caller books an appointment."""
QUESTIONS = ("what are your opening hours", "how much is a cleaning")


async def converse(server: Server) -> tuple[SpokenCaller, Caller, float]:
    """Two questions, a third whose answer is interrupted with a request for an appointment, and that to its end.

    The last of what is returned is what the server's loop was late by at most when it was interrupted, in ms.
    """
    url = server.url.replace("http", "ws")
    voice, late_ms = VOICES[0], 0.0
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with connect(f"{url}/api/v1/realtime/conversation?agent=dentist", max_size=None, open_timeout=60) as socket:
        person = SpokenCaller(socket, snr_db=SNR_DB)
        # Who is not answered in time hangs up: what was reached by then is looked at.
        with suppress(TimeoutError):
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
                late_ms = late_ms or await asyncio.to_thread(loop_late_ms, server)
                before = len(person.events)
                line = caller.next_line(heard.rpartition("public library")[2])
            await person.until(lambda p: p.closed or line is None, 15)
        await person.leave()
    return person, caller, late_ms


def loop_late_ms(server: Server) -> float:
    """What the server's loop was late by at most within the last minute: this machine had no time for it."""
    return float(server.get("/api/v1/health/actors").json()["loop_lag"]["max_ms"])


def test_a_spoken_conversation_with_an_interruption_reaches_its_task() -> None:
    for _ in range(TRIES):
        with serving(EARSHOT, DEFAULT_AGENT="dentist") as server:
            person, caller, late_ms = asyncio.run(converse(server))
            log = server.log()
        if had_time(log, person.late_s) or reaches_its_task(person, caller):
            break
    metrics = [event for event in person.events if event["type"] == "turn_metrics"]
    assert len(person.understood()) >= 8
    assert reaches_its_task(person, caller)
    assert any(event["interrupted"] for event in metrics)
    cancelled = [e for e in person.events if e["type"] == "control" and e["action"] == "tts_cancelled"]
    assert cancelled[0]["reason"] == "barge_in"
    cut = [event for event in person.events if event["type"] == "assistant_final" and event["interrupted"]]
    assert cut
    silence_ms = [event["decision_to_silence_ms"] for event in metrics if event["interrupted"]]
    assert max(silence_ms) < 50 + late_ms


def reaches_its_task(person: SpokenCaller, caller: Caller) -> bool:
    return caller.task_reached([ToolRun(e["tool"], e["args"], e["result"]) for e in person.tools()])


@pytest.mark.timeout(1_200)
def test_a_handful_of_seeded_conversations() -> None:
    """All at once; where the callers or the server say that this machine had no time for it, fewer at once."""
    for at_once in (4, 2, 1):
        outcomes, in_time = spoken(range(4), at_once)
        print(table(outcomes))
        if in_time or reach_their_goals(outcomes):
            break
    assert reach_their_goals(outcomes), f"{at_once} at once"


def reach_their_goals(outcomes: Sequence[Outcome]) -> bool:
    refuses = refused_share(outcomes) >= 0.5 or not any(u.unrelated for o in outcomes for u in o.utterances)
    return sum(outcome.reached for outcome in outcomes) >= 3 and wrong_share(outcomes) <= 0.1 and refuses
