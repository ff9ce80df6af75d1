"""One recognizer of the SDK, in our terms. Its methods may block, `push` apart; its listener is told in SDK threads."""

import contextlib
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from azure.cognitiveservices.speech import (  # type: ignore[import-untyped]
    AutoDetectSourceLanguageConfig,
    CancellationReason,
    Connection,
    OutputFormat,
    PhraseListGrammar,
    PropertyId,
    SpeechConfig,
    SpeechRecognizer,
)
from azure.cognitiveservices.speech.audio import AudioConfig, AudioStreamFormat, PushAudioInputStream  # type: ignore[import-untyped]
from azure.cognitiveservices.speech.transcription import ConversationTranscriber  # type: ignore[import-untyped]

from app.providers.azure import exit_guard
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.sdk_config import block_ms, speech_config
from app.providers.azure.stt import light_events
from app.providers.azure.stt.results import Heard, phrase_details

PHRASES_MAX = 500
"""The most phrases that the service takes."""
LANGUAGES_MAX = 10
"""The most languages among which the service can choose while it listens."""


class RecognizerListener(Protocol):
    """What a recognizer's events are reported to, in threads of the SDK."""

    def heard(self, final: bool, heard: Heard) -> None:
        """The service gives an interim or a final transcript of part of the audio."""
        ...

    def connected(self, up: bool) -> None:
        """The connection came up, or was lost."""
        ...

    def lively(self) -> None:
        """The service reported speech, a transcript or an end: its connection works."""
        ...

    def ended(self, code: str, text: str) -> None:
        """It is over, for this reason: the name of a `CancellationErrorCode`."""
        ...


class SdkRecognizer:
    """A recognizer that listens. Made by who may block; `leave` once, when nothing is pushed any more. A token that
    comes later is not wanted.

    Raises:
        RuntimeError, ValueError: the SDK does not like something.
    """

    def __init__(
        self,
        resource: SpeechResource,
        use: SpeechUse,
        token: str | None,
        rate_hz: int,
        languages: Sequence[str],
        phrases: Sequence[str],
        listener: RecognizerListener,
    ) -> None:
        self._resource = resource
        self._listener = listener
        self.together_ms = block_ms(use) if use.is_busy else 0
        """Audio of which so much should be pushed at once; 0 where each frame is to be, as soon as it is there."""
        config = speech_config(resource, use, token, rate_hz)
        config.set_property(PropertyId.Speech_SegmentationSilenceTimeoutMs, str(use.segmentation_ms))
        # With the readings of a final comes how sure the service is of them, and where each word is.
        config.output_format = OutputFormat.Detailed
        self._input = PushAudioInputStream(AudioStreamFormat(samples_per_second=rate_hz))
        self._recognizer: Any = _made(config, AudioConfig(stream=self._input), languages, use.diarization)
        # It would live as long as its recognizer in any case; without it there are no events of the connection.
        self._connection = Connection.from_recognizer(self._recognizer)
        if phrases:
            hints = PhraseListGrammar.from_recognizer(self._recognizer)
            for phrase in phrases[:PHRASES_MAX]:
                hints.addPhrase(phrase)
        self._light = 0
        self._gone = False
        self._listen(use)
        exit_guard.guard(self)
        self._started = self._start()

    def _listen(self, use: SpeechUse) -> None:
        listener, recognizer = self._listener, self._recognizer
        if use.diarization:
            recognizer.transcribing.connect(lambda event: listener.heard(False, _spoken(event.result)))
            recognizer.transcribed.connect(lambda event: listener.heard(True, _spoken(event.result)))
        elif use.undocumented and light_events.available:
            self._light = light_events.listen(recognizer._handle, listener.heard)
        else:
            recognizer.recognizing.connect(lambda event: listener.heard(False, _heard(event.result)))
            recognizer.recognized.connect(lambda event: listener.heard(True, _heard(event.result)))
        recognizer.canceled.connect(lambda event: _canceled(event, listener))
        recognizer.session_stopped.connect(lambda _: listener.ended("ServiceError", "the session was ended"))
        recognizer.speech_start_detected.connect(lambda _: listener.lively())
        self._connection.connected.connect(lambda _: listener.connected(True))
        self._connection.disconnected.connect(lambda _: listener.connected(False))

    def _start(self) -> object:
        if isinstance(self._recognizer, ConversationTranscriber):
            return self._recognizer.start_transcribing_async()
        return self._recognizer.start_continuous_recognition_async()

    def push(self, pcm: bytes) -> None:
        """Hand over audio; returns at once."""
        with contextlib.suppress(RuntimeError):  # the SDK's side is over: its listener was told
            self._input.write(pcm)

    def authorize(self, token: str) -> None:
        """Use another token, from the next connection on."""
        recognizer = self._recognizer
        if recognizer is not None:
            recognizer.authorization_token = self._resource.bearer(token)

    def silence(self) -> None:
        """Tell nothing more of what is heard; returns at once."""
        light_events.silence(self._light)

    def leave(self) -> None:
        """Stop, and release the SDK's objects. Blocks for as long as the SDK waits for the service."""
        if self._gone:
            return
        self._gone = True
        recognizer, connection = self._recognizer, self._connection
        with contextlib.suppress(RuntimeError):
            self._input.close()
        with contextlib.suppress(RuntimeError):
            if isinstance(recognizer, ConversationTranscriber):
                recognizer.stop_transcribing_async().get()
            else:
                recognizer.stop_continuous_recognition_async().get()
        with contextlib.suppress(RuntimeError):
            self._started.get()  # type: ignore[attr-defined]
        if self._light:
            light_events.ignore(recognizer._handle)
        signals = [recognizer.canceled, recognizer.session_stopped, recognizer.speech_start_detected]
        if isinstance(recognizer, ConversationTranscriber):
            signals += [recognizer.transcribing, recognizer.transcribed]
        elif not self._light:
            signals += [recognizer.recognizing, recognizer.recognized]
        for signal in (*signals, connection.connected, connection.disconnected):
            signal.disconnect_all()
        # The last references go here, in a thread of ours: in a callback the SDK's destructor would wait for itself.
        self._recognizer = None
        del self._connection, self._input, self._started, connection, recognizer, signal, signals
        exit_guard.release(self)


def _made(
    config: SpeechConfig, audio: AudioConfig, languages: Sequence[str], diarization: bool
) -> "SpeechRecognizer | ConversationTranscriber":
    kind = ConversationTranscriber if diarization else SpeechRecognizer
    if len(languages) <= 1:
        return kind(config, audio, language=languages[0] if languages else None)
    config.set_property(PropertyId.SpeechServiceConnection_LanguageIdMode, "Continuous")
    choice = AutoDetectSourceLanguageConfig(languages=list(languages[:LANGUAGES_MAX]))
    return kind(config, audio, auto_detect_source_language_config=choice)


def _heard(result: object) -> Heard:
    details = phrase_details(result.json)  # type: ignore[attr-defined]
    text, offset, duration = result.text, result.offset, result.duration  # type: ignore[attr-defined]
    return Heard(text, offset, duration, details.confidence, details.language, details.words)


def _spoken(result: object) -> Heard:
    """With the speaker's name in front, if there is one."""
    heard, speaker = _heard(result), result.speaker_id  # type: ignore[attr-defined]
    if not heard.text or not speaker or speaker == "Unknown":
        return heard
    return msgspec.structs.replace(heard, text=f"{speaker}: {heard.text}")


def _canceled(event: object, listener: RecognizerListener) -> None:
    details = event.cancellation_details  # type: ignore[attr-defined]
    if details.reason == CancellationReason.Error:
        listener.ended(details.code.name, details.error_details)
