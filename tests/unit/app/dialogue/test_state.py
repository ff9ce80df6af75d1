"""Where a scripted conversation stands, and what is forgotten when a task is over."""

from typing import Any

import pytest

from app.dialogue.state import PendingCall, Question, State, state_of


def busy() -> State:
    state = State(task="book", subject="opening", kept={"times": ["10:00"]}, called={1: "{}"}, told=[2], misses=1)
    state.pending = PendingCall("c1", 3, "{}")
    state.slots["day"] = "2026-06-03"
    return state


def test_a_state_comes_back_from_the_memory_as_it_was() -> None:
    state = busy()
    state.ask(Question.SLOT, "Which day?", step=2, slot="day")
    again = state_of(state.memory())
    assert again == state
    assert again.memory() == state.memory()


def test_a_memory_is_plain_and_holds_texts_as_keys() -> None:
    memory: Any = busy().memory()
    assert memory["called"] == {"1": "{}"}
    assert memory["pending"] == {"call_id": "c1", "step": 3, "arguments": "{}"}


@pytest.mark.parametrize(
    "memory", [{}, {"task": 7}, {"slots": "none"}, {"called": {"first": "{}"}}, {"another": "model"}]
)
def test_a_memory_of_somebody_else_is_a_new_conversation(memory: dict[str, Any]) -> None:
    assert state_of(memory) == State()


def test_the_count_of_misses_at_a_slot_is_that_of_one_question() -> None:
    state = State()
    state.ask(Question.SLOT, "Which day?", slot="day")
    state.slot_misses = 2
    state.ask(Question.SLOT, "Sorry, which day?", slot="day")
    assert state.slot_misses == 2
    state.ask(Question.SLOT, "Which time?", slot="time")
    assert (state.slot_misses, state.asked) == (0, "time")
    state.slot_misses = 1
    state.ask(Question.CONFIRM, "Is that right?", step=4)
    assert (state.slot_misses, state.step, state.asked) == (0, 4, "")


def test_a_task_that_is_dropped_leaves_what_was_said_of_the_caller() -> None:
    state = busy()
    state.ask(Question.SLOT, "Which day?", slot="day")
    state.drop_task()
    assert (state.task, state.pending, state.question, state.question_text) == ("", None, Question.NONE, "")
    assert (state.kept, state.called, state.confirmed, state.told) == ({}, {}, {}, [])
    assert (state.slots, state.subject) == ({"day": "2026-06-03"}, "opening")


def test_two_states_share_nothing_that_can_be_changed() -> None:
    first, second = State(), State()
    first.slots["day"] = "today"
    first.told.append(1)
    assert (second.slots, second.told) == ({}, [])
