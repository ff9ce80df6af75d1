"""The streams of the text-to-speech engine of one session: one for each voice in which replies are pending.

An agent that has handed a conversation off is heard to the end of its words, in its own voice, while the next one is
being synthesised already.
"""

from collections.abc import Mapping

from actors.agent import Voice
from actors.ports.tts import SpeechSynthesizer, SpokenPhrase
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.checkpoint import Checkpoint
from actors.session.plan import SessionPlan
from actors.session.synthesis.synthesis_stream import SynthesisStream


class VoiceStreams:
    """Gives each reply to the stream of the voice of its agent.

    Args:
        actor: told `SynthesisReported`; fails if a stream cannot be opened.
        engine: text to speech; None when it has failed for good.
        plan: the agents of the session, with their voices and kept phrases.
        checkpoint: knows whose reply each is.
        rate_hz: of the audio.
    """

    __slots__ = ("_actor", "_checkpoint", "_engine", "_kept", "_plan", "_rate_hz", "_streams")

    def __init__(
        self,
        actor: SupervisedActor,
        engine: SpeechSynthesizer | None,
        plan: SessionPlan,
        checkpoint: Checkpoint,
        rate_hz: int,
    ) -> None:
        self._actor = actor
        self._engine = engine
        self._plan = plan
        self._checkpoint = checkpoint
        self._rate_hz = rate_hz
        self._streams: dict[Voice, SynthesisStream] = {}
        self._kept: dict[tuple[str, Voice], Mapping[str, SpokenPhrase]] = {}
        """The kept phrases, by the agent's name and voice; a session keeps those that existed when it first
        used them."""
        self._kept_by(self._present)

    @property
    def is_available(self) -> bool:
        """Whether there is an engine to write to."""
        return self._engine is not None

    @property
    def _present(self) -> SessionPlan:
        return self._plan.as_agent(self._checkpoint.agent, self._checkpoint.language)

    def open(self) -> None:
        """Connect the engine for the agent that has the conversation, as a task of the actor."""
        if self.is_available:
            self._stream(self._present.agent.voice)

    def kept(self, reply: int) -> Mapping[str, SpokenPhrase]:
        """The kept phrases, by text, of the agent whose reply this is."""
        return self._kept_by(self._plan_of(reply))

    def _kept_by(self, plan: SessionPlan) -> Mapping[str, SpokenPhrase]:
        key = plan.agent.name, plan.agent.voice
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = plan.kept(self._rate_hz)
        return known

    def write(self, reply: int, text: str | None) -> None:
        """Give the engine a piece of text of a reply; None: that was all of it."""
        self._stream(self._plan_of(reply).agent.voice).write(reply, text)

    def cancel(self, reply: int) -> None:
        """Have the engine speak nothing more of the reply number `reply`."""
        for stream in self._streams.values():
            stream.cancel(reply)

    def close(self) -> None:
        """Close all streams in the background; harmless if none was ever open."""
        for stream in self._streams.values():
            stream.close()

    def _plan_of(self, reply: int) -> SessionPlan:
        pending = self._checkpoint.pending_replies.get(reply)
        return self._plan.as_agent(pending.agent, pending.language) if pending is not None else self._present

    def _stream(self, voice: Voice) -> SynthesisStream:
        known = self._streams.get(voice)
        if known is None:
            self._close_unused()
            known = self._streams[voice] = SynthesisStream(self._actor, self._engine, voice, self._rate_hz)
            known.open()
        return known

    def _close_unused(self) -> None:
        """Close the streams in whose voices nothing is left to be spoken: a session holds two of them at most times."""
        in_use = {self._plan_of(reply).agent.voice for reply in self._checkpoint.pending_replies}
        for voice in [voice for voice in self._streams if voice not in in_use]:
            self._streams.pop(voice).close()
