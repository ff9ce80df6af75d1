"""The mode in which a session only listens: a recognizer for each speaker, and nobody who speaks."""

from actors.messages.caller import CallerAudio, TextEntered
from actors.messages.transcript import FinalTranscript
from actors.rules.speakers import SPEAKERS
from actors.session.addresses import recognizer_name
from actors.session.modes.transcription import TRANSCRIPTION_MODE

CHILDREN = {spec.name: spec for spec in TRANSCRIPTION_MODE.children}


def test_each_speaker_has_a_recognizer_and_all_tell_the_transcriber() -> None:
    recognizers = [recognizer_name(speaker) for speaker in ("", *SPEAKERS)]
    assert list(CHILDREN) == [*recognizers, "transcriber"]


def test_nobody_speaks_and_nobody_is_told_what_is_typed() -> None:
    assert not TRANSCRIPTION_MODE.speaks
    received = {kind for kinds in TRANSCRIPTION_MODE.receives.values() for kind in kinds}
    assert TextEntered not in received
    assert CallerAudio in received


def test_the_network_may_transcribe_in_place_of_our_recognizers() -> None:
    assert FinalTranscript in CHILDREN["transcriber"].receives
