"""The events of a recognizer straight from the SDK's C interface.

The SDK's Python events read some two hundred properties each, 1.4 ms of CPU: above 20 talkers a process is busy with
nothing else. These read text, offset, duration and the reason, and of finals how sure the service is, and in which
language they are. They bypass the Python package, though not the library: the functions are those of Microsoft's public
C headers. `available` tells whether this version of the SDK has them.
"""

import ctypes
import itertools
from collections.abc import Callable
from typing import Any

from azure.cognitiveservices.speech import PropertyId, ResultReason  # type: ignore[import-untyped]

from app.providers.azure.sdk_library import EVENT, SdkLibrary, sdk_library
from app.providers.azure.stt.results import Heard, PhraseDetails, phrase_details

TEXT_BYTES = 1 << 15
RECOGNIZED = ResultReason.RecognizedSpeech.value
JSON = PropertyId.SpeechServiceResponse_JsonResult.value

GETTERS: dict[str, list[Any]] = {
    "recognizer_recognition_event_get_result": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)],
    "result_get_text": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32],
    "result_get_offset": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)],
    "result_get_duration": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)],
    "result_get_reason": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "result_get_property_bag": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)],
    "property_bag_get_string": [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p],
    "property_bag_free_string": [ctypes.c_void_p],
    "property_bag_release": [ctypes.c_void_p],
    "recognizer_result_handle_release": [ctypes.c_void_p],
    "recognizer_event_handle_release": [ctypes.c_void_p],
}
SETTERS = ("recognizer_recognizing_set_callback", "recognizer_recognized_set_callback")


Report = Callable[[bool, Heard], None]
"""Called in a thread of the SDK with whether the result is final, and with the result."""


_lib = sdk_library(GETTERS, SETTERS)
available = _lib is not None
_reports: dict[int, Report] = {}
_numbers = itertools.count(1)


def listen(recognizer_handle: ctypes.c_void_p, report: Report) -> int:
    """Have `report` told of what is heard; the number is for `ignore`.

    Raises:
        RuntimeError: the SDK does not let us.
    """
    assert _lib is not None
    number = next(_numbers)
    _reports[number] = report
    for name, told in zip(SETTERS, (_recognizing, _recognized), strict=True):
        if getattr(_lib, name)(recognizer_handle, told, number) != 0:
            del _reports[number]
            raise RuntimeError(f"the Speech SDK refuses {name}")
    return number


def silence(number: int) -> None:
    """Tell nothing more; at once, and whatever the recognizer still does."""
    _reports.pop(number, None)


def ignore(recognizer_handle: ctypes.c_void_p) -> None:
    """Let the recognizer call us no more."""
    assert _lib is not None
    for name in SETTERS:
        getattr(_lib, name)(recognizer_handle, EVENT(0), None)


def _told(final: bool, event: int, number: int) -> None:
    assert _lib is not None
    try:
        report = _reports.get(number)
        if report is not None and (heard := _read(_lib, event)) is not None:
            report(final, heard)
    finally:
        _lib.recognizer_event_handle_release(event)


def _read(lib: SdkLibrary, event: int) -> Heard | None:
    result = ctypes.c_void_p()
    if lib.recognizer_recognition_event_get_result(event, ctypes.byref(result)) != 0:
        return None
    try:
        text, reason = ctypes.create_string_buffer(TEXT_BYTES), ctypes.c_int()
        offset, duration = ctypes.c_uint64(), ctypes.c_uint64()
        failed = (
            lib.result_get_reason(result, ctypes.byref(reason))
            or lib.result_get_text(result, text, TEXT_BYTES - 1)
            or lib.result_get_offset(result, ctypes.byref(offset))
            or lib.result_get_duration(result, ctypes.byref(duration))
        )
        if failed:
            return None
        details = _details(lib, result) if reason.value == RECOGNIZED else PhraseDetails()
        told = text.value.decode(errors="replace")
        return Heard(told, offset.value, duration.value, details.confidence, details.language, details.words)
    finally:
        lib.recognizer_result_handle_release(result)


def _details(lib: SdkLibrary, result: ctypes.c_void_p) -> PhraseDetails:
    properties = ctypes.c_void_p()
    if lib.result_get_property_bag(result, ctypes.byref(properties)) != 0:
        return PhraseDetails()
    try:
        text = lib.property_bag_get_string(properties, JSON, None, b"")
        if not text:
            return PhraseDetails()
        try:
            return phrase_details(ctypes.string_at(text))
        finally:
            lib.property_bag_free_string(text)
    finally:
        lib.property_bag_release(properties)


@EVENT  # type: ignore[untyped-decorator]
def _recognizing(_recognizer: int, event: int, number: int) -> None:
    _told(False, event, number)


@EVENT  # type: ignore[untyped-decorator]
def _recognized(_recognizer: int, event: int, number: int) -> None:
    _told(True, event, number)
