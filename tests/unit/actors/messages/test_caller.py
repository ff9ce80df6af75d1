"""What a connection says of its playback."""

from actors.messages.caller import BLIND, MARKED, PACED


def test_only_a_client_that_says_nothing_cannot_pause() -> None:
    assert PACED.is_holdable()
    assert MARKED.is_holdable()
    assert not BLIND.is_holdable()


def test_a_telephone_is_sent_less_ahead_than_a_browser() -> None:
    assert PACED.lead_ms < MARKED.lead_ms
