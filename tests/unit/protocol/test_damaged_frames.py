"""Frames of audio with something wrong in them: what can be made of them is heard, and the defect is named."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.acs.media import AudioFrame, DtmfTone, RepairedFrame, RepairedTranscript, TranscriptionText, decode
from protocol.acs.tolerant_base64 import Base64Error, decode_base64


def frame(**fields: Any) -> str:
    return json.dumps({"kind": "AudioData", "audioData": fields})


@pytest.mark.parametrize("fields", [{"data": None}, {"data": ""}, {}])
def test_a_silent_frame_without_data_is_a_frame_like_any_other(fields: dict[str, Any]) -> None:
    assert decode(frame(silent=True, **fields)) == AudioFrame(silent=True)


@pytest.mark.parametrize(
    ("fields", "pcm", "named"),
    [
        ({"data": "AQIDBA"}, b"\1\2\3\4", "audioData.data: unusual base64"),
        ({"data": "AQIDBA==\n"}, b"\1\2\3\4", "audioData.data: unusual base64"),
        ({"data": "AQID\r\n BA=="}, b"\1\2\3\4", "audioData.data: unusual base64"),
        ({"data": "_-8="}, b"\xff\xef", "audioData.data: unusual base64"),
        ({"data": "AQIDBA==="}, b"\1\2\3\4", "audioData.data: unusual base64"),
        ({"data": "AQID"}, b"\1\2", "audioData.data: 3 bytes are no whole number of 16-bit samples"),
        ({"data": "AQ"}, b"", "audioData.data: unusual base64"),
        ({"data": "A!ID"}, b"", "audioData.data: not base64"),
        ({"data": "AQI=AQI="}, b"", "audioData.data: not base64"),
        ({"data": "é==="}, b"", "audioData.data: not base64"),
        ({"data": 7}, b"", "audioData.data: expected text"),
        ({"data": "AQI=", "silent": "no"}, b"\1\2", "audioData.silent: expected true or false"),
        ({"data": "AQI=", "timestamp": []}, b"\1\2", "audioData.timestamp: expected text or a number"),
        ({"data": "AQI=", "participantRawID": 3}, b"\1\2", "audioData.participantRawID: expected text"),
    ],
)
def test_what_can_be_made_of_a_frame_is_kept_and_the_defect_is_named(
    fields: dict[str, Any], pcm: bytes, named: str
) -> None:
    repaired = decode(frame(**fields))
    assert isinstance(repaired, RepairedFrame)
    assert (repaired.frame.pcm, repaired.defect) == (pcm, named)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"audioData": None}, "audioData: missing"),
        ({}, "audioData: missing"),
        ({"audioData": []}, "audioData: expected an object"),
        ({"audioData": "AQI="}, "audioData: expected an object"),
    ],
)
def test_a_frame_of_nothing_is_a_frame_since_time_passes_with_it(body: dict[str, Any], named: str) -> None:
    assert decode(json.dumps({"kind": "AudioData", **body})) == RepairedFrame(AudioFrame(), named)


@pytest.mark.parametrize(
    ("field", "value", "wrong"),
    [
        ("confidence", "0.9", "expected a number"),
        ("confidence", 10**400, "out of range"),
        ("offset", 10**400, "out of range"),
        ("offset", -(10**30), "out of range"),
        ("offset", "12", "expected a whole number"),
        ("duration", 10**400, "out of range"),
        ("participantRawID", 7, "expected text"),
    ],
)
def test_what_somebody_said_is_not_lost_for_a_field_beside_it(field: str, value: Any, wrong: str) -> None:
    said = {"text": "four o'clock", "resultStatus": "Final"}
    repaired = decode(json.dumps({"kind": "TranscriptionData", "transcriptionData": {**said, field: value}}))
    assert repaired == RepairedTranscript(
        TranscriptionText(text="four o'clock", confidence=None, offset=0, duration=0, participant="", final=True),
        f"transcriptionData.{field}: {wrong}",
    )


def test_words_with_impossible_times_are_left_out_of_a_transcript() -> None:
    words = [{"text": "four", "offset": 10**400, "duration": 1}, {"text": "o'clock", "offset": 5, "duration": 1}]
    said = {"text": "four o'clock", "resultStatus": "Final", "words": words}
    decoded = decode(json.dumps({"kind": "TranscriptionData", "transcriptionData": said}))
    assert isinstance(decoded, TranscriptionText)
    assert [word.text for word in decoded.words] == ["o'clock"]


def test_a_defect_does_not_repeat_what_was_sent() -> None:
    repaired = decode(frame(data="4711!"))
    assert isinstance(repaired, RepairedFrame)
    assert "4711" not in repaired.defect


@given(
    pcm=st.binary(max_size=1_300),
    padded=st.booleans(),
    for_urls=st.booleans(),
    breaks=st.lists(st.tuples(st.integers(0, 1_800), st.sampled_from([" ", "\n", "\r\n", "\t"])), max_size=5),
)
def test_every_spelling_of_base64_decodes_to_the_same(
    pcm: bytes, padded: bool, for_urls: bool, breaks: list[tuple[int, str]]
) -> None:
    text = (base64.urlsafe_b64encode if for_urls else base64.b64encode)(pcm).decode()
    if not padded:
        text = text.rstrip("=")
    for position, whitespace in breaks:
        text = text[:position] + whitespace + text[position:]
    assert decode_base64(text)[0] == pcm
    decoded = decode(frame(data=text))
    audio = decoded.frame if isinstance(decoded, RepairedFrame) else decoded
    assert audio == AudioFrame(pcm=pcm[: len(pcm) & ~1])


@given(st.text(max_size=200))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        decode_base64(text)
    except Base64Error:
        assert isinstance(decode(frame(data=text)), RepairedFrame)


@given(
    st.dictionaries(
        st.sampled_from(["data", "silent", "timestamp", "participantRawID"]),
        st.text() | st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_a_frame_is_never_lost_whatever_its_fields_hold(fields: dict[str, Any]) -> None:
    decoded = decode(frame(**fields))
    audio = decoded.frame if isinstance(decoded, RepairedFrame) else decoded
    assert isinstance(audio, AudioFrame)
    assert len(audio.pcm) % 2 == 0


@pytest.mark.parametrize(
    ("name", "key"),
    [("pound", "#"), ("Pound", "#"), ("hash", "#"), ("asterisk", "*"), ("star", "*"), ("five", "5"), (" 7 ", "7")],
)
def test_a_key_may_be_told_by_its_name(name: str, key: str) -> None:
    assert decode(json.dumps({"kind": "DtmfData", "dtmfData": {"data": name}})) == DtmfTone(key)
