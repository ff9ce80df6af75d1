"""Silence of the service is taken for a stall, but not again and again for nothing."""

from app.providers.azure.stt.suspicions import SUSPICION_S, SUSPICIONS, Suspicions


class Clock:
    """A clock that is set."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_after_so_many_stalls_it_was_noise_until_they_are_long_ago() -> None:
    clock = Clock()
    suspicions = Suspicions(clock)
    for _ in range(SUSPICIONS):
        assert suspicions.may_suspect("s")
        suspicions.suspect("s")
    assert not suspicions.may_suspect("s")
    assert suspicions.may_suspect("another")
    clock.now_s += SUSPICION_S
    assert suspicions.may_suspect("s")


def test_words_that_are_made_out_restore_trust() -> None:
    suspicions = Suspicions(Clock())
    for _ in range(SUSPICIONS):
        suspicions.suspect("s")
    suspicions.trust("s")
    suspicions.trust("never suspected")
    assert suspicions.may_suspect("s")


def test_sessions_that_are_long_over_are_forgotten() -> None:
    clock = Clock()
    suspicions = Suspicions(clock)
    suspicions.suspect("over")
    clock.now_s += SUSPICION_S
    suspicions.suspect("s")
    assert list(suspicions._suspected_at) == ["s"]
