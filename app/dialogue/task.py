"""A task's steps: what is to be done next, and what follows from a tool's result."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import msgspec

from actors.ports.llm import ToolCalled
from app.dialogue.schema import (
    PLACEHOLDER,
    AskStep,
    CallStep,
    ConfirmStep,
    DaySlot,
    Dialogue,
    Intent,
    NameSlot,
    ResultCase,
    SayStep,
    Step,
    Texts,
    Then,
    TimeSlot,
)
from app.dialogue.state import PendingCall, Question, State
from app.dialogue.templates import Wording, arguments_of

_ALL = frozenset(("everything", "all"))


class Reply(msgspec.Struct):
    """Text, tool calls and memory of one reply while its task is worked out."""

    parts: list[str] = []
    call: ToolCalled | None = None


class TaskRunner:
    """Works off the tasks of one dialogue. Immutable: all that changes is in the state and the reply."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._intents = {intent.name: intent for intent in dialogue.intents}
        self._wording = Wording(dialogue)

    def begin(self, state: State, intent: Intent) -> None:
        """Make `intent` the task. Names stay, and of a task left half-way what both deal with."""
        left = bool(state.task)
        state.drop_task()
        state.task = intent.name
        shared = self.slots(state) if left else ()
        state.slots = {
            name: value
            for name, value in state.slots.items()
            if name in shared or isinstance(self._dialogue.slots.get(name), NameSlot)
        }

    def forget_names(self, state: State) -> None:
        """Forget the names that are known: the task is for somebody else."""
        state.slots = {
            name: value
            for name, value in state.slots.items()
            if not isinstance(self._dialogue.slots.get(name), NameSlot)
        }

    def forget_named(self, state: State, words: Sequence[str]) -> bool:
        """Forget the slots whose names were said, as in "the time is wrong", and say whether there were any.

        Of a name of several words the last counts: of an `old_day` and a `day`, either may be the wrong day. In
        "everything is wrong" all are.
        """
        is_all = not _ALL.isdisjoint(words)
        named = [name for name in self.slots(state) if is_all or name.rpartition("_")[2] in words]
        for name in named:
            if (value := state.slots.pop(name, None)) is not None:
                state.refused[name] = value
        return bool(named)

    def begin_another(self, state: State, intent: Intent, *, is_same: bool) -> None:
        """Make `intent`, which was done, the task again: for somebody else, or with other values.

        The day stays, and where `is_same`, all but names and times: those are one person's.
        """
        state.drop_task()
        state.task = intent.name
        state.slots = {
            name: value
            for name, value in state.slots.items()
            if isinstance(self._dialogue.slots.get(name), DaySlot)
            or (is_same and not isinstance(self._dialogue.slots.get(name), NameSlot | TimeSlot))
        }

    def steps(self, state: State) -> Sequence[Step]:
        """Of the present task; none without one."""
        return self._intents[state.task].steps if state.task in self._intents else ()

    def slots(self, state: State) -> list[str]:
        """The slots that the present task deals with, in the order of its steps."""
        return slots_of_steps(self.steps(state), self._dialogue)

    def advance(self, state: State, reply: Reply) -> None:
        """Do the first step that is not done, and those after it, up to a question, a call, or the end."""
        for index, step in enumerate(self.steps(state)):
            if not self._do(state, reply, index, step):
                return
        self.finish(state, reply)

    def finish(self, state: State, reply: Reply) -> None:
        """End the task in hand, and go on to the next."""
        state.drop_task()
        question = self.say(state, self._dialogue.closing.ask, "closing")
        reply.parts.append(question)
        state.ask(Question.MORE, question)

    def take_result(self, state: State, reply: Reply, pending: PendingCall, text: str) -> Then:
        """Note the result of the task's call and say what follows from it."""
        state.pending = None
        result = _result(text)
        step = self.steps(state)[pending.step]
        assert isinstance(step, CallStep)
        case = next((case for case in step.results if _fits(case, result)), None)
        if "error" in result and (case is None or not case.when):
            reply.parts.append(self.say(state, self._dialogue.fallback.tool_failed, "tool_failed"))
            return Then.FINISH
        if case is None:
            state.called[pending.step] = self._key(state, pending.step, step)
            return Then.GO_ON
        reply.parts.append(self.say(state, case.say, f"{state.task}.{pending.step}", result))
        state.kept.update({name: result[name] for name in case.keep if name in result})
        for name in case.forget:
            state.slots.pop(name, None)
        for index, other in enumerate(self.steps(state)):
            if isinstance(other, CallStep) and other.tool in case.again:
                state.called.pop(index, None)
        # Only now: a call whose arguments are forgotten is to be made again, even if the same are given again.
        state.called[pending.step] = self._key(state, pending.step, step)
        return case.then

    def say(self, state: State, texts: Texts, group: str, more: Mapping[str, Any] | None = None) -> str:
        """The next of `texts`, filled in."""
        if not texts:
            return ""
        count = state.said.get(group, 0)
        state.said[group] = count + 1
        return self._wording.fill(
            texts[count % len(texts)], {"whom": state.whom, **state.slots, **state.kept, **(more or {})}
        )

    def ask_again(self, state: State) -> str:
        """The question for the slot that was not understood, each time in other words if there are any."""
        slot = self._dialogue.slots[state.asked]
        texts = slot.reprompt if len(slot.reprompt) > 1 else (*slot.reprompt, *slot.prompt)
        text = self.say(state, texts, f"again.{state.asked}")
        state.question_text = text
        return text

    def ask_which(self, state: State, reply: Reply, values: Sequence[Any]) -> None:
        """Ask which of two values was said, and for the slot anew; a choice has its values in its question already."""
        slot = self._dialogue.slots[state.asked]
        texts = [self._wording.fill(f"{{{state.asked}}}", {state.asked: value}) for value in values]
        either = dict(zip(("one", "other"), texts, strict=True))
        reply.parts.append(self.say(state, self._dialogue.fallback.either, "either", either))
        reply.parts.append(self.say(state, slot.prompt, state.asked))
        state.question_text = reply.parts[-1]
        state.either = list(values)

    def _do(self, state: State, reply: Reply, index: int, step: Step) -> bool:
        match step:
            case AskStep():
                return self._ask(state, reply, index, step)
            case ConfirmStep():
                text = self._wording.fill(step.text[0], {**state.slots, **state.kept})
                if state.confirmed.get(index) == text:
                    return True
                reply.parts.append(text)
                state.ask(Question.CONFIRM, text, step=index)
                return False
            case CallStep():
                if state.called.get(index) == self._key(state, index, step):
                    return True
                self._call(state, reply, index, step)
                return False
            case SayStep():
                if index not in state.told:
                    state.told.append(index)
                    reply.parts.append(self.say(state, step.text, f"{state.task}.{index}"))
                return True
            case _:
                assert_never(step)

    def _ask(self, state: State, reply: Reply, index: int, step: AskStep) -> bool:
        value = state.slots.get(step.slot)
        allowed = state.kept.get(step.among or "")
        if value is not None and allowed:
            value = _among(value, allowed)
            if value is None:
                reply.parts.append(self.say(state, step.not_among, f"{state.task}.{index}"))
                state.slots.pop(step.slot)
            else:
                state.slots[step.slot] = value
        if value is not None:
            return True
        slot = self._dialogue.slots[step.slot]
        is_for_another = isinstance(slot, NameSlot) and bool(state.whom and slot.prompt_for_another)
        prompt = slot.prompt_for_another if isinstance(slot, NameSlot) and is_for_another else slot.prompt
        text = self.say(state, prompt, f"{step.slot}.another" if is_for_another else step.slot)
        reply.parts.append(text)
        state.ask(Question.SLOT, text, step=index, slot=step.slot)
        return False

    def _call(self, state: State, reply: Reply, index: int, step: CallStep) -> None:
        reply.parts.append(self.say(state, step.say, f"{state.task}.{index}"))
        arguments = arguments_of(step, {**state.slots, **state.kept})
        reply.call = call(state, step.tool, arguments, index)

    def _key(self, state: State, index: int, step: CallStep) -> str:
        """What the call depended on: its arguments, but those that are asked for only afterwards."""
        later = frozenset(later.slot for later in self.steps(state)[index:] if isinstance(later, AskStep))
        return arguments_of(step, {**state.slots, **state.kept}, later)


def slots_of_steps(steps: Sequence[Step], dialogue: Dialogue) -> list[str]:
    """The slots that these steps of a task deal with, in their order."""
    names: dict[str, None] = {}
    for step in steps:
        match step:
            case AskStep(slot):
                names[slot] = None
            case CallStep():
                texts = (text for text in step.arguments.values() if isinstance(text, str))
                names.update(dict.fromkeys(found for text in texts for found in PLACEHOLDER.findall(text)))
            case ConfirmStep() | SayStep():
                pass
            case _:
                assert_never(step)
    return [name for name in names if name in dialogue.slots]


def call(state: State, tool: str, arguments: str = "{}", step: int = -1) -> ToolCalled:
    """Make a tool call and note it as pending, so that its result is recognised."""
    state.calls += 1
    call_id = f"script-{state.calls}"
    state.pending = PendingCall(call_id, step, arguments)
    return ToolCalled(call_id=call_id, name=tool, arguments=arguments)


def _result(text: str) -> dict[str, Any]:
    try:
        result = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"error": "no JSON"}
    return result if isinstance(result, dict) else {"value": result}


def _fits(case: ResultCase, result: Mapping[str, Any]) -> bool:
    return all(name in result and result[name] == value for name, value in case.when.items())


def _among(value: Any, allowed: Any) -> Any:
    """`value` if it is allowed; `ten` is the one time after ten that is."""
    if not isinstance(allowed, list) or value in allowed:
        return value
    nearly = [item for item in allowed if str(item)[:3] == str(value)[:3] and str(value).endswith(":00")]
    return nearly[0] if len(nearly) == 1 else None
