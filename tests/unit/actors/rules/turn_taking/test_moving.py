"""A turn that goes on in another process: what the caller was just saying is lost with the former one."""

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, ToolRequest, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking.moving import (
    is_busy,
    is_speaking,
    moved,
    only_listens,
    unanswerable_reply,
    unanswered_words,
)
from actors.rules.turn_taking.state import (
    AgentActivity,
    CallerActivity,
    Interruption,
    Opening,
    OwedFinal,
    Screening,
    ScreeningStage,
    TurnSnapshot,
    Utterance,
)

IDLE = TurnSnapshot(turn_number=2)


def test_words_that_had_ended_are_answered_though_their_final_transcript_never_comes() -> None:
    awaited = TurnSnapshot(caller=CallerActivity.AWAITED, final=OwedFinal.OWED)
    state = msgspec.structs.replace(awaited, interim="at nine", waiting_text="tomorrow")
    later = moved(state, has_reply=False, greets_idle=True)
    assert later.waiting_text == "tomorrow at nine"
    assert (later.caller, later.interim, later.final) == (CallerActivity.SILENT, "", OwedFinal.NONE)
    assert (later.owed_apology, later.opening) == (0, Opening.NONE)
    assert state.final is OwedFinal.OWED, "the state that is kept is not changed"


@pytest.mark.parametrize(
    "state",
    [
        TurnSnapshot(caller=CallerActivity.TALKING, interim="at"),
        TurnSnapshot(caller=CallerActivity.AWAITED),
        TurnSnapshot(final=OwedFinal.OWED),
    ],
)
def test_a_caller_whose_words_would_be_lost_is_speaking_and_asked_to_say_them_again_unless_greeted(
    state: TurnSnapshot,
) -> None:
    assert is_speaking(state)
    assert not is_speaking(IDLE)
    assert moved(state, has_reply=False, greets_idle=False).owed_apology == SAY_AGAIN
    greeted = moved(state, has_reply=False, greets_idle=True)
    assert (greeted.owed_apology, greeted.opening) == (0, Opening.GREETING)


@pytest.mark.parametrize(
    "state",
    [
        TurnSnapshot(caller=CallerActivity.TALKING),
        TurnSnapshot(keys="12"),
        TurnSnapshot(waiting_text="[speech]"),
        TurnSnapshot(agent=AgentActivity.THINKING, asked="[speech]"),
        TurnSnapshot(agent=AgentActivity.THINKING, asked="[speech]", is_audible=True),
        TurnSnapshot(agent=AgentActivity.TOOL, asked="[speech]"),
    ],
    ids=[
        "speaks",
        "presses keys",
        "was heard",
        "is thought about",
        "is being answered by who heard it",
        "has a tool run",
    ],
)
def test_who_would_have_to_say_it_again_is_better_not_moved(state: TurnSnapshot) -> None:
    assert is_busy(state)
    assert not is_busy(IDLE)


@pytest.mark.parametrize(
    "state",
    [
        TurnSnapshot(agent=AgentActivity.TOOL, asked="[speech]", is_audible=True),
        TurnSnapshot(agent=AgentActivity.THINKING, asked="typed"),
        TurnSnapshot(agent=AgentActivity.IDLE, asked="[speech]"),
    ],
)
def test_whose_answer_is_written_or_can_be_given_elsewhere_may_be_moved(state: TurnSnapshot) -> None:
    assert not is_busy(state)


@pytest.mark.parametrize(
    ("state", "has_reply"),
    [(IDLE, True), (TurnSnapshot(agent=AgentActivity.THINKING), False), (TurnSnapshot(waiting_text="hello"), False)],
)
def test_nobody_is_greeted_to_whom_something_else_is_said(state: TurnSnapshot, has_reply: bool) -> None:
    assert moved(state, has_reply=has_reply, greets_idle=True).opening is Opening.NONE


def test_somebody_to_whom_nothing_is_owed_is_greeted_where_they_were_cut_off() -> None:
    assert moved(IDLE, has_reply=False, greets_idle=True).opening is Opening.GREETING
    assert moved(IDLE, has_reply=False, greets_idle=False).opening is Opening.NONE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Interruption.HELD, Interruption.NONE),
        (Interruption.YIELDED, Interruption.NONE),
        (Interruption.DECIDED, Interruption.DECIDED),
    ],
)
def test_voice_that_is_heard_no_more_holds_no_reply(before: Interruption, after: Interruption) -> None:
    state = TurnSnapshot(caller=CallerActivity.TALKING, interruption=before)
    assert moved(state, has_reply=True, greets_idle=False).interruption is after


@pytest.mark.parametrize("stage", [Interruption.HELD, Interruption.YIELDED])
def test_what_waits_for_a_caller_on_hold_waits_elsewhere_too(stage: Interruption) -> None:
    state = TurnSnapshot(interruption=stage, on_hold_since=3.0)
    assert moved(state, has_reply=True, greets_idle=False).interruption is stage


@pytest.mark.parametrize("keys", ["", "47"])
@pytest.mark.parametrize("caller", [CallerActivity.TALKING, CallerActivity.SILENT])
def test_keys_in_hand_do_not_make_up_for_what_was_being_said(keys: str, caller: CallerActivity) -> None:
    state = moved(TurnSnapshot(caller=caller, keys=keys), has_reply=False, greets_idle=False)
    assert state.has_lost_input is (bool(keys) and caller is CallerActivity.TALKING)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TurnSnapshot(), ""),
        (TurnSnapshot(waiting_text="tuesday"), "tuesday"),
        (TurnSnapshot(interim="was answered long ago"), ""),
        (TurnSnapshot(interim="that is", caller=CallerActivity.TALKING), "that is"),
        (TurnSnapshot(interim="that is", caller=CallerActivity.AWAITED, waiting_text="no"), "no that is"),
        (TurnSnapshot(waiting_text="[speech]"), ""),
        (TurnSnapshot(waiting_text="4 [speech]"), "4"),
        (TurnSnapshot(keys="47"), "4 7"),
        (TurnSnapshot(waiting_text="my number is", keys="47"), "my number is 4 7"),
        (TurnSnapshot(keys="47", interim="and then", caller=CallerActivity.TALKING), "4 7 and then"),
    ],
)
def test_words_of_which_nothing_was_made_are_known_to_the_end(state: TurnSnapshot, words: str) -> None:
    assert unanswered_words(state) == (words, False)


@pytest.mark.parametrize(
    ("waiting", "interim", "left"),
    [
        ("are you open", "", ("", False)),
        ("are you open on sundays", "", ("on sundays", False)),
        ("are you open", "on sundays", ("on sundays", False)),
        ("", "are you open", ("", False)),
        ("", "you open", ("", False)),
        ("are you open on mondays", "", ("on mondays", False)),
        ("are you really open", "", ("are you really open", True)),
        ("never mind", "", ("never mind", False)),
        ("[speech]", "", ("", False)),
        ("", "", ("", False)),
    ],
)
def test_words_that_are_asked_once_more_are_recorded_already(
    waiting: str, interim: str, left: tuple[str, bool]
) -> None:
    state = TurnSnapshot(
        asked="are you open",
        asked_again=True,
        waiting_text=waiting,
        interim=interim,
        caller=CallerActivity.AWAITED if interim else CallerActivity.SILENT,
    )
    assert unanswered_words(state) == left


@pytest.mark.parametrize("asked", ["[speech]", "4 [speech]"])
def test_of_speech_that_is_asked_once_more_nothing_else_is_to_be_recorded(asked: str) -> None:
    state = TurnSnapshot(asked=asked, asked_again=True, waiting_text=asked)
    assert unanswered_words(state) == ("", False)
    state.waiting_text = f"{asked} tuesday"
    assert unanswered_words(state) == ("tuesday", False)


def test_words_that_follow_an_answered_turn_are_new_though_they_are_the_same() -> None:
    state = TurnSnapshot(asked="are you open", waiting_text="are you open")
    assert unanswered_words(state) == ("are you open", False)


def test_what_was_typed_and_pressed_and_nobody_has_read_follows_what_was_said_and_what_was_read_is_not_said_twice() -> (
    None
):
    state = TurnSnapshot(caller=CallerActivity.TALKING, interim="are you open", keys="4", settled_input=2)
    unread: list[TextEntered | KeyPressed] = [
        TextEntered("hello", 1),
        KeyPressed("4", 2),
        TextEntered("on sundays", 3),
        KeyPressed("5", 4),
    ]
    assert unanswered_words(state, unread) == ("4 are you open on sundays 5", False)
    assert unanswered_words(TurnSnapshot(), []) == ("", False)


SPOKEN_TO = TurnSnapshot(
    turn_number=2,
    agent=AgentActivity.THINKING,
    asked="[speech]",
    utterances=(
        Utterance(reply=4, turn=2, kind=UtteranceKind.FILLER),
        Utterance(reply=5, turn=2, kind=UtteranceKind.REPLY),
    ),
)
"""A model that hears is asked for an answer."""
HEARD = ChatMessage(role=Role.USER, text="[speech]", turn=2)
CALLED = ChatMessage(role=Role.ASSISTANT, turn=2, tool_requests=(ToolRequest("c", "book", "{}"),))


def test_speech_that_only_the_model_of_the_former_process_has_heard_is_asked_for_again() -> None:
    assert unanswerable_reply(SPOKEN_TO, (HEARD,)) == 5
    later = moved(SPOKEN_TO, has_reply=False, greets_idle=False, messages=(HEARD,))
    assert (later.agent, later.asked, later.owed_apology) == (AgentActivity.IDLE, "", SAY_AGAIN)
    assert [utterance.reply for utterance in later.utterances] == [4]


@pytest.mark.parametrize(
    ("changes", "messages", "asked"),
    [
        ({}, (msgspec.structs.replace(HEARD, text="are you open"),), "are you open"),
        ({}, (HEARD, CALLED), "[speech]"),
        ({"is_audible": True}, (HEARD,), "[speech]"),
        ({"asked": "typed"}, (), "typed"),
    ],
    ids=["words known since", "tools called for it", "answer begun", "typed"],
)
def test_what_can_be_answered_or_is_being_answered_is_not_asked_for_again(
    changes: dict[str, object], messages: tuple[ChatMessage, ...], asked: str
) -> None:
    state = msgspec.structs.replace(SPOKEN_TO, **changes)
    assert unanswerable_reply(state, messages) == 0
    later = moved(state, has_reply=True, greets_idle=False, messages=messages)
    assert (later.agent, later.asked, later.owed_apology) == (AgentActivity.THINKING, asked, 0)
    assert later.utterances == state.utterances


def test_speech_that_waits_for_the_end_of_the_reply_is_lost_by_a_move() -> None:
    later = moved(TurnSnapshot(waiting_text="[speech]"), has_reply=True, greets_idle=False)
    assert (later.waiting_text, later.owed_apology) == ("", SAY_AGAIN)


@pytest.mark.parametrize("caller", [CallerActivity.TALKING, CallerActivity.AWAITED, CallerActivity.SILENT])
@pytest.mark.parametrize("stage", [ScreeningStage.LISTENING, ScreeningStage.MACHINE])
def test_who_has_answered_a_call_and_was_not_spoken_to_is_listened_to_on(
    stage: ScreeningStage, caller: CallerActivity
) -> None:
    screening = Screening(stage=stage, words="you have reached", talks_since=3.0)
    state = TurnSnapshot(caller=caller, interim="anna miller", final=OwedFinal.OWED, screening=screening)
    assert only_listens(state)
    later = moved(state, has_reply=False, greets_idle=True)
    assert (later.opening, later.owed_apology, later.waiting_text) == (Opening.NONE, 0, "")
    assert (later.caller, later.final) == (CallerActivity.SILENT, OwedFinal.NONE)
    assert later.screening is not None
    assert (later.screening.stage, later.screening.words) == (stage, "you have reached anna miller")


def test_who_was_greeted_is_greeted_again_though_they_may_be_a_machine() -> None:
    state = TurnSnapshot(screening=Screening(stage=ScreeningStage.GREETED, words="hello"))
    assert not only_listens(state)
    assert not only_listens(IDLE)
    assert moved(state, has_reply=False, greets_idle=True).opening is Opening.GREETING
