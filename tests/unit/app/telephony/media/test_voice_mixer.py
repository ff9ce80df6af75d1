"""Voices of several people are added up, and time passes once."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from app.telephony.media.voice_mixer import VoiceMixer

QUIET = bytes(640)
VOICE = array("h", [15_000, -15_000] * 160).tobytes()


def mixed(*samples: int) -> bytes:
    return array("h", samples).tobytes()


def test_voices_add_up_and_time_passes_once() -> None:
    mixer = VoiceMixer(16_000)
    assert mixer.push("a", mixed(1, 2)) == mixed(1, 2)
    assert mixer.push("b", mixed(10, 20, 30)) == b""
    assert mixer.push("a", mixed(1, 2)) == mixed(11, 22)
    assert mixer.push("a", mixed(1, 2)) == mixed(31, 2)


def test_loud_voices_are_clipped() -> None:
    mixer = VoiceMixer(16_000)
    mixer.push("a", b"")
    mixer.push("b", mixed(30_000, -30_000))
    assert mixer.push("a", mixed(30_000, -30_000)) == mixed(32_767, -32_768)


def test_whoever_sends_no_more_does_not_hold_up_the_others() -> None:
    mixer = VoiceMixer(16_000)
    mixer.push("a", QUIET)
    heard = b"".join(mixer.push("b", VOICE) for _ in range(50))
    assert heard == VOICE * 50


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 700)), max_size=300))
def test_what_waits_is_bounded_and_audio_is_whole(pushes: list[tuple[str, int]]) -> None:
    mixer = VoiceMixer(16_000)
    sent = dict.fromkeys("abcdefghijkl", 0)
    heard = 0
    for name, samples in pushes:
        audio = mixer.push(name, bytes(samples * 2))
        assert len(audio) % 2 == 0
        sent[name] += samples * 2
        heard += len(audio)
    assert sum(map(len, mixer._waiting.values())) <= VoiceMixer.MOST_OTHERS * 3_200
    assert heard <= sum(sent.values())
