"""Runs one conversation of the campaign on virtual time, and gathers what there is to judge it by."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import takewhile
from random import Random

import msgspec
from pykka import ActorRegistry

from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import (
    ConnectionAttached,
    EndSession,
    KeyPressed,
    TextEntered,
    Transport,
)
from actors.messages.output import AudioFrame
from actors.runtime.clock import run_virtual
from actors.session.live_session import LiveSession
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.plan import TeamMember
from actors.session.sessions import SessionEntry
from actors.session_context import OUTBOUND
from actors.tools import AnyTool
from app.providers.absent import AbsentRecognizer
from tests.fault_campaign.caller_voice import SAID, Utterance, Voice
from tests.fault_campaign.campaign_agents import CAMPAIGN_AGENT, OTHER_AGENT, limited, tools_of
from tests.fault_campaign.careless_engines import CarelessActivity, CarelessEndOfTurn, CarelessSynthesizer, Count
from tests.fault_campaign.crashes import crashing
from tests.fault_campaign.disturbances import Disturber
from tests.fault_campaign.evidence import ENDS_WITHIN_S, RESTORED, TALK_S, UNHEARD_S, Asked, Evidence
from tests.fault_campaign.faulty_engines import WordModel, booking_tool, mcp_tool
from tests.fault_campaign.guardrails import SAY, Judge
from tests.fault_campaign.hearing_recognizer import HearingRecognizer
from tests.fault_campaign.leaks import leaks_of, watch_queues
from tests.fault_campaign.marking_client import MarkingClient
from tests.fault_campaign.operators import decide
from tests.fault_campaign.scenario import Ask, Finish, How, Scenario, When
from tests.fault_campaign.speaking_model import SpeakingModel
from tests.fault_campaign.speech_as_text import phrase
from tests.kit.fakes import FakeStore
from tests.kit.faults import Faults
from tests.kit.session_kit import RATE_HZ, Stage, stage

FRAME_MS = 20
PATIENCE_S = 40.0
"""How long the caller waits for an answer at most."""
CRASHES_BEFORE_A_PAUSE = 2
IN_PAUSE_S = 0.05
"""Into the 100 ms after which an actor that has failed twice is started again."""
ANSWERS = (UtteranceKind.REPLY, UtteranceKind.APOLOGY, UtteranceKind.GOODBYE)


class Conversation:
    """One conversation."""

    def __init__(self, scenario: Scenario) -> None:
        self._others = {ref.actor_urn for ref in ActorRegistry.get_all()}
        self.scenario = scenario
        self.rng = Random(scenario.seed)
        self.faults = Faults(*scenario.plans)
        self.model = WordModel(self.faults, scenario.model_fault, scenario.faulty_requests)
        if scenario.guards is not None and scenario.guards.action is None:
            self.model.judge = Judge(scenario.guards)
        self.said = dict(SAID)
        """What the caller says, by the number in their voice."""
        self.recognizer = HearingRecognizer(self.said, self.faults, scenario.recognizer_fault, scenario.faulty_finals)
        self.speaking: SpeakingModel | None = None
        if scenario.mode == VOICE_LIVE:
            self.speaking = SpeakingModel(self.said, scenario.mishaps, self.faults)
        self.evidence = Evidence(scenario=scenario)
        self.connections = 1
        self.client: MarkingClient | None = None
        """The client that reports how far it has played; None where the connection is of another kind."""
        self._others_at_work: list[asyncio.Task[None]] = []
        self.is_mute = False
        """The caller's client sends no audio."""
        self._session: LiveSession | None = None
        self._crashes = 0

    def note(self, deed: str) -> None:
        """Put what happens into the log."""
        loop = asyncio.get_running_loop()
        self.evidence.deeds.append((loop.time(), deed))
        ask, self._crashes = self.scenario.ask_in_restart, self._crashes + deed.startswith("CRASH")
        if ask is not None and self._crashes == CRASHES_BEFORE_A_PAUSE and self._session is not None:
            self._crashes += 1
            loop.call_later(IN_PAUSE_S, self._say_at_once, self._session, ask)

    async def run(self) -> Evidence:
        """Have the conversation."""
        scenario = self.scenario
        synthesizer = CarelessSynthesizer(
            faults=self.faults,
            kept_share=scenario.kept_share,
            cut_writes=scenario.cut_writes,
            fault=scenario.voice_fault,
        )
        windows = Count(scenario.vad_fault, scenario.faulty_windows)
        ends = Count(scenario.turn_end_fault, scenario.faulty_ends)
        phrases = CAMPAIGN_AGENT.phrases
        texts = (phrases.apology, phrases.say_again, phrases.goodbye, phrases.hold_on, SAY, *phrases.fillers)
        kept = {text: phrase(text, RATE_HZ) for text in (*texts, *phrases.no_input)}
        booking = self._booking()
        agent, other = (limited(each, scenario) for each in (CAMPAIGN_AGENT, OTHER_AGENT))
        team = {
            each.name: TeamMember(agent=each, tools=tools_of(each, booking), kept=lambda _: kept)
            for each in (agent, other)
        }
        overheard = None if scenario.mishaps.is_overheard else AbsentRecognizer()
        with crashing(scenario.crashes, scenario.mode, self.note), suppress(TimeoutError):
            async with stage(
                agent=agent, faults=self.faults, lead=scenario.lead, model=self.model, kept=kept,
                tools=tools_of(agent, booking), team=team, recognizer=self.recognizer, synthesizer=synthesizer,
                tap=self._before_anything, voice_activity=lambda: CarelessActivity(windows),
                end_of_turn=lambda: CarelessEndOfTurn(ends), mode=scenario.mode, realtime=self.speaking,
                transcriber=overheard, realtime_falls_back=scenario.mishaps.falls_back,
            ) as on:  # fmt: skip
                await self._talk(on)
                if scenario.is_resumed:
                    await self._resume(on)
                self._collect(on)
        self.evidence.leaks += await leaks_of(on, self._others)
        self._collect(on)
        return self.evidence

    def _booking(self) -> AnyTool:
        scenario, done = self.scenario, self.evidence.tool_runs
        if scenario.mcp_fault is not None:
            return mcp_tool(done, scenario.mcp_fault)
        needs_approval = scenario.operator is not None
        return booking_tool(
            done,
            scenario.tool_fault,
            scenario.on_interruption,
            is_approved=needs_approval,
            connects=scenario.tool_connects,
        )

    def goes_on_in(self, on: Stage, session: LiveSession) -> None:
        """Talk to this session from now on, which has taken the place of the former one."""
        assert isinstance(session, SessionEntry)
        on.entry = self._session = session
        if self.client is not None:
            self.client.forget()
            self.client.session = session

    # the caller

    def _before_anything(self, session: LiveSession) -> None:
        self._session = session
        if self.scenario.is_outbound:
            session.change_plan(about=msgspec.structs.replace(session.plan.about, direction=OUTBOUND))
        for ask in self.scenario.asks:
            if ask.when is When.BEFORE_ANYTHING:
                self._say_at_once(session, ask)
        if self.scenario.finish is Finish.HANG_UP_AT_ONCE:
            self.note("hang-up")
            session.deliver(EndSession(Ending.NORMAL, politely=False))

    def _say_at_once(self, session: LiveSession, ask: Ask) -> None:
        self.evidence.asked.append(Asked(asyncio.get_running_loop().time(), ask))
        self.note(f"{ask.how}: {ask.text}")
        if ask.how is How.KEYS:
            for key in ask.text.removesuffix("#") + ("#" if ask.has_end else ""):
                session.deliver(KeyPressed(key))
        else:
            session.deliver(TextEntered(ask.text))

    async def _talk(self, on: Stage) -> None:
        if on.lead.transport is Transport.MARKED:
            self.client = MarkingClient(on.entry, on.ear, self.scenario.client_fault, self.rng.uniform(0.0, 12.0))
            on.entry.connection.output = self.client
            self.client.start()
            self.evidence.played = self.client.played
        watching = asyncio.ensure_future(watch_queues(on, self.evidence.full))
        operating = asyncio.ensure_future(decide(on, self.scenario.operator, self.note))
        disturber = Disturber(self, on, self.rng)
        others = [asyncio.ensure_future(disturber.disturb(at, what)) for at, what in self.scenario.disturbances]
        self._others_at_work = list(others)
        losses = self.speaking.start() if self.speaking is not None else []
        caller = asyncio.ensure_future(self._ask_all(on))
        ended = asyncio.ensure_future(self._until_ended(on))
        await asyncio.wait([caller, ended], return_when=asyncio.FIRST_COMPLETED)
        if caller.done() and not ended.done():
            leaving = asyncio.ensure_future(self._leave(on))
            others.append(leaving)
            await asyncio.wait([leaving, ended], return_when=asyncio.FIRST_COMPLETED)
            self.evidence.left_at = asyncio.get_running_loop().time()
            await asyncio.wait([ended], timeout=ENDS_WITHIN_S[self.scenario.finish])
        for loss in losses:
            loss.cancel()
        for task in (watching, operating, caller, ended, *others):
            task.cancel()
        await asyncio.gather(watching, operating, caller, ended, *others, return_exceptions=True)
        if self.client is not None:
            await self.client.stop()

    async def _resume(self, on: Stage) -> None:
        """Restore the session from its record, say something more, and hang up."""
        store = on.engines.store
        assert isinstance(store, FakeStore)
        if self.evidence.ended_at is None or not store.saved:
            return
        self.note(RESTORED)
        self.evidence.lost_connections += 1
        attached = ConnectionAttached(connection_id="connection-9", lead=on.lead, rate_hz=RATE_HZ)
        await on.hang_up()
        on.start_caller()
        on.entry = on.sessions.restore(on.entry.plan, on.ear, attached, store.saved[-1])
        await asyncio.sleep(0.5)
        if not on.sessions.live:
            return
        await self._ask(on, Ask(how=How.VOICE, when=When.IN_QUIET, text="what about this q9"))
        await self._until_answered(on)
        self.evidence.left_at = asyncio.get_running_loop().time()
        on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
        await on.sessions.emptied()
        self.evidence.ended_at = asyncio.get_running_loop().time()

    async def _until_ended(self, on: Stage) -> None:
        await on.sessions.emptied()
        self.evidence.ended_at = asyncio.get_running_loop().time()

    async def _ask_all(self, on: Stage) -> None:
        for ask in self.scenario.asks:
            if ask.when is When.BEFORE_ANYTHING:
                continue
            if ask.when is When.IN_QUIET:
                await self._until_quiet(on)
            elif ask.when is When.OVER_REPLY:
                await self._until_speaking(on)
            await asyncio.sleep(ask.pause_s)
            await self._ask(on, ask)
        if self.scenario.finish not in (Finish.HANG_UP_OVER_REPLY, Finish.HANG_UP_AT_ONCE):
            said = -1
            while said != len(self.evidence.asked):
                # What is typed while an actor waits to be started again comes when it comes.
                said = len(self.evidence.asked)
                await self._until_answered(on)
                await self._until_quiet(on)

    async def _ask(self, on: Stage, ask: Ask) -> None:
        if ask.how is not How.VOICE:
            self._say_at_once(on.entry, ask)
            return
        await self._until(lambda: not self.is_mute)
        self.note(f"voice: {ask.text}")
        parts = 2 if ask.silent_s else 1
        on.voice = voice = Voice(len(self.said))
        self.said[len(self.said)] = utterance = Utterance(ask.text, round(TALK_S * 1000 / FRAME_MS))
        for part in range(parts):
            await asyncio.sleep(ask.silent_s if part else 0.0)
            await on.talk(round(TALK_S * 1000 / parts))
        # An answer is owed to what has sounded, for the caller's audio may have stopped in the middle of it; and from
        # when the voice ends: what sounded before is no answer.
        if sounded := utterance.understood(range(voice.frames)):
            asked = msgspec.structs.replace(ask, text=sounded)
            self.evidence.asked.append(Asked(asyncio.get_running_loop().time(), asked))

    async def _until_quiet(self, on: Stage) -> None:
        """Until what was asked last is answered and nothing has sounded for a while, or patience is over."""
        await self._until_answered(on)
        await self._until(lambda: self._silent_s(on) > 0.5)

    async def _until_answered(self, on: Stage) -> None:
        if self.scenario.mode == TRANSCRIPTION:
            await self._until_transcribed(on)
        elif self.evidence.asked:
            at = self.evidence.asked[-1].at
            await self._until(lambda: any(m.kind in ANSWERS for m in self._audio(on, at)))
        else:
            await self._until(lambda: any(self._audio(on)), 3.0)

    async def _until_transcribed(self, on: Stage) -> None:
        """Until what was said last is in the transcript, or patience is over; what is said next begins later."""
        last = self.evidence.asked[-1].ask.text if self.evidence.asked else ""
        kept = on.entry.checkpoint
        await self._until(lambda: last in " ".join(m.text for m in kept.messages), UNHEARD_S)

    async def _until_speaking(self, on: Stage) -> None:
        await self._until_answered(on)
        await self._until(lambda: self._silent_s(on) < 0.1)

    def _audio(self, on: Stage, since: float = -1.0) -> Iterator[AudioFrame]:
        """Frames that were sent later than `since`, the last one first: it is asked for again and again."""
        late = takewhile(lambda sent: sent[0] > since, reversed(on.ear.shown))
        return (m for _, m in late if isinstance(m, AudioFrame))

    def _silent_s(self, on: Stage) -> float:
        last = next((at for at, m in reversed(on.ear.shown) if isinstance(m, AudioFrame)), 0.0)
        return asyncio.get_running_loop().time() - last

    async def _until(self, condition: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not condition():  # noqa: ASYNC110 - what is waited for is in the past of the ear
                    await asyncio.sleep(0.1)

    async def _leave(self, on: Stage) -> None:
        finish = self.scenario.finish
        if finish is Finish.HANG_UP_OVER_REPLY:
            await self._until_answered(on)
            await asyncio.sleep(self.rng.uniform(0.0, 2.0))
        self.note(finish)
        match finish:
            case Finish.HANG_UP | Finish.HANG_UP_OVER_REPLY | Finish.HANG_UP_AT_ONCE:
                on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            case Finish.LOST:
                # Nobody brings it back.
                for task in self._others_at_work:
                    task.cancel()
                self.evidence.lost_connections += 1
                await on.hang_up()
                on.detach(f"connection-{self.connections}")
            case Finish.DRAIN:
                on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
            case Finish.SILENCE:
                pass

    # what is looked at

    def _collect(self, on: Stage) -> None:
        evidence, session = self.evidence, on.entry
        evidence.shown = on.ear.shown
        evidence.messages, evidence.agent = session.checkpoint.messages, session.checkpoint.agent
        store = on.engines.store
        assert isinstance(store, FakeStore)
        if not any(plan.place == "store.save" for plan in self.scenario.plans):
            evidence.recorded = store.saved[-1].messages if store.saved else ()
        # What was said in two parts, with a pause between them, is read as one.
        evidence.read_by_model = [
            " ".join(m.text for m in request.messages if m.role is Role.USER) for request in self.model.requests
        ]
        if self.speaking is not None:
            evidence.read_by_model += self.speaking.read


def converse(scenario: Scenario) -> Evidence:
    """Run one conversation on a virtual clock of its own, without logging."""
    logging.disable(logging.CRITICAL)
    try:
        return run_virtual(Conversation(scenario).run())
    finally:
        logging.disable(logging.NOTSET)
