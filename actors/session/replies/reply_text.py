"""The text of the reply in hand: the model's stream, split into sentences, filtered, and handed to the writer."""

from collections.abc import Callable

from actors.conversation import UtteranceKind
from actors.rules.guardrails import Guarded
from actors.rules.text.sentences import SentenceSplitter, following
from actors.rules.unicode_text import is_speakable
from actors.session.engine_events import ClauseJudged
from actors.session.replies.held_clauses import HeldClauses
from actors.session.replies.reply_filter import ReplyFilter
from actors.session.replies.reply_writer import ReplyWriter


class ReplyText:
    """Has what the model says spoken, sentence by sentence, as far as the agent's filters let it.

    Args:
        writer: takes the sentences.
        filters: what of the model's text is spoken.
        turn_number: called for the number of the turn in hand.
        on_end: called when a filter ends the reply, whatever else the model has to say.
        on_forbidden: called when the model speaks what it must not, or would, with the number of the guardrail.
        held: holds each clause until it is judged; None: none is.
    """

    def __init__(
        self,
        writer: ReplyWriter,
        filters: ReplyFilter,
        *,
        turn_number: Callable[[], int],
        on_end: Callable[[], None],
        on_forbidden: Callable[[int], None],
        held: HeldClauses | None = None,
    ) -> None:
        self._writer = writer
        self._filter = filters
        self._turn_number = turn_number
        self._on_end = on_end
        self._on_forbidden = on_forbidden
        self._held = held
        self._judged_end = 0
        """The end of the part of the reply's text that is known to break no guardrail."""
        self._is_prepared = False
        """Whether audio is being made for the next clause."""
        self._when_judged: Callable[[], object] | None = None
        self._is_over = False
        """Whether a filter has ended the reply: what else the model writes of it is not spoken."""
        self._splitter = SentenceSplitter()
        self._text_before_tools = ""
        """The text before the tools that the model has called; empty once the model has continued after them."""
        self._asked_at = 0
        """The length of the reply's text when its model was asked to continue after its tools."""
        self.reply = 0
        """The number of the reply in hand; 0 before the first one."""

    @property
    def written(self) -> str:
        """The text of the reply in hand that is on its way."""
        return self._writer.text(self.reply).strip()

    @property
    def has_words(self) -> bool:
        """Whether the model has said anything that can be spoken since it was asked, or asked to go on, last."""
        return is_speakable(self._written_since)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of what the model has said since then is on its way, or waits to be."""
        return not self._written_since and not self._held

    @property
    def _written_since(self) -> str:
        return self._writer.text(self.reply)[self._asked_at :].strip()

    def follow(self, text: str) -> None:
        """Have what the model says next follow `text`, which it said before it called its tools."""
        self._asked_at = len(text)
        self._go_on_behind(text)

    def _go_on_behind(self, text: str) -> None:
        self._splitter, self._text_before_tools = SentenceSplitter(), text
        self._is_over, self._judged_end = False, len(text)
        self._filter.begin()
        self._writer.follow(text)

    def retract(self, text: str) -> None:
        """Go on behind `text`, the beginning of what the model has said of the reply: the rest will not be heard."""
        judged = text[: self._judged_end]
        self._forget()
        self._writer.retract(self.reply, text)
        self._go_on_behind(text)
        self._asked_at = min(self._asked_at, len(text))
        if self._held is not None and len(text) > len(judged):
            self._judged_end = len(judged)
            self._held.hold(judged, text[len(judged) :])

    def begin_again(self) -> None:
        """Have the filters forget what the model said, of which nothing is spoken: it is asked once more."""
        self._filter.begin()

    def cancel(self) -> None:
        """Have nothing more of the reply in hand spoken that was not judged."""
        self._forget()
        self._is_over = True

    def when_judged(self, then: Callable[[], object]) -> None:
        """Call `then` when all that was said of the reply in hand is judged and on its way; at once, if it is."""
        if self._held:
            self._when_judged = then
        else:
            then()

    def judged(self, message: ClauseJudged) -> None:
        """Have a clause spoken that may be, or the reply ended at one that may not."""
        if self._held is None or not self._held.take_verdict(message):
            return
        while (judged := self._held.take()) is not None:
            text, broken = judged
            if broken is not None:
                self.cancel()
                self._filter.broke(broken)
                self._on_forbidden(broken)
                return
            self._judged_end += len(text)
            if self._writer.is_ahead:
                self._writer.judged(self.reply, self._judged_end)
            else:
                self._write(text)
                self._prepare_first()
        if not self._held and (then := self._when_judged) is not None:
            self._when_judged = None
            then()

    def push(self, text: str) -> bool:
        """Have the sentences spoken that are complete with `text`; False if the reply ends there."""
        if self._is_over:
            return False
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
        if self._is_over:
            return False
        rest = [*self._split(self._filter.finish()), *self._splitter.finish()]
        if self._filter.forbidden is not None:
            return self._end_forbidden(self._filter.forbidden)
        return self._speak([] if is_cut and not self.is_empty else rest)

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
            spoken = self._filter.piece(self._said, piece)
            if spoken.text:
                self._hold_or_write(spoken)
            if spoken.is_end:
                self._is_over = True
                self._on_end()
                return False
        return True

    @property
    def _said(self) -> str:
        """What was said of the reply in hand, also what waits to be judged."""
        written = self._writer.text(self.reply)
        return written if self._held is None or self._writer.is_ahead else written + self._held.text

    def _hold_or_write(self, spoken: Guarded) -> None:
        # What a guardrail says needs no judge; but it waits for what was said before.
        if self._held is None or (spoken.is_end and not self._held):
            self._write(spoken.text)
            return
        is_first, said = not self._held, self._said
        if self._writer.is_ahead:
            self._write(spoken.text)
        self._held.hold(said, spoken.text, is_trusted=spoken.is_end)
        if is_first:
            self._prepare_first()

    def _write(self, text: str) -> None:
        self._is_prepared = False
        if not self._writer.is_begun(self.reply):
            self._writer.begin(self.reply, self._turn_number(), UtteranceKind.REPLY)
        self._writer.write(self.reply, text)

    def _prepare_first(self) -> None:
        """Have the clause synthesised that is to be spoken next, while the guardrails' model judges whether it may
        be."""
        if self._held and not self._writer.is_ahead:
            self._is_prepared = True
            self._writer.prepare(self.reply, self._turn_number(), self._held.first)

    def _forget(self) -> None:
        """Judge nothing more, and have nothing spoken that was prepared."""
        self._when_judged = None
        if self._held is not None:
            self._held.forget()
        if self._is_prepared:
            self._is_prepared = False
            self._writer.discard()
