"""What of a live session outlives its actors: addresses, connection, recent audio, checkpoint and running tools."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from actors.conversation import Usage
from actors.messages.base import Message
from actors.messages.caller import (
    CallerAudio,
    ConnectionAttached,
    ConnectionDetached,
    EndSession,
    InputMessage,
    KeyPressed,
    TextEntered,
)
from actors.messages.lifecycle import ReleaseChild, RestartChild
from actors.rules.speakers import OTHERS, Speakers
from actors.rules.unicode_text import well_formed
from actors.runtime.address import Address
from actors.session.addresses import Addresses, recognizer_name
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.plan import SessionPlan
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.recognition.audio_ring import RING_MARGIN_MS, RING_MS
from actors.session.recognition.audio_tracks import AudioTracks
from actors.session.tools.tool_runs import ToolRuns

MOST_RESTARTS = 50


class ActorRestarted(msgspec.Struct, frozen=True):
    """An actor has been started again. `at`: seconds since 1970; `error`: why, without words of anybody."""

    at: float
    actor: str
    error: str


class LiveSession:
    """One session as its connection knows it: all that a connection tells comes in here. Belongs to the loop's thread.

    Args:
        plan: what the session is.
        receives: the children of its mode by name, each with the classes of messages that it is told from outside.
        checkpoint: what the session goes on from; an empty one for a session that begins.
    """

    def __init__(
        self, plan: SessionPlan, receives: Mapping[str, Collection[type]], checkpoint: Checkpoint | None = None
    ) -> None:
        self._plan = plan
        self.checkpoint = checkpoint = checkpoint or Checkpoint()
        if checkpoint.agent not in plan.team:
            checkpoint.set_agent(plan.agent.name)
        self.addresses = Addresses(receives)
        self.connection = SessionConnection(self.addresses.supervisor)
        self.tool_runs = ToolRuns(checkpoint, self._tell_receivers)
        # The whole of an utterance is there to be heard again, however long it may be.
        longest_ms = max(agent.endpointing.max_utterance_ms for agent in plan.agents)
        keep_ms = max(RING_MS, longest_ms + RING_MARGIN_MS)
        self.tracks = AudioTracks(checkpoint, rate_hz=plan.rate_hz, keep_ms=keep_ms)
        self._all_voices, self._ring = checkpoint.track(), self.tracks.all_voices
        self.speakers = Speakers(checkpoint.participants, self._is_heard_alone)
        self.tap: Callable[[InputMessage | CallerAudio], None] | None = None
        """Called with all input, for a recording; None if nothing is recorded."""
        self.take_audio: Callable[[str, bytes], None] | None = None
        """Called with the speaker's label and all audio of the caller as it comes in; None if there is nothing
        to call."""
        self.usage = Usage()
        self.handoffs_announced = len(checkpoint.handoffs)
        """How many handoffs the client, the log and the counters were told of. If the session was moved here, its
        client is told of its agent when it connects."""
        self.restarts: list[ActorRestarted] = []
        """The latest restarts of the session's actors, for operators."""
        self._receives = receives
        self._audio_receivers = tuple(self._receivers(CallerAudio))
        self.tells_speakers_apart = recognizer_name(OTHERS) in self.addresses
        """Whether each participant of the call is recognised separately."""

    def restarted(self, restart: ActorRestarted) -> None:
        """Remember that an actor of the session was started again, of the last `MOST_RESTARTS`."""
        self.restarts.append(restart)
        del self.restarts[:-MOST_RESTARTS]

    @property
    def plan(self) -> SessionPlan:
        """What the session is, with the agent that has it now."""
        return self._plan.as_agent(self.checkpoint.agent, self.checkpoint.language)

    @cached_property
    def speech(self) -> CallerSpeech:
        """What the caller has said and a speech-to-speech model has not answered; made only where there is one."""
        return CallerSpeech(self.tracks.all_voices)

    def change_plan(self, **changes: Any) -> None:
        """Change fields of what the session is, before an actor of it is started."""
        self._plan = msgspec.structs.replace(self._plan, **changes)

    def deliver(self, message: InputMessage) -> None:
        """Hand what the connection tells, audio apart, to those actors of the session that it is for."""
        if self.tap is not None:
            self.tap(message)
        match message:
            case EndSession(reason, politely):
                if not politely:
                    self.checkpoint.end_ordered(reason)
                self.addresses.supervisor.tell(message)
            case ConnectionAttached(connection_id=connection_id):
                self.connection.output_id = connection_id
                self.addresses.supervisor.tell(message)
            case ConnectionDetached():
                self.addresses.supervisor.tell(message)
            case _:
                self._tell_receivers(self._numbered(message))

    def _numbered(self, message: InputMessage) -> InputMessage:
        match message:
            case TextEntered(text):
                return TextEntered(well_formed(text), self.checkpoint.next_input())
            case KeyPressed(key):
                return KeyPressed(key, self.checkpoint.next_input())
            case _:
                return message

    def _tell_receivers(self, message: Message) -> None:
        for address in self._receivers(type(message)):
            address.tell(message)

    def _receivers(self, kind: type) -> Iterator[Address[Any]]:
        for name, kinds in self._receives.items():
            if kind in kinds:
                yield self.addresses[name]

    def unread_inputs(self) -> list[TextEntered | KeyPressed]:
        """What the caller has typed and pressed, and that waits for an actor to handle it, in that order."""
        kept = (message for address in self.addresses for message in address.kept)
        return [message for message in kept if isinstance(message, TextEntered | KeyPressed)]

    def push_audio(self, pcm: bytes) -> None:
        """Keep caller audio from the connection in the ring, before anything can fail, and tell who listens to it."""
        track = self._all_voices
        is_first = not track.is_open
        if is_first:
            track.is_open = True
        audio = self._ring.append(pcm)
        if self.tap is not None:
            self.tap(audio)
        if self.take_audio is not None:
            self.take_audio("", pcm)
        if is_first:
            self._start_recognizer("")
        for address in self._audio_receivers:
            # Looked up for itself: a function that is held by an object takes Python longer to find as its method.
            tell_now = address.tell_now
            tell_now(audio)

    def push_audio_of(self, speaker: str, pcm: bytes) -> None:
        """As `push_audio`, of one speaker alone, by their label, in a session that tells them apart."""
        is_first = not self.checkpoint.track(speaker).is_open
        audio = self.tracks.append(speaker, pcm)
        if self.take_audio is not None:
            self.take_audio(speaker, pcm)
        if is_first:
            self._start_recognizer(speaker)
        self.addresses[recognizer_name(speaker)].tell_now(audio)
        for absent in self.tracks.close_absent(speaker):
            self.addresses.supervisor.tell(ReleaseChild(recognizer_name(absent)))

    def _is_heard_alone(self, speaker: str) -> bool:
        track = self.checkpoint.tracks.get(speaker)
        return track is not None and track.is_open

    def _start_recognizer(self, speaker: str) -> None:
        """Have the recognizer started that waits for the first audio of this speaker."""
        self.addresses.supervisor.tell(RestartChild(recognizer_name(speaker), unless_running=True))

    def close(self) -> None:
        """Stop what still runs for the session, which is over: what is told to it from now on reaches nobody."""
        self.tool_runs.close()
        self.addresses.close()
