"""Writing of replies: their text goes into the checkpoint and to the synthesizer, in that order."""

from typing import Any

from actors.conversation import ExpectedAnswer, UtteranceKind
from actors.messages.playback import BeginReply, DiscardText, FinishReply, PrepareText, SpeakText
from actors.rules.end_of_turn.expected_answer import expected_answer
from actors.rules.pending_reply import PendingReply
from actors.rules.questions import question_at_end
from actors.runtime.address import Address
from actors.session.checkpoint import AskedQuestion, Checkpoint

ASKING = (UtteranceKind.REPLY, UtteranceKind.GREETING)
"""Kinds of utterances that set the open question, or clear it; the agent's other phrases come between a question and
its answer."""


class ReplyWriter:
    """Hands the text of replies to the synthesizer, and keeps it for whoever goes on with them.

    Args:
        checkpoint: holds the pending replies.
        synthesizer: who speaks them.
    """

    def __init__(self, checkpoint: Checkpoint, synthesizer: Address[Any]) -> None:
        self._checkpoint = checkpoint
        self._synthesizer = synthesizer

    def say(self, reply: int, turn: int, kind: UtteranceKind, text: str) -> None:
        """Have an utterance spoken of which all the text is known."""
        self.begin(reply, turn, kind)
        self.write(reply, text)
        self.finish(reply)

    def begin(self, reply: int, turn: int, kind: UtteranceKind) -> None:
        """Begin the reply number `reply`, which is heard in `turn`."""
        agent, language = self._checkpoint.agent, self._checkpoint.language
        self._checkpoint.reply_begun(PendingReply(reply=reply, turn=turn, kind=kind, agent=agent, language=language))
        self._synthesizer.tell(BeginReply(reply, turn, kind))

    def write(self, reply: int, text: str) -> None:
        """Add a piece of text, a sentence as a rule, to a reply that was begun."""
        self._checkpoint.reply_written(reply, text)
        self._synthesizer.tell(SpeakText(reply, text))

    is_ahead = False
    """Whether its text is spoken before or while it is written, so that what must not be heard has to be held back."""

    def prepare(self, reply: int, turn: int, text: str) -> None:
        """Have the sound made of the text that comes next in a reply, if it may be spoken: `write` says so."""
        self._synthesizer.tell(PrepareText(reply=reply, turn=turn, kind=UtteranceKind.REPLY, text=text))

    def discard(self) -> None:
        """Have nothing spoken of the text that was prepared last, and not written."""
        self._synthesizer.tell(DiscardText())

    def judged(self, reply: int, text_end: int) -> None:
        """Have a reply heard up to this place of its text: it was held, and may be."""

    def retract(self, reply: int, text: str) -> None:
        """Make `text` all that was written of a reply: the rest of it will not be spoken."""
        self._checkpoint.reply_retracted(reply, text)

    def finish(self, reply: int, expected: ExpectedAnswer | None = None) -> None:
        """Note that all text of a reply is written; harmless for a reply that is over or was never begun.

        Args:
            expected: what kind of answer it asks for; None: its words have to tell.
        """
        pending = self._checkpoint.pending_replies.get(reply)
        if pending is not None and pending.kind in ASKING:
            self._checkpoint.agent_asked(_asked(pending.text, expected))
        if self._checkpoint.reply_finished(reply):
            self._synthesizer.tell(FinishReply(reply))

    @property
    def text_before_tools(self) -> str:
        """The text of the reply in hand up to where the model called its tools, also of a former orchestrator."""
        return self._checkpoint.text_before_tools

    def follow(self, text: str) -> None:
        """Note the text of the reply in hand that the model's next words follow; empty for a new reply."""
        self._checkpoint.tools_called_after(text)

    def is_begun(self, reply: int) -> bool:
        """Whether a reply was begun and its playback is not over."""
        return reply in self._checkpoint.pending_replies

    def text(self, reply: int) -> str:
        """The text so far of a reply whose playback is not over; empty for any other."""
        pending = self._checkpoint.pending_replies.get(reply)
        return pending.text if pending is not None else ""

    def unfinished(self) -> list[PendingReply]:
        """The replies of which more text was to come."""
        return [pending for pending in self._checkpoint.pending_replies.values() if not pending.finished]

    def model_text(self, turn: int) -> str:
        """The text so far of the model's replies in `turn` whose playback is not over."""
        pending = self._checkpoint.pending_replies.values()
        return "".join(p.text for p in pending if p.turn == turn and p.kind is UtteranceKind.REPLY)


def _asked(text: str, expected: ExpectedAnswer | None) -> AskedQuestion | None:
    question = question_at_end(text)
    if not question and expected is None:
        return None
    return AskedQuestion(question, expected if expected is not None else expected_answer(question))
