"""The reply in hand of a speech-to-speech model: what it answers, what has come of it, and how it ends."""

from collections.abc import Callable

from actors.errors import ErrorKind
from actors.messages.model import ModelFailed
from actors.ports import realtime_events as reported
from actors.ports.clock import Clock
from actors.ports.llm import ModelRequest, ReplyGenerated, ToolCalled
from actors.rules.reply_bounds import ReplyBounds
from actors.runtime.exits import tell_quietly
from actors.runtime.session_trace import Stage
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.engine_events import ModelReported
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.realtime.spoken_reply import MadeOfResponse, SpokenReply
from actors.session.replies.generation import CHAT, usage


class RealtimeReply:
    """Makes one reply at a time, and reports of it what a model that only writes would report.

    Args:
        actor: told `ModelFailed` of a reply that is refused.
        spoken: its words and audio.
        speech: the caller's voice, of which is noted what was answered.
        clock: the time.
        report: told each event of the reply, as that of a model which only writes.
    """

    def __init__(
        self,
        actor: SupervisedActor,
        spoken: SpokenReply,
        speech: CallerSpeech,
        clock: Clock,
        report: Callable[[ModelReported], None],
    ) -> None:
        self.tool_calls: list[ToolCalled] = []
        """The tool calls that the model has asked for, until they are run."""
        self.request: ModelRequest | None = None
        """The request that is to be answered, or is being answered."""
        self._actor = actor
        self._trace = actor.trace
        self._spoken = spoken
        self._speech = speech
        self._clock = clock
        self._report = report
        self._bounds = ReplyBounds(0.0)

    def begin(self, request: ModelRequest, reply: int) -> None:
        """Begin the reply number `reply`, which answers `request`."""
        self.request, self.tool_calls = request, []
        self._spoken.begin(reply, request.turn)
        self._bounds = ReplyBounds(self._clock.now())
        self._trace.begin(Stage.MODEL, attributes=CHAT | {"gen_ai.conversation.id": request.session_id})

    def take(self, event: MadeOfResponse | reported.ResponseGoesOn) -> str:
        """Take up what the model has made of the reply.

        Returns:
            The bound that the reply has exceeded, in words for the log; empty while it is within all of them.
        """
        if self.request is None:
            return ""
        told = None if isinstance(event, reported.ResponseGoesOn) else self._spoken.take(event)
        if told is None:
            # Audio counts as a piece too, so that a reply is cut whatever part of it has no end.
            self._bounds.count(self._clock.now())
        elif (admitted := self._bounds.admit(told, self._clock.now())) is not None:
            self._report(ModelReported(self.request.turn, admitted))
        self._spoken.write_what_sounds()
        return self._bounds.exceeded or self._spoken.exceeded

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing of what the present session has begun to make of the reply."""
        return self.request is not None and self._spoken.is_complete

    def retract(self) -> None:
        """Keep what has come as audio: another session is asked for the rest.

        A reply of which nothing is missing is over, and the tools that were called are run.
        """
        if self.is_complete:
            self.finish(ReplyGenerated())
            return
        # Another session is asked for the rest, and calls the tools again.
        self.tool_calls = []
        if self.request is not None and self._spoken.is_begun:
            self._spoken.retract()

    def drop_unspoken(self) -> None:
        """Keep of a reply that ends here the words that have come as audio: its text runs ahead of it."""
        if self.request is not None and self._spoken.is_begun and not self._spoken.is_complete:
            self._spoken.retract()

    def finish(self, event: ReplyGenerated) -> None:
        """Report that all of the reply is made; harmless where no reply is in hand."""
        request, self.request = self.request, None
        if request is not None:
            self._trace.end(Stage.MODEL, attributes=usage(event))
            if not self.tool_calls:
                self._speech.utterances.answered()
            self._report(ModelReported(request.turn, event))

    def refuse(self, detail: str) -> bool:
        """Report that the reply has failed, and would fail again; False where no reply is in hand."""
        self.drop_unspoken()
        request, self.request = self.request, None
        if request is None:
            return False
        self._speech.utterances.answered()
        self._trace.end(Stage.MODEL, error=ErrorKind.REFUSED)
        tell_quietly(self._actor.actor_ref, ModelFailed(request.turn, ErrorKind.REFUSED, detail))
        return True

    def cancel(self) -> None:
        """Give the reply in hand up: of its words those are left that have come as audio."""
        self.drop_unspoken()
        self.request, self.tool_calls = None, []
        self._trace.end(Stage.MODEL, attributes={"earshot.cancelled": True})
