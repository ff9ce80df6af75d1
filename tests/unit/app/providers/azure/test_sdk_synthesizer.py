"""One synthesizer of the Speech SDK in our terms: what it is asked, what it tells, and that it is let go of whole."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cognitiveservices.speech import (  # type: ignore[import-untyped]
    CancellationErrorCode,
    PropertyId,
    ResultReason,
    SpeechSynthesisBoundaryType,
)

from app.providers.azure import exit_guard
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.tts import sdk_synthesizer
from app.providers.azure.tts.prosody import Prosody
from app.providers.azure.tts.sdk_synthesizer import FORMATS, SdkVoice
from config.secret import Secret
from tests.unit.app.providers.azure.speech_sdk_kit import Connection, Listener, Pending, Properties, Signal

RESOURCE = SpeechResource(endpoint="wss://mine.example", key=Secret("0123"))
DOCUMENTED = SpeechUse(undocumented=False)
PROSODY = Prosody("en-US-AvaNeural", "en-US", rate="+10%")


class Synthesizer:
    """The SDK's synthesizer."""

    def __init__(self, config: Any, audio_config: Any) -> None:
        assert audio_config is None, "it would open a device"
        self.config = config
        self.is_broken = False
        self._handle = self
        self.connection: Any = None
        self.synthesizing, self.synthesis_word_boundary = Signal(), Signal()
        self.synthesis_completed, self.synthesis_canceled = Signal(), Signal()
        self.properties = Properties()
        self.spoken: list[Any] = []
        self.speaking: list[Pending] = []
        self.stops = 0
        self.authorization_token = ""

    def _speak(self, what: Any) -> Pending:
        self.spoken.append(what)
        self.speaking.append(Pending(fails=self.is_broken))
        return self.speaking[-1]

    speak_ssml_async = speak_async = _speak

    def stop_speaking_async(self) -> Pending:
        self.stops += 1
        return Pending(fails=self.is_broken)


class Request:
    """A request whose text is streamed."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self.written: list[str] = []
        self.is_complete = self.is_over = False
        self.style = self.rate = self.pitch = ""
        self.input_stream = SimpleNamespace(write=self._write, close=self._close)

    def _write(self, text: str) -> None:
        if self.is_over:
            raise RuntimeError("it is over")
        self.written.append(text)

    def _close(self) -> None:
        self.is_complete = True


class Light:
    """The light events, with who is listened to."""

    available = True

    def __init__(self) -> None:
        self.listeners: dict[int, tuple[Any, Any]] = {}

    def listen(self, handle: Any, listener: Any) -> int:
        number = len(self.listeners) + 1
        self.listeners[number] = (handle, listener)
        return number

    def ignore(self, handle: Any, number: int) -> None:
        assert self.listeners.pop(number)[0] is handle


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Light:
    light = Light()
    monkeypatch.setattr(sdk_synthesizer, "sdk_voice_events", light)
    return light


@pytest.fixture(autouse=True)
def _without_service(monkeypatch: pytest.MonkeyPatch, light: Light) -> None:
    monkeypatch.setattr(sdk_synthesizer, "SpeechSynthesizer", Synthesizer)
    monkeypatch.setattr(sdk_synthesizer, "Connection", Connection)
    monkeypatch.setattr(sdk_synthesizer, "SpeechSynthesisRequest", Request)


def made(use: SpeechUse | None = None) -> tuple[SdkVoice, Synthesizer, Listener]:
    listener = Listener()
    voice = SdkVoice(RESOURCE, use or DOCUMENTED, None, 24_000, listener)
    sdk: Any = voice._synthesizer
    return voice, sdk, listener


def test_audio_has_the_rate_that_was_asked_for_and_streamed_text_its_own_address() -> None:
    for use in (SpeechUse(), SpeechUse(text_streaming=True)):
        voice, sdk, _ = made(use)
        assert sdk.config.speech_synthesis_output_format_string == "raw-24khz-16bit-mono-pcm"
        endpoint = sdk.config.get_property(PropertyId.SpeechServiceConnection_Endpoint)
        assert (endpoint == RESOURCE.streaming_url) is use.text_streaming
        voice.leave()
    assert set(FORMATS) == {16_000, 24_000, 48_000}


def test_what_the_service_tells_is_told_by_request() -> None:
    voice, sdk, listener = made()
    sdk.synthesizing.give(result=SimpleNamespace(result_id="1", audio_data=b"ab"))
    places = {"audio_offset": 5_000_000, "duration": timedelta(milliseconds=250)}
    word, mark = SpeechSynthesisBoundaryType.Word, SpeechSynthesisBoundaryType.Punctuation
    sdk.synthesis_word_boundary.give(result_id="1", boundary_type=word, text="Hello", **places)
    sdk.synthesis_word_boundary.give(result_id="1", boundary_type=mark, text=",", **places)
    sdk.synthesis_completed.give(result=SimpleNamespace(result_id="1", audio_data=b"abcd"))
    sdk.connection.connected.give()
    sdk.connection.disconnected.give()
    assert listener.told == [
        ("audio", "1", b"ab"),
        ("word", "1", "Hello", 500.0, 750.0),
        ("completed", "1", b"abcd"),
        ("connected", True),
        ("connected", False),
    ]
    voice.leave()


def test_light_events_are_used_and_left_unless_only_what_is_documented_is_to_be(light: Light) -> None:
    voice, sdk, listener = made(SpeechUse())
    assert list(light.listeners.values()) == [(sdk, listener)]
    assert not sdk.synthesizing.connected + sdk.synthesis_word_boundary.connected
    assert sdk.synthesis_completed.connected
    voice.leave()
    assert light.listeners == {}
    light.available = False
    for voice, sdk, _ in (made(SpeechUse()), made(DOCUMENTED)):
        assert light.listeners == {}
        assert sdk.synthesizing.connected
        assert sdk.synthesis_word_boundary.connected
        voice.leave()


def test_a_failure_has_its_code_and_a_stop_of_ours_has_none() -> None:
    voice, sdk, listener = made()
    details = SimpleNamespace(error_code=CancellationErrorCode.TooManyRequests, error_details="429")
    sdk.synthesis_canceled.give(
        result=SimpleNamespace(result_id="1", reason=ResultReason.Canceled, cancellation_details=details)
    )
    stopped = SimpleNamespace(result_id="2", reason=ResultReason.SynthesizingAudioCompleted)
    sdk.synthesis_canceled.give(result=stopped)
    assert listener.told == [("canceled", "1", "TooManyRequests", "429"), ("canceled", "2", "NoError", "")]
    voice.leave()


def test_a_streamed_request_has_its_voice_and_takes_text_until_its_end() -> None:
    voice, sdk, _ = made(SpeechUse(text_streaming=True))
    voice.write("nothing takes it")
    voice.end_text()
    voice.stream(PROSODY)
    (request,) = sdk.spoken
    assert (request.rate, request.style, request.pitch) == ("+10%", "", "")
    assert sdk.properties[PropertyId.SpeechServiceConnection_SynthVoice] == PROSODY.name
    assert sdk.properties[PropertyId.SpeechServiceConnection_SynthLanguage] == PROSODY.language
    voice.write("One. ")
    request.is_over = True
    voice.write("The listener was told that it is over.")
    voice.finish()
    assert (request.written, request.is_complete, sdk.speaking[0].waits) == (["One. "], True, 1)
    voice.finish()
    assert sdk.speaking[0].waits == 1
    voice.leave()


def test_a_stop_waits_until_the_service_has_stopped_and_lets_go_of_the_request() -> None:
    voice, sdk, _ = made()
    voice.speak("<speak/>")
    voice.stop()
    assert (sdk.spoken, sdk.stops, sdk.speaking[0].waits) == (["<speak/>"], 1, 1)
    voice.leave()


def test_another_token_holds_from_the_next_connection_on() -> None:
    voice, sdk, _ = made()
    voice.authorize("token")
    assert sdk.authorization_token == RESOURCE.bearer("token")
    voice.leave()


@pytest.mark.parametrize("is_broken", [False, True])
def test_it_is_let_go_of_whole_and_once_whatever_the_sdk_says(is_broken: bool) -> None:
    voice, sdk, _ = made()
    assert voice in exit_guard._alive
    connection = sdk.connection
    sdk.is_broken = is_broken
    voice.warm()
    voice.speak("<speak/>")
    voice.leave()
    voice.leave()
    assert (connection.opened, connection.closed, sdk.stops) == (1, 1, 1)
    signals = (sdk.synthesizing, sdk.synthesis_word_boundary, sdk.synthesis_completed, sdk.synthesis_canceled)
    assert not any(signal.connected for signal in (*signals, connection.connected, connection.disconnected))
    assert voice not in exit_guard._alive
