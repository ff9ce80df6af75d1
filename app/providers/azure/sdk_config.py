"""What the SDK is told about how to work. All of it that is not documented is here, and in `sdk_library.py`."""

from azure.cognitiveservices.speech import PropertyId, SpeechConfig  # type: ignore[import-untyped]

from app.providers.azure.resource import SpeechResource, SpeechUse

BLOCK_MS, BUSY_BLOCK_MS = 20, 40
"""Of what a recognizer sends at once: each block wakes two threads of the SDK."""
POLL_MS, BUSY_POLL_MS = 5, 20
"""Between two looks of a recognizer: each takes 20 to 50 µs of CPU, and what comes or goes waits for half of that time
on average."""
UPLOAD_PERCENT = 3_000
"""How fast audio that is already there may be sent, in percent of real time."""
STOP_TIMEOUT_S = 1
WRITING_PAUSE_MS = 60_000

UNDOCUMENTED = {
    # How often a recognizer looks for messages of the service, and sends its own: 10 by default. Less than 5 costs too
    # much. Synthesizers keep to 10, whatever is set.
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
BUSY_POLLING = "SPEECH-USPRunPollingInterval"
"""As `SPEECH-USPPollingInterval`, which stays that of the time in which it connects."""


def block_ms(use: SpeechUse) -> int:
    """Of what the SDK is to send at once: 100 ms by default, which alone makes interim transcripts 50 ms later.

    The end of an utterance waits for no block, since the silence that shows it fills several.
    """
    return BUSY_BLOCK_MS if use.undocumented and use.is_busy else BLOCK_MS


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
        config.set_property_by_name("SPEECH-BytesPerFrame", str(rate_hz * 2 * block_ms(use) // 1000))
        if use.is_busy:
            config.set_property_by_name(BUSY_POLLING, str(BUSY_POLL_MS))
    # Words are told when they come, not when the audio that was received has got there.
    config.set_property(PropertyId.SpeechServiceResponse_SynthesisEventsSyncToAudio, "false")
    return config
