"""When the service's end of a stream counts as dead: no connection, no answer to speech, no sign of life at all."""

from app.providers.azure.stt.signs_of_life import CONNECT_S, LOSSES, SPEECH_MS, UNANSWERED_MS, SignsOfLife


def test_a_connection_that_does_not_come_up_in_time_is_none() -> None:
    signs = SignsOfLife(10.0)
    assert [signs.has_no_connection(10.0 + s) for s in (0.0, CONNECT_S - 0.1, CONNECT_S)] == [False, False, True]
    signs.connected(True, 11.0)
    assert not signs.has_no_connection(100.0)
    signs.connected(False, 200.0)
    signs.connected(False, 202.0)
    assert [signs.has_no_connection(200.0 + s) for s in (CONNECT_S - 0.1, CONNECT_S)] == [False, True]
    signs.connected(True, 203.0)
    signs.replaced(300.0)
    assert [signs.has_no_connection(300.0 + s) for s in (0.0, CONNECT_S)] == [False, True]


def test_connections_that_are_lost_one_after_the_other_count_until_there_is_progress() -> None:
    signs = SignsOfLife(0.0)
    for _ in range(LOSSES - 1):
        signs.connected(True, 1.0)
        signs.connected(False, 2.0)
    assert not signs.is_lost_again_and_again
    signs.progressed()
    for _ in range(LOSSES - 1):
        signs.connected(False, 3.0)
    assert not signs.is_lost_again_and_again
    signs.connected(False, 4.0)
    assert signs.is_lost_again_and_again


def test_speech_is_passed_over_when_as_much_time_as_audio_has_gone_by_without_a_sign() -> None:
    signs = SignsOfLife(0.0)
    signs.loud_ms = SPEECH_MS
    assert [signs.passes_over_speech(s) for s in (SPEECH_MS / 1_000 - 0.1, SPEECH_MS / 1_000)] == [False, True]
    signs.lively(5.0)
    assert (signs.loud_ms, signs.passes_over_speech(60.0)) == (0.0, False)


def test_audio_that_is_not_answered_is_held_by_the_sdk_up_to_a_bound() -> None:
    signs = SignsOfLife(0.0)
    signs.unanswered_ms = UNANSWERED_MS - 20
    assert (signs.holds_much, signs.is_silent) == (False, False)
    signs.unanswered_ms += 20
    assert (signs.holds_much, signs.is_silent) == (True, False)
    signs.unanswered_ms *= 2
    assert signs.is_silent
    signs.replaced(1.0)
    assert (signs.holds_much, signs.is_silent) == (False, False)
