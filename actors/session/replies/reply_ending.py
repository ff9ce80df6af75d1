"""How the reply in hand ends: it is written, has failed, or must not be said; and what turn-taking is told of that."""

from actors.conversation import ExpectedAnswer
from actors.messages.model import ReplyFailed, ReplyTrouble, ReplyWritten
from actors.rules.phrases import GUARDRAIL, NO_ANSWER
from actors.rules.questions import question_s
from actors.rules.unicode_text import is_speakable
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.replies.held_clauses import UNDECIDED
from actors.session.replies.reply_text import ReplyText
from actors.session.replies.reply_writer import ReplyWriter


class ReplyEnding:
    """Ends the reply in hand, once for each reply.

    Args:
        conversation: turn-taking is told how the reply has ended.
        text: the text of the reply in hand.
        writer: takes the text.
    """

    __slots__ = ("_tell_turn_taking", "_text", "_turn", "_writer")

    def __init__(self, conversation: OngoingConversation, text: ReplyText, writer: ReplyWriter) -> None:
        self._turn = conversation.turn
        self._tell_turn_taking = conversation.tell_turn_taking
        self._text = text
        self._writer = writer

    @property
    def owes_words(self) -> bool:
        """Whether the model has left the caller without a word, be it behind its tools.

        Callers who leave, and those who are to key in what they were asked for, wait for none.
        """
        state = self._turn.state
        is_asked_for_keys = state.key_pattern is not None and is_speakable(self._text.written)
        return not self._text.has_words and state.ending is None and not is_asked_for_keys

    def written(self, expected: ExpectedAnswer | None = None) -> None:
        """All text of the reply is there, and what kind of answer its question expects, if that is known."""
        turn, text = self._turn.state.turn_number, self._text.written
        self._writer.finish(self._text.reply, expected)
        self._tell_turn_taking(ReplyWritten(turn=turn, has_text=is_speakable(text), question_s=question_s(text)))

    def failed(self, turn: int, cause: str, trouble: ReplyTrouble = ReplyTrouble.NO_ANSWER) -> None:
        """Have heard what there is of the reply, as soon as it is judged, and let turn-taking say the rest.

        Args:
            turn: whose reply it is.
            cause: what has failed, for the log.
            trouble: what the caller is told.
        """
        if self._text.finish():
            self._text.when_judged(lambda: self._fail(turn, cause, trouble))

    def forbidden(self, guardrail: int) -> None:
        """Have nothing more heard of the reply, and say something in its place.

        Of a reply that its model speaks by itself some may be heard already; of any other, what was judged before is
        heard to its end.

        Args:
            guardrail: the number of the guardrail that the model's words break, or `UNDECIDED`.
        """
        turn, is_known = self._turn.state.turn_number, guardrail != UNDECIDED
        apology = GUARDRAIL + guardrail if is_known else NO_ANSWER
        if self._writer.is_ahead:
            trouble = ReplyTrouble.FORBIDDEN
            self._tell_turn_taking(ReplyFailed(turn=turn, has_text=False, trouble=trouble, apology=apology))
            return
        trouble = ReplyTrouble.REFUSED if is_known else ReplyTrouble.NO_ANSWER
        cause = "a guardrail has ended it" if is_known else "the guardrails had no verdict"
        self._fail(turn, cause, trouble, apology)

    def _fail(self, turn: int, cause: str, trouble: ReplyTrouble, apology: int = 0) -> None:
        has_text = is_speakable(self._text.written)
        self._writer.finish(self._text.reply)
        failed = ReplyFailed(turn=turn, has_text=has_text, cause=cause, trouble=trouble, apology=apology)
        self._tell_turn_taking(failed)
