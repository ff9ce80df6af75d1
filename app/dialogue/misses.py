"""What is made of words that mean nothing: an answer that sounds like them, or a question that is asked again."""

from typing import Any

from app.dialogue.answers import polarity
from app.dialogue.hearing import SURE, Utterance
from app.dialogue.near_answers import NearAnswers
from app.dialogue.schema import AskStep, Dialogue, Does
from app.dialogue.state import Question, State
from app.dialogue.task import Reply, TaskRunner, call

MOST_NEAR = 2
"""The most similar values between which the caller is asked to choose; if there are more, the question is repeated."""


class Misses:
    """Deals with what was not understood in one dialogue. Immutable: all that changes is in the state and the reply."""

    def __init__(self, dialogue: Dialogue, tasks: TaskRunner) -> None:
        self._dialogue = dialogue
        self._tasks = tasks
        self._does = {intent.name: intent.does for intent in dialogue.intents}
        self._near_answers = NearAnswers(dialogue)

    def take_near_answer(self, state: State, reply: Reply, said: Utterance) -> bool:
        """Take words that mean nothing for an answer to the open question if they sound like one; returns whether so.

        One value is taken, since a task reads out what it does before; of two the caller is asked which.
        """
        if self._is_clear(state, said) or not said.heard:
            return False
        if state.question in (Question.CONFIRM, Question.CHANGE):
            return self.take_near_change(state, reply, said)
        if state.question is not Question.SLOT:
            return False
        guesses = self._guesses(state, said)
        if len(guesses) == 1:
            state.slots[state.asked] = guesses[0]
            state.whom = state.whom or said.for_whom
            self._tasks.advance(state, reply)
        elif len(guesses) == MOST_NEAR and not state.either:
            self._tasks.ask_which(state, reply, guesses)
        else:
            return False
        return True

    def take_near_change(self, state: State, reply: Reply, said: Utterance) -> bool:
        """Take words that mean nothing for another value of one slot that they sound like: `no, i have a tooth back`.

        Returns whether they do.
        """
        slots = [name for name in self._tasks.slots(state) if state.slots.get(name) is not None]
        found = {
            name: self._near_answers.guesses(said.words, name, said.today, (), state.refused.get(name))
            for name in slots
        }
        changes = {name: guesses[0].value for name, guesses in found.items() if len(guesses) == 1}
        if len(changes) != 1 or changes.items() <= state.slots.items():
            return False
        state.slots.update(changes)
        self._tasks.advance(state, reply)
        return True

    def _is_clear(self, state: State, said: Utterance) -> bool:
        """Whether the words have a value that was passed over, or surely want something else.

        "Would be great" thanks nobody.
        """
        best = said.best
        is_sure = best is not None and best.score >= SURE and best.intent != state.task
        refused = state.refused.get(state.asked)
        is_value = any(state.asked in mention.slots and mention.value != refused for mention in said.mentions)
        return is_value or (best is not None and is_sure and self._does[best.intent] is not Does.COURTESY)

    def _guesses(self, state: State, said: Utterance) -> list[Any]:
        """The values that may have been said, of what was read out before what else there is."""
        step = self._tasks.steps(state)[state.step]
        names = (step.offered, step.among) if isinstance(step, AskStep) else ()
        kept = [state.kept[name] for name in names if name and isinstance(state.kept.get(name), list)]
        for among in [state.either] if state.either else kept or [()]:
            refused = state.refused.get(state.asked)
            if guesses := self._near_answers.guesses(said.words, state.asked, said.today, among, refused):
                return [guess.value for guess in guesses]
        return []

    def reply_to_miss(self, state: State, reply: Reply, said: Utterance) -> None:
        """Ask again, or give up and put the caller through."""
        fallback = self._dialogue.fallback
        if fallback.escalation and state.misses >= fallback.escalate_after:
            state.drop_task()
            state.misses = 0
            reply.parts.append(self._tasks.say(state, fallback.escalation, "escalation"))
            reply.call = call(state, fallback.tool) if fallback.tool else None
            return
        if state.question is Question.SLOT:
            self._ask_slot_again(state, reply, said)
        elif state.question in (Question.CONFIRM, Question.CHANGE):
            texts = fallback.yes_or_no if state.question is Question.CONFIRM and state.misses % 2 == 0 else ()
            again = self._tasks.say(state, texts or fallback.again, "yes_or_no" if texts else "again")
            reply.parts += [again if said.heard else "", state.question_text]
        else:
            reply.parts.append(fallback.reply[min(state.misses, len(fallback.reply)) - 1] if fallback.reply else "")

    def start_over(self, state: State, reply: Reply) -> None:
        """Leave a task whose very words were declined twice, and ask what the caller wants: it may be another one."""
        state.drop_task()
        reply.parts += self._dialogue.fallback.reply[:1]

    def _ask_slot_again(self, state: State, reply: Reply, said: Utterance) -> None:
        slot = self._dialogue.slots[state.asked]
        if not said.heard:
            reply.parts.append(state.question_text)
            return
        if polarity(said.words, self._dialogue) is False and self._tasks.forget_named(state, said.words):
            self._tasks.advance(state, reply)  # "no, the day is wrong"
            return
        is_answer = not said.unrelated or said.strangers  # who asks about the weather has not answered
        state.slot_misses += is_answer
        if is_answer and slot.otherwise is not None and state.slot_misses >= slot.attempts:
            state.slots[state.asked], state.misses = slot.otherwise, 0  # nobody has missed the next question
            self._tasks.advance(state, reply)
            return
        reply.parts += [self._tasks.say(state, self._dialogue.fallback.again, "again"), self._tasks.ask_again(state)]
