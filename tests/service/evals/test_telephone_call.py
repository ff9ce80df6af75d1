"""A telephone call to a server of its own: a caller of an evaluation speaks, keys and hears over it."""

import asyncio
import math
from array import array
from typing import Any

import msgspec

from actors.agent import Agent, Limits
from actors.conversation import Ending
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.play_clock import PlayClock
from actors.session.plan import Engines
from actors.turn_taking_settings import Endpointing
from app.evals.caller import Heard
from app.evals.conversation import Outcome, hold
from app.evals.microphone import Audio
from app.evals.scenario import Persona, Reply, Scenario, Step
from app.stores.memory import MemoryStore
from tests.kit.fakes import EnergyActivity, FakeModel, FakeRecognizer, FakeSynthesizer

AGENT = Agent(
    name="tester",
    label="Tester",
    greeting="Hello there.",
    limits=Limits(no_input_s=30),
    endpointing=Endpointing(end_silence_ms=400),
)
LINES = ("when are you open", "stop please")
VOICE = array("h", (round(8_000 * math.sin(math.tau * 1_000 * at / 16_000)) for at in range(16_000))).tobytes()
"""A second in the midst of the band of a telephone."""
ANSWER = "It is open from nine to five, and on Saturday from ten to one."


def heard(*utterances: str) -> tuple[Heard, FakeRecognizer]:
    """Engines that are exact, and what the recognizer of them was given."""
    loop = asyncio.get_running_loop()
    recognizer = FakeRecognizer(utterances)
    engines = Engines(
        recognizer=recognizer,
        synthesizer=FakeSynthesizer(ms_per_char=30),
        model=FakeModel(),
        voice_activity=EnergyActivity,
        store=MemoryStore(),
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=LoopClock(),
        background=BackgroundTasks(),
    )
    return Heard(engines, Audio(by_telephone=True, noise_db=40), {line: VOICE for line in LINES}), recognizer


async def held(scenario: Scenario, *utterances: str) -> tuple[Outcome, Any]:
    """What came of a conversation by telephone, and what was heard of its caller."""
    engines, recognizer = heard(*utterances)
    outcome = await hold(scenario, {"tester": AGENT}, {}, FakeModel(), heard=engines)
    return outcome, recognizer.streams[0]


def scenario(*steps: Step, **more: Any) -> Scenario:
    replies = tuple(Reply(say=ANSWER) for _ in steps)
    return Scenario(name="by telephone", agent="tester", steps=steps, model=replies, **more)


async def test_a_caller_is_heard_through_the_media_socket_and_hears_the_agent_there() -> None:
    asked = scenario(
        Step(expect="hello"), Step(say="when are you open"), Step(expect="nine to five"), Step(absent="no")
    )
    outcome, stream = await held(asked, "when are you open")
    assert outcome.failed is None, outcome
    assert 3 < outcome.took_s < 30, "of the conversation"
    moments = [(moment.who, moment.what) for moment in outcome.timeline]
    assert moments.count(("line", "the agent's voice begins")) == 2
    assert ("heard", "when are you open") in moments
    assert any(stream.heard), "frames have come through"


async def test_an_interruption_cuts_the_agents_voice_off_on_the_line() -> None:
    steps = (Step(expect="hello"), Step(say="when are you open"), Step(interrupt="stop please", after_ms=700))
    outcome, _ = await held(scenario(*steps, Step(expect="nine")), "when are you open", "stop please now")
    assert outcome.failed is None, outcome
    assert ("line", "the agent's voice is cut off") in [(each.who, each.what) for each in outcome.timeline]


async def test_keys_come_over_the_line_and_the_caller_is_the_one_that_the_scenario_names() -> None:
    asked = scenario(Step(expect="hello"), Step(key="12#"), Step(expect="nine"), caller="+15550123")
    outcome, _ = await held(asked)
    assert outcome.failed is None, outcome


async def test_a_session_that_ends_itself_ends_the_call() -> None:
    steps = (Step(expect="hello"), Step(ended=Ending.IDLE_TIMEOUT))
    quiet = msgspec.structs.replace(AGENT, limits=Limits(no_input_s=0.3))
    engines, _ = heard()
    outcome = await hold(scenario(*steps), {"tester": quiet}, {}, FakeModel(), heard=engines)
    assert outcome.failed is None, outcome


async def test_a_persona_may_call_too() -> None:
    asked = scenario(Step(expect="nine to five"), persona=Persona(says=("when are you open",)))
    outcome, _ = await held(asked, "when are you open")
    assert outcome.failed is None, outcome
