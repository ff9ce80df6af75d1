"""How soon the agent answers, and how often it speaks into a pause: part of `make eval-voice`.

Synthetic callers say sentences that are not in the agent's file, answers to its questions, telephone numbers and names:
whole, and with a pause of 300 to 1,500 ms. Recordings of people are heard as they are, with the pauses that they have.
The sentences of `pauses_held_out.yaml` are measured by themselves: no rule was made with a look at them.

`python -m tests.eval.turn_ends NAME` measures the sentences of one file by every rule, and prints what the words make
of each kind of answer, and into which pauses they speak.

All of it is on virtual time: see `tests/eval/virtual_line.py`.
"""

import statistics
import sys
import time
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import yaml

from actors.ports.end_of_turn import EndOfTurn
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.session.checkpoint import AskedQuestion
from actors.turn_taking_settings import Endpointing
from app.providers.moonshine.segments import WINDOW_BYTES
from tests.eval.corpus import FOLDER, read_corpus
from tests.eval.pause_clips import (
    LOUD,
    MARK,
    Clip,
    Said,
    clip_of_people,
    clips,
    clips_with_pauses_anywhere,
    read_said,
    spoken,
)
from tests.eval.progress import Progress, Report
from tests.eval.text import TODAY, script
from tests.eval.virtual_line import Line
from tests.kit.speech import RATE_HZ, silence, white_noise

EVERY = 6
"""One sentence in so many of the corpus is said."""
PAUSES_EACH, EARLIER_PAUSES_EACH = 1, 2
"""Places in each sentence without marks at which somebody pauses, each in a clip of its own."""
BEFORE_MS, AFTER_MS = 800, 2_500
NOISE = 12.0
"""Of every line; full scale is 32,768."""
NUMBERS = (
    "two zero six, five five five, zero one four two",
    "you can reach me at four one five, five five five, nine eight seven six",
    "three one two, five five five, eight eight zero one",
    "my number is six zero two, five five five, seven seven one three",
)
NAMES = ("laura meyer", "my name is jonathan miller", "it's for emma wilson", "david brown", "this is sarah cooper")
REPLY = "Okay, that is noted."

WORDS = "words"
RULES: dict[str, Endpointing] = {
    WORDS: Endpointing(),
    **{
        f"{ms} ms of silence": Endpointing(min_silence_ms=ms, end_silence_ms=ms, max_silence_ms=ms)
        for ms in (300, 600, 900)
    },
}


class Outcome(msgspec.Struct, frozen=True):
    """What became of a clip."""

    clip: Clip
    cut: int
    """Pauses in which the turn was taken for over."""
    dead_air_ms: float
    """From the end of the voice to the first audio of the reply."""


def said_of_corpus() -> list[Said]:
    """What is said to the dentist, without marks for pauses."""
    corpus = read_corpus("held_out")
    names, others = "What is your name?", "Which day, please?"
    return [
        *(Said(sentence.say, kind="sentence") for sentence in corpus.ours[::EVERY]),
        *(Said(each.say, names if each.slot == "name" else others, "answer") for each in corpus.answers[::2]),
        *(Said(number, "What is your phone number?", "number") for number in NUMBERS),
        *(Said(name, names, "name") for name in NAMES),
    ]


def said_earlier() -> list[Said]:
    """Sentences without marks for pauses that were held out once; the rules have been measured on them since."""
    questions = {"answer": "Which day, please?", "number": "What is your phone number?", "name": "What is your name?"}
    texts = yaml.safe_load((FOLDER / "pauses_anywhere.yaml").read_text())
    return [Said(text, questions.get(kind, ""), kind) for kind, several in texts.items() for text in several]


def outcome(clip: Clip, settings: Endpointing, rule: EndOfTurn | None = None) -> Outcome:
    """Hear the clip to its end, and see where its turns were taken for over."""
    asked = AskedQuestion(clip.question, clip.expected)
    decodes = settings.min_silence_ms < settings.max_silence_ms
    line = Line(settings, asked, rule or EndOfTurnByWords(), decodes=decodes, has_interims=True)
    pcm = silence(BEFORE_MS) + clip.pcm + silence(AFTER_MS)
    noise = np.frombuffer(white_noise(int(_ms(pcm)) + 1, NOISE), np.int16)
    heard = (np.frombuffer(pcm, np.int16) + noise[: len(pcm) // 2]).tobytes()
    for at in range(0, len(heard) - WINDOW_BYTES + 1, WINDOW_BYTES):
        line.hear(heard[at : at + WINDOW_BYTES])
    loud = np.flatnonzero(np.abs(np.frombuffer(clip.pcm, np.int16)) > LOUD)
    end_ms = BEFORE_MS + (int(loud[-1]) if len(loud) else 0) * 1000 / RATE_HZ
    ends_ms = [at - BEFORE_MS for at in line.ends_ms]
    cut = sum(any(begin < at < end for at in ends_ms) for begin, end in clip.pauses)
    return Outcome(clip, cut, (line.answers_ms[-1] if line.answers_ms else float("inf")) - end_ms)


def reply_cpu_ms() -> float:
    """What the processor needs from the words to the first audio of the reply: `REPLY_MS` on an idle machine."""

    def once() -> float:
        began = time.process_time()
        script().intent_of("what time do you close", TODAY)
        spoken(REPLY[: len("Okay, ")])
        spoken.cache_clear()
        return (time.process_time() - began) * 1000

    once()
    return statistics.median(once() for _ in range(5))


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One way to find the end of a turn."""

    rule: str
    dead_air_ms: dict[str, tuple[float, ...]]
    """By kind: from the end of the voice to the first audio, of what was said without a pause; in order."""
    paused: dict[str, tuple[int, int]]
    """By kind: pauses, and those of them that were taken for the end."""


def row_of(rule: str, found: Iterable[Outcome]) -> Row:
    """The row of these outcomes."""
    paused: dict[str, tuple[int, int]] = {}
    waits: dict[str, list[float]] = {}
    for each in found:
        kind, pauses = each.clip.kind, len(each.clip.pauses)
        if pauses:
            count, cut = paused.get(kind, (0, 0))
            paused[kind] = (count + pauses, cut + each.cut)
        else:
            waits.setdefault(kind, []).append(each.dead_air_ms)
    return Row(rule=rule, dead_air_ms={kind: tuple(sorted(ms)) for kind, ms in waits.items()}, paused=paused)


def table(rows: Iterable[Row]) -> str:
    """For people to read."""
    lines = [
        f"{'end of turn by':20}{'sentences':>10}{'median':>10}{'all whole':>11}{'median':>10}{'mean':>10}{'p90':>10}"
        f"{'cut off':>9}  of pauses"
    ]
    for row in rows:
        sentences, waits = row.dead_air_ms.get("sentence", ()), sorted(sum(row.dead_air_ms.values(), ()))
        figures = (statistics.median(waits), statistics.fmean(waits), waits[int(len(waits) * 0.9)])
        count, cut = (sum(each[n] for each in row.paused.values()) for n in (0, 1))
        kinds = ", ".join(f"{kind} {cut} of {count}" for kind, (count, cut) in row.paused.items())
        first = f"{statistics.median(sentences):>7.0f} ms" if sentences else " " * 10
        shown = "".join(f"{figure:>7.0f} ms" for figure in figures)
        share = f"{cut / count:>9.1%}" if count else " " * 9
        lines.append(f"{row.rule:20}{len(sentences):>10}{first}{len(waits):>11}{shown}{share}  {kinds}")
    return "\n".join(lines)


def outcomes(material: Sequence[Clip], rule: str, report: Report) -> list[Outcome]:
    """What one of the `RULES` makes of these clips."""
    found = []
    for number, clip in enumerate(material, 1):
        found.append(outcome(clip, RULES[rule]))
        report(f"{rule}: {number} of {len(material)}")
    return found


def table_of_kinds(row: Row) -> str:
    """What one rule makes of each kind of answer, for people to read."""
    lines = [f"{'':20}{'whole':>7}{'median':>10}{'mean':>10}{'cut off':>9}"]
    for kind, waits in row.dead_air_ms.items():
        count, cut = row.paused.get(kind, (0, 0))
        figures = f"{statistics.median(waits):>7.0f} ms{statistics.fmean(waits):>7.0f} ms"
        lines.append(f"{kind:20}{len(waits):>7}{figures}{cut:>4} of {count}")
    return "\n".join(lines)


def rows(material: Sequence[Clip], report: Report) -> list[Row]:
    """What each rule makes of these clips."""
    return [row_of(rule, outcomes(material, rule, report)) for rule in RULES]


def materials(people: Sequence[bytes]) -> dict[str, list[Clip]]:
    """All that there is to measure, by what the rules know of it; `people` are recordings, PCM16LE at 16 kHz."""
    return {
        "what the rules were tuned on": [
            *clips_with_pauses_anywhere(said_of_corpus(), PAUSES_EACH),
            *clips_with_pauses_anywhere(said_earlier(), EARLIER_PAUSES_EACH),
            *clips(read_said("pauses_tuning")),
        ],
        "recordings of people": [clip_of_people(pcm) for pcm in people],
        "what was held out": clips(read_said("pauses_held_out")),
    }


def tables(people: Sequence[bytes], report: Report) -> str:
    """A table for each material."""
    return "\n\n".join(
        f"{name}:\n{table(rows(material, report))}" for name, material in materials(people).items() if material
    )


def main(name: str = "pauses_held_out") -> None:
    """Measure the sentences of one file, those that were written without a pause also by themselves."""
    material, report = clips(read_said(name)), Progress()
    by_words = outcomes(material, WORDS, report)
    unmarked = [each for each in by_words if MARK not in each.clip.text]
    others = [row_of(rule, outcomes(material, rule, report)) for rule in RULES if rule != WORDS]
    measured = row_of(WORDS, by_words)
    print(table([measured, *others, row_of(f"{WORDS}, no pause", unmarked)]))
    print(f"\n{table_of_kinds(measured)}\n")
    for each in by_words:
        if each.cut:
            begin_ms, end_ms = each.clip.pauses[0]
            print(f"spoken into at {begin_ms:.0f} ms for {end_ms - begin_ms:.0f}, {each.clip.way}: {each.clip.text}")


def _ms(pcm: bytes) -> float:
    return len(pcm) * 500 / RATE_HZ


if __name__ == "__main__":
    main(*sys.argv[1:2])
