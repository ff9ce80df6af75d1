"""Telling intents apart by a few examples."""

from app.dialogue.matching import Matcher, Synonyms, _fit, reduce, stem
from tests.kit.growth import growth

EXAMPLES = {
    "buy": ["i want to buy a {thing}", "can i buy a {thing}", "sell me a {thing} please", "i need a new {thing}"],
    "repair": ["my {thing} is broken", "can you repair my {thing}", "the {thing} does not work"],
    "where": ["where are you", "how do i find you", "what is your address"],
    "-": ["what is the weather like", "tell me a joke", "i want to buy a house", "my leg is broken"],
}
MATCHER = Matcher(
    {intent: [sentence.split() for sentence in several] for intent, several in EXAMPLES.items()},
    Synonyms({"buy": ["purchase", "get hold of"], "repair": ["fix"]}),
)


def best(sentence: str) -> str:
    return MATCHER.rank(sentence.split())[0].intent


def test_sentences_near_the_examples() -> None:
    assert best("could i buy one {thing}") == "buy"
    assert best("please repair the {thing}") == "repair"
    assert best("where can i find you") == "where"


def test_synonyms_count_as_the_word() -> None:
    assert best("i'd like to get hold of a {thing}") == "buy"
    assert best("fix my {thing}") == "repair"


def test_a_word_misspelt_is_still_known() -> None:
    assert best("what is your adress") == "where"


def test_other_subjects_compete() -> None:
    assert best("what is the weather in rome") == "-"
    assert best("i want to buy a big house") == "-"


def test_likelihoods_add_up() -> None:
    ranking = MATCHER.rank(["where", "are", "you"])
    assert abs(sum(match.score for match in ranking) - 1) < 1e-9
    assert ranking == sorted(ranking, key=lambda match: -match.score)


def test_unknown_words_make_a_match_less_likely() -> None:
    def likely(sentence: str) -> float:
        return next(match.score for match in MATCHER.rank(sentence.split()) if match.intent == "repair")

    assert likely("my {thing} is broken") > likely("my {thing} is broken beyond purple elephants")


def test_a_sentence_of_unknown_words_matches_nothing() -> None:
    assert MATCHER.rank(["zorblax", "quux"]) == []
    assert MATCHER.rank([]) == []


def test_the_same_examples_make_the_same_matcher() -> None:
    again = Matcher({i: [s.split() for s in several] for i, several in EXAMPLES.items()}, Synonyms({"buy": ["fix"]}))
    _fit.cache_clear()
    twice = Matcher({i: [s.split() for s in several] for i, several in EXAMPLES.items()}, Synonyms({"buy": ["fix"]}))
    assert again.rank(["my", "house"]) == twice.rank(["my", "house"])


def test_what_was_learnt_is_kept_for_the_same_examples_and_no_others() -> None:
    def made(**synonyms: list[str]) -> int:
        """How often it was learnt for one more matcher."""
        before = _fit.cache_info().misses
        Matcher({i: [s.split() for s in several] for i, several in EXAMPLES.items()}, Synonyms(synonyms))
        return _fit.cache_info().misses - before

    _fit.cache_clear()
    assert (made(buy=["fix"]), made(buy=["fix"]), made(buy=["sell"]), made(buy=["fix"])) == (1, 0, 1, 0)


def test_words_are_reduced() -> None:
    assert {stem(word) for word in ("book", "booked", "booking", "bookings", "books")} == {"book"}
    assert reduce(["i", "can't", "find", "it's", "{day}"]) == ["i", "can", "not", "find", "it", "{day}"]


def test_ranking_takes_time_in_proportion_to_the_length() -> None:
    sentence = [
        "hello",
        "i",
        "was",
        "wondering",
        "whether",
        "somebody",
        "could",
        "repair",
        "my",
        "{thing}",
        "tomorrow",
        "please",
    ]
    assert growth(lambda times: MATCHER.rank(sentence * times), 1, times=16) < 2 * 16


def test_the_article_goes_with_the_word_that_a_synonym_counts_as() -> None:
    synonyms = Synonyms({"appointment": ["visit", "consultation"], "person": ["agent"]})
    assert synonyms.apply(["book", "a", "visit"]) == ["book", "an", "appointment"]
    assert synonyms.apply(["get", "an", "agent"]) == ["get", "a", "person"]
    assert synonyms.apply(["the", "visit"]) == ["the", "appointment"]
