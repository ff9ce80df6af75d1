"""The text of replies goes into the checkpoint first, then to the synthesizer."""

from typing import Any

import pytest

from actors.conversation import ExpectedAnswer, UtteranceKind
from actors.messages.playback import BeginReply, FinishReply, SpeakText
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.replies.reply_writer import ReplyWriter

REPLY, GREETING, FILLER = UtteranceKind.REPLY, UtteranceKind.GREETING, UtteranceKind.FILLER


class Synthesizer:
    """An address that notes what it is told, and what the checkpoint held by then."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self.told: list[tuple[Any, str]] = []

    def tell(self, message: Any) -> None:
        pending = self._checkpoint.pending_replies.get(message.reply)
        self.told.append((message, pending.text if pending is not None else ""))


class Desk:
    def __init__(self) -> None:
        self.checkpoint = Checkpoint(agent="dentist", language="de-DE")
        self.synthesizer = Synthesizer(self.checkpoint)
        self.writer = ReplyWriter(self.checkpoint, self.synthesizer)  # type: ignore[arg-type]


def test_a_phrase_is_kept_before_it_is_spoken() -> None:
    desk = Desk()
    desk.writer.say(1, 0, GREETING, "Hello.")
    assert desk.synthesizer.told == [
        (BeginReply(1, 0, GREETING), ""),
        (SpeakText(1, "Hello."), "Hello."),
        (FinishReply(1), "Hello."),
    ]
    pending = desk.checkpoint.pending_replies[1]
    assert (pending.agent, pending.language, pending.finished) == ("dentist", "de-DE", True)


def test_the_text_of_a_reply_grows_and_can_be_taken_back() -> None:
    desk = Desk()
    desk.writer.begin(2, 1, REPLY)
    for piece in ("One. ", "Two."):
        desk.writer.write(2, piece)
    assert desk.writer.text(2) == "One. Two."
    assert [pending.reply for pending in desk.writer.unfinished()] == [2]
    desk.writer.retract(2, "One.")
    assert desk.writer.text(2) == "One."
    desk.writer.finish(2)
    assert desk.writer.unfinished() == []
    assert desk.writer.is_begun(2)


def test_a_reply_that_is_over_or_never_began_is_finished_without_harm() -> None:
    desk = Desk()
    desk.writer.finish(7)
    desk.writer.begin(1, 1, REPLY)
    desk.checkpoint.reply_over(1)
    desk.writer.finish(1)
    assert [type(message) for message, _ in desk.synthesizer.told] == [BeginReply]
    assert desk.writer.text(1) == ""
    assert not desk.writer.is_begun(1)


def test_what_the_model_has_said_in_a_turn_is_without_phrases() -> None:
    desk = Desk()
    for reply, turn, kind, text in (
        (1, 1, REPLY, "First. "),
        (2, 1, FILLER, "One moment."),
        (3, 1, REPLY, "Second."),
        (4, 2, REPLY, "Another turn."),
    ):
        desk.writer.say(reply, turn, kind, text)
    assert desk.writer.model_text(1) == "First. Second."


def test_the_text_that_tools_interrupt_is_kept_for_a_successor() -> None:
    desk = Desk()
    desk.writer.follow("Let me look.")
    successor = ReplyWriter(desk.checkpoint, desk.synthesizer)  # type: ignore[arg-type]
    assert successor.text_before_tools == "Let me look."


@pytest.mark.parametrize(
    ("kind", "text", "expected", "asked"),
    [
        (REPLY, "Fine. What is your name?", None, AskedQuestion("What is your name?", ExpectedAnswer.NAME)),
        (GREETING, "Hello.", None, None),
        (REPLY, "Say it.", ExpectedAnswer.SPELLING, AskedQuestion("", ExpectedAnswer.SPELLING)),
        (
            REPLY,
            "And your number?",
            ExpectedAnswer.ANYTHING,
            AskedQuestion("And your number?", ExpectedAnswer.ANYTHING),
        ),
    ],
)
def test_the_question_at_the_end_of_a_reply_is_what_the_caller_answers(
    kind: UtteranceKind, text: str, expected: ExpectedAnswer | None, asked: AskedQuestion | None
) -> None:
    desk = Desk()
    desk.checkpoint.agent_asked(AskedQuestion("Before?", ExpectedAnswer.SHORT))
    desk.writer.begin(1, 1, kind)
    desk.writer.write(1, text)
    desk.writer.finish(1, expected)
    assert desk.checkpoint.asked == asked


def test_a_phrase_between_question_and_answer_changes_nothing() -> None:
    desk = Desk()
    asked = AskedQuestion("What is your name?", ExpectedAnswer.NAME)
    desk.checkpoint.agent_asked(asked)
    desk.writer.say(1, 1, FILLER, "Are you still there?")
    assert desk.checkpoint.asked == asked
