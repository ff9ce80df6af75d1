"""How a reply ends: what is heard of it, and what turn-taking is told."""

from collections.abc import Callable

import pytest

from actors.conversation import ANY_KEYS, Ending, ExpectedAnswer
from actors.messages.model import ReplyFailed, ReplyTrouble, ReplyWritten
from actors.messages.playback import FinishReply
from actors.rules.phrases import GUARDRAIL, NO_ANSWER
from actors.runtime.clock import run_virtual
from actors.session.replies.held_clauses import UNDECIDED
from actors.session.replies.reply_ending import ReplyEnding
from actors.session.replies.reply_filter import ReplyFilter
from actors.session.replies.reply_text import ReplyText
from actors.session.replies.reply_writer import ReplyWriter
from tests.kit.session_kit import AGENT
from tests.unit.actors.session.replies.reply_kit import NotingSynthesizer
from tests.unit.actors.session.tools.tool_kit import TURN, ToolTalk

REPLY = 7


class AheadWriter(ReplyWriter):
    """Writes what its model speaks by itself."""

    is_ahead = True


class Desk(ToolTalk):
    """A conversation in whose first turn a reply is being made."""

    def __init__(self, writer: type[ReplyWriter] = ReplyWriter) -> None:
        super().__init__()
        self.synthesizer = NotingSynthesizer()
        self.writer = writer(self.checkpoint, self.synthesizer)
        self.text = ReplyText(
            self.writer,
            ReplyFilter(AGENT),
            turn_number=lambda: TURN,
            on_end=lambda: None,
            on_forbidden=lambda guardrail: self.ending.forbidden(guardrail),
        )
        self.text.reply = REPLY
        self.text.follow("")
        self.ending = ReplyEnding(self.ongoing, self.text, self.writer)


def desk(act: Callable[[Desk], None], writer: type[ReplyWriter] = ReplyWriter) -> None:
    async def main() -> None:
        act(Desk(writer))

    run_virtual(main())


def test_a_reply_that_is_written_is_finished_with_what_its_question_expects() -> None:
    def act(on: Desk) -> None:
        on.text.push("We are open until six. Shall I book you in?")
        on.text.finish()
        on.ending.written(ExpectedAnswer.YES_NO)
        (told,) = on.told
        assert isinstance(told, ReplyWritten)
        assert (told.turn, told.has_text) == (TURN, True)
        assert told.question_s > 0
        assert on.synthesizer.told[-1] == FinishReply(REPLY)
        assert on.checkpoint.asked is not None
        assert on.checkpoint.asked.expected is ExpectedAnswer.YES_NO

    desk(act)


def test_what_was_said_of_a_reply_that_fails_is_heard_before_the_trouble_is_told() -> None:
    def act(on: Desk) -> None:
        on.text.push("Tomorrow at nine")
        on.ending.failed(TURN, "it is busy", ReplyTrouble.BUSY)
        assert on.synthesizer.said == "Tomorrow at nine"
        assert on.told == [ReplyFailed(turn=TURN, has_text=True, cause="it is busy", trouble=ReplyTrouble.BUSY)]

    desk(act)


def test_a_reply_that_a_filter_has_ended_does_not_fail_any_more() -> None:
    def act(on: Desk) -> None:
        on.text.cancel()
        on.ending.failed(TURN, "too late")
        assert on.told == []

    desk(act)


@pytest.mark.parametrize(
    ("guardrail", "writer", "trouble", "apology"),
    [
        (0, ReplyWriter, ReplyTrouble.REFUSED, GUARDRAIL),
        (2, ReplyWriter, ReplyTrouble.REFUSED, GUARDRAIL + 2),
        (UNDECIDED, ReplyWriter, ReplyTrouble.NO_ANSWER, NO_ANSWER),
        (1, AheadWriter, ReplyTrouble.FORBIDDEN, GUARDRAIL + 1),
        (UNDECIDED, AheadWriter, ReplyTrouble.FORBIDDEN, NO_ANSWER),
    ],
)
def test_in_place_of_what_must_not_be_said_something_else_is(
    guardrail: int, writer: type[ReplyWriter], trouble: ReplyTrouble, apology: int
) -> None:
    def act(on: Desk) -> None:
        on.text.push("We are open until six. And so")
        on.ending.forbidden(guardrail)
        (told,) = on.told
        assert isinstance(told, ReplyFailed)
        assert (told.trouble, told.apology) == (trouble, apology)
        # Of one that is spoken already nothing more is to be heard, so none of its text counts.
        assert told.has_text is (writer is ReplyWriter)

    desk(act, writer)


def test_a_model_that_says_nothing_owes_words_unless_the_caller_leaves_or_is_to_press_keys() -> None:
    def owed(on: Desk) -> bool:
        return on.ending.owes_words

    def act(on: Desk) -> None:
        assert owed(on)
        on.turn.state.ending = Ending.NORMAL
        assert not owed(on), "nobody waits for them"
        on.turn.state.ending = None
        on.turn.state.key_pattern = ANY_KEYS
        assert owed(on), "they were not asked for the keys"
        on.text.push("Please key in your number.")
        on.text.finish()
        on.text.follow(on.writer.text(REPLY))
        assert not owed(on)
        on.turn.state.key_pattern = None
        assert owed(on), "nothing was said behind the tools"

    desk(act)
