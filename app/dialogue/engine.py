"""What a scripted agent answers: pure, from the messages and the memory to a text, a call and a new memory."""

from collections.abc import Sequence
from datetime import date
from typing import Any, assert_never

import msgspec

from actors.conversation import ChatMessage, Memory, Role
from actors.ports.llm import ToolCalled
from app.dialogue.answers import assign, polarity
from app.dialogue.hearing import SURE, Hearing, Utterance
from app.dialogue.matching import Match
from app.dialogue.misses import Misses
from app.dialogue.offers import offer_chosen
from app.dialogue.people import wants_the_same
from app.dialogue.schema import ConfirmStep, Dialogue, Does, Intent, Then
from app.dialogue.state import Question, State, state_of
from app.dialogue.task import Reply, TaskRunner, call
from app.dialogue.wishes import Wishes

_FEW_STRANGERS = 2
"""How many words that nobody knows may stand beside an answer: they were probably misheard."""


class Reaction(msgspec.Struct, frozen=True):
    """What the agent says, the tool it calls if any, and its memory afterwards."""

    text: str
    call: ToolCalled | None
    memory: Memory


class Script:
    """One dialogue, ready to answer. Building it takes about half a second; immutable afterwards."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._intents = {intent.name: intent for intent in dialogue.intents}
        self._hearing = Hearing(dialogue)
        self._wishes = Wishes(dialogue, self._hearing)
        self._tasks = TaskRunner(dialogue)
        self._misses = Misses(dialogue, self._tasks)

    def react(self, messages: Sequence[ChatMessage], memory: Memory, greeting: str = "") -> Reaction:
        """The reply to the last message, which is the user's or a tool's result."""
        messages = [message for message in messages if message.role is not Role.NOTE]
        state = state_of(memory)
        reply = Reply()
        state.reply = state.reply or greeting
        # The scripts of other agents in the conversation have counted their calls in the same way.
        state.calls = max(state.calls, sum(len(message.tool_requests) for message in messages))
        ending = state.pending is not None and state.pending.step < 0
        is_taken_over = state.pending is None and messages[-1].role is Role.TOOL
        then = self._take_result(state, reply, messages)
        last = messages[-1]
        if last.role is Role.USER:
            messages = self._answer_aside(state, reply, messages)
            said, state.waiting = self._wishes.first(state, messages)
            self._answer(state, reply, said)
        elif is_taken_over:
            self._take_over(state, reply, messages)
        elif last.role is Role.TOOL and not ending and state.task:
            self._go_on(state, reply, then)
        if state.waiting and state.question is Question.MORE and state.question_text and not reply.call:
            self._serve_another(state, reply, messages)
        text = " ".join(part for part in reply.parts if part)
        state.reply = text or state.reply
        return Reaction(text, reply.call, state.memory())

    def intent_of(self, text: str, today: date, confidence: float = 1.0) -> Match | None:
        """What a sentence would be taken for by itself, outside a conversation."""
        return self._hearing.intent_of(text, today, confidence)

    def _take_over(self, state: State, reply: Reply, messages: Sequence[ChatMessage]) -> None:
        """Another agent has handed the conversation off to this one: go on with what the caller said last."""
        asked = next((index for index in range(len(messages) - 1, -1, -1) if messages[index].role is Role.USER), None)
        said = self._hearing.read(state, messages[: asked + 1]) if asked is not None else None
        if said is not None and said.best is not None and self._intents[said.best.intent].does is Does.ANSWER:
            self._want(state, reply, said, self._intents[said.best.intent])
        else:
            reply.parts.append(self._tasks.say(state, self._dialogue.taken_over, "taken_over"))

    def _take_result(self, state: State, reply: Reply, messages: Sequence[ChatMessage]) -> Then:
        """Take in the result of the pending call, wherever it stands by now."""
        pending, state.pending = state.pending, None
        if pending is None or pending.step < 0:
            return Then.GO_ON
        found = (m.text for m in reversed(messages) if m.role is Role.TOOL and m.call_id == pending.call_id)
        text = next(found, None)
        if text is None:  # given up when the user interrupted: the step is not done, and may be done again
            return Then.GO_ON
        said = Reply()
        then = self._tasks.take_result(state, said, pending, text)
        if messages[-1].role is Role.TOOL:
            reply.parts += said.parts
        elif then is not Then.GO_ON and '"error"' not in text:
            reply.parts += said.parts
            state.drop_task()
        return then

    def _go_on(self, state: State, reply: Reply, then: Then) -> None:
        match then:
            case Then.GO_ON:
                self._tasks.advance(state, reply)
            case Then.FINISH:
                self._tasks.finish(state, reply)
            case Then.STOP:
                state.drop_task()
            case _:
                assert_never(then)

    def _answer_aside(self, state: State, reply: Reply, messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
        """Answer what is asked besides what else is said; the messages as if only the rest had been said."""
        for asked, rest in self._wishes.asides(state, messages):
            said = self._hearing.read_as(state, messages, rest)
            assert asked.best is not None
            if self._stands_alone(state, said, asked.best.intent):
                intent = self._intents[asked.best.intent]
                reply.parts.append(self._tasks.say(state, intent.reply, f"intent.{intent.name}"))
                rest_alone = [*messages[:-1], msgspec.structs.replace(messages[-1], text=rest)]
                return self._answer_aside(state, reply, rest_alone)
        return messages

    def _stands_alone(self, state: State, said: Utterance, aside: str) -> bool:
        """Whether what is said besides a question answers what was asked before, or is a wish of its own."""
        if said.best is not None and said.best.intent != state.task:
            is_wish = self._intents[said.best.intent].does is Does.ANSWER and said.has_content
            return is_wish and said.best.intent != aside and said.best.score >= SURE
        match state.question:
            case Question.SLOT:
                return bool(self._values(state, said)) or self._offer_chosen(state, said) is not None
            case Question.CONFIRM:
                return polarity(said.words, self._dialogue) is not None
            case _:
                return False

    def _answer(self, state: State, reply: Reply, said: Utterance) -> None:
        misses, state.misses = state.misses, 0
        match state.question:
            case Question.SLOT:
                understood = self._take_slot_answer(state, reply, said)
            case Question.CONFIRM:
                understood = self._take_confirmation(state, reply, said)
            case Question.CHANGE:
                understood = self._take_change(state, reply, said)
            case Question.MORE:
                understood = self._take_more_answer(state, reply, said)
            case Question.NONE:
                understood = False
            case _:
                assert_never(state.question)
        if (
            understood
            or self._continue_subject(state, reply, said)
            or self._misses.take_near_answer(state, reply, said)
        ):
            return
        if said.best is not None:
            self._want(state, reply, said, self._intents[said.best.intent])
        elif not self._correct(state, reply, said):
            state.misses = misses + 1
            self._misses.reply_to_miss(state, reply, said)

    # answers to open questions

    def _take_slot_answer(self, state: State, reply: Reply, said: Utterance) -> bool:
        values = self._values(state, said)
        chosen = None if values else self._offer_chosen(state, said)
        if chosen is not None:
            values = {state.asked: chosen}
        elif not values or self._means_something_else(state, said):
            return False
        state.whom = state.whom or said.for_whom
        state.slots.update(values)
        self._tasks.advance(state, reply)
        return True

    def _offer_chosen(self, state: State, said: Utterance) -> Any:
        return offer_chosen(self._tasks.steps(state)[state.step], state, said, self._dialogue)

    def _means_something_else(self, state: State, said: Utterance) -> bool:
        """Whether words that hold an answer are rather a question, another task, or none of our business."""
        if said.telling == 0 or (said.best is not None and said.best.intent == state.task):
            return False
        is_other = said.unrelated and not (said.strangers and said.telling <= _FEW_STRANGERS)
        return is_other or self._is_sure_of_another(state, said)

    def _is_sure_of_another(self, state: State, said: Utterance) -> bool:
        return said.best is not None and said.best.intent != state.task and said.best.score >= SURE

    def _take_confirmation(self, state: State, reply: Reply, said: Utterance) -> bool:
        answer = polarity(said.words, self._dialogue)
        if self._is_sure_of_another(state, said) and len(said.words) > 3 and (said.telling or answer is None):
            return False
        changes = self._changes(state, said)
        if changes and not (answer is None and self._means_something_else(state, said)):
            state.slots.update(changes)
        elif answer is None:
            return False
        elif not said.heard:
            pass  # a yes to words that were not heard agrees to nothing
        elif answer:
            state.confirmed[state.step] = state.question_text
        else:
            return self._decline(state, reply, said)
        self._tasks.advance(state, reply)
        return True

    def _decline(self, state: State, reply: Reply, said: Utterance) -> bool:
        if state.question_text in state.declined:
            self._misses.start_over(state, reply)
            return True
        state.declined.append(state.question_text)
        if self._tasks.forget_named(state, said.words):
            self._tasks.advance(state, reply)
            return True
        if self._misses.take_near_change(state, reply, said):
            return True
        step = self._tasks.steps(state)[state.step]
        assert isinstance(step, ConfirmStep)
        text = self._tasks.say(state, step.declined, f"{state.task}.declined")
        reply.parts.append(text)
        if step.then is Then.GO_ON:
            state.ask(Question.CHANGE, text, step=state.step)
        else:
            self._go_on(state, reply, step.then)
        return True

    def _take_change(self, state: State, reply: Reply, said: Utterance) -> bool:
        changes = self._changes(state, said)
        if self._is_sure_of_another(state, said) or (changes and self._means_something_else(state, said)):
            return False
        confirmed = bool(self._values(state, said))  # what is so already, said once more
        if not changes and not self._tasks.forget_named(state, said.words) and not confirmed:
            return False
        state.slots.update(changes)
        self._tasks.advance(state, reply)
        return True

    def _take_more_answer(self, state: State, reply: Reply, said: Utterance) -> bool:
        answer = polarity(said.words, self._dialogue)
        if answer is None or (said.best is not None and self._intents[said.best.intent].steps):
            return False
        if answer:
            if len(said.words) > 4:
                return False
            reply.parts.append(self._tasks.say(state, self._dialogue.closing.more, "more"))
            state.ask(Question.NONE, "")
        elif said.heard and not (said.best and said.best.score >= SURE and not self._ends(said.best)):
            self._end(state, reply, self._tasks.say(state, self._dialogue.closing.end, "end"))
        else:
            return False
        return True

    def _ends(self, match: Match) -> bool:
        """Whether an intent goes with a no to `anything else`: a goodbye, a thank-you, a `never mind`."""
        return self._intents[match.intent].does in (Does.END, Does.DROP_TASK, Does.COURTESY)

    # wants

    def _continue_subject(self, state: State, reply: Reply, said: Utterance) -> bool:
        """Serve the former subject again with what is said now: `and my wife at three`; returns False if not."""
        subject = self._intents.get(state.subject)
        if not said.goes_on or state.task or subject is None:
            return False
        if not subject.steps:
            self._want(state, reply, said, subject)
            return True
        self._tasks.begin_another(state, subject, is_same=wants_the_same(said.words))
        state.whom = said.for_whom
        state.slots.update(self._values(state, said))
        self._tasks.advance(state, reply)
        return True

    def _serve_another(self, state: State, reply: Reply, messages: Sequence[ChatMessage]) -> None:
        """The second of two wishes of one sentence, in place of the question whether there is anything else."""
        waiting, state.waiting = state.waiting, ""
        reply.parts.pop()
        before = len(reply.parts)
        said = self._hearing.read_as(state, messages, waiting)
        if said.best is not None and not said.goes_on:
            self._want(state, reply, said, self._intents[said.best.intent])
        else:
            self._continue_subject(state, reply, msgspec.structs.replace(said, goes_on=True))
        texts = self._dialogue.closing.another if state.whom else self._dialogue.closing.other
        reply.parts.insert(before, self._tasks.say(state, texts, "another" if state.whom else "other"))

    def _want(self, state: State, reply: Reply, said: Utterance, intent: Intent) -> None:
        if intent.does is Does.ANSWER:
            state.subject = intent.name
        if intent.steps:
            if intent.name != state.task:
                self._tasks.begin(state, intent)
                state.whom = said.for_whom
                if state.whom:
                    self._tasks.forget_names(state)
            state.slots.update(self._values(state, said))
            self._tasks.advance(state, reply)
            return
        text = self._tasks.say(state, intent.reply, f"intent.{intent.name}")
        match intent.does:
            case Does.ANSWER | Does.COURTESY:
                reply.parts.append(text)
                self._return_to_question(state, reply)
            case Does.REPEAT:
                reply.parts.append(state.reply)
            case Does.DROP_TASK:
                state.drop_task()
                state.waiting = ""
                reply.parts.append(text)
            case Does.END:
                self._end(state, reply, text)
            case _:
                assert_never(intent.does)

    def _return_to_question(self, state: State, reply: Reply) -> None:
        if state.question in (Question.SLOT, Question.CONFIRM, Question.CHANGE):
            reply.parts.append(state.question_text)
        else:
            state.ask(Question.MORE, "")

    def _end(self, state: State, reply: Reply, text: str) -> None:
        state.drop_task()
        reply.parts.append(text)
        reply.call = call(state, "end_conversation")

    def _correct(self, state: State, reply: Reply, said: Utterance) -> bool:
        """Take values for the task that are said out of turn: `actually, make it Friday`; returns whether any are."""
        changes = self._changes(state, said)
        if not state.task or not changes or said.unrelated or said.telling > 2:
            return False
        state.slots.update(changes)
        self._tasks.advance(state, reply)
        return True

    # slot values

    def _values(self, state: State, said: Utterance) -> dict[str, Any]:
        asked = state.asked if state.question is Question.SLOT else ""
        return self._assigned(state, said, asked)

    def _changes(self, state: State, said: Utterance) -> dict[str, Any]:
        values = self._assigned(state, said, "")
        return {name: value for name, value in values.items() if state.slots.get(name) != value}

    def _assigned(self, state: State, said: Utterance, asked: str) -> dict[str, Any]:
        """The values said, by slot; without what was called wrong before, where other words are said with it."""
        values = assign(said.mentions, self._tasks.slots(state), state.slots, asked, self._dialogue, said.words)
        return {name: value for name, value in values.items() if not said.telling or state.refused.get(name) != value}
