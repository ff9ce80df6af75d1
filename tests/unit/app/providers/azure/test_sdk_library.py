"""The SDK's library past its package: its functions are there, and one that lacks some is none."""

import ctypes

import pytest

from app.providers.azure.sdk_library import SdkLibrary, sdk_library
from app.providers.azure.stt import light_events
from app.providers.azure.tts import sdk_voice_events

GETTER, SETTER = "property_bag_release", "synthesizer_synthesizing_set_callback"


def test_this_version_of_the_sdk_has_all_that_light_events_need() -> None:
    for module in (light_events, sdk_voice_events):
        assert isinstance(module._lib, SdkLibrary)


def test_a_function_takes_and_gives_what_it_was_said_to() -> None:
    library = sdk_library({GETTER: [ctypes.c_void_p]}, (SETTER,))
    assert library is not None
    with pytest.raises(ctypes.ArgumentError):
        library.property_bag_release(1.5)
    with pytest.raises(AttributeError, match="never_asked_for"):
        library.never_asked_for()


@pytest.mark.parametrize(("getters", "setters"), [({"there_is_none": []}, ()), ({}, ("there_is_none",))])
def test_an_sdk_that_lacks_a_function_is_not_called_past_its_package(
    getters: dict[str, list[object]], setters: tuple[str, ...]
) -> None:
    assert sdk_library(getters, setters) is None
