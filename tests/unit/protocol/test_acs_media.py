"""The media socket's messages: what ACS and known clients send, and exactly what they are sent."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.acs.media import (
    AudioFrame,
    AudioMetadata,
    DtmfTone,
    MediaMessage,
    OutboundCase,
    RepairedMetadata,
    TranscribedWord,
    TranscriptionMetadata,
    TranscriptionText,
    Unknown,
    audio_message,
    decode,
    require_rate,
    stop_message,
    strangeness,
)
from protocol.acs.media_fields import MediaProtocolError

FRAME = bytes(range(256)) * 2 + bytes(128)
"""20 ms at 16 kHz."""
BASE64 = base64.b64encode(FRAME).decode()

FROM_ACS: dict[str, tuple[str, MediaMessage]] = {
    "metadata": (
        '{"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"89e8cb59-..","encoding":"PCM","sampleRate":16000,'
        '"channels":1,"length":640}}',
        AudioMetadata(encoding="PCM", sample_rate=16_000, channels=1, length=640, subscription_id="89e8cb59-.."),
    ),
    "audio": (
        '{"kind":"AudioData","audioData":{"timestamp":"2024-11-15T19:16:12.925Z","participantRawID":"8:acs:3d20..",'
        f'"data":"{BASE64}","silent":false}}}}',
        AudioFrame(pcm=FRAME, silent=False, participant="8:acs:3d20..", timestamp="2024-11-15T19:16:12.925Z"),
    ),
    "dtmf": ('{"kind":"DtmfData","dtmfData":{"data":"3"}}', DtmfTone("3")),
    "transcription metadata": (
        '{"kind":"TranscriptionMetadata","transcriptionMetadata":{"subscriptionId":"..","locale":"en-us",'
        '"callConnectionId":"c1","correlationId":"k1","speechRecognitionModelEndpointId":".."}}',
        TranscriptionMetadata(subscription_id="..", locale="en-us", call_connection_id="c1", correlation_id="k1"),
    ),
    "transcription": (
        '{"kind":"TranscriptionData","transcriptionData":{"text":"Testing transcription.","format":"display",'
        '"confidence":0.695,"offset":2516998782481234400,"duration":12340000,'
        '"words":[{"text":"testing","offset":2516998782481234400,"duration":5000000}],'
        '"participantRawID":"8:acs:..","resultStatus":"Final"}}',
        TranscriptionText(
            text="Testing transcription.",
            confidence=0.695,
            offset=2_516_998_782_481_234_400,
            duration=12_340_000,
            participant="8:acs:..",
            final=True,
            words=(TranscribedWord("testing", 2_516_998_782_481_234_400, 5_000_000),),
        ),
    ),
}
"""As the facts have them."""


@pytest.mark.parametrize("name", FROM_ACS)
def test_what_acs_sends_is_understood_as_text_and_as_bytes(name: str) -> None:
    text, message = FROM_ACS[name]
    assert decode(text) == message
    assert decode(text.encode()) == message


SPELLINGS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "pascal": lambda key: key[:1].upper() + key[1:],
}


def respelled(value: object, how: str) -> object:
    """The same JSON with its keys in another case."""
    if isinstance(value, list):
        return [respelled(inner, how) for inner in value]
    if not isinstance(value, dict):
        return value
    return {SPELLINGS[how](key): respelled(inner, how) for key, inner in value.items()}


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("name", FROM_ACS)
def test_keys_may_be_in_any_case(name: str, how: str) -> None:
    text, message = FROM_ACS[name]
    assert decode(json.dumps(respelled(json.loads(text), how))) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"kind":"AudioMetadata","payload":{"format":"pcm","rate":16000}}',
            AudioMetadata(encoding="pcm", sample_rate=16_000, channels=1, length=640),
        ),
        (
            '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":24000}}',
            AudioMetadata(encoding="PCM", sample_rate=24_000, channels=1, length=960),
        ),
        (
            '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":"24000","channels":"1","length":"960"}}',
            AudioMetadata(encoding="PCM", sample_rate=24_000, channels=1, length=960),
        ),
        (
            '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":16000,"encoding":7,"channels":[1],"length":-0.5}}',
            RepairedMetadata(AudioMetadata(sample_rate=16_000), "audioMetadata.encoding: expected text"),
        ),
        ('{"kind":"AudioData","audioData":{"data":"AQI="}}', AudioFrame(pcm=b"\1\2")),
        ('{"kind":"AudioData","audioData":{"data":""}}', AudioFrame(pcm=b"")),
        ('{"kind":"AudioData","audioData":{"data":"AQI=","silent":true}}', AudioFrame(pcm=b"\1\2", silent=True)),
        ('{"kind":"AudioData","audioData":{"data":"AQI=","silent":null}}', AudioFrame(pcm=b"\1\2")),
        ('{"kind":"AudioData","audioData":{"data":"AQI=","participantRawID":null}}', AudioFrame(pcm=b"\1\2")),
        (
            '{"kind":"AudioData","audioData":{"data":"AQI=","timestamp":1731698172925}}',
            AudioFrame(pcm=b"\1\2", timestamp=1_731_698_172_925),
        ),
        ('{"kind":"AudioData","audioData":{"data":"AQI=","timestamp":0.5}}', AudioFrame(pcm=b"\1\2", timestamp=0.5)),
        ('{"Kind":"AudioData","AudioData":{"Data":"AQI=","Timestamp":7}}', AudioFrame(pcm=b"\1\2", timestamp=7)),
        ('{"kind":"audiodata","payload":{"data":"AQI=","more":[1]}}', AudioFrame(pcm=b"\1\2")),
        ('{"audioData":{"data":"AQI="},"kind":"AudioData","more":{}}', AudioFrame(pcm=b"\1\2")),
        (
            f'{{"kind":"AudioData","audioData":{{"data":"{base64.b64encode(bytes(3_200)).decode()}"}}}}',
            AudioFrame(pcm=bytes(3_200)),
        ),
        (
            '{"kind":"DtmfData","dtmfData":{"data":"a","timestamp":"now","participantRawID":"4:+1"}}',
            DtmfTone("A", "4:+1"),
        ),
        ('{"kind":"DtmfData","dtmfData":{"data":7.0}}', DtmfTone("7")),
        (
            '{"kind":"TranscriptionData","transcriptionData":{"text":"hi","confidence":1,"offsetInTicks":10,'
            '"durationInTicks":20,"resultState":"intermediate"}}',
            TranscriptionText(text="hi", confidence=1.0, offset=10, duration=20, participant="", final=False),
        ),
        (
            '{"kind":"TranscriptionData","transcriptionData":{"text":"hi","resultStatus":"FINAL"}}',
            TranscriptionText(text="hi", confidence=None, offset=0, duration=0, participant="", final=True),
        ),
        (
            '{"kind":"TranscriptionData","transcriptionData":{"text":"hi","confidence":null,"participantRawID":null,'
            '"resultStatus":"final","languageIdentified":"de-DE","sentimentAnalysisResult":{"sentiment":"neutral"}}}',
            TranscriptionText(text="hi", confidence=None, offset=0, duration=0, participant="", final=True),
        ),
        ('{"kind":"MarkData","markData":{"id":"1","status":"Completed"}}', Unknown("MarkData")),
        ('{"kind":"DtmfMetadata"}', Unknown("DtmfMetadata")),
        (stop_message(), Unknown("StopAudio")),
        ('{"kind":"' + "x" * 1_000 + '"}', Unknown("x" * 64)),
    ],
)
def test_known_variants_are_understood(text: str, message: MediaMessage) -> None:
    assert decode(text) == message


@pytest.mark.parametrize("key", "0123456789*#ABCD")
def test_every_key_is_a_tone(key: str) -> None:
    assert decode(json.dumps({"kind": "DtmfData", "dtmfData": {"data": key}})) == DtmfTone(key)


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("", "message: not JSON"),
        ("{", "message: not JSON"),
        (b"\xff\xfe", "message: not JSON"),
        (b'{"kind":"\xff"}', "message: not JSON"),
        ("\ud800", "message: not JSON"),
        ("[" * 100_000, "message: nested too deeply"),
        ("[1]", "message: expected an object"),
        ("{}", "kind: missing"),
        ('{"kind":7}', "kind: expected text"),
        ('{"audioData":{"data":"AQI="}}', "kind: missing"),
        ('{"kind":"AudioMetadata","audioMetadata":{}}', "audioMetadata.sampleRate: missing"),
        (
            '{"kind":"AudioMetadata","audioMetadata":{"sampleRate":"16 k"}}',
            "audioMetadata.sampleRate: expected a whole",
        ),
        ('{"kind":"AudioMetadata","audioMetadata":{"sampleRate":true}}', "audioMetadata.sampleRate: expected a whole"),
        ('{"kind":"DtmfData","dtmfData":{"data":"12"}}', "dtmfData.data: expected one of"),
        ('{"kind":"DtmfData","dtmfData":{"data":""}}', "dtmfData.data: expected one of"),
        ('{"kind":"DtmfData","dtmfData":{"data":"E"}}', "dtmfData.data: expected one of"),
        ('{"kind":"TranscriptionData","transcriptionData":{"text":"hi"}}', "transcriptionData.resultStatus: missing"),
        ('{"kind":"TranscriptionData","transcriptionData":{"text":"hi","resultStatus":3}}', ".resultStatus: expected"),
    ],
)
def test_what_cannot_be_understood_is_named(message: str | bytes, named: str) -> None:
    with pytest.raises(MediaProtocolError) as error:
        decode(message)
    assert str(error.value).startswith(named) or named in str(error.value)


@pytest.mark.parametrize(
    "message",
    [
        '{"kind":"DtmfData","dtmfData":{"data":"4711"}}',
        '{"kind":"TranscriptionData","transcriptionData":{"text":["4711"]}}',
    ],
)
def test_an_error_does_not_repeat_what_was_said_or_dialled(message: str) -> None:
    with pytest.raises(MediaProtocolError) as error:
        decode(message)
    assert "4711" not in str(error.value)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_the_rates_of_telephony_are_supported(rate_hz: int) -> None:
    require_rate(AudioMetadata(sample_rate=rate_hz))


@pytest.mark.parametrize("rate_hz", [-16_000, 0, 7_999, 48_001, 10**9])
def test_any_other_rate_is_refused_by_name(rate_hz: int) -> None:
    with pytest.raises(MediaProtocolError, match=rf"^audioMetadata\.sampleRate: only 8000 to .*, got {rate_hz}$"):
        require_rate(AudioMetadata(sample_rate=rate_hz))


@pytest.mark.parametrize("encoding", ["pcm", "PCM", "Pcm16KMono", "pcm_s16le", "LINEAR16", "audio/L16"])
def test_pcm_of_one_channel_is_nothing_strange_whatever_it_is_called(encoding: str) -> None:
    assert strangeness(AudioMetadata(encoding=encoding, channels=1)) == ""


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        (AudioMetadata(encoding="opus"), "audioMetadata.encoding: only PCM is supported, got 'opus'"),
        (AudioMetadata(encoding=""), "audioMetadata.encoding: only PCM is supported, got ''"),
        (AudioMetadata(channels=2), "audioMetadata.channels: only 1 is supported, got 2"),
        (AudioMetadata(channels=0), "audioMetadata.channels: only 1 is supported, got 0"),
    ],
)
def test_other_audio_is_named(metadata: AudioMetadata, named: str) -> None:
    assert strangeness(metadata) == named


def test_acs_is_sent_exactly_what_microsoft_documents() -> None:
    assert audio_message(b"\1\2") == '{"Kind":"AudioData","AudioData":{"Data":"AQI="},"StopAudio":null}'
    assert stop_message() == '{"Kind":"StopAudio","AudioData":null,"StopAudio":{}}'


def test_older_clients_find_their_keys() -> None:
    audio = json.loads(audio_message(b"\1\2", OutboundCase.CAMEL))
    assert (audio["kind"], audio["audioData"]["data"], audio["stopAudio"]) == ("AudioData", "AQI=", None)
    assert json.loads(stop_message(OutboundCase.CAMEL)) == {"kind": "StopAudio", "audioData": None, "stopAudio": {}}


@given(pcm=st.binary(max_size=4_000).map(lambda pcm: pcm[: len(pcm) & ~1]), case=st.sampled_from(OutboundCase))
def test_audio_that_is_encoded_decodes_to_itself(pcm: bytes, case: OutboundCase) -> None:
    assert decode(audio_message(pcm, case)) == AudioFrame(pcm=pcm)


@pytest.mark.parametrize(
    "data", [{"data": 5}, {"data": " 5 "}, {"data": 5, "participantRawID": 7}, {"data": "five", "participantRawID": {}}]
)
def test_a_key_is_read_as_a_number_too_and_whoever_pressed_it(data: object) -> None:
    assert decode(json.dumps({"kind": "DtmfData", "dtmfData": data})) == DtmfTone("5")


@pytest.mark.parametrize("data", [12, -1, True, 5.5, [], None])
def test_what_is_no_key_is_named(data: object) -> None:
    with pytest.raises(MediaProtocolError, match=r"^dtmfData\.data: "):
        decode(json.dumps({"kind": "DtmfData", "dtmfData": {"data": data}}))


@pytest.mark.parametrize(
    "message",
    [
        '\ufeff{"kind":"AudioData","audioData":{"data":"AQACAA=="}}',
        '{"kind":"AudioData","audioData":{"data":"AQACAA==","timestamp":NaN}}',
        '{"kind":"AudioData","audioData":{"data":"AQACAA=="}}\0',
        '{"kind":"AudioData","audioData":{"data":"AQACAA=="}}'.encode("utf-16"),
    ],
)
def test_json_to_the_letter_is_not_needed_to_be_heard(message: str | bytes) -> None:
    frame = decode(message)
    assert isinstance(frame, AudioFrame)
    assert frame.pcm == b"\x01\x00\x02\x00"
