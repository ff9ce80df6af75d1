"""Whether callers reach what they call for when they speak: part of `make eval-voice`.

The seeded callers of `tests/eval/callers.py` talk with the keyless agent. What they say is spoken, goes over a line, is
heard, ended and understood by the product's own parts on virtual time, and what is understood is answered in text.
`python -m tests.eval.tasks CONDITION FIRST COUNT` plays some of them, and prints those that fail.
"""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from actors.conversation import ExpectedAnswer, Memory
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.rules.end_of_turn.expected_answer import expected_answer
from actors.rules.questions import question_at_end
from actors.session.checkpoint import AskedQuestion
from actors.turn_taking_settings import Endpointing
from app.dialogue.expectation import expected_by
from app.dialogue.model import ScriptModel
from app.providers.moonshine.segments import WINDOW_BYTES
from app.tools.appointments import CALENDAR
from tests.eval.callers import Caller
from tests.eval.conversation import SEEDS, Conversation
from tests.eval.corpus import AT
from tests.eval.lines import CONDITIONS
from tests.eval.progress import Progress, Report
from tests.eval.text import dentist, dialogue
from tests.eval.virtual_line import Line
from tests.kit.speech import FLITE, FLITE_ALSO, HIBARI, HIBARI_FAST, HIBARI_HIGH, say, silence

VOICES = (HIBARI, HIBARI_FAST, HIBARI_HIGH, FLITE, FLITE_ALSO)
MEASURED = ("clean", "telephone")
BEFORE_MS, AFTER_MS = 800, 8_000
"""Noise on the line before and behind what is said; of the latter as much is heard as it takes to end the turn."""
NOTHING_HEARD_MOST = 3
"""Whoever was not heard at all answers the same question once more; after so many times in a row they hang up."""
LINES_MOST = 60


class Outcome(msgspec.Struct, frozen=True):
    """How one call went."""

    seed: int
    voice: str
    reached: bool
    wrong_acts: tuple[str, ...]
    """What was booked, moved or cancelled that the caller did not call for."""
    cut_off: int
    """Lines of the caller that were taken for more than one turn."""
    lines: tuple[str, ...]


class Ears:
    """What one caller says, as it is understood; how they pause is remembered from line to line."""

    def __init__(self, voice: str, condition: str) -> None:
        self._voice = voice
        self._condition = CONDITIONS[condition]
        self._rule = EndOfTurnByWords()
        self._lines = 0

    def hear(self, text: str, asked: AskedQuestion) -> list[tuple[str, float]]:
        """The turns of `text`, and how sure the recognizer is of each."""
        voice = silence(BEFORE_MS) + say(text, self._voice)
        self._lines += 1
        pcm = self._condition(voice + silence(AFTER_MS), self._lines)
        line = Line(Endpointing(), asked, self._rule)
        for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES):
            line.hear(pcm[at : at + WINDOW_BYTES])
            if at > len(voice) and line.finals and line.is_idle:
                break
        return [(final.text, final.confidence) for final in line.finals]


def asked_by(agent_text: str, memory: Memory) -> AskedQuestion:
    """What the agent's last words ask for, as the session finds it out."""
    expected, question = expected_by(memory, dialogue()), question_at_end(agent_text)
    if expected is None:
        expected = expected_answer(question) if question else ExpectedAnswer.ANYTHING
    return AskedQuestion(question, expected)


async def call(model: ScriptModel, seed: int, condition: str) -> Outcome:
    """One seeded caller, from the greeting to the end."""
    CALENDAR.clear()
    voice = VOICES[seed // 4 % len(VOICES)]
    caller, ears = Caller(seed, datetime.fromtimestamp(AT, UTC).date()), Ears(voice, condition)
    conversation = Conversation(model, f"seed-{seed}")
    heard, written, cut_off = dentist().greeting, [f"agent: {dentist().greeting}"], 0
    unheard = 0
    while not conversation.ended and unheard < NOTHING_HEARD_MOST and len(written) < LINES_MOST:
        line = caller.next_line(heard)
        if line is None:
            break
        turns = ears.hear(line, asked_by(heard, conversation.memory))
        understood = " ".join(text for text, _ in turns)
        unheard = 0 if understood else unheard + 1
        written.append(f"caller: {line} [{understood}]")
        if not understood:
            continue
        cut_off += len(turns) - 1
        heard = await conversation.say(understood, min(sure for _, sure in turns))
        written.append(f"agent: {heard}")
    wrong = tuple(f"{run.name} {run.arguments}" for run in conversation.runs if caller.is_wrong_act(run))
    reached = caller.task_reached(conversation.runs)
    return Outcome(seed, voice, reached, wrong, cut_off, tuple(written))


async def calls(seeds: Iterable[int], condition: str, report: Report) -> list[Outcome]:
    """The calls of these seeds, one after the other."""
    model = ScriptModel()
    outcomes = []
    for seed in seeds:
        outcomes.append(await call(model, seed, condition))
        report(f"tasks, {condition}: {len(outcomes)} calls")
    return outcomes


def table(found: dict[str, Sequence[Outcome]]) -> str:
    """For people to read."""
    lines = [f"{'seeded callers':20}{'calls':>7}{'reached':>9}{'wrong acts':>12}{'turns':>7}{'cut off':>9}"]
    for condition, outcomes in found.items():
        reached = sum(outcome.reached for outcome in outcomes) / len(outcomes)
        wrong = sum(len(outcome.wrong_acts) for outcome in outcomes)
        turns = sum(line.startswith("caller") for outcome in outcomes for line in outcome.lines)
        cut = sum(outcome.cut_off for outcome in outcomes)
        lines.append(f"{condition:20}{len(outcomes):>7}{reached:>9.0%}{wrong:>12}{turns:>7}{cut:>9}")
    return "\n".join(lines)


def tables(report: Report) -> str:
    """All that there is to measure."""
    return table({condition: asyncio.run(calls(SEEDS, condition, report)) for condition in MEASURED})


def main(condition: str = "clean", first: str = "0", count: str = "50") -> None:
    """Play some calls, and show those that fail."""
    seeds = range(int(first), int(first) + int(count))
    outcomes = asyncio.run(calls(seeds, condition, Progress()))
    for outcome in outcomes:
        if not outcome.reached or outcome.wrong_acts or outcome.cut_off:
            print(f"seed {outcome.seed}, {outcome.voice}: {outcome.reached} {outcome.wrong_acts} {outcome.cut_off}")
            print(*outcome.lines, sep="\n  ")
    print(table({condition: outcomes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
