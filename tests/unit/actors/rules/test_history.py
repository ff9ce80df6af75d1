"""What a conversation remembers."""

import pytest

from actors.conversation import ChatMessage, PositionPrecision, Role, UtteranceKind
from actors.messages.playback import PlaybackPosition
from actors.ports.llm import ToolCalled
from actors.rules.history import WITHHELD, History, whole_words
from actors.rules.pending_reply import PendingReply
from actors.rules.summary import Summary

CALL = ToolCalled(call_id="c1", name="look_up", arguments="{}")


def asked(text: str = "book a visit") -> History:
    history = History()
    history.add_user_words(text, 1, 10.0, continues=False, confidence=0.9)
    return history


def test_words_that_go_on_replace_the_unanswered_ones_and_their_memory() -> None:
    history = asked()
    history.memory = {"task": "book"}
    assert not history.stands
    history.add_user_words("book a visit tomorrow", 2, 11.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages] == ["book a visit tomorrow"]
    assert history.memory == {}


def test_words_after_an_answer_do_not() -> None:
    history = asked()
    history.memory = {"task": "book"}
    history.add_heard(
        PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY),
        "When?",
        PositionPrecision.NETWORK,
        11.0,
        interrupted=False,
    )
    history.add_user_words("tomorrow", 2, 12.0, continues=True, confidence=1.0)
    assert [m.role for m in history.messages] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert history.memory == {"task": "book"}


def test_a_tools_answer_stands_beside_its_request() -> None:
    history = asked()
    history.add_tool_calls(1, [CALL, ToolCalled(call_id="c2", name="other", arguments="{}")], 11.0)
    history.add_user_words("never mind", 2, 12.0, continues=False, confidence=1.0)
    history.add_tool_answer("c1", '"nine"', 1, 13.0)
    history.add_tool_answer("c2", '"ten"', 1, 13.0)
    roles = [m.role for m in history.messages]
    assert roles == [Role.USER, Role.ASSISTANT, Role.TOOL, Role.TOOL, Role.USER]
    assert [m.text for m in history.messages[2:4]] == ['"nine"', '"ten"']


def test_an_answer_nobody_asked_for_comes_last() -> None:
    history = asked()
    history.add_tool_answer("c9", "1", 1, 11.0)
    assert history.messages[-1].role is Role.TOOL


def test_without_tools_the_model_reads_what_there_is() -> None:
    assert [m.text for m in asked().for_the_model()] == ["book a visit"]


def test_the_model_reads_what_was_said_before_its_tools_and_no_fillers() -> None:
    history = asked()
    history.add_tool_calls(1, [CALL], 11.0)
    history.add_heard(
        PendingReply(reply=2, turn=1, kind=UtteranceKind.FILLER),
        "One moment.",
        PositionPrecision.NETWORK,
        11.5,
        interrupted=False,
    )
    history.add_tool_answer("c1", '"nine"', 1, 12.0)
    read = history.for_the_model("Let me look.")
    assert [(m.role, m.text) for m in read] == [
        (Role.USER, "book a visit"),
        (Role.ASSISTANT, "Let me look."),
        (Role.TOOL, '"nine"'),
    ]
    assert history.messages[1].text == "", "the request itself is not changed: its words are recorded when heard"


@pytest.mark.parametrize(
    ("end", "kept"),
    [
        (0, ""),
        (3, ""),
        (5, "Hello"),
        (6, "Hello"),
        (8, "Hello"),
        (11, "Hello there"),
        (12, "Hello there."),
        (99, "Hello there."),
    ],
)
def test_half_a_word_was_not_heard(end: int, kept: str) -> None:
    assert whole_words("Hello there.", end) == kept


def test_words_go_on_though_a_gap_was_bridged_meanwhile() -> None:
    history = asked("what are your hours")
    for kind in (UtteranceKind.FILLER, UtteranceKind.APOLOGY):
        history.add_heard(
            PendingReply(reply=1, turn=1, kind=kind), "Sorry?", PositionPrecision.NETWORK, 11.0, interrupted=False
        )
    history.add_user_words("what are your hours", 2, 12.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages if m.role is Role.USER] == ["what are your hours"]


@pytest.mark.parametrize(
    ("more", "users"),
    [
        ("book a visit tomorrow", ["book a visit", "tomorrow"]),
        ("book a visit", ["book a visit"]),
        ("cancel it", ["book a visit", "cancel it"]),
    ],
)
def test_words_that_tools_were_called_for_stand_and_only_the_rest_is_added(more: str, users: list[str]) -> None:
    history = asked()
    history.add_tool_calls(1, [CALL], 11.0)
    history.add_tool_answer("c1", '"nine"', 1, 12.0)
    assert history.stands
    history.add_user_words(more, 2, 13.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages if m.role is Role.USER] == users


def test_words_are_not_answered_since_the_oldest_of_them_and_none_once_a_reply_was_heard() -> None:
    history = History()
    assert history.unanswered_since == 0
    for turn in (2, 3):
        history.add_user_words(f"words {turn}", turn, 10.0, continues=False, confidence=1.0)
        history.add_tool_calls(turn, [CALL], 11.0)
    assert history.unanswered_since == 2
    reply = PendingReply(reply=1, turn=3, kind=UtteranceKind.REPLY)
    history.add_heard(reply, "Nine.", PositionPrecision.EXACT, 12.0, interrupted=False)
    assert history.unanswered_since == 0


def test_words_that_follow_nothing_are_added() -> None:
    history = History()
    history.add_user_words("hello", 1, 10.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages] == ["hello"]


def test_a_call_is_answered_once() -> None:
    history = asked()
    history.add_tool_calls(1, [CALL, ToolCalled(call_id="c2", name="other", arguments="{}")], 11.0)
    assert [(turn, call.call_id) for turn, call in history.unanswered_calls()] == [(1, "c1"), (1, "c2")]
    assert history.add_tool_answer("c1", '"nine"', 1, 12.0)
    assert not history.add_tool_answer("c1", '"ten"', 1, 12.0)
    assert [call.call_id for _, call in history.unanswered_calls()] == ["c2"]
    assert (history.tool_rounds(1), history.tool_rounds(2)) == (1, 0)
    assert (history.has_turn(1), history.has_turn(2)) == (True, False)


def test_calls_get_ids_of_their_own() -> None:
    history = asked()
    history.add_tool_calls(1, [CALL], 11.0)
    calls = [
        CALL,
        CALL,
        ToolCalled(call_id="", name="other", arguments="{}"),
        ToolCalled(call_id="c2", name="other", arguments="{}"),
    ]
    assert [call.call_id for call in history.with_unique_ids(calls)] == ["c1-2", "c1-3", "call-2", "c2"]


def test_a_successor_remembers_the_same() -> None:
    history = asked()
    history.memory = {"task": "book"}
    successor = History(history.messages, history.memory, history.memory_before)
    successor.add_user_words("book a visit tomorrow", 2, 11.0, continues=True, confidence=1.0)
    assert (successor.memory, [m.text for m in successor.messages]) == ({}, ["book a visit tomorrow"])


def test_the_end_records_what_was_heard_of_each_reply() -> None:
    def spoken(reply: int, text: str, heard: int | None, *, finished: bool = True) -> PendingReply:
        until = (
            None
            if heard is None
            else PlaybackPosition(reply=reply, text_end=heard, heard_ms=0.0, precision=PositionPrecision.NETWORK)
        )
        return PendingReply(
            reply=reply, turn=1, kind=UtteranceKind.REPLY, pieces=[text], finished=finished, heard=until
        )

    history = asked()
    replies = [
        spoken(1, "Heard whole. ", 13),
        spoken(2, "Heard in part.", 8),
        spoken(3, "Written in part.", 16, finished=False),
        spoken(4, "Not heard.", 0),
        spoken(5, "Never begun.", None),
    ]
    added = history.end(replies, 20.0)
    assert [(m.text, m.interrupted) for m in added] == [
        ("Heard whole.", False),
        ("Heard in", True),
        ("Written in part.", True),
    ]
    assert history.messages[1:] == added


def test_only_the_rest_is_added_however_many_turns_called_tools() -> None:
    history = asked("answered without a word")
    for number, words in enumerate(("one", "one two", "one two three", "one two three four"), start=2):
        history.add_user_words(words, number, 12.0, continues=number > 2, confidence=1.0)
        history.add_tool_calls(number, [ToolCalled(call_id=f"c{number}", name="look_up", arguments="{}")], 12.0)
    users = [m.text for m in history.messages if m.role is Role.USER]
    assert users == ["answered without a word", "one", "two", "three", "four"]


def test_a_prompt_answers_nobody() -> None:
    history = asked("one")
    history.add_heard(
        PendingReply(reply=2, turn=1, kind=UtteranceKind.PROMPT),
        "Are you there?",
        PositionPrecision.NETWORK,
        11.5,
        interrupted=False,
    )
    history.add_user_words("one two", 2, 12.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages if m.role is Role.USER] == ["one", "two"]


def test_words_that_go_on_replace_the_unanswered_ones_though_a_note_came_between() -> None:
    history = asked("book")
    history.add_note("an order failed", 1, 2.0)
    history.add_user_words("book a visit", 2, 3.0, continues=True, confidence=1.0)
    assert [message.text for message in history.for_the_model()] == ["an order failed", "book a visit"]


def test_a_reply_without_a_word_answers_nobody() -> None:
    history = asked()
    pending = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY)
    history.add_heard(pending, "🙂 ...", PositionPrecision.NETWORK, 11.0, interrupted=False)
    history.add_user_words("book a visit tomorrow", 2, 12.0, continues=True, confidence=1.0)
    assert [m.text for m in history.messages if m.role is Role.USER] == ["book a visit", "tomorrow"]


def test_words_that_a_filter_refuses_are_remembered_and_not_read() -> None:
    history = asked()
    history.withhold(1)
    assert [m.text for m in history.messages] == ["book a visit"]
    assert history.for_the_model() == ()


def test_words_refused_after_refused_ones_leave_nothing_to_be_read() -> None:
    history = asked("first")
    for turn, text in ((2, "second"), (3, "third")):
        history.add_user_words(text, turn, 10.0, continues=False, confidence=1.0)
    history.withhold(2)
    assert [m.text for m in history.for_the_model()] == ["first", "third"]
    history.withhold(3)
    assert history.for_the_model() == ()


def test_of_a_tool_whose_result_a_filter_refuses_is_read_only_that_it_was_called() -> None:
    history = asked("what is in the news")
    history.add_tool_calls(1, [ToolCalled(call_id="a", name="look", arguments='{"for": "something bad"}')], 11.0)
    history.add_tool_answer("a", "something bad", 1, 12.0)
    history.withhold(1)
    history.add_user_words("are you open", 2, 13.0, continues=False, confidence=1.0)
    call, result, question = history.for_the_model()
    assert (call.tool_requests[0].name, call.tool_requests[0].arguments) == ("look", "{}")
    assert (result.call_id, result.text) == ("a", WITHHELD)
    assert question.text == "are you open"
    assert "something bad" in history.messages[2].text, "the record has it"


def test_what_the_agent_has_said_is_not_read_either_where_it_is_refused_again() -> None:
    history = asked("first")
    pending = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY)
    history.add_heard(pending, "Something bad.", PositionPrecision.EXACT, 11.0, interrupted=False)
    for turn, text in ((2, "second"), (3, "third")):
        history.add_user_words(text, turn, 12.0, continues=False, confidence=1.0)
        history.withhold(turn)
    assert history.for_the_model() == ()


def test_what_was_heard_of_a_reply_that_a_filter_has_cut_is_not_read_either() -> None:
    history = asked("first")
    history.add_user_words("second", 2, 12.0, continues=False, confidence=1.0)
    history.withhold(2)
    for turn, text in ((2, "Something bad"), (1, "Something good.")):
        pending = PendingReply(reply=turn, turn=turn, kind=UtteranceKind.REPLY)
        history.add_heard(pending, text, PositionPrecision.EXACT, 13.0, interrupted=True)
    assert [m.text for m in history.for_the_model()] == ["first", "Something good."]


def test_a_summary_of_what_is_refused_as_a_whole_is_not_read_either() -> None:
    history = asked("first")
    history.summary = Summary("They said something bad.", 0)
    for turn, text in ((2, "second"), (3, "third")):
        history.add_user_words(text, turn, 12.0, continues=False, confidence=1.0)
        history.withhold(turn)
    history.add_user_words("fourth", 4, 13.0, continues=False, confidence=1.0)
    assert [m.text for m in history.for_the_model()] == ["fourth"]


def test_what_is_heard_after_the_next_turn_has_begun_stands_before_it() -> None:
    history = History()
    history.add_user_words("i have no internet", 1, 1.0, continues=False, confidence=1.0)
    history.add_tool_calls(2, [ToolCalled(call_id="c", name="measure_line", arguments="{}")], 2.0)
    history.add_tool_answer("c", "faulty", 2, 3.0)

    def heard(reply: int, turn: int, text: str, kind: UtteranceKind = UtteranceKind.REPLY) -> None:
        pending = PendingReply(reply=reply, turn=turn, kind=kind)
        history.add_heard(pending, text, PositionPrecision.EXACT, 4.0, interrupted=False)

    heard(1, 1, "One moment.")
    heard(2, 2, "Support here.", UtteranceKind.GREETING)
    heard(3, 2, "There is an outage.")
    assert [(message.role, message.text) for message in history.messages] == [
        (Role.USER, "i have no internet"),
        (Role.ASSISTANT, "One moment."),
        (Role.ASSISTANT, "Support here."),
        (Role.ASSISTANT, ""),
        (Role.TOOL, "faulty"),
        (Role.ASSISTANT, "There is an outage."),
    ]


def test_words_that_come_late_replace_what_stood_for_them() -> None:
    said = (ChatMessage(role=Role.USER, text="a", turn=1), ChatMessage(role=Role.ASSISTANT, text="b", turn=1))
    history = History(said)
    history.set_user_words(1, "c")
    history.set_user_words(2, "nobody's")
    assert [m.text for m in history.messages] == ["c", "b"]
    assert (history.user_text(1), history.user_text(2)) == ("c", "")
