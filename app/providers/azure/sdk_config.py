"""What the SDK is told about how to work. All of it that is not documented is here, and in `sdk_library.py`."""

from azure.cognitiveservices.speech import PropertyId, SpeechConfig  # type: ignore[import-untyped]

from app.providers.azure.resource import SpeechResource, SpeechUse

BLOCK_MS = 20
POLL_MS, BUSY_POLL_MS = 5, 10
"""Milliseconds between two polls of a recognizer. Each takes 30 µs of processor time; a message waits half of this on
average."""
UPLOAD_PERCENT = 3_000
"""How fast audio that is already there may be sent, in percent of real time."""
STOP_TIMEOUT_S = 1
WRITING_PAUSE_MS = 60_000

UNDOCUMENTED = {
    # How often a recognizer looks for messages of the service: 10 by default. Less than 5 costs too much, and where
    # many share a core 5 does. Synthesizers keep to 10, whatever is set.
    "SPEECH-USPPollingInterval": str(POLL_MS),
    # 200 by default, once five seconds of audio were sent: the silence that shows the service the end of an utterance
    # would take half as long as it lasts, and so would what is heard again.
    "SPEECH-AudioThrottleAsPercentageOfRealTime": str(UPLOAD_PERCENT),
    # A stop waits 10 s for a service that does not answer, by default.
    "SPEECH-StopRecognitionTimeoutInSeconds": str(STOP_TIMEOUT_S),
    # A stop closes the connection, by default, and takes 25 ms.
    "SpeechSynthesis_KeepConnectionAfterStopping": "true",
}
"""Undocumented properties of the SDK, found as strings in its library and measured. `SPEECH-BytesPerFrame` is another
one, which depends on the sample rate."""


def block_bytes(rate_hz: int) -> int:
    """Of what the SDK sends at once: 100 ms by default, which alone makes answers 50 ms later."""
    return rate_hz * 2 * BLOCK_MS // 1000


def streaming_config(resource: SpeechResource, use: SpeechUse, token: str | None, rate_hz: int) -> SpeechConfig:
    """Of a synthesizer that is sent text while that is being written, by an address of its own.

    Raises:
        RuntimeError: the SDK does not like something.
    """
    key = resource.key.reveal() if resource.key is not None else None
    config = SpeechConfig(endpoint=resource.streaming_url, subscription=key)
    if token is not None:
        config.authorization_token = resource.bearer(token)
    # The model that writes the text may pause: that is no failure of the service.
    config.set_property(PropertyId.SpeechSynthesis_FrameTimeoutInterval, str(WRITING_PAUSE_MS))
    config.set_property(PropertyId.SpeechSynthesis_RtfTimeoutThreshold, "100")
    return _preset(config, use, rate_hz)


def speech_config(resource: SpeechResource, use: SpeechUse, token: str | None, rate_hz: int) -> SpeechConfig:
    """Of a recognizer or synthesizer of `rate_hz`. `token` is the identity's, None with a key.

    Raises:
        RuntimeError: the SDK does not like something.
    """
    key = resource.key.reveal() if resource.key is not None else None
    authorization = resource.bearer(token) if token is not None else None
    if resource.endpoint:
        config = SpeechConfig(endpoint=resource.endpoint, subscription=key)
        if authorization is not None:
            config.authorization_token = authorization
    else:
        config = SpeechConfig(region=resource.region, subscription=key, auth_token=authorization)
    return _preset(config, use, rate_hz)


def _preset(config: SpeechConfig, use: SpeechUse, rate_hz: int) -> SpeechConfig:
    if use.undocumented:
        config.set_properties_by_name(UNDOCUMENTED)
        config.set_property_by_name("SPEECH-BytesPerFrame", str(block_bytes(rate_hz)))
        if use.is_busy:
            config.set_property_by_name("SPEECH-USPPollingInterval", str(BUSY_POLL_MS))
    # Words are told when they come, not when the audio that was received has got there.
    config.set_property(PropertyId.SpeechServiceResponse_SynthesisEventsSyncToAudio, "false")
    return config
