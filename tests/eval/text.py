"""How well the keyless agent understands sentences that its file does not hold: `python -m tests.eval.text`.

The recognizer is left out: this measures understanding alone, of clean sentences and of sentences with the kind of
errors that recognizers make.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import msgspec

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from app.agents.agent_files import load_agents
from app.dialogue.engine import Script
from app.dialogue.schema import Dialogue, dialogue_of
from app.dialogue.state import Question, State, state_of
from app.tools import load_tools
from tests.eval.corpus import AT, Answer, Corpus, Sentence, misheard, read_corpus

AGENTS = Path(__file__).parents[2] / "config" / "agents"
TODAY: date = datetime.fromtimestamp(AT, UTC).date()
NOISE_SEEDS = range(5)


class Tally(msgspec.Struct, frozen=True):
    """What became of the sentences of one kind."""

    kind: str
    right: int = 0
    missed: int = 0
    """Taken for nothing: the caller gets the fallback."""
    wrong: int = 0
    """Taken for another intent."""
    failures: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """All of them."""
        return self.right + self.missed + self.wrong

    def share(self, part: int) -> float:
        """A part of all."""
        return part / self.count if self.count else 0.0


@cache
def dentist() -> Agent:
    """The agent that is measured."""
    return load_agents(AGENTS, load_tools())["dentist"]


@cache
def script() -> Script:
    """The agent's dialogue, built once: that takes a second."""
    return Script(dialogue())


def dialogue() -> Dialogue:
    """The agent's dialogue."""
    found = dialogue_of(dentist())
    assert found is not None
    return found


def tally(kind: str, sentences: Iterable[Sentence]) -> Tally:
    """Of sentences by themselves."""
    right = missed = wrong = 0
    failures = []
    for sentence in sentences:
        match = script().intent_of(sentence.say, TODAY)
        taken = match.intent if match else ""
        right += taken == sentence.intent
        missed += taken == "" != sentence.intent
        wrong += taken not in ("", sentence.intent)
        if taken != sentence.intent:
            failures.append(f"{sentence.intent or 'none'} taken for {taken or 'none'}: {sentence.say}")
    return Tally(kind, right, missed, wrong, tuple(failures))


def slots_after(text: str, memory: State | None = None) -> dict[str, object]:
    """The slot values known after the caller has said `text` in the state given."""
    started = (memory or State()).memory()
    reaction = script().react([ChatMessage(role=Role.USER, text=text, turn=1, at=AT)], started)
    return state_of(reaction.memory).slots


def slot_failures(sentences: Iterable[Sentence]) -> list[str]:
    """Sentences whose slots were not understood."""
    return [
        f"{sentence.say}: {slots_after(sentence.say)}"
        for sentence in sentences
        if not sentence.slots.items() <= slots_after(sentence.say).items()
    ]


def answer_failures(answers: Iterable[Answer]) -> list[str]:
    """Answers that were not understood when their slot had been asked for."""
    failures = []
    for answer in answers:
        slots = slots_after(answer.say, asking(answer.slot))
        if not answer.slots.items() <= slots.items():
            failures.append(f"{answer.slot}: {answer.say}: {slots}")
    return failures


def asking(slot: str) -> State:
    """A conversation in which `slot` has just been asked for."""
    task = "cancel" if slot == "old_day" else "book"
    return State(task=task, question=Question.SLOT, asked=slot)


def tallies(corpus: Corpus) -> list[Tally]:
    """Everything there is to measure, in the order of the table."""
    return [
        tally("paraphrases", corpus.ours),
        tally("paraphrases, misheard", _noisy(corpus.ours)),
        tally("out of domain", corpus.unrelated),
        tally("out of domain, misheard", _noisy(corpus.unrelated)),
    ]


def _noisy(sentences: Iterable[Sentence]) -> list[Sentence]:
    return [
        msgspec.structs.replace(sentence, say=misheard(sentence.say, seed))
        for seed in NOISE_SEEDS
        for sentence in sentences
    ]


def main(name: str = "held_out") -> None:
    """Print the table."""
    corpus = read_corpus(name)
    print(f"{'':26}{'count':>7}{'right':>9}{'missed':>9}{'wrong':>9}")
    for row in tallies(corpus):
        shares = "".join(f"{row.share(part):>9.1%}" for part in (row.right, row.missed, row.wrong))
        print(f"{row.kind:26}{row.count:>7}{shares}")
    with_slots = [sentence for sentence in corpus.ours if sentence.slots]
    for kind, count, failed in (
        ("slots in sentences", len(with_slots), len(slot_failures(with_slots))),
        ("answers in context", len(corpus.answers), len(answer_failures(corpus.answers))),
    ):
        print(f"{kind:26}{count:>7}{(count - failed) / count:>9.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
