"""Audio waits for the words that are spoken in it, and for no longer."""

from app.providers.azure.tts.word_gate import AHEAD_MS, MOST_WAITING_MS, WordGate

RATE_HZ = 16_000


def pcm(ms: float) -> bytes:
    return bytes(int(RATE_HZ * 2 * ms / 1000))


def test_audio_passes_up_to_a_little_beyond_the_last_known_word() -> None:
    gate = WordGate(RATE_HZ)
    assert gate.audio(pcm(1_000)) == b""
    assert gate.waits
    assert gate.word(300) == pcm(300 + AHEAD_MS)
    # A word that ends earlier takes nothing back.
    assert gate.word(100) == b""
    assert gate.word(900) == pcm(1_000 - 300 - AHEAD_MS)
    assert not gate.waits


def test_all_passes_when_there_are_no_more_words_and_waits_again_when_there_are() -> None:
    gate = WordGate(RATE_HZ)
    gate.audio(pcm(500))
    assert gate.open() == pcm(500)
    assert gate.audio(pcm(100)) == pcm(100)
    gate.shut()
    assert gate.audio(pcm(100)) == b""
    assert gate.waits


def test_no_sample_is_torn_in_two() -> None:
    gate = WordGate(RATE_HZ, ahead_ms=0.04)
    gate.audio(bytes(range(64)))
    assert len(gate.word(0.5)) % 2 == 0


def test_words_that_never_come_are_not_waited_for_and_no_more_audio_is_held_back_than_the_bound() -> None:
    gate = WordGate(RATE_HZ)
    passed, most = b"", 0
    for _ in range(4_000):
        passed += gate.audio(pcm(20))
        most = max(most, len(gate._waiting))
    assert len(passed) == len(pcm(20)) * 4_000
    assert most <= len(pcm(MOST_WAITING_MS))
