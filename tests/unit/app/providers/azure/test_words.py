"""Where words lie in the text, and audio that waits for its words."""

from app.providers.azure.tts.word_gate import AHEAD_MS, WordGate
from app.providers.azure.tts.word_places import WordPlaces

BYTES_PER_MS = 32


def test_words_are_found_one_after_the_other() -> None:
    places = WordPlaces("no, no: NO")
    assert [places.find("no"), places.find("no"), places.find("no")] == [(0, 2), (4, 6), (8, 10)]
    assert places.find("no") is None


def test_positions_count_characters() -> None:
    text = "The café, 😀 naïve 你好"
    places = WordPlaces(text)
    found = [places.find(word) for word in ("The", "café", "naïve", "你好")]
    assert [text[slice(*place)] for place in found if place] == ["The", "café", "naïve", "你好"]


def test_a_word_that_is_not_there_is_left_out() -> None:
    places = WordPlaces("It costs 5 pounds")
    assert places.find("It") == (0, 2)
    assert places.find("five") is None
    assert places.find("") is None
    assert places.find("pounds") == (11, 17)
    assert not places.more


def test_there_is_more_while_letters_follow() -> None:
    places = WordPlaces("Yes. No!")
    assert places.more
    places.find("Yes")
    assert places.more
    places.find("No")
    assert not places.more


def test_audio_waits_for_the_word_in_it() -> None:
    gate = WordGate(16_000)
    assert gate.audio(bytes(1_000 * BYTES_PER_MS)) == b""
    assert len(gate.word(200)) == (200 + AHEAD_MS) * BYTES_PER_MS
    assert len(gate.word(300)) == 100 * BYTES_PER_MS
    assert gate.waits
    assert len(gate.open()) == (1_000 - 300 - AHEAD_MS) * BYTES_PER_MS
    assert not gate.waits


def test_audio_whose_words_are_known_does_not_wait() -> None:
    gate = WordGate(16_000)
    assert gate.word(500) == b""
    assert gate.audio(b"ab" * 1_000) == b"ab" * 1_000


def test_only_whole_samples_are_heard() -> None:
    gate = WordGate(16_000)
    gate.open()
    assert gate.audio(b"abc") == b"ab"
    assert gate.audio(b"d") == b"cd"


def test_audio_keeps_its_order() -> None:
    gate = WordGate(16_000)
    pcm = bytes(range(256)) * 100
    heard = b"".join([gate.audio(pcm[:5_000]), gate.word(100), gate.audio(pcm[5_000:]), gate.word(300), gate.open()])
    assert heard == pcm
