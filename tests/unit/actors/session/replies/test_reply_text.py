"""The model's stream on its way to the writer: sentence by sentence, and no further than the filters let it."""

import msgspec
import pytest

from actors.agent import Agent, Guardrail, GuardrailAction
from actors.messages.playback import BeginReply
from actors.session.checkpoint import Checkpoint
from actors.session.replies.reply_filter import AsItComes, ReplyFilter
from actors.session.replies.reply_text import ReplyText
from actors.session.replies.reply_writer import ReplyWriter
from tests.unit.actors.session.replies.reply_kit import NotingSynthesizer

AGENT = Agent(name="clinic", label="Clinic")
RAIL = Guardrail(name="advice", pattern="sue", action=GuardrailAction.STOP, say="I may not say.")


class Making:
    """Reply 7 of turn 3, of which nothing was said yet."""

    def __init__(self, agent: Agent = AGENT, filters: type[ReplyFilter] = ReplyFilter) -> None:
        self.synthesizer = NotingSynthesizer()
        self.checkpoint = Checkpoint()
        writer = ReplyWriter(self.checkpoint, self.synthesizer)
        self.ends = 0
        self.forbidden: list[int] = []
        self.text = ReplyText(
            writer,
            filters(agent),
            turn_number=lambda: 3,
            on_end=self._ended,
            on_forbidden=self.forbidden.append,
        )
        self.text.reply = 7

    def _ended(self) -> None:
        self.ends += 1


def test_a_sentence_is_spoken_when_it_is_complete_and_the_reply_begins_with_the_first() -> None:
    making = Making()
    assert making.text.push("It is open until ")
    assert making.synthesizer.told == []
    making.text.push("six. And on Sunday")
    assert isinstance(making.synthesizer.told[0], BeginReply)
    assert (making.synthesizer.told[0].reply, making.synthesizer.told[0].turn) == (7, 3)
    assert making.synthesizer.spoken[0].strip() == "It is open until six."
    assert making.text.finish()
    assert "".join(making.synthesizer.spoken).strip() == "It is open until six. And on Sunday"
    assert making.text.written == "It is open until six. And on Sunday"


def test_of_a_reply_that_was_cut_the_unfinished_sentence_is_spoken_only_if_it_is_all_there_is() -> None:
    making = Making()
    making.text.push("It is open until six. And on Sun")
    making.text.finish(is_cut=True)
    assert making.text.written == "It is open until six."
    alone = Making()
    alone.text.push("It is open unt")
    alone.text.finish(is_cut=True)
    assert alone.text.written == "It is open unt"


def test_a_filter_that_ends_the_reply_says_so_and_nothing_behind_it_is_spoken() -> None:
    making = Making(msgspec.structs.replace(AGENT, guardrails=(RAIL,)))
    assert making.text.push("That is a pity. ")
    assert not making.text.push("You should sue them. Today. ")
    assert making.ends == 1
    assert making.text.written == "That is a pity. I may not say."


@pytest.mark.parametrize("last", ["You should sue them. ", "You should sue"])
def test_what_a_model_speaks_that_it_must_not_is_told_and_not_written(last: str) -> None:
    making = Making(msgspec.structs.replace(AGENT, guardrails=(RAIL,)), AsItComes)
    assert making.text.push("That is a pity. ")
    assert making.text.push(last) is (not last.endswith(" "))
    assert making.text.finish() is False
    assert set(making.forbidden) == {0}
    assert making.text.written == "That is a pity."


def test_what_comes_behind_tools_is_parted_from_what_was_said_before_them() -> None:
    making = Making()
    making.text.push("One moment.")
    making.text.finish()
    making.text.follow(making.text.written)
    assert making.checkpoint.text_before_tools == "One moment."
    making.text.push("It is at ten.")
    making.text.finish()
    assert making.text.written == "One moment. It is at ten."


def test_what_will_not_be_heard_is_taken_back() -> None:
    making = Making()
    making.text.push("It is at ten. It is in room two.")
    making.text.finish()
    making.text.retract("It is at ten.")
    assert making.text.written == "It is at ten."
    making.text.push("In room two.")
    making.text.finish()
    assert making.text.written == "It is at ten. In room two."


def test_a_pause_of_the_model_lets_what_is_complete_be_spoken() -> None:
    making = Making()
    making.text.push("Yes, it is. ")
    assert making.synthesizer.spoken == [], "so short a piece waits for what follows"
    assert making.text.pause()
    assert [text.strip() for text in making.synthesizer.spoken] == ["Yes, it is."]


def test_what_its_model_speaks_already_is_written_in_mid_sentence() -> None:
    making = Making(filters=AsItComes)
    making.text.push("It is op")
    making.text.release()
    making.text.release()
    making.text.push("en. It is")
    making.text.finish()
    assert making.synthesizer.spoken == ["It is op", "en. ", "It is"]


def test_what_was_held_of_thoughts_is_forgotten_when_the_model_is_asked_again() -> None:
    making = Making()
    making.text.push("<think>it may be that")
    making.text.begin_again()
    making.text.push("At ten.")
    making.text.finish()
    assert making.text.written == "At ten."


def test_of_a_thought_whose_end_alone_is_marked_nothing_is_spoken_that_can_be_helped() -> None:
    making = Making()
    making.text.push("They want to know wh")
    making.text.push("en.</think>At ni")
    making.text.push("ne.")
    assert making.text.finish()
    assert "".join(making.synthesizer.spoken) == "At nine."


def test_what_was_said_before_the_tools_is_not_said_of_what_they_found() -> None:
    making = Making()
    making.text.push("One moment. ")
    making.text.finish()
    assert making.text.has_words
    making.text.follow("One moment. ")
    assert (making.text.has_words, making.text.is_empty) == (False, True)
    making.text.push("\U0001f642 At nine.")
    making.text.finish()
    assert making.text.has_words
    making.text.retract("One")
    assert (making.text.has_words, making.text.is_empty) == (False, True)
