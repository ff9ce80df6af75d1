"""Sessions on virtual time whose turn-taking is recorded, and the session files that come of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from actors.agent import Agent
from actors.messages.caller import ConnectionDetached, KeyPressed, TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.session.recorded_turn_taking import TurnTakingStep
from actors.session.sessions import SessionEntry
from actors.tools import AnyTool, tool
from app.replay.encoding import SessionEncoder
from app.replay.recording import AudioBeside, Over
from tests.kit.fakes import FakeModel
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, Stage, stage

SECRETS = ("4111", "Miller", "seven", "nine", "acct", "8642", "Hopkins", "example", "friday")
"""Parts of what is said, typed, pressed and known in these sessions, none of which may be in a masked file."""
UTTERANCES = (
    "a time on friday for Miller my card is 4111 1111 1111 1111",
    "no stop my number is seven seven nine two",
    "uh huh",
    "wait write to miller at example dot com",
)
GREETED: Agent = msgspec.structs.replace(AGENT, greeting="Hello Mrs. Hopkins. How can I help you?")

MOST_BYTES = 4 << 20


class Poison(msgspec.Struct, frozen=True):
    """No actor has a rule for it: whoever is told it fails."""


@tool
async def look_up(day: str) -> list[str]:
    """Look something up.

    Args:
        day: The day.
    """
    await asyncio.sleep(0.4)
    return ["nine", "ten"]


TOOLS: dict[str, AnyTool] = {"look_up": look_up}


def answer(request: ModelRequest) -> list[ModelEvent | float]:
    """Calls the tool once in each turn, and then answers at length."""
    if request.messages[-1].call_id:
        text = "There is nine o'clock, and there is ten, and there may be more in the afternoon. "
        return [0.21, TextGenerated(text), TextGenerated("Which?"), ReplyGenerated()]
    called = ToolCalled(call_id=f"c{len(request.messages)}", name="look_up", arguments='{"day":"friday"}')
    return [0.13, TextGenerated("Let me look. "), called, ReplyGenerated()]


async def barge_in(on: Stage) -> None:
    """Two turns by voice, an interruption, a cough, a backchannel, a typed line and some keys."""
    await asyncio.sleep(1.5)
    await on.talk(900)
    await asyncio.sleep(3.0)
    await on.talk(80)
    await asyncio.sleep(1.0)
    await on.talk(1000)
    await asyncio.sleep(3.0)
    await on.talk(300)
    await asyncio.sleep(1.0)
    await on.talk(700)
    await asyncio.sleep(2.0)
    on.entry.deliver(TextEntered("acct 8642, please"))
    await asyncio.sleep(6.0)
    for key in "8642#":
        on.entry.deliver(KeyPressed(key))
        await asyncio.sleep(0.3)
    await asyncio.sleep(8.0)


async def restart(on: Stage) -> None:
    """The orchestrator is lost while it answers, and again while the caller speaks; then the supervisor is."""
    await asyncio.sleep(2.5)
    await on.talk(900)
    await asyncio.sleep(1.2)
    on.entry.addresses["orchestrator"].tell(Poison())
    await on.ear.until_count(ReplyHeard, 2, 30)
    on.talking = True
    await asyncio.sleep(0.4)
    on.entry.addresses["orchestrator"].tell(Poison())
    await asyncio.sleep(0.6)
    on.talking = False
    await asyncio.sleep(8.0)
    on.entry.addresses.supervisor.tell(Poison())
    await asyncio.sleep(8.0)


async def lost_line(on: Stage) -> None:
    """The connection is lost in the middle of a reply and comes back; then nobody says anything to the end."""
    await asyncio.sleep(2.5)
    await on.talk(900)
    await asyncio.sleep(2.0)
    on.entry.deliver(ConnectionDetached("connection-1"))
    await asyncio.sleep(3.0)
    on.attach("connection-2")
    await asyncio.sleep(60.0)


Scene = Callable[[Stage], Awaitable[None]]

SCENES: dict[str, tuple[Scene, Callable[[], Faults]]] = {
    "barge-in": (barge_in, Faults),
    "restart": (restart, Faults),
    "lost line": (lost_line, Faults),
    "model fails": (barge_in, lambda: Faults(Plan("model.reply", Fault.FAIL, 2))),
    "model hangs": (barge_in, lambda: Faults(Plan("model.reply", Fault.STALL, 3))),
    "synthesizer fails": (barge_in, lambda: Faults(Plan("synthesizer.write", Fault.FAIL, 3, 4))),
    "recognizer fails": (barge_in, lambda: Faults(Plan("recognizer.push", Fault.FAIL, 120, 2))),
}
"""What happens in each session, and what goes wrong in it."""


def steps_of(name: str, utterances: Sequence[str] = UTTERANCES) -> list[TurnTakingStep]:
    """What turn-taking was told in a session, and what it decided."""
    scene, make_faults = SCENES[name]
    steps: list[TurnTakingStep] = []

    def tap(entry: SessionEntry) -> None:
        entry.change_plan(record_step=steps.append)

    async def main() -> None:
        faults = make_faults()
        model = FakeModel(answer, faults)
        async with stage(agent=GREETED, utterances=utterances, model=model, tools=TOOLS, faults=faults, tap=tap) as on:
            await scene(on)

    run_virtual(main())
    return steps


def session_file(
    steps: Sequence[TurnTakingStep], *, content: bool, most_bytes: int = MOST_BYTES, audio: AudioBeside | None = None
) -> bytes:
    """The file of a session, encoded in several goes."""
    encoder = SessionEncoder(
        session_id="session-1", mode="media", began="2026-01-02T03:04:05Z", content=content, most_bytes=most_bytes
    )
    for begin in range(0, len(steps), 100):
        encoder.add(list(steps[begin : begin + 100]))
    return encoder.finished(Over(ending="NORMAL", audio=audio))


def write_session_file(folder: Path, name: str = "barge-in", *, content: bool = False) -> Path:
    """Record a session into a file of `folder`."""
    path = folder / "session.jsonl"
    path.write_bytes(session_file(steps_of(name), content=content))
    return path
