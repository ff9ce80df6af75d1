"""The stream of the text-to-speech engine: text that is written before it is open waits here."""

import asyncio

from actors.agent import Voice
from actors.ports.tts import SYNTHESIS_EVENTS, SpeechSynthesizer, Synthesis, SynthesisEvent
from actors.rules.well_typed import violation
from actors.runtime.closing import close_in_background
from actors.runtime.described_errors import describe
from actors.runtime.exits import tell_quietly
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Stage, peer_of
from actors.runtime.supervised_actor import SupervisedActor, TaskFailed, logger
from actors.session.engine_events import SynthesisReported
from actors.session.engine_violations import EngineViolations, required_stream
from actors.session.synthesis.pronounced_synthesis import open_pronounced

OPEN = "open"
"""The name of the task that opens a stream."""
OPEN_TIMEOUT_S = 5.0
"""Seconds within which an engine has to open its stream; else it has failed."""


class SynthesisStream:
    """One stream, opened once; an actor that needs another one is restarted.

    Args:
        actor: told `SynthesisReported`; fails if the stream cannot be opened for text that waits for it.
        engine: text to speech; None when it has failed for good.
        voice: the agent's.
        rate_hz: of the audio.
    """

    __slots__ = ("_actor", "_engine", "_is_opening", "_rate_hz", "_synthesis", "_unsent", "_violations", "_voice")

    def __init__(self, actor: SupervisedActor, engine: SpeechSynthesizer | None, voice: Voice, rate_hz: int) -> None:
        self._actor = actor
        self._engine = engine
        self._voice = voice
        self._rate_hz = rate_hz
        self._synthesis: Synthesis | None = None
        self._unsent: list[tuple[int, str | None]] = []
        self._violations = EngineViolations("synthesizer")
        self._is_opening = False

    @property
    def is_available(self) -> bool:
        """Whether there is an engine to write to."""
        return self._engine is not None

    def open(self) -> None:
        """Connect the engine as a task of the actor."""
        if self._engine is not None:
            self._is_opening = True
            self._actor.trace.peers[Stage.SYNTHESIS] = peer_of(self._engine)
            self._actor.spawn(self._connect(self._engine), OPEN, self._open_failed)

    def _open_failed(self, error: BaseException) -> None:
        """Have the actor fail if text waits for the stream; else it is opened again for the first that comes.

        What is being heard meanwhile is spoken already: kept phrases, or a reply that its model speaks by itself.
        """
        self._is_opening = False
        if self._unsent:
            tell_quietly(self._actor.actor_ref, TaskFailed(OPEN, error))
            return
        line = "a text-to-speech stream cannot be opened, and is asked for again when there is something to say: %s"
        report_failure(
            Failure.PROVIDER, logger, line, describe(error), provider="synthesizer", kind=type(error).__name__
        )

    async def _connect(self, engine: SpeechSynthesizer) -> None:
        ref = self._actor.actor_ref

        def report(event: SynthesisEvent) -> None:
            if wrong := violation(event, SYNTHESIS_EVENTS):
                self._violations.pass_over(wrong)
            else:
                tell_quietly(ref, SynthesisReported(event))

        # Not `wait_for`, which would open it in a task of its own: what that raises could stop the loop.
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            synthesis = required_stream(await open_pronounced(engine, self._voice, self._rate_hz, report))
        if not ref.is_alive():
            await synthesis.close()
            return
        self._synthesis = synthesis
        self._actor.trace.peers[Stage.SYNTHESIS] = peer_of(synthesis, engine)
        unsent, self._unsent = self._unsent, []
        for reply, text in unsent:
            self.write(reply, text)

    def write(self, reply: int, text: str | None) -> None:
        """Give the engine a piece of text of a reply; None: that was all of it."""
        if self._synthesis is None:
            self._unsent.append((reply, text))
            if not self._is_opening:
                self.open()
        elif text is None:
            self._synthesis.finish(reply)
        else:
            self._synthesis.write(reply, text)

    def cancel(self, reply: int) -> None:
        """Have the engine speak nothing more of the reply number `reply`."""
        self._unsent = [(unsent, text) for unsent, text in self._unsent if unsent != reply]
        if self._synthesis is not None:
            self._synthesis.cancel(reply)

    def close(self) -> None:
        """Close the engine's stream in the background; harmless if it was never open."""
        close_in_background(self._synthesis)
