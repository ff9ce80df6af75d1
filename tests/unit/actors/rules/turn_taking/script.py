"""A conversation written down: what turn-taking is told, one line each, and what it orders."""

from typing import Any

import msgspec

from actors.agent import Agent, Limits
from actors.conversation import PositionPrecision, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.lifecycle import Timer, TimerFired
from actors.messages.model import ReplyFailed, ReplyWritten
from actors.messages.output import FloorChanged, TurnMeasured
from actors.messages.playback import (
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    PlaybackStarted,
    PlaybackStopped,
)
from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.rules.turn_taking.effects import CancelTimer, Effect, ReportBackchannel, Say, SetTimer, StartReply
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.turn_taking_settings import BargeIn, PhasePolicy

AGENT = Agent(name="tester", label="Tester", limits=Limits(max_session_s=600))
GREETER = msgspec.structs.replace(AGENT, greeting="Hello there.")
NOT_ACTS = (SetTimer, CancelTimer, FloorChanged, TurnMeasured, ReportBackchannel)


def agent_with(agent: Agent = AGENT, **policies: PhasePolicy) -> Agent:
    """An agent with other policies for some phases."""
    return msgspec.structs.replace(agent, barge_in=msgspec.structs.replace(BargeIn(), **policies))


def agent_for(max_session_s: float) -> Agent:
    """An agent whose longest session is short, and that is patient with silence."""
    return msgspec.structs.replace(AGENT, limits=Limits(max_session_s=max_session_s, no_input_s=600))


def acts(effects: list[Effect]) -> list[Effect]:
    """What is done, without timers and what is only shown."""
    return [effect for effect in effects if not isinstance(effect, NOT_ACTS)]


def names(effects: list[Effect]) -> list[str]:
    """The kinds of what is done."""
    return [type(effect).__name__ for effect in acts(effects)]


def kinds(talk: "Talk") -> list[UtteranceKind]:
    """The kinds of the agent's own phrases that were ordered last."""
    return [effect.kind for effect in talk.effects if isinstance(effect, Say)]


def asked(talk: "Talk") -> list[str]:
    """What the model was asked to answer last."""
    return [effect.text for effect in talk.effects if isinstance(effect, StartReply)]


class Talk:
    """Turn-taking with a clock of its own; each method is something that happens now."""

    def __init__(self, agent: Agent = AGENT, **options: Any) -> None:
        self.turn = TurnTaking(agent, strict=True, **options)
        self.at = 0.0
        self.due: dict[Timer, float] = {}
        self.effects: list[Effect] = []
        self._note(self.turn.start(0.0))

    def tell(self, *events: TurnEvent) -> "Talk":
        """Tell turn-taking; what it orders is in `effects` afterwards."""
        self.effects = []
        for event in events:
            self._note(self.turn.handle(event, self.at))
        return self

    def _note(self, effects: list[Effect]) -> None:
        self.effects = [*self.effects, *effects]
        for effect in effects:
            if isinstance(effect, SetTimer):
                self.due[effect.timer] = self.at + effect.delay_s
            elif isinstance(effect, CancelTimer):
                self.due.pop(effect.timer, None)

    @property
    def did(self) -> list[str]:
        """The kinds of what was ordered last."""
        return names(self.effects)

    def wait(self, seconds: float) -> "Talk":
        """Let time pass; timers that are due fire, in order. All that they bring about is in `effects`."""
        until, all_effects = self.at + seconds, list[Effect]()
        while self.due and min(self.due.values()) <= until:
            timer = min(self.due, key=lambda t: self.due[t])
            self.at = max(self.at, self.due.pop(timer))
            self.tell(TimerFired(timer, 0))
            all_effects += self.effects
        self.at, self.effects = until, all_effects
        return self

    # the caller

    def voice(self, ms: int) -> "Talk":
        """So much voice after the onset, in windows of 20 ms."""
        all_effects = list(self.tell(SpeechStarted(self.at * 1000)).effects)
        for voiced_ms in range(20, ms + 1, 20):
            self.at += 0.02
            all_effects += self.tell(SpeechContinued(float(voiced_ms), 0.0)).effects
        self.effects = all_effects
        return self

    def pause(self, silence_ms: int = 600) -> "Talk":
        """The silence that ends an utterance."""
        all_effects = list(self.wait(silence_ms / 1000 - 0.001).effects) if silence_ms < 900 else []
        self.at += 0.001
        self.tell(
            SpeechStopped(
                start_ms=0.0, end_ms=self.at * 1000 - silence_ms, voiced_ms=300.0, silence_ms=float(silence_ms)
            )
        )
        self.effects = [*all_effects, *self.effects]
        return self

    def interim(self, text: str) -> "Talk":
        """An interim transcript."""
        return self.tell(InterimTranscript(text, 0.0, self.at * 1000))

    def final(self, text: str) -> "Talk":
        """A final transcript, of audio up to now."""
        self.at += 0.001
        return self.tell(FinalTranscript(text=text, start_ms=0.0, end_ms=self.at * 1000, confidence=0.9))

    def says(self, text: str, ms: int = 300) -> "Talk":
        """An utterance with its final transcript; all that it brings about is in `effects`."""
        all_effects = [*self.voice(ms).effects, *self.pause().effects, *self.final(text).effects]
        self.effects = all_effects
        return self

    # the agent

    @property
    def reply(self) -> int:
        """The number of the last thing that was begun."""
        return self.turn.state.last_reply

    def written(self, *, question_s: float = 0.0, has_text: bool = True) -> "Talk":
        """The model has finished the reply."""
        return self.tell(ReplyWritten(turn=self.turn.state.turn_number, has_text=has_text, question_s=question_s))

    def failed(self, *, has_text: bool = False) -> "Talk":
        """The model has failed."""
        return self.tell(ReplyFailed(turn=self.turn.state.turn_number, has_text=has_text))

    def starts(self, reply: int | None = None) -> "Talk":
        """Something begins to be heard: by default what was begun last."""
        return self.tell(PlaybackStarted(reply or self.reply))

    def catches_up(self, reply: int | None = None) -> "Talk":
        """All that was written of something was heard, and more is to come."""
        return self.tell(PlaybackCaughtUp(reply or self.reply))

    def ends(self, reply: int | None = None) -> "Talk":
        """Something was heard to its end."""
        return self.tell(
            PlaybackFinished(reply=reply or self.reply, precision=PositionPrecision.EXACT, heard_ms=500.0, text_end=10)
        )

    def breaks(self, reply: int | None = None) -> "Talk":
        """The synthesizer fails at something."""
        number = reply or self.reply
        cut = PlaybackPosition(reply=number, text_end=0, heard_ms=0.0, precision=PositionPrecision.EXACT)
        return self.tell(PlaybackFailed(number, ErrorKind.TIMEOUT, cut))

    def stopped(self) -> "Talk":
        """The synthesizer reports what was heard of what was stopped."""
        return self.tell(PlaybackStopped(self.reply, ()))

    def thinking(self) -> "Talk":
        """The caller has asked, the model is at it."""
        return self.says("book an appointment")

    def speaking(self, *, question_s: float = 0.0) -> "Talk":
        """A whole reply is being heard since a while."""
        self.thinking().starts().written(question_s=question_s)
        self.at += 1.0
        return self
