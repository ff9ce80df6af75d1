"""One recognizer of the Speech SDK in our terms: what it is made for, what it tells, and that it is let go of whole."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cognitiveservices.speech import (  # type: ignore[import-untyped]
    CancellationErrorCode,
    CancellationReason,
    OutputFormat,
    PropertyId,
)

from app.providers.azure import exit_guard
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.stt import sdk_recognizer
from app.providers.azure.stt.results import Heard
from app.providers.azure.stt.sdk_recognizer import LANGUAGES_MAX, PHRASES_MAX, SdkRecognizer
from config.secret import Secret
from tests.unit.app.providers.azure.speech_sdk_kit import Connection, Listener, Pending, Signal

RESOURCE = SpeechResource(region="westeurope", key=Secret("0123"))
DOCUMENTED = SpeechUse(undocumented=False)
DIARIZED = SpeechUse(diarization=True)
IN_DETAIL = json.dumps({"NBest": [{"Confidence": 0.5}], "PrimaryLanguage": {"Language": "de-DE"}})


class Recognizer:
    """The SDK's recognizer."""

    def __init__(self, config: Any, audio: Any, **languages: Any) -> None:
        self.config, self.languages = config, languages
        self.is_broken = False
        self.connection: Any = None
        self.phrases: list[str] = []
        self.recognizing, self.recognized = Signal(), Signal()
        self.canceled, self.session_stopped, self.speech_start_detected = Signal(), Signal(), Signal()
        self.started = Pending()
        self.stops: list[Pending] = []
        self.authorization_token = ""
        self._handle = object()

    def start_continuous_recognition_async(self) -> Pending:
        return self.started

    def stop_continuous_recognition_async(self) -> Pending:
        self.stops.append(Pending(fails=self.is_broken))
        return self.stops[-1]


class Transcriber(Recognizer):
    """The SDK's recognizer that tells speakers apart."""

    def __init__(self, config: Any, audio: Any, **languages: Any) -> None:
        super().__init__(config, audio, **languages)
        self.transcribing, self.transcribed = self.recognizing, self.recognized
        del self.recognizing, self.recognized

    start_transcribing_async = Recognizer.start_continuous_recognition_async
    stop_transcribing_async = Recognizer.stop_continuous_recognition_async


class Input:
    """The audio that goes in."""

    def __init__(self, _format: Any) -> None:
        self.pushed: list[bytes] = []
        self.is_closed = False

    def write(self, pcm: bytes) -> None:
        if self.is_closed:
            raise RuntimeError("it is over")
        self.pushed.append(pcm)

    def close(self) -> None:
        self.is_closed = True


class Light:
    """The events straight from the SDK's library."""

    available = True

    def __init__(self) -> None:
        self.listened: list[Any] = []
        self.silenced: list[int] = []
        self.ignored: list[Any] = []

    def listen(self, handle: Any, report: Any) -> int:
        self.listened.append(handle)
        return 7

    def silence(self, number: int) -> None:
        self.silenced.append(number)

    def ignore(self, handle: Any) -> None:
        self.ignored.append(handle)


class Phrases:
    """The phrase list of a recognizer."""

    def __init__(self, recognizer: Recognizer) -> None:
        self.addPhrase = recognizer.phrases.append

    @classmethod
    def from_recognizer(cls, recognizer: Recognizer) -> "Phrases":
        return cls(recognizer)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Light:
    light = Light()
    monkeypatch.setattr(sdk_recognizer, "light_events", light)
    return light


@pytest.fixture(autouse=True)
def _without_service(monkeypatch: pytest.MonkeyPatch, light: Light) -> None:
    monkeypatch.setattr(sdk_recognizer, "SpeechRecognizer", Recognizer)
    monkeypatch.setattr(sdk_recognizer, "ConversationTranscriber", Transcriber)
    monkeypatch.setattr(sdk_recognizer, "Connection", Connection)
    monkeypatch.setattr(sdk_recognizer, "PushAudioInputStream", Input)
    monkeypatch.setattr(sdk_recognizer, "AudioConfig", lambda stream: stream)
    monkeypatch.setattr(sdk_recognizer, "PhraseListGrammar", Phrases)


def made(
    use: SpeechUse = DOCUMENTED, languages: tuple[str, ...] = ("en-US",), phrases: tuple[str, ...] = ()
) -> tuple[SdkRecognizer, Any, Listener]:
    listener = Listener()
    recognizer = SdkRecognizer(RESOURCE, use, None, 16_000, languages, phrases, listener)
    sdk: Any = recognizer._recognizer
    return recognizer, sdk, listener


def result(text: str, speaker: str = "") -> Any:
    return SimpleNamespace(text=text, offset=10, duration=20, json=IN_DETAIL, speaker_id=speaker)


def test_it_is_asked_for_details_and_ends_utterances_after_the_silence_that_is_set() -> None:
    recognizer, sdk, _ = made(SpeechUse(segmentation_ms=700, undocumented=False))
    assert sdk.config.output_format == OutputFormat.Detailed
    assert sdk.config.get_property(PropertyId.Speech_SegmentationSilenceTimeoutMs) == "700"
    assert sdk.languages == {"language": "en-US"}
    recognizer.leave()


def test_of_several_languages_the_service_finds_out_which_and_of_too_many_the_first_count() -> None:
    many = tuple(f"l{number}-L{number}" for number in range(LANGUAGES_MAX + 2))
    recognizer, sdk, _ = made(languages=many)
    assert set(sdk.languages) == {"auto_detect_source_language_config"}
    assert sdk.config.get_property(PropertyId.SpeechServiceConnection_LanguageIdMode) == "Continuous"
    recognizer.leave()


def test_so_many_phrases_are_expected_as_the_service_takes() -> None:
    phrases = tuple(str(number) for number in range(PHRASES_MAX + 1))
    recognizer, sdk, _ = made(phrases=phrases)
    assert sdk.phrases == list(phrases[:PHRASES_MAX])
    recognizer.leave()


def test_what_the_service_hears_is_told_with_how_sure_it_is() -> None:
    recognizer, sdk, listener = made()
    sdk.recognizing.give(result=result("one"))
    sdk.recognized.give(result=result("One."))
    sdk.speech_start_detected.give()
    sdk.connection.connected.give()
    sdk.connection.disconnected.give()
    sdk.session_stopped.give()
    assert listener.told == [
        ("heard", False, Heard("one", 10, 20, 0.5, "de-DE")),
        ("heard", True, Heard("One.", 10, 20, 0.5, "de-DE")),
        ("lively",),
        ("connected", True),
        ("connected", False),
        ("ended", "ServiceError", "the session was ended"),
    ]
    recognizer.leave()


@pytest.mark.parametrize(
    ("text", "speaker", "told"),
    [
        ("Hello.", "Guest-1", "Guest-1: Hello."),
        ("Hello.", "Unknown", "Hello."),
        ("Hello.", "", "Hello."),
        ("", "G", ""),
    ],
)
def test_words_begin_with_their_speaker_where_speakers_are_told_apart(text: str, speaker: str, told: str) -> None:
    recognizer, sdk, listener = made(DIARIZED)
    sdk.transcribed.give(result=result(text, speaker))
    assert [heard.text for _, _, heard in listener.told] == [told]
    recognizer.leave()
    assert not sdk.transcribed.connected


def test_an_error_ends_it_with_its_code_and_the_end_of_the_audio_does_not() -> None:
    recognizer, sdk, listener = made()
    ends = SimpleNamespace(reason=CancellationReason.EndOfStream)
    sdk.canceled.give(cancellation_details=ends)
    failed = SimpleNamespace(
        reason=CancellationReason.Error, code=CancellationErrorCode.ConnectionFailure, error_details="no route"
    )
    sdk.canceled.give(cancellation_details=failed)
    assert listener.told == [("ended", "ConnectionFailure", "no route")]
    recognizer.leave()


def test_events_come_straight_from_the_library_where_that_may_be_used(light: Light) -> None:
    recognizer, sdk, _ = made(SpeechUse())
    assert (light.listened, sdk.recognized.connected) == ([sdk._handle], [])
    recognizer.silence()
    recognizer.leave()
    assert (light.silenced, light.ignored) == ([7], [sdk._handle])


def test_another_token_holds_from_the_next_connection_on() -> None:
    recognizer, sdk, _ = made()
    recognizer.authorize("token")
    assert sdk.authorization_token == RESOURCE.bearer("token")
    recognizer.leave()


@pytest.mark.parametrize("is_broken", [False, True])
def test_it_is_let_go_of_whole_and_once_whatever_the_sdk_says(is_broken: bool, light: Light) -> None:
    recognizer, sdk, _ = made()
    audio: Any = recognizer._input
    recognizer.push(b"ab")
    audio.is_closed = is_broken
    recognizer.push(b"cd")
    sdk.is_broken = is_broken
    assert recognizer in exit_guard._alive
    recognizer.leave()
    recognizer.leave()
    assert audio.pushed == ([b"ab"] if is_broken else [b"ab", b"cd"])
    assert ([stop.waits for stop in sdk.stops], sdk.started.waits, light.ignored) == ([1], 1, [])
    signals = (sdk.recognizing, sdk.recognized, sdk.canceled, sdk.session_stopped, sdk.speech_start_detected)
    assert not any(signal.connected for signal in signals)
    assert recognizer not in exit_guard._alive
