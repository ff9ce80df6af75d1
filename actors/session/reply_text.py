"""The text of the reply in hand: the model's stream, split into sentences, filtered, and handed to the writer."""

from collections.abc import Callable

from actors.conversation import UtteranceKind
from actors.rules.sentences import SentenceSplitter, following
from actors.session.reply_filter import ReplyFilter
from actors.session.reply_writer import ReplyWriter


class ReplyText:
    """Has what the model says spoken, sentence by sentence, as far as the agent's filters let it.

    Args:
        writer: takes the sentences.
        filters: what of the model's text is spoken.
        turn_number: called for the number of the turn in hand.
        on_end: called when a filter ends the reply, whatever else the model has to say.
        on_forbidden: called when the model speaks what it must not, with the number of the guardrail.
    """

    def __init__(
        self,
        writer: ReplyWriter,
        filters: ReplyFilter,
        *,
        turn_number: Callable[[], int],
        on_end: Callable[[], None],
        on_forbidden: Callable[[int], None],
    ) -> None:
        self._writer = writer
        self._filter = filters
        self._turn_number = turn_number
        self._on_end = on_end
        self._on_forbidden = on_forbidden
        self._splitter = SentenceSplitter()
        self._text_before_tools = ""
        """The words before the tools that the model has called; empty as soon as the model has gone on behind them."""
        self.reply = 0
        """The number of the reply in hand; 0 before the first one."""

    @property
    def written(self) -> str:
        """The text of the reply in hand that is on its way."""
        return self._writer.text(self.reply).strip()

    def follow(self, text: str) -> None:
        """Have what the model says next follow `text`, which it said before it called its tools."""
        self._splitter, self._text_before_tools = SentenceSplitter(), text
        self._filter.begin()
        self._writer.follow(text)

    def retract(self, text: str) -> None:
        """Go on behind `text`, the beginning of what the model has said of the reply: the rest will not be heard."""
        self._writer.retract(self.reply, text)
        self.follow(text)

    def begin_again(self) -> None:
        """Have the filters forget what the model said, of which nothing is spoken: it is asked once more."""
        self._filter.begin()

    def push(self, text: str) -> bool:
        """Have the sentences spoken that are complete with `text`; False if the reply ends there."""
        kept = self._filter.push(text)
        if self._filter.forbidden is not None:
            # What came before is being heard, or was.
            self._speak(self._splitter.finish())
            return self._end_forbidden(self._filter.forbidden)
        if self._filter.takes_back:
            self._splitter = SentenceSplitter()
        return self._speak(self._split(kept))

    def pause(self) -> bool:
        """Have spoken what seems complete, since more may be long in coming; False if the reply ends there."""
        return self._speak(self._splitter.pause())

    def release(self) -> None:
        """Have all written that has come, in the middle of a sentence too: its model has spoken it already."""
        self._speak(self._splitter.finish())

    def finish(self, *, is_cut: bool = False) -> bool:
        """Have the rest of the text spoken; False if the reply ended before.

        Args:
            is_cut: the model was stopped in a sentence, which is not begun, unless it is all that there is.
        """
        rest = [*self._split(self._filter.finish()), *self._splitter.finish()]
        if self._filter.forbidden is not None:
            return self._end_forbidden(self._filter.forbidden)
        return self._speak([] if is_cut and self.written else rest)

    def _end_forbidden(self, guardrail: int) -> bool:
        """Tell that the model has begun to speak what it must not; False, since the reply ends there."""
        self._on_forbidden(guardrail)
        return False

    def _split(self, text: str) -> list[str]:
        """The pieces that are complete with `text`, which follows what was said before the tools were called."""
        pieces = self._splitter.push(following(self._text_before_tools, text))
        self._text_before_tools = "" if text else self._text_before_tools
        return pieces

    def _speak(self, pieces: list[str]) -> bool:
        """Write what may be spoken of the pieces; False if the reply ends there."""
        for piece in pieces:
            spoken = self._filter.piece(self._writer.text(self.reply), piece)
            if spoken.text:
                if not self._writer.is_begun(self.reply):
                    self._writer.begin(self.reply, self._turn_number(), UtteranceKind.REPLY)
                self._writer.write(self.reply, spoken.text)
            if spoken.is_end:
                self._on_end()
                return False
        return True
