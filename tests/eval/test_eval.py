"""The keyless agent understands people: on sentences that its file does not hold, and in whole conversations."""

import pytest

from app.dialogue.model import ScriptModel
from app.dialogue.other_subjects import SENTENCES
from app.dialogue.words import plain
from tests.eval.callers import Caller
from tests.eval.conversation import SEEDS, call
from tests.eval.corpus import AT, read_corpus
from tests.eval.text import answer_failures, dialogue, slot_failures, tallies


def test_paraphrases_are_understood() -> None:
    corpus = read_corpus("held_out")
    clean, noisy, unrelated, unrelated_noisy = tallies(corpus)
    assert clean.count >= 120
    assert unrelated.count >= 30
    assert clean.share(clean.right) >= 0.95, clean.failures
    assert clean.share(clean.wrong) <= 0.03, clean.failures
    assert noisy.share(noisy.right) >= 0.9, noisy.failures
    assert noisy.share(noisy.wrong) <= 0.05, noisy.failures
    assert unrelated.share(unrelated.right) >= 0.9, unrelated.failures
    assert unrelated_noisy.share(unrelated_noisy.right) >= 0.9, unrelated_noisy.failures


def test_slot_values_are_understood() -> None:
    corpus = read_corpus("held_out")
    with_slots = [sentence for sentence in corpus.ours if sentence.slots]
    assert len(slot_failures(with_slots)) <= 0.05 * len(with_slots)
    assert len(answer_failures(corpus.answers)) <= 0.05 * len(corpus.answers), answer_failures(corpus.answers)


def test_the_agents_file_holds_none_of_the_paraphrases() -> None:
    corpus = read_corpus("held_out")
    known = {plain(example) for intent in dialogue().intents for example in intent.sentences}
    known |= {plain(sentence) for sentence in (*dialogue().unrelated, *SENTENCES)}
    said = {plain(sentence.say) for sentence in (*corpus.ours, *corpus.unrelated)}
    assert not known & said


async def test_seeded_callers_reach_their_goal() -> None:
    model = ScriptModel()
    outcomes = [await call(model, seed) for seed in SEEDS]
    failed = [outcome for outcome in outcomes if not (outcome.reached and outcome.ended and outcome.unrelated_refused)]
    assert not failed, "\n".join(failed[0].lines)
    assert any("order a large pizza" in line for outcome in outcomes for line in outcome.lines)


@pytest.mark.parametrize("days", range(1, 8))
async def test_it_does_not_matter_which_day_it_is(days: int) -> None:
    model = ScriptModel()
    outcomes = [await call(model, seed, AT + days * 86_400 * 9) for seed in range(12)]
    assert all(outcome.reached for outcome in outcomes)


def test_a_caller_is_made_by_its_seed() -> None:
    texts = ["Hello. What can I do for you?", "Which day would you like to come?", "Shall I book it?"]
    assert [Caller(7).next_line(text) for text in texts] == [Caller(7).next_line(text) for text in texts]
    assert len({Caller(seed).next_line(texts[0]) for seed in SEEDS}) > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_what_callers_say_can_be_spoken(seed: int) -> None:
    line = Caller(seed).next_line("Which day would you like to come?")
    assert line
    assert line == plain(line)
    assert not any(letter.isdigit() for letter in line)
