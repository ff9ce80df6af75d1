"""Finds anew the weights by which the end of a turn is judged: `python -m tests.eval.end_weights`.

They stand in `app/providers/moonshine/model.py`, what the recognizer knows, and in
`actors/rules/end_of_turn/likelihood.py`, what the words tell: one logistic regression over the pauses and the ends of
what the rules are tuned on. Of a part it is asked how well the rest of the sentences tells its pauses from its ends.
"""

import math
import random
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from actors.conversation import ExpectedAnswer
from actors.ports.end_of_turn import SpeechSoFar
from actors.rules.backchannel import words_of
from actors.rules.end_of_turn.by_words import GO_ON
from actors.rules.end_of_turn.completeness import Completeness, completeness
from actors.rules.end_of_turn.likelihood import ANSWERS, LONG, MIDDLING
from actors.session.checkpoint import AskedQuestion
from actors.turn_taking_settings import Endpointing
from app.providers.moonshine.hints import Floats
from app.providers.moonshine.model import Model
from app.providers.moonshine.segments import WINDOW_BYTES
from app.providers.moonshine.weights import weights
from tests.eval.pause_clips import Clip, clips, clips_with_pauses_anywhere, read_said
from tests.eval.progress import Progress
from tests.eval.turn_ends import AFTER_MS, BEFORE_MS, said_earlier, said_of_corpus
from tests.eval.virtual_line import Line
from tests.kit.speech import silence

NEVER_MS = 30_000.0
SHRINKING = 3.0
"""What weights are held back by: one squared costs so many halves of an example."""
STEPS = 50
PARTS = 8
LIKELY_FROM = (0.5, 0.6, 0.7, 0.75, 0.78, 0.85, 0.9, 0.95)
EVIDENCE = ("last pieces", "comma", "word", "question")
ASKED = tuple(each for each in ExpectedAnswer if each is not ExpectedAnswer.ANYTHING)

Numbers = NDArray[np.float64]


class Example(msgspec.Struct, frozen=True):
    """A pause in what somebody says, or its end."""

    said: str
    is_over: bool
    evidence: tuple[float, ...]
    """The recognizer's, in the order of `EVIDENCE`."""
    found: Completeness
    expected: ExpectedAnswer
    words: int

    @property
    def row(self) -> list[float]:
        """All that tells, in the order of `NAMES`."""
        longer = 0 if self.found in ANSWERS else min(self.words, LONG) - MIDDLING
        kinds = (*(self.found is each for each in Completeness), *(self.expected is each for each in ASKED))
        return [*self.evidence, longer, *map(float, kinds), 1.0]


NAMES = (*EVIDENCE, "each word", *(each.name for each in Completeness), *(f"asked {each}" for each in ASKED), "bias")


class _Ears(Model):
    """Notes what told of the end of each utterance, by how likely that made it."""

    def __init__(self) -> None:
        folder = weights()
        assert folder is not None, "moonshine-voice is not installed"
        super().__init__(folder)
        self.evidence: dict[float, tuple[float, ...]] = {}

    def _over(self, sure: float, mark: int | None, rated: Floats) -> float:
        over = super()._over(sure, mark, rated)
        self.evidence[over] = self.end_evidence(sure, mark, rated)
        return over


class _Patience:
    """Ends no turn, and notes what was known in each pause."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.known: list[tuple[float, SpeechSoFar]] = []

    def silence_ms(self, speech: SpeechSoFar, _settings: Endpointing) -> float:
        self.known.append((self.now_ms, speech))
        return NEVER_MS

    def went_on(self, pause_ms: float, *, was_over: bool) -> None: ...


def examples_of(clip: Clip, ears: _Ears) -> list[Example]:
    """What is known at the end of each pause of a clip, or, of one that has none, some time after its end."""
    patience = _Patience()
    line = Line(Endpointing(), AskedQuestion(clip.question, clip.expected), patience, model=ears)
    pcm = silence(BEFORE_MS) + clip.pcm + silence(AFTER_MS)
    for at in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES):
        patience.now_ms = line.now_ms - BEFORE_MS
        line.hear(pcm[at : at + WINDOW_BYTES])
    length_ms = len(clip.pcm) / 32
    spans = [(*pause, False) for pause in clip.pauses] or [(length_ms / 2, length_ms + AFTER_MS, True)]
    found = []
    for begin_ms, end_ms, is_over in spans:
        known = [speech for at_ms, speech in patience.known if begin_ms < at_ms <= end_ms and speech.is_current]
        speech = known[-1] if known else None
        if speech is not None and speech.end_confidence is not None and speech.end_confidence in ears.evidence:
            worth = completeness(speech.text, speech.expected, "en")
            evidence = ears.evidence[speech.end_confidence]
            found.append(Example(clip.text, is_over, evidence, worth, speech.expected, len(words_of(speech.text))))
    return found


def fitted(examples: Sequence[Example]) -> Numbers:
    """The weights under which these examples are likeliest, in the order of `NAMES`."""
    rows = np.array([each.row for each in examples])
    over = np.array([each.is_over for each in examples], float)
    held_back = np.full(rows.shape[1], SHRINKING)
    held_back[-1] = 1e-6
    found: Numbers = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-rows @ found))
        slope = rows.T @ (likely - over) + held_back * found
        bend = (rows * (likely * (1 - likely))[:, None]).T @ rows + np.diag(held_back)
        found = found - np.linalg.solve(bend, slope)
    return found


def unseen(examples: Sequence[Example]) -> Numbers:
    """The log odds of each to be an end, by the weights of other sentences."""
    sentences = sorted({each.said for each in examples})
    random.Random(0).shuffle(sentences)
    odds: Numbers = np.zeros(len(examples))
    for part in range(PARTS):
        held = frozenset(sentences[part::PARTS])
        found = fitted([each for each in examples if each.said not in held])
        for at, each in enumerate(examples):
            if each.said in held:
                odds[at] = np.array(each.row) @ found
    return odds


def told_apart(examples: Sequence[Example], odds: Numbers) -> float:
    """The share of all pairs of a pause and an end in which the end is likelier."""
    over = np.array([each.is_over for each in examples])
    return float((odds[over][:, None] > odds[~over]).mean())


def trade_off(examples: Sequence[Example], odds: Numbers) -> str:
    """For people to read: what it costs to take the caller for done from how likely on."""
    over = np.array([each.is_over for each in examples])
    may_end = np.array([each.found not in GO_ON for each in examples])
    lines = [f"{'likely from':>12}{'pauses':>9}{'ends':>9}  taken for an end"]
    for least in LIKELY_FROM:
        taken = may_end & (odds >= math.log(least / (1 - least)))
        lines.append(f"{least:>12}{taken[~over].mean():>9.1%}{taken[over].mean():>9.1%}")
    return "\n".join(lines)


def table(found: Iterable[float]) -> str:
    """For people to read, with the weight of a complete sentence counted with the bias."""
    of = dict(zip(NAMES, map(float, found), strict=True))
    whole = of[Completeness.COMPLETE.name]
    of["bias"] += whole
    for each in Completeness:
        of[each.name] -= whole
    return "\n".join(f"{name:12}{weight:>8.2f}" for name, weight in of.items())


def main() -> None:
    """Hear all that the rules are tuned on, and print the weights."""
    ears, progress = _Ears(), Progress()
    material = [
        *clips(read_said("pauses_tuning")),
        *clips([*said_of_corpus(), *said_earlier()]),
        *clips_with_pauses_anywhere(said_of_corpus(), 1),
        *clips_with_pauses_anywhere(said_earlier(), 2),
    ]
    examples: list[Example] = []
    for number, clip in enumerate(material, 1):
        examples += examples_of(clip, ears)
        progress(f"{number} of {len(material)}")
    odds = unseen(examples)
    print(f"{len(examples)} pauses and ends, {told_apart(examples, odds):.3f} of all pairs told apart")
    print(trade_off(examples, odds))
    print(table(fitted(examples)))


if __name__ == "__main__":
    main()
