"""What sessions are made of: the engines of a process, and the plan of one session."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from actors.agent import Agent, VoicemailAction
from actors.ports.call_controls import CallControls
from actors.ports.clock import Clock
from actors.ports.end_of_turn import EndOfTurnFactory
from actors.ports.llm import LanguageModel
from actors.ports.realtime import RealtimeModel
from actors.ports.store import SessionStore
from actors.ports.stt import SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer, SpokenPhrase
from actors.ports.vad import VoiceActivityFactory
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.play_clock import PlayClock
from actors.runtime.restart_budget import RestartPolicy
from actors.session.recorded_turn_taking import RecordStep
from actors.session_context import OUTBOUND, GivenContext, SessionContext
from actors.tools import AnyTool


class Engines(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is made with; one per process."""

    recognizer: SpeechRecognizer
    synthesizer: SpeechSynthesizer
    model: LanguageModel
    voice_activity: VoiceActivityFactory
    store: SessionStore
    end_of_turn: EndOfTurnFactory = EndOfTurnByWords
    realtime: RealtimeModel | None = None
    """The speech-to-speech model, for sessions of mode voice_live; None if there is none."""
    transcriber: SpeechRecognizer | None = None
    """The recognizer that listens in parallel to the speech-to-speech model; None for `recognizer`."""
    phrases: SpeechSynthesizer | None = None
    """The synthesizer of an agent's phrases that are not kept as sound, in sessions of `realtime`; None for
    `synthesizer`."""
    realtime_falls_back: bool = True
    """Whether a session whose speech-to-speech model has failed goes on with the engines above; if not, it ends."""
    play_clock: PlayClock
    clock: Clock
    background: BackgroundTasks
    restarts: RestartPolicy = RestartPolicy()


class TeamMember(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that a session may be handed off to, with what it has of its own."""

    agent: Agent
    tools: Mapping[str, AnyTool]
    phrases_expected: tuple[str, ...] = ()
    kept: Callable[[int], Mapping[str, SpokenPhrase]]
    """Returns the phrases of the agent that are kept as sound, by their text; called with a sample rate in Hz."""


class SessionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one session is started with: its agent, its mode, and what is known of the caller."""

    session_id: str
    mode: str
    """The name of its mode: one of `session/modes/registry.py`."""
    agent: Agent
    tools: Mapping[str, AnyTool]
    phrases_expected: tuple[str, ...]
    kept: Callable[[int], Mapping[str, SpokenPhrase]]
    """Returns the phrases of the first agent that are kept as sound, by their text; called with a sample rate in Hz."""
    resume_token: str
    rate_hz: int = 16_000
    call_id: str = ""
    call: CallControls | None = None
    """The orders that tools may give about the telephone call; None in a browser."""
    about: SessionContext = SessionContext()
    """What is known of the session before anybody speaks."""
    given: GivenContext | None = None
    """The context that a browser's token has brought, unchanged; None if it has brought none."""
    look_up: Callable[[SessionContext], Awaitable[SessionContext]] | None = None
    """Completes what is known before the session begins; None if there is nothing to look up."""
    model: LanguageModel | None = None
    """The language model of this session, in place of the engines' own; None for that one."""
    realtime: RealtimeModel | None = None
    """The speech-to-speech model of this session, in place of the engines' own; None for that one."""
    traceparent: str = ""
    """The W3C trace context of the request that began the session; empty if it is not traced."""
    stored: bool = True
    """Whether the session's record is kept in the store."""
    record_step: RecordStep | None = None
    """Takes each step of turn-taking for a session file; None if no file is written."""
    team: Mapping[str, TeamMember] = {}
    """Every agent that may have the session, the first included, by name; empty if it cannot be handed off."""

    in_language: Mapping[tuple[str, str], TeamMember] = {}
    """How an agent with several languages speaks each of them, by the agent's name and the language; an empty language
    is for the time before the caller's language is known."""

    @property
    def agents(self) -> tuple[Agent, ...]:
        """The present agent, and all others that the session may have."""
        return (self.agent, *(each.agent for name, each in self.team.items() if name != self.agent.name))

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that the present agent can change to; empty for one that speaks in one way only."""
        return tuple(language for name, language in self.in_language if name == self.agent.name and language)

    @property
    def screens_answerer(self) -> bool:
        """Whether a machine may have answered, and the agent has something else to do then than to talk with it."""
        return self.about.direction == OUTBOUND and self.agent.voicemail is not VoicemailAction.IGNORE

    def as_agent(self, name: str, language: str = "") -> "SessionPlan":
        """The plan of the session while the agent of this name has it and speaks this language, if that is one of its.

        With an agent that is not of the team it is as it is.
        """
        spoken = self.in_language
        member = spoken.get((name, language)) or spoken.get((name, "")) or self.team.get(name)
        if member is None or (name == self.agent.name and not spoken):
            return self
        return msgspec.structs.replace(
            self,
            agent=member.agent,
            tools=member.tools,
            phrases_expected=member.phrases_expected,
            kept=member.kept,
        )
