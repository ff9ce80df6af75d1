"""What becomes a piece, as a table (`|` shows the cuts); and that the pieces do not depend on the tokens."""

# ruff: noqa: RUF001 - punctuation of several scripts is what this file is about

import re
import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.text.sentences import FIRST_MAX_CHARS, MAX_CHARS, WIDE_CHARS, SentenceSplitter, following, sentences

PIECES = [
    "Hello.",
    "Hello. |How are you?",
    "Yes! |No? |Maybe... |Well.",
    # the first clause comes early, but not after a word or two; later clauses stay in their sentence
    "Sure, I can help with that. |What day works, Monday or Tuesday?",
    "Let me look at that, |one moment, please. |Here it is, as promised.",
    "We have two times: |nine and ten.",
    "I found the booking; |it is on Monday.",
    "I found the booking — |it is on Monday.",
    "I found the booking—|it is on Monday.",
    "I found the booking - |it is on Monday.",
    "I found the booking -- |it is on Monday.",
    "I found the booking – |it is on Monday.",
    "It is a well-known method of long-term care, |you see.",
    "“Let me look at that,” |he said.",
    # titles, abbreviations, initials
    "Dr. Smith and Mrs. Jones are in. |Mr. May is not.",
    "We open at 9 a.m. Monday to Friday. |Come in.",
    "We open at 9 a.m. |We close at 5 p.m. |Would that work?",
    "We are in the U.S. and the U.K. |The office is in the U.S. |Our number is No. 5 there.",
    "J. R. R. Tolkien and J.R.R. Tolkien wrote it. |Fine.",
    "Bring papers, e.g. Form 5, |i.e. all of them. |Thanks.",
    "Acme Inc. Berlin is closed. |Acme Inc. |We regret it.",
    "No. |I cannot do that.",
    'Main St. |"The" office is there.',
    "He has a Ph.D. in law. |Good.",
    "We are on Fl. 2 in Rm. 12. |Take 2 tsp. Sugar helps. |Come at 14h30. |Fine.",
    "Take Hwy. 1 to Exit 5. |It is 5 lbs. Flour, see pp. 5 and ch. 2. |Fine.",
    # those of other languages
    "Es sind ca. 50 in der Bahnhofstr. 5, |nr. 7. |Mme. Dupont ist da.",
    "Sie kommen am 3. Mai, |z.B. um 9 Uhr. |Das ist gut.",
    "La Sra. Pérez y el Sr. García vienen. |Bien.",
    "Er is evtl. plaats, |bijv. morgen. |Goed.",
    "Bahnhofstr. 5 ist es. |Hr. Meier wartet in der Hauptstr. 12.",
    "Es kostet ca. 50 Euro. |Das ist Nr. 7, inkl. Versand.",
    "Der Termin ist bei Dr. med. dent. Weber, |am Mo. 3. Mai. |Das kostet 50 Euro zzgl. MwSt. pro Person. |Gut?",
    "El lun. 3 de mayo, |en EE. UU. |¿Le va bien? |Hasta el dom. |Adiós.",
    "Wir sehen uns am 3. Mai. |Vom 5. bis zum 7. Juni ist zu.",
    "Die Praxis ist im 2. Stock. |Der 1. Januar ist frei.",
    "Es sind 20. |Das ist alles.",
    "Mme. Dupont et Mlle. Petit viennent. |Elles sont là.",
    "Vaya a la Av. Libertad. |La Sra. Pérez y la Dra. Gil esperan.",
    "Il Sig. Rossi arriva alle 5. |Grazie.",
    "Mevr. Jansen en dhr. Bakker komen. |Goed.",
    "Это ул. Ленина 5. |Хорошо.",
    # numbers, times, prices, addresses
    "It is $3.50 or $1,000.25 at 10:30. |Is 2.5 enough?",
    "It was built in 1990. |Then it burnt.",
    "Pages 5—10 of the book are missing. |Sorry.",
    "Go to www.example.com/a.b?c=d. |Or write to a.b@example.com. |Bye.",
    "It is version 2.0.1. |Fine.",
    # quotes and brackets behind the stop
    'He said "No." |Then he left.',
    "(It is free.) |Come.",
    "“Go!” she said. |“Now!” |He went.",
    "*Really.* |Yes.",
    # a stop in front of a small letter
    "well then. |how are you",
    "the def. of it is given. |and good",
    "yes. |then it is for you. |or not",
    '"yes." she said',
    "it costs 20. that is all",
    "Well... maybe not. |Hm... |Yes.",
    "I wonder about it… |maybe not. |Then… |Yes.",
    "Wait?! |no.",
    # lines and lists
    "Options:\n|1. Book it\n|2. Move it\n|- Cancel\n\n|Bye",
    "You can: 1. Book, |2. Move, (3. Cancel) it all. |Which?",
    "\n\nHello.\n\n|There",
    "One line \n  |another",
    # other scripts
    "您好，|我可以帮您预约。|请问您想哪天来？|「好的。」|谢谢",
    "今日は、|いい天気ですね。|明日はどうですか？",
    "नमस्ते। |आप कैसे हैं? |ठीक।",
    "مرحبا بكم في العيادة، |كيف الحال؟ |جيد.",
    "   ",
    "",
    "...",
]


STOPS, WIDE_STOPS = ".!?…؟", "。！？｡।"


def tokens_of(text: str, cuts: Iterable[int]) -> list[str]:
    """`text` in tokens that end at `cuts`, but for those between a stop and what is glued to it, which none of a
    model's tokens has: `...`, `?!`, `."` and `.com` are one."""
    kept = [cut for cut in cuts if not 0 < cut < len(text) or not _is_glued(text[cut - 1], text[cut])]
    return [text[begin:end] for begin, end in zip([0, *kept], [*kept, len(text)], strict=True)]


def _is_glued(before: str, after: str) -> bool:
    if before in WIDE_STOPS:
        return after in f"{WIDE_STOPS}」』）】》”’"
    return before in STOPS and not after.isspace()


def bare(pieces: Iterable[str]) -> list[str]:
    """The pieces whatever white space belongs to which."""
    return [piece.strip() for piece in pieces if piece.strip()]


def split(tokens: list[str], splitter: SentenceSplitter | None = None) -> list[str]:
    splitter = splitter or SentenceSplitter()
    return [piece for token in tokens for piece in splitter.push(token)] + splitter.finish()


@pytest.mark.parametrize("marked", PIECES)
@pytest.mark.parametrize("token_chars", [1, 3, 1_000])
def test_text_is_cut_here(marked: str, token_chars: int) -> None:
    text = marked.replace("|", "")
    tokens = tokens_of(text, range(token_chars, len(text), token_chars))
    # Ideographs say more than letters: five of them are a clause here.
    splitter = SentenceSplitter(first_min_chars=7) if not text[:5].isascii() and text[0] in "您今" else None
    pieces = split(tokens, splitter)
    assert "".join(pieces) == text
    assert bare(pieces) == bare(marked.split("|"))
    if len(tokens) == 1:
        assert pieces == [piece for piece in marked.split("|") if piece]


def test_a_piece_is_told_as_soon_as_the_next_word_begins() -> None:
    splitter = SentenceSplitter()
    assert splitter.push("Let me look at that,") == []
    assert splitter.push(" ") == []
    assert splitter.push("one") == ["Let me look at that, "]
    assert splitter.push(" moment. ") == []
    assert splitter.push("T") == ["one moment. "]
    assert splitter.finish() == ["T"]
    assert splitter.finish() == []


@pytest.mark.parametrize(
    "sentence",
    [
        "We are open on Saturday?",
        "That is great!",
        "We are open on weekdays.",
        "It is at two o'clock.",
        "Wir haben am Montag geöffnet.",
        "Êtes-vous là\N{NARROW NO-BREAK SPACE}?",
        "¿Puede venir mañana?",
        "他来吗？",
        "आप कैसे हैं।",
        "كيف الحال؟",
        'He said "no" and left here.',
        "Call (or write to) somebody.",
        "The guests' rooms are ready.",
    ],
)
def test_a_sentence_that_surely_ends_is_told_with_its_last_token(sentence: str) -> None:
    splitter = SentenceSplitter()
    pieces = [piece for token in re.split(r"(?= )", sentence) for piece in splitter.push(token)]
    assert "".join(pieces) == sentence
    assert splitter.push(" Then") == []
    assert splitter.finish() == [" Then"]


@pytest.mark.parametrize(
    ("begun", "rest", "pieces"),
    [
        ("I will ask Mr.", " May.", ["I will ask Mr. May."]),
        ("It costs 20.", "50 each.", ["It costs 20.50 each."]),
        ("Go to www.example.", "com/a.", ["Go to www.example.com/a."]),
        ("It is approx.", " forty.", ["It is approx. forty."]),
        ("The def.", " of it.", ["The def. of it."]),
        ('She said "stop."', " Then.", ['She said "stop." ', "Then."]),
        ('She said "are you there?', '" to him.', ['She said "are you there?" ', "to him."]),
        ("(Is that good?", ") Yes.", ["(Is that good?) ", "Yes."]),
        ("*Really?", "* Yes.", ["*Really?* ", "Yes."]),
        ("Is it node.js?", "x=1 so.", ["Is it node.js?x=1 so."]),
        ("Kommen Sie evtl.", " morgen?", ["Kommen Sie evtl. morgen?"]),
    ],
)
def test_where_the_end_is_not_sure_what_follows_is_waited_for(begun: str, rest: str, pieces: list[str]) -> None:
    splitter = SentenceSplitter()
    assert splitter.push(begun) == []
    assert [*splitter.push(rest), *splitter.finish()] == pieces


def test_a_sign_behind_a_sure_end_is_no_piece_of_its_own() -> None:
    splitter = SentenceSplitter()
    assert splitter.push("Really?") == ["Really?"]
    assert [*splitter.push("! I see"), *splitter.finish()] == ["! I see"]


def test_an_abbreviation_waits_for_the_whole_next_word() -> None:
    splitter = SentenceSplitter()
    assert splitter.push("In the U.S. The") == []
    assert splitter.push("odore") == []
    assert splitter.push(" lives. ") == []
    assert splitter.finish() == ["In the U.S. Theodore lives. "]


@pytest.mark.parametrize("words", [40, 400])
def test_text_without_punctuation_is_cut_between_words(words: int) -> None:
    pieces = split(["word "] * words)
    assert len(pieces[0]) <= FIRST_MAX_CHARS
    assert max(map(len, pieces)) <= MAX_CHARS
    assert all(piece.endswith(" ") for piece in pieces)
    assert sum(map(len, pieces)) == words * 5


def test_a_long_sentence_is_rather_cut_at_its_last_clause() -> None:
    sentence = "First, " + "a " * 50 + "clause here, " + "b " * 100 + "end."
    splitter = SentenceSplitter(first_min_chars=1_000, first_max_chars=200)
    assert split([sentence], splitter)[0].endswith("clause here, ")


def test_a_clause_at_the_very_beginning_is_no_place_to_cut_a_long_sentence() -> None:
    assert len(split(["Well, " + "a " * 200])[0]) > FIRST_MAX_CHARS - 3


def test_a_word_without_end_is_never_cut() -> None:
    assert split(["x" * 1_000 + " y" + "z" * 10 + ". Bye"]) == ["x" * 1_000 + " ", "y" + "z" * 10 + ". ", "Bye"]
    assert split(["x" * 1_000 + "! Bye"]) == ["x" * 1_000 + "! ", "Bye"]
    assert split(["x" * 1_000]) == ["x" * 1_000]


@pytest.mark.parametrize("mark", ["-", "--", "—", ",", "."])
def test_a_mark_behind_a_word_without_end_is_the_same_in_one_token_or_many(mark: str) -> None:
    text = f"Yes. {'x' * 300} {mark} y"
    assert split([text]) == split(list(text))


@pytest.mark.parametrize(
    "text", [" ", "\t", "\r", "\N{NO-BREAK SPACE}", "\N{EM SPACE}", "http://a.", "a-", "...", "_", "<"]
)
@pytest.mark.parametrize("size", [5, 20_000])
def test_what_a_model_writes_without_end_is_cut_in_little_time(text: str, size: int) -> None:
    text = "It is " + text * (20_000 // len(text))
    splitter = SentenceSplitter()
    began = time.process_time()
    pieces = [piece for at in range(0, len(text), size) for piece in splitter.push(text[at : at + size])]
    pieces += splitter.finish()
    # Where the time grows with the square of the text this is ten seconds or a minute.
    assert time.process_time() - began < 4
    assert "".join(pieces) == text


def test_a_number_in_groups_is_not_cut() -> None:
    assert split(["call " + "12 34 " * 60 + "now"]) == ["call ", "12 34 " * 60, "now"]


def test_ideographs_without_punctuation_are_cut_sooner() -> None:
    pieces = split(["好" * 300])
    assert len(pieces[0]) == FIRST_MAX_CHARS // WIDE_CHARS
    assert set(map(len, pieces[1:-1])) == {MAX_CHARS // WIDE_CHARS}


def test_letters_of_other_scripts_count_as_letters() -> None:
    assert split(["д" * 50 + " " + "ж" * 50 + ". Ещё"]) == ["д" * 50 + " " + "ж" * 50 + ". ", "Ещё"]


ALPHABET = st.text(
    st.sampled_from("abT AI 19.,;:!?…—–-\n\"”')( 好你。，」「à") | st.sampled_from("aeiou  "),
    max_size=400,
)
TELLING = (
    'Dr.|U.S.|The|then|3.50|a.m.|We|—|-|--|Hello,|well|yes.|1.|No.|好的。|\n|good.|fine?|“so|so.”|"|(a|b)|3.|Mai|'
    + "x" * 130
)
WORDS = st.lists(st.sampled_from(TELLING.split("|")), max_size=60).map(" ".join)


@given(ALPHABET | WORDS, st.data())
def test_pieces_are_the_text_and_do_not_depend_on_the_tokens(text: str, data: st.DataObject) -> None:
    whole = split([text])
    assert "".join(whole) == text
    assert all(whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=30)))
    for tokens in (tokens_of(text, cuts), tokens_of(text, range(1, len(text)))):
        pieces = split(tokens)
        assert "".join(pieces) == text
        assert bare(pieces) == bare(whole)


@given(ALPHABET | WORDS)
def test_no_cut_is_inside_a_word_or_a_number(text: str) -> None:
    pieces = split([text])
    for before, after in pairwise(pieces):
        inside = before[-1].isalnum() and after[0].isalnum() and before[-1].isascii() and after[0].isascii()
        assert not inside


@pytest.mark.parametrize(
    ("said", "text", "follows"),
    [
        ("", "Two", "Two"),
        ("One.", "Two", " Two"),
        ("One. ", "Two", "Two"),
        ("One.", " Two", " Two"),
        ("One.", "\nTwo", "\nTwo"),
        ("One", ", two", ", two"),
        ("One.", "", ""),
        ("请稍等。", "九点", "九点"),
        ("请稍等。", "9点", "9点"),
        ("OK.", "九点", "九点"),
    ],
)
def test_what_follows_is_kept_apart(said: str, text: str, follows: str) -> None:
    assert following(said, text) == follows


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("We have a table for you on Friday evening. ", ["We have a table for you on Friday evening. "]),
        ("Yes.", ["Yes."]),
        ("Is it for two?", ["Is it for two?"]),
        ("That makes 12.", []),
        ("I will ask Mr. ", []),
        ("There are seats in row no. ", []),
        ("It costs three hundred and", []),
        ("Let me look at that for you, it", ["Let me look at that for you, "]),
        ("One. Two. And", ["One. ", "Two. "]),
    ],
)
def test_where_the_text_pauses_what_looks_complete_is_spoken(text: str, pieces: list[str]) -> None:
    splitter = SentenceSplitter()
    spoken = [*splitter.push(text), *splitter.pause()]
    assert spoken == pieces
    rest = [*splitter.push(" And so on."), *splitter.finish()]
    assert "".join([*spoken, *rest]) == f"{text} And so on."


def test_sentences_of_a_whole_text_are_cut_nowhere_else() -> None:
    text = "Sure, I can help with that; on Dec. 3 it is. " + "Word " * 200 + "Fine.\nBye"
    assert sentences(text) == [
        "Sure, I can help with that; on Dec. 3 it is. ",
        "Word " * 200 + "Fine.\n",
        "Bye",
    ]
    assert sentences("") == []
