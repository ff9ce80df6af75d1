"""The conversation of one session as it is recorded: what was heard of each reply goes into it when that is known."""

from actors.conversation import PositionPrecision
from actors.messages.lifecycle import LanguageChanged, TurnRecorded
from actors.messages.output import ReplyHeard
from actors.messages.playback import PlaybackFinished, PlaybackPosition, PlaybackStopped
from actors.messages.transcript import FinalTranscript
from actors.ports.clock import Clock
from actors.rules.agent_language import followed, matching
from actors.rules.history import History, whole_words
from actors.rules.pending_reply import PendingReply
from actors.rules.turn_taking.machine import TurnTaking
from actors.runtime.address import Address
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.plan import SessionPlan

ORDER_FAILED = (
    "The telephone network has reported that an earlier order in this call failed: {failure}. Whatever the tool"
    " answered, it was not done. Do not say that it was; tell the user when it matters."
)
"""What the language model is told when an order fails after its tool has returned."""


class ConversationLog:
    """Records the conversation, shows what is recorded, and keeps it in the checkpoint.

    Args:
        checkpoint: what the conversation goes on from, and where it is kept.
        turn: turn-taking, whose state is kept with the conversation.
        connection: shown what was heard.
        supervisor: told that there is more to save.
        clock: the times of the messages.
    """

    __slots__ = ("_checkpoint", "_clock", "_connection", "_supervisor", "_turn", "history")

    def __init__(
        self,
        *,
        checkpoint: Checkpoint,
        turn: TurnTaking,
        connection: SessionConnection,
        supervisor: Address[TurnRecorded | LanguageChanged],
        clock: Clock,
    ) -> None:
        self.history = History(checkpoint.messages, checkpoint.memory, checkpoint.memory_before, checkpoint.summary)
        self._checkpoint = checkpoint
        self._turn = turn
        self._connection = connection
        self._supervisor = supervisor
        self._clock = clock

    @property
    def language(self) -> str:
        """The language of the conversation, one of the agent's; empty for its first."""
        return self._checkpoint.language

    def follow_language(self, text: str, spoken: str, plan: SessionPlan) -> None:
        """Go on in the language in which the caller has said `text`, if it is another one that the agent speaks."""
        if not spoken or not plan.in_language:
            return
        known = self._checkpoint
        present = known.language or plan.agent.languages[0]
        language, heard = followed(known.language_heard, present, text, matching(spoken, plan.languages))
        known.caller_spoke_in(heard)
        if language != present:
            self.converse_in(language)

    def converse_in(self, language: str) -> None:
        """Go on in another language, one of the agent's: its phrases and its voice are those of that language."""
        former = self._checkpoint.language
        self._checkpoint.set_language(language)
        self._supervisor.tell(LanguageChanged(former))

    def keep(self) -> None:
        """Keep turn-taking and the conversation, as they are now, for a successor."""
        self._checkpoint.conversation_changed(self._turn.state, self.history)

    def playback_finished(self, message: PlaybackFinished) -> None:
        """Record a reply that was heard to its end; one in which there was nothing to hear is dropped."""
        pending = self._checkpoint.reply_over(message.reply)
        if pending is not None and (text := whole_words(pending.text, message.text_end)):
            self._record(pending, text, message.precision, interrupted=False)

    def playback_stopped(self, message: PlaybackStopped) -> None:
        """Record what was heard of the replies that were stopped, and drop those of which nothing was."""
        for position in message.cut:
            self.playback_cut(position)
        for reply in sorted(reply for reply in self._checkpoint.pending_replies if reply <= message.through_reply):
            self._record_cut(reply, None)

    def playback_cut(self, position: PlaybackPosition) -> None:
        """Record the words of a reply that were heard until it was cut off."""
        self._record_cut(position.reply, position)

    def _record_cut(self, reply: int, position: PlaybackPosition | None) -> None:
        """Record the words of a reply that were heard, and take it out of the pending ones.

        `position` is how far the present synthesizer came, None if it reports nothing of this reply. A former one,
        which has failed, may have come further: then its position counts.
        """
        pending = self._checkpoint.reply_over(reply)
        if pending is None:
            return
        heard = [each for each in (position, pending.heard) if each is not None]
        furthest = max(heard, key=lambda each: each.text_end, default=None)
        if furthest is not None and (text := whole_words(pending.text, furthest.text_end)):
            self._record(pending, text, furthest.precision, interrupted=True)

    def note_failed_order(self, failure: str, turn: int) -> None:
        """Have the next request to the language model say that an order in the call failed; nothing is spoken of it."""
        self.history.add_note(ORDER_FAILED.format(failure=failure), turn, self._clock.wall())
        self.keep()

    def note_first_words(self, text: str) -> None:
        """Record what the caller said before the conversation began, to which the greeting is the answer."""
        self.history.add_user_words(text, 0, self._clock.wall(), continues=False, confidence=1.0)
        self._connection.show(FinalTranscript(text=text))
        self.keep()

    def unrecorded_reports(self) -> list[PlaybackFinished]:
        """The reports of replies that were heard, at which a former orchestrator may have failed."""
        pending = self._checkpoint.pending_replies.values()
        return [p.playback_finished for p in pending if p.playback_finished is not None]

    def _record(self, pending: PendingReply, text: str, precision: PositionPrecision, *, interrupted: bool) -> None:
        text = text.strip()
        self.history.add_heard(pending, text, precision, self._clock.wall(), interrupted=interrupted)
        self._connection.show(
            ReplyHeard(turn=pending.turn, kind=pending.kind, text=text, precision=precision, interrupted=interrupted)
        )
        self.keep()
        self._supervisor.tell(TurnRecorded(pending.turn))
