"""Whose voice is heard on a call that several people are on."""

import pytest

from app.telephony.acs.participants import GONE_MS, QUIET_MS, CallerVoice, same_participant
from tests.service.telephony.telephone_kit import tone

CALLER = "4:+15550100"
SUPERVISOR = "8:acs:supervisor"
QUIET = bytes(640)
VOICE = tone(20)


@pytest.mark.parametrize(
    "raw_id", ["4:+12065550100", "+12065550100", "4:12065550100", "12065550100", " 4:+12065550100"]
)
def test_a_number_is_the_same_participant_however_it_is_spelled(raw_id: str) -> None:
    assert same_participant(raw_id, "4:+12065550100")


@pytest.mark.parametrize(
    ("one", "other"), [("", ""), ("4:+1206", "4:+1425"), ("8:acs:a", "8:acs:b"), ("4:anonymous", "4:+1")]
)
def test_others_are_others(one: str, other: str) -> None:
    assert not same_participant(one, other)


@pytest.mark.parametrize("frame", [b"", QUIET, VOICE])
def test_the_caller_is_known_by_id_whoever_sends_first(frame: bytes) -> None:
    voice = CallerVoice("+15550100")
    voice.take_frame(SUPERVISOR, frame, 20)
    assert voice.take_frame(CALLER, QUIET, 20)
    assert not voice.take_frame(SUPERVISOR, VOICE, 20)
    assert voice.obeys(CALLER)
    assert not voice.obeys(SUPERVISOR)


def test_mixed_audio_names_nobody_and_is_heard() -> None:
    voice = CallerVoice("+15550100")
    assert voice.take_frame(CALLER, VOICE, 20)
    assert voice.take_frame("", VOICE, 20)
    assert voice.obeys("")


def test_somebody_of_whom_the_network_says_that_they_are_another_is_never_heard() -> None:
    voice = CallerVoice("+15550100", is_other=lambda raw_id: raw_id == SUPERVISOR)
    assert not voice.take_frame(SUPERVISOR, VOICE, 20)
    assert voice.take_frame("8:acs:the-caller-by-another-name", VOICE, 20)


def test_where_no_id_is_the_callers_the_first_with_a_voice_is_heard() -> None:
    voice = CallerVoice("")
    assert voice.take_frame("8:a", QUIET, 20)
    assert not voice.take_frame("8:b", QUIET, 20)
    assert voice.take_frame("8:b", VOICE, 20)
    assert not voice.take_frame("8:a", VOICE, 20)
    assert voice.obeys("8:a")


def test_that_is_decided_again_when_they_have_been_quiet_and_somebody_speaks() -> None:
    voice = CallerVoice("")
    assert voice.take_frame("8:a", VOICE, 20)
    for _ in range(int(QUIET_MS / 20) - 1):
        assert voice.take_frame("8:a", QUIET, 20)
    assert not voice.take_frame("8:b", VOICE, 20)
    assert voice.take_frame("8:a", QUIET, 20)
    assert voice.take_frame("8:b", VOICE, 20)


def test_that_is_decided_again_when_they_send_no_more() -> None:
    voice = CallerVoice("")
    assert voice.take_frame("8:a", VOICE, 20)
    heard = [voice.take_frame("8:b", QUIET, 20) for _ in range(40)]
    assert heard.index(True) == int(GONE_MS / 20)
    assert all(heard[heard.index(True) :])
