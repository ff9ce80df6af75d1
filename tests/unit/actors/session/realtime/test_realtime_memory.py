"""What a session of a speech-to-speech model is told, is not told twice, and is made to forget."""

from actors.conversation import ChatMessage, PositionPrecision, Role, ToolRequest, UtteranceKind
from actors.messages.playback import PlaybackPosition
from actors.session.realtime.realtime_memory import MAX_ITEMS, RealtimeMemory, until_speech
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession
from tests.unit.actors.session.realtime.realtime_kit import OPTIONS

USER = ChatMessage(role=Role.USER, text="[speech]", turn=1)
REPLY = ChatMessage(role=Role.ASSISTANT, text="It is open.", turn=1)
FILLER = ChatMessage(role=Role.ASSISTANT, text="One moment.", turn=1, kind=UtteranceKind.FILLER)
CALL = ChatMessage(role=Role.ASSISTANT, turn=1, tool_requests=(ToolRequest("c1", "hours", "{}"),))
RESULT = ChatMessage(role=Role.TOOL, text="nine", turn=1, call_id="c1")


def remembering() -> tuple[RealtimeMemory, FakeRealtimeSession]:
    session = FakeRealtimeSession(FakeRealtime(), OPTIONS, lambda event: None)
    memory = RealtimeMemory()
    memory.connect(session)
    return memory, session


def nothing_typed(_turn: int, _text: str) -> str:
    return ""


def cut(reply: int, heard_ms: float) -> tuple[PlaybackPosition, ...]:
    return (PlaybackPosition(reply=reply, text_end=0, heard_ms=heard_ms, precision=PositionPrecision.EXACT),)


def test_a_session_is_told_once_what_it_has_neither_heard_nor_said() -> None:
    memory, session = remembering()
    memory.made(1)
    for _ in range(2):
        memory.tell([USER, CALL, RESULT, FILLER, REPLY], {1}, nothing_typed)
    assert session.added == [RESULT, FILLER]


def test_another_session_is_told_what_a_former_one_has_said_after_it_was_opened() -> None:
    memory, _ = remembering()
    memory.made(1)
    session = FakeRealtimeSession(FakeRealtime(), OPTIONS, lambda event: None)
    memory.connect(session, [USER])
    memory.tell([USER, REPLY], set(), nothing_typed)
    assert session.added == [REPLY]


def test_a_reply_is_truncated_to_what_was_heard_of_it() -> None:
    memory, session = remembering()
    memory.item("a", 3).audio_ms = 500.0
    memory.item("a", 3).is_complete = True
    memory.item("b", 3).audio_ms = 500.0
    assert memory.has_all_of(3) is False
    assert memory.begins_ms("b", 3) == 500.0
    assert memory.stopped(3, cut(3, 700.0))
    assert session.truncated == {"b": 200.0}
    assert not memory.is_being_heard


def test_what_is_heard_later_is_not_touched() -> None:
    memory, session = remembering()
    memory.item("a", 3).audio_ms = 500.0
    memory.stopped(2, ())
    assert session.truncated == {}
    assert memory.is_being_heard
    memory.heard(3)
    assert not memory.is_being_heard


def test_a_session_that_goes_on_with_a_reply_is_told_the_beginning() -> None:
    memory, session = remembering()
    memory.continues(3, 1, "It is", 400.0)
    memory.item("b", 3).audio_ms = 500.0
    assert [(m.role, m.text) for m in session.added] == [(Role.ASSISTANT, "It is")]
    assert memory.begins_ms("b", 3) == 400.0
    assert memory.stopped(3, cut(3, 600.0))
    assert session.truncated == {"b": 200.0}


def test_of_a_beginning_that_was_not_heard_nothing_can_be_forgotten() -> None:
    memory, session = remembering()
    memory.continues(3, 1, "It is", 400.0)
    memory.item("b", 3).audio_ms = 500.0
    assert not memory.stopped(3, cut(3, 100.0))
    assert session.truncated == {"b": 0.0}


def test_without_a_session_nothing_is_told() -> None:
    memory, _ = remembering()
    memory.connect(None)
    memory.item("a", 3).audio_ms = 500.0
    assert memory.stopped(3, ())


def test_of_what_it_has_heard_it_is_told_what_was_typed_beside_it() -> None:
    memory, session = remembering()
    message = ChatMessage(role=Role.USER, text="4 2 [speech]", turn=1)
    for _ in range(2):
        memory.tell([message], {1}, lambda turn, text: text.removesuffix(" [speech]") if turn == 1 else "")
    assert [m.text for m in session.added] == ["4 2"]


def test_a_reply_may_have_so_many_items_and_what_others_have_does_not_count() -> None:
    memory, _ = remembering()
    for number in range(MAX_ITEMS):
        memory.item(f"a{number}", 3)
        memory.item(f"b{number}", 4)
    assert not memory.has_too_many(3)
    memory.item("a0", 3)
    assert not memory.has_too_many(3)
    memory.item("one more", 3)
    assert (memory.has_too_many(3), memory.has_too_many(4)) == (True, False)


def test_another_session_begins_with_what_lies_before_the_speech_that_it_is_to_hear() -> None:
    later = ChatMessage(role=Role.USER, text="[speech]", turn=2)
    assert until_speech([USER, CALL, RESULT, REPLY, later], {2}) == (USER, CALL, RESULT, REPLY)
    assert until_speech([USER, REPLY], {3}) == (USER, REPLY)
    assert until_speech([USER, REPLY], {1}) == ()


def test_what_a_session_itself_has_begun_to_say_counts_once_when_it_goes_on_behind_a_response_that_has_failed() -> None:
    memory, session = remembering()
    memory.item("i1", 3).audio_ms = 400.0
    memory.continues(3, 1, "It is", 400.0)
    memory.item("i2", 3).audio_ms = 500.0
    assert memory.begins_ms("i2", 3) == 400.0
    memory.continues(3, 1, "It is open", 900.0)
    memory.item("i3", 3)
    assert memory.begins_ms("i3", 3) == 900.0
    assert [message.text for message in session.added] == ["It is", "It is open"]
    assert not memory.stopped(3, cut(3, 700.0)), "as text it has no length: the model is told anew what was heard"
