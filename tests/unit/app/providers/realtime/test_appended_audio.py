"""The caller's audio in pieces: what is sent when, and where each turn lies in all that was sent."""

from app.providers.realtime.appended_audio import APPEND_MS, AppendedAudio

MS = 16 * 2
"""Bytes of a millisecond at 16 kHz."""


def audio(ms: int, value: int = 1) -> bytes:
    return bytes([value]) * (ms * MS)


def test_audio_goes_out_in_multiples_of_a_piece_and_in_its_order() -> None:
    appended = AppendedAudio(16_000, 16_000)
    assert appended.push(audio(APPEND_MS - 1)) == b""
    assert appended.push(audio(APPEND_MS + 11, 2)) == audio(APPEND_MS - 1) + audio(APPEND_MS + 1, 2)
    assert appended.push(audio(20, 3)) == b""
    assert appended.flush() == audio(10, 2) + audio(20, 3)
    assert appended.flush() == b""


def test_a_turn_lies_where_it_was_sent() -> None:
    appended = AppendedAudio(16_000, 16_000)
    appended.push(audio(100))
    assert appended.end_turn() == (0.0, 60.0), "what was not sent yet belongs to the next"
    appended.push(audio(70))
    appended.flush()
    assert appended.end_turn() == (60.0, 170.0)
    assert appended.end_turn() == (170.0, 170.0)
