"""The events of a recognizer straight from the SDK's C interface.

The SDK's Python events read some two hundred properties each, 1.4 ms of CPU: above 20 talkers a process is busy with
nothing else. These read text, offset, duration and the reason. They bypass the Python package, though not the library:
the functions are those of Microsoft's public C headers. `available` tells whether this version of the SDK has them.
"""

import ctypes
import itertools
from collections.abc import Callable

import msgspec
from azure.cognitiveservices.speech import ResultReason, interop  # type: ignore[import-untyped]

TEXT_BYTES = 1 << 15
RECOGNIZED = ResultReason.RecognizedSpeech.value

GETTERS = {
    "recognizer_recognition_event_get_result": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)],
    "result_get_text": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32],
    "result_get_offset": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)],
    "result_get_duration": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)],
    "result_get_reason": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)],
    "recognizer_result_handle_release": [ctypes.c_void_p],
    "recognizer_event_handle_release": [ctypes.c_void_p],
}
SETTERS = ("recognizer_recognizing_set_callback", "recognizer_recognized_set_callback")
EVENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Heard(msgspec.Struct, frozen=True):
    """Part of what was said. Ticks are 100 ns. `text` is empty if it was no speech."""

    text: str
    offset_ticks: int
    duration_ticks: int


Report = Callable[[bool, Heard], None]
"""Told whether it is final, and what was heard, in a thread of the SDK."""


class _Library:
    """Handles of our own on the SDK's library, so that argument types set here bother nobody."""

    def __init__(self) -> None:
        # Getters keep the GIL: to give it up and ask for it again seven times costs more than they take.
        getters = ctypes.PyDLL(interop.lib_path)
        setters = ctypes.CDLL(interop.lib_path)
        for name, arguments in GETTERS.items():
            function = getattr(getters, name)
            function.argtypes, function.restype = arguments, ctypes.c_size_t
            setattr(self, name, function)
        for name in SETTERS:
            function = getattr(setters, name)
            function.argtypes, function.restype = [ctypes.c_void_p, EVENT, ctypes.c_void_p], ctypes.c_size_t
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Callable[..., int]:
        raise AttributeError(name)


def _library() -> "_Library | None":
    try:
        return _Library()
    except AttributeError:
        return None


_lib = _library()
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


def _read(lib: _Library, event: int) -> Heard | None:
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
        return None if failed else Heard(text.value.decode(errors="replace"), offset.value, duration.value)
    finally:
        lib.recognizer_result_handle_release(result)


@EVENT  # type: ignore[untyped-decorator]
def _recognizing(_recognizer: int, event: int, number: int) -> None:
    _told(False, event, number)


@EVENT  # type: ignore[untyped-decorator]
def _recognized(_recognizer: int, event: int, number: int) -> None:
    _told(True, event, number)
