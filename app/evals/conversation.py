"""One scenario, held with an agent: a session as the server's own, whose caller types and whose voice is silent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from actors.agent import Agent
from actors.conversation import Ending
from actors.errors import SynthesizerError
from actors.messages.caller import PACED, ConnectionAttached, EndSession
from actors.messages.output import OutputMessage
from actors.ports.llm import LanguageModel
from actors.ports.recipient import Recipient
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.play_clock import PlayClock
from actors.session.live_session import LiveSession
from actors.session.modes.media import MEDIA
from actors.session.plan import Engines, SessionPlan, TeamMember
from actors.session.sessions_keeper import SessionsKeeper
from actors.session_context import Channel, SessionContext
from actors.tools import AnyTool
from app.agents.handoffs import handoff_tools, team_of
from app.agents.session_hook import lookup_of
from app.dialogue.caller_phrases import caller_phrases
from app.dialogue.schema import dialogue_of
from app.evals.caller import ANSWERS_S, TAKEN_IN_S, Caller, Heard
from app.evals.listener import Listener, Moment
from app.evals.people import People, PeopleError
from app.evals.scenario import CALLERS, Persona, Scenario, Step
from app.evals.scripted_model import ScriptedModel
from app.evals.silent_voice import SilentVoice
from app.evals.telephone_call import telephone_call
from app.providers.absent import AbsentRecognizer
from app.stores.memory import MemoryStore

RATE_HZ = 16_000
GREETS_S = 5.0
"""Seconds of silence after which an agent is taken to wait for the caller's first words."""
QUIET_S = 120.0
"""The most seconds for which an agent that goes on speaking is waited for."""
ENDS_S = 5.0
"""Seconds within which a session ends after a hang-up."""


class Failed(msgspec.Struct, frozen=True):
    """The step at which a scenario failed, and why."""

    step: int
    expected: str
    instead: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one scenario."""

    name: str
    took_s: float
    """The length of the conversation, in seconds of its own clock."""
    failed: Failed | None
    timeline: tuple[Moment, ...]


async def hold(
    scenario: Scenario,
    agents: Mapping[str, Agent],
    tools: Mapping[str, AnyTool],
    model: LanguageModel,
    people: People | None = None,
    heard: Heard | None = None,
) -> Outcome:
    """Hold one conversation on the running loop; on a virtual one it takes no time.

    Args:
        scenario: what the caller does, and what is expected.
        agents: all that there are, by name; the scenario names the one that is talked with first.
        tools: those that agents name, by name.
        model: what answers, unless the scenario has a script.
        people: play the caller and judge; None for a scenario that needs nobody.
        heard: with what the caller speaks and is heard; None: they type.
    """
    loop, background = asyncio.get_running_loop(), BackgroundTasks()
    began = loop.time()
    keeper = SessionsKeeper(_engines(scenario, model, heard, background))
    listener = Listener(loop.time, hears=heard is not None)
    plan = _plan(scenario, agents, tools, heard)
    try:
        async with _conversing(plan, agents, keeper, listener, heard) as caller:
            failed = None
            if scenario.persona is not None:
                failed = await _play(scenario.persona, people, caller, listener)
            failed = failed or await _follow(scenario.steps, caller, listener, people)
            took_s = round(loop.time() - began, 3)
            return Outcome(name=scenario.name, took_s=took_s, failed=failed, timeline=tuple(listener.timeline))
    finally:
        keeper.stop()
        await background.finished()


@asynccontextmanager
async def _conversing(
    plan: SessionPlan, agents: Mapping[str, Agent], keeper: SessionsKeeper, listener: Listener, heard: Heard | None
) -> AsyncIterator[Caller]:
    """A session and its caller, until they hang up."""

    def opened(output: Recipient[OutputMessage], attached: ConnectionAttached) -> LiveSession:
        return keeper.open(plan, output, attached)

    async with AsyncExitStack() as stack:
        line = None
        if heard is not None and heard.audio.by_telephone:
            line, session = await stack.enter_async_context(
                telephone_call(
                    listener, opened, agent=plan.agent, agents=agents, keeper=keeper, caller=plan.about.caller
                )
            )
        else:
            session = opened(listener, ConnectionAttached(connection_id="eval", lead=PACED, rate_hz=RATE_HZ))
        caller = Caller(session, listener, heard, line)
        try:
            yield caller
        finally:
            await caller.close()
            session.deliver(EndSession(Ending.NORMAL, politely=False))
            async with asyncio.timeout(ENDS_S):
                await keeper.emptied()


def _engines(scenario: Scenario, model: LanguageModel, heard: Heard | None, background: BackgroundTasks) -> Engines:
    """What the session is made with: a caller who types is not listened to, and an agent speaks on the telephone."""
    loop = asyncio.get_running_loop()
    return Engines(
        recognizer=heard.engines.recognizer if heard is not None else AbsentRecognizer(),
        synthesizer=heard.engines.synthesizer if heard is not None and heard.audio.by_telephone else SilentVoice(),
        model=ScriptedModel(scenario.model) if scenario.model else model,
        voice_activity=heard.engines.voice_activity if heard is not None else _NoVoice,
        store=MemoryStore(),
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=LoopClock(),
        background=background,
    )


def _plan(
    scenario: Scenario, agents: Mapping[str, Agent], tools: Mapping[str, AnyTool], heard: Heard | None
) -> SessionPlan:
    agent = agents[scenario.agent]
    members = {
        each.name: TeamMember(
            agent=each,
            tools={name: tools[name] for name in each.tools} | handoff_tools(each, agents),
            kept=lambda _: {},
        )
        for each in (agent, *team_of(agent, agents))
    }
    by_telephone = bool(scenario.caller) or (heard is not None and heard.audio.by_telephone)
    channel = Channel.TELEPHONE if by_telephone else Channel.BROWSER
    return SessionPlan(
        session_id="eval",
        mode=MEDIA,
        agent=agent,
        tools=members[agent.name].tools,
        team=members,
        phrases_expected=caller_phrases(dialogue) if (dialogue := dialogue_of(agent)) is not None else (),
        kept=lambda _: {},
        resume_token="",
        about=SessionContext(channel=channel, caller=scenario.caller, context=scenario.context),
        look_up=lookup_of(agent),
    )


async def _play(persona: Persona, people: People | None, caller: Caller, listener: Listener) -> Failed | None:
    """Have somebody talk with the agent until either hangs up; the reason why that cannot be done, or None."""
    await listener.until(lambda: listener.pieces > 0, GREETS_S)
    for turn in range(min(persona.max_turns, len(persona.says) or persona.max_turns)):
        if not await listener.until(lambda: listener.is_quiet, QUIET_S):
            return Failed(0, "the agent comes to an end", f"it said {listener.spoken!r}")
        if listener.ended is not None:
            return None
        words, hangs_up = (persona.says[turn], False) if persona.says else ("", True)
        if not persona.says and people is not None:
            try:
                words, hangs_up = await people.next_words(persona, listener.timeline)
            except PeopleError as error:
                return Failed(0, "the caller says something", str(error))
        if words:
            heard = listener.pieces
            listener.noted("caller", words)
            try:
                await caller.says(words)
            except SynthesizerError as error:
                return Failed(0, "the caller says something", f"it cannot be spoken: {error}")
            await listener.until(lambda heard=heard: listener.pieces > heard, ANSWERS_S)  # type: ignore[misc]
        if hangs_up or not words:
            break
    await listener.until(lambda: listener.is_quiet, QUIET_S)
    return None


async def _follow(steps: tuple[Step, ...], caller: Caller, listener: Listener, people: People | None) -> Failed | None:
    """Do and expect one after another; the first that fails, or None."""
    for number, step in enumerate(steps, 1):
        failed = await (
            _act(number, step, caller, listener)
            if step.action in CALLERS
            else _check(number, step, listener)
            if step.judge is None
            else _judge(number, step.judge, listener, people)
        )
        if failed is not None:
            return failed
    return None


async def _act(number: int, step: Step, caller: Caller, listener: Listener) -> Failed | None:
    """Do what the caller does in this step; the reason why that cannot be done, or None."""
    if step.interrupt is not None:
        if not await listener.until(lambda: listener.speaking_since is not None, step.within_ms / 1000):
            return Failed(number, "the agent speaks, to be interrupted", "it said nothing")
        await asyncio.sleep(step.after_ms / 1000)
    elif not await listener.until(lambda: listener.is_quiet, QUIET_S):
        return Failed(number, "the agent comes to an end", f"it said {listener.spoken!r}")
    if listener.ended is not None:
        return Failed(number, f"the session goes on, for {step.action}", f"it ended, {listener.ended.value}")
    if step.silence_s is not None:
        listener.acted(f"says nothing for {step.silence_s:g} s")
        await listener.until(lambda: listener.ended is not None, step.silence_s)
    elif step.key is not None:
        listener.acted(f"presses {step.key}")
        caller.presses(step.key)
        await asyncio.sleep(TAKEN_IN_S)
    else:
        text = step.say if step.say is not None else step.interrupt
        listener.acted(text or "")
        await caller.says(text or "")
    return None


async def _judge(number: int, criterion: str, listener: Listener, people: People | None) -> Failed | None:
    """See whether a judge finds that what is expected has come."""
    await listener.until(lambda: listener.is_quiet, QUIET_S)
    expected = f"a judge finds that {criterion}"
    if people is None:
        return Failed(number, expected, "there is no judge: EVAL_MODEL is unset")
    try:
        verdict = await people.judge(criterion, listener.timeline)
    except PeopleError as error:
        return Failed(number, expected, str(error))
    listener.noted("judge", f"{'yes' if verdict.passed else 'no'}: {verdict.reason}")
    return None if verdict.passed else Failed(number, expected, f"they do not: {verdict.reason}")


async def _check(number: int, step: Step, listener: Listener) -> Failed | None:
    """See whether what is expected of the agent comes."""
    left_s = step.within_ms / 1000 - (asyncio.get_running_loop().time() - listener.acted_at)
    within = f" within {step.within_ms} ms"
    if step.expect is not None:
        pattern = step.expect
        came = await listener.until(lambda: listener.said(pattern), left_s)
        expected, instead = f"the agent says {pattern!r}{within}", f"it said {listener.spoken!r}"
    elif step.absent is not None:
        await listener.until(lambda: bool(listener.spoken), left_s)
        await listener.until(lambda: listener.is_quiet, QUIET_S)
        came = bool(listener.spoken) and not listener.said(step.absent)
        expected, instead = f"the agent speaks, and does not say {step.absent!r}", f"it said {listener.spoken!r}"
    elif step.tool is not None:
        came = await listener.until(lambda: _was_called(step, listener), left_s)
        called = "; ".join(f"{call.name} {call.arguments}" for call in listener.calls)
        expected = f"the tool {step.tool} is called with {msgspec.json.encode(step.arguments).decode()}{within}"
        instead = f"called were: {called or 'none'}; the agent said {listener.spoken!r}"
    else:
        came = await listener.until(lambda: listener.ended is not None, max(left_s, QUIET_S))
        came = came and listener.ended is step.ended
        expected = f"the session ends, {step.ended.value if step.ended else ''}"
        instead = (
            f"it ended, {listener.ended.value}" if listener.ended else f"it goes on; the agent said {listener.spoken!r}"
        )
    return None if came else Failed(number, expected, instead)


def _was_called(step: Step, listener: Listener) -> bool:
    """Whether a tool was called with these arguments, and perhaps others."""
    return any(
        call.name == step.tool and step.arguments.items() <= _arguments(call.arguments).items()
        for call in listener.calls
    )


def _arguments(text: str) -> Mapping[str, object]:
    try:
        found = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class _NoVoice:
    """Finds no voice anywhere: the caller of an evaluation types."""

    rate_hz = RATE_HZ
    window_samples = 320

    def probability(self, window: bytes) -> float:
        return 0.0

    def reset(self) -> None:
        """Do nothing: there is no state."""
