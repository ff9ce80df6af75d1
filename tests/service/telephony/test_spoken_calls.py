"""Spoken telephone calls with the running server and local engines: what the telephone of the caller recorded."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from tests.cloud.acs.caller import Caller as Telephone
from tests.cloud.acs.caller import CallOver
from tests.cloud.acs.ear import Ear
from tests.cloud.acs.emulator import AcsEmulator
from tests.eval.callers import Caller, ToolRun
from tests.eval.phone import BOOKING, answering, calling, converse, main, own_environment
from tests.kit.clients.phone_caller import PhoneCaller
from tests.kit.serving import AUTHORITIES, ROOT, environment
from tests.kit.speech import FLITE_ALSO, HIBARI, say, say_aside

pytestmark = pytest.mark.timeout(400)
CALLS = pytest.mark.asyncio(loop_scope="module")

Line = tuple[AcsEmulator, str]
"""The telephone network, and the address of the server that it calls."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[Line]:
    """One for all who call the dentist: its models take seconds to load."""
    async with answering(HANDOFF_PHONE_NUMBER="+15550177") as (acs, url):
        yield acs, url


def cough() -> bytes:
    """A voice of 200 ms: enough to be noticed, too little to take the floor."""
    sound = say("ah", FLITE_ALSO)
    begins = int(numpy.argmax(numpy.abs(numpy.frombuffer(sound, numpy.int16).astype(int)) > 1_000))
    return sound[2 * begins : 2 * begins + 200 * 32]


def without_silence(ear: Ear) -> NDArray[numpy.int16]:
    """All audio that was played, put together."""
    heard = numpy.frombuffer(ear.heard, numpy.int16)
    began_s = ear.started_s or 0.0
    spans = [span for span in ear.timeline if span.kind == "audio"]
    pieces = [
        heard[round((span.started_s - began_s) * ear.rate_hz) : round((span.ended_s - began_s) * ear.rate_hz)]
        for span in spans
    ]
    return numpy.concatenate(pieces)


@CALLS
async def test_a_caller_asks_interrupts_coughs_and_is_put_through(line: Line) -> None:
    acs, url = line
    async with calling(acs, url) as person:
        telephone = person.caller
        assert "Maple Street Dental" in await person.reply()
        await interrupt(person, telephone)
        before = len(person.events)
        # They may be put through while the last sound of it still fades.
        with suppress(CallOver):
            await person.say(await say_aside("can i talk to a real person please", HIBARI))
        await telephone.ended(40)
        assert [event["tool"] for event in person.of("tool_start")] == ["transfer_to_person"]
    assert acs.executions["transfer_call_to_participant"] == 1
    assert telephone.call is not None
    assert telephone.call.media is not None
    assert telephone.call.media.violations == []
    assert person.understood(before)
    assert len(telephone.ear.stops) <= 2


async def interrupt(person: PhoneCaller, telephone: Telephone) -> None:
    """An answer is interrupted by another question: silence at once, and nothing follows."""
    await person.say(await say_aside("what are your opening hours", HIBARI))
    await telephone.hears_voice(timeout_s=60)
    await asyncio.sleep(1.0)
    before = len(person.events)
    await person.say(await say_aside("how much is a cleaning", HIBARI))
    answer = await person.reply(before)
    (stop,) = telephone.ear.stops
    # Two lots of a frame are on their way at most.
    assert stop.dropped_ms <= 65
    quiet_ms = telephone.ear.quiet_ms_after(stop)
    assert quiet_ms is not None
    assert quiet_ms > 300
    (cut,) = [event for event in person.of("assistant_final", before) if event["interrupted"]]
    assert cut["content"].startswith("We are open")
    assert "closed" not in cut["content"]
    assert "ninety" in answer


@CALLS
async def test_after_a_cough_the_greeting_goes_on_where_it_paused(line: Line) -> None:
    acs, url = line
    # The first call may be greeted by the engine, later ones are with the same kept audio.
    async with calling(acs, url) as first:
        await first.reply()
    async with calling(acs, url) as undisturbed:
        await undisturbed.reply()
        # The end of a reply is told while its last frames are still to be played.
        await undisturbed.caller.hears_silence(300)
    async with calling(acs, url) as person:
        await person.caller.hears_voice(since_s=person.caller.ear.started_s)
        await asyncio.sleep(1.5)
        coughed = await person.say(cough())
        said = await person.reply()
        await person.caller.hears_silence(300)
    assert "What can I do for you" in said
    assert person.caller.ear.stops == []
    whole, paused = without_silence(undisturbed.caller.ear), without_silence(person.caller.ear)
    # A machine without time leaves silences elsewhere; beside the cough there is one, which is the pause.
    pauses = [
        span
        for span in person.caller.ear.timeline[:-1]
        if span.kind == "silence"
        and 150 < span.ms < 3_000
        and span.started_s < coughed.ended_s + 0.3
        and span.ended_s > coughed.started_s
    ]
    assert len(pauses) == 1
    assert abs(len(whole) - len(paused)) <= 0.03 * 16_000
    length = min(len(whole), len(paused))
    # Only the ramp of 5 ms after the pause may differ.
    assert numpy.count_nonzero(whole[:length] != paused[:length]) <= 0.02 * 16_000


@CALLS
async def test_somebody_is_called_and_books_an_appointment(line: Line) -> None:
    acs, url = line
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        placed = await rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert placed.status_code == 200
        telephone = await acs.callee("+15550123")
        async with PhoneCaller.on(telephone, url) as person:
            await converse(person, caller)
            person.hang_up()
            await telephone.ended(20)
        shown = (await rest.get(f"/calls/{placed.json()['call_id']}")).json()
    assert shown["status"] == "disconnected"
    assert caller.task_reached([ToolRun(tool["tool"], tool["args"], tool["result"]) for tool in person.tools()])


def test_one_command_has_an_agent_of_somebodys_own_call_somebody_who_asks(tmp_path: Path) -> None:
    for name in ("hotel", "restaurant"):
        (tmp_path / f"{name}.yaml").write_text(
            (ROOT / f"config/agents/{name}.yaml").read_text().replace("hotel", "inn")
        )
    (tmp_path / "hotel.yaml").rename(tmp_path / "inn.yaml")
    call = (sys.executable, "-m", "tests.eval.phone", "--callee", "+12065550123", "--agent", "inn")
    ended = subprocess.run(
        [*call, "--say", "what time is breakfast"],
        cwd=ROOT, env=environment(AGENTS_DIRECTORY=str(tmp_path)), capture_output=True, text=True, timeout=180,
        check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert re.search(r"caller  .*breakfast.*\n.*agent ", ended.stdout, re.IGNORECASE)
    assert ended.stdout.endswith(" 0 violations\n")


def test_the_server_of_the_command_has_the_agents_and_the_model_of_whoever_calls_it() -> None:
    there = {"AGENTS_DIRECTORY": "mine", "OPENAI_MODEL": "small", "LANGUAGE_MODEL": "", "OPERATOR_TOKEN": "x"}
    assert own_environment(there) == {"AGENTS_DIRECTORY": str(Path("mine").absolute()), "OPENAI_MODEL": "small"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--agent", "nobody"), "there is no agent 'nobody'; there are dentist, hotel, restaurant"),
        (("--agent", "hotel"), "nobody knows what to say to hotel: write it with SAY=, or name a file with WAV="),
        (("--say", "hello", "--wav", "a.wav"), "SAY and WAV both say what the caller says: name one of them"),
        (("--wav", "a.wav"), "a.wav cannot be said: No such file or directory"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{told}\n"
