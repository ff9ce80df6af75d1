"""What the Speech SDK is told about how to work, as it says itself when it is asked."""

import pytest
from azure.cognitiveservices.speech import PropertyId  # type: ignore[import-untyped]

from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.sdk_config import (
    BUSY_POLL_MS,
    BUSY_POLLING,
    POLL_MS,
    UNDOCUMENTED,
    block_ms,
    speech_config,
    streaming_config,
)
from config.secret import Secret

BY_ENDPOINT = SpeechResource(endpoint="wss://mine.example", key=Secret("0123"))
BY_REGION = SpeechResource(region="westeurope", key=Secret("0123"))
BY_IDENTITY = SpeechResource(endpoint="wss://mine.example", resource_id="/subscriptions/1")


@pytest.mark.parametrize(("rate_hz", "size"), [(8_000, 320), (16_000, 640), (24_000, 960)])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_block_is_20_ms_of_audio_and_40_on_a_busy_worker(rate_hz: int, size: int, is_busy: bool) -> None:
    use = SpeechUse(is_busy=is_busy)
    config = speech_config(BY_REGION, use, None, rate_hz)
    assert config.get_property_by_name("SPEECH-BytesPerFrame") == str(size * (1 + is_busy))
    assert block_ms(use) == 20 * (1 + is_busy)
    assert block_ms(SpeechUse(undocumented=False, is_busy=is_busy)) == 20


@pytest.mark.parametrize("resource", [BY_ENDPOINT, BY_REGION])
def test_what_is_not_documented_is_set_for_the_rate(resource: SpeechResource) -> None:
    config = speech_config(resource, SpeechUse(), None, 16_000)
    found = {name: config.get_property_by_name(name) for name in (*UNDOCUMENTED, "SPEECH-BytesPerFrame")}
    assert found == {**UNDOCUMENTED, "SPEECH-BytesPerFrame": "640"}
    plain = speech_config(resource, SpeechUse(undocumented=False), None, 16_000)
    assert {plain.get_property_by_name(name) for name in found} == {""}


def test_a_busy_worker_looks_for_answers_less_often() -> None:
    def poll(use: SpeechUse) -> list[str]:
        config = speech_config(BY_REGION, use, None, 16_000)
        return [config.get_property_by_name(name) for name in ("SPEECH-USPPollingInterval", BUSY_POLLING)]

    assert poll(SpeechUse()) == [str(POLL_MS), ""]
    assert poll(SpeechUse(is_busy=True)) == [str(POLL_MS), str(BUSY_POLL_MS)]
    assert POLL_MS < BUSY_POLL_MS
    assert poll(SpeechUse(undocumented=False, is_busy=True)) == ["", ""]


def test_words_are_told_when_they_come() -> None:
    for config in (
        speech_config(BY_REGION, SpeechUse(undocumented=False), None, 16_000),
        streaming_config(BY_ENDPOINT, SpeechUse(), None, 16_000),
    ):
        assert config.get_property(PropertyId.SpeechServiceResponse_SynthesisEventsSyncToAudio) == "false"


def test_a_resource_is_reached_by_its_endpoint_or_its_region() -> None:
    assert speech_config(BY_REGION, SpeechUse(), None, 16_000).region == "westeurope"
    endpoint = speech_config(BY_ENDPOINT, SpeechUse(), None, 16_000)
    assert endpoint.get_property(PropertyId.SpeechServiceConnection_Endpoint) == "wss://mine.example"
    streaming = streaming_config(BY_ENDPOINT, SpeechUse(), None, 16_000)
    assert streaming.get_property(PropertyId.SpeechServiceConnection_Endpoint) == BY_ENDPOINT.streaming_url


def test_the_token_of_an_identity_names_its_resource() -> None:
    for config in (
        speech_config(BY_IDENTITY, SpeechUse(), "token", 16_000),
        streaming_config(BY_IDENTITY, SpeechUse(), "token", 16_000),
    ):
        assert config.authorization_token == "aad#/subscriptions/1#token"


def test_whoever_writes_a_text_may_pause() -> None:
    config = streaming_config(BY_ENDPOINT, SpeechUse(), None, 16_000)
    assert int(config.get_property(PropertyId.SpeechSynthesis_FrameTimeoutInterval)) >= 60_000
