"""The audio and the words of a synthesizer straight from the SDK's C interface.

The SDK's Python events give up the GIL up to eight times each, and ask for it again: a reply is some thirty of them,
each of which the loop has to wait for. These read what is used, in one go. `available` tells whether this version of
the SDK has what they need.
"""

import ctypes
import itertools
from typing import Any, Protocol

from app.providers.azure.sdk_library import EVENT, SdkLibrary, sdk_library

ID_BYTES = 256
WORD = 0
"""The value of the SDK's `SpeechSynthesisBoundaryType` for a word."""
TICKS_PER_MS = 10_000

GETTERS: dict[str, list[Any]] = {
    "synthesizer_synthesis_event_get_result": [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)],
    "synth_result_get_result_id": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32],
    "synth_result_get_audio_length_duration": [
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_uint64),
    ],
    "synth_result_get_audio_data": [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_uint32,
        ctypes.POINTER(ctypes.c_uint32),
    ],
    "synthesizer_event_get_result_id": [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint32],
    "synthesizer_word_boundary_event_get_values": [
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_uint64),
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_uint32),
        ctypes.POINTER(ctypes.c_int),
    ],
    "synthesizer_event_get_text": [ctypes.c_void_p],
    "property_bag_free_string": [ctypes.c_void_p],
    "synthesizer_result_handle_release": [ctypes.c_void_p],
    "synthesizer_event_handle_release": [ctypes.c_void_p],
}
SETTERS = ("synthesizer_synthesizing_set_callback", "synthesizer_word_boundary_set_callback")


class Listener(Protocol):
    """Told in threads of the SDK. `request` is the SDK's name for it."""

    def audio(self, request: str, pcm: bytes) -> None:
        """More PCM of the request that is being spoken."""
        ...

    def word(self, request: str, word: str, start_ms: float, end_ms: float) -> None:
        """A word lies there in the audio."""
        ...


_lib = sdk_library(GETTERS, SETTERS)
available = _lib is not None
_listeners: dict[int, Listener] = {}
_numbers = itertools.count(1)


def listen(synthesizer_handle: ctypes.c_void_p, listener: Listener) -> int:
    """Have `listener` told of audio and words; the number is for `ignore`.

    Raises:
        RuntimeError: the SDK does not let us.
    """
    assert _lib is not None
    number = next(_numbers)
    _listeners[number] = listener
    for name, told in zip(SETTERS, (_audio, _word), strict=True):
        if getattr(_lib, name)(synthesizer_handle, told, number) != 0:
            del _listeners[number]
            raise RuntimeError(f"the Speech SDK refuses {name}")
    return number


def ignore(synthesizer_handle: ctypes.c_void_p, number: int) -> None:
    """Tell nothing more, and let the synthesizer call us no more."""
    assert _lib is not None
    _listeners.pop(number, None)
    for name in SETTERS:
        getattr(_lib, name)(synthesizer_handle, EVENT(0), None)


def _tell_audio(event: int, number: int) -> None:
    assert _lib is not None
    try:
        listener = _listeners.get(number)
        if listener is not None and (read := _read_audio(_lib, event)) is not None:
            listener.audio(*read)
    finally:
        _lib.synthesizer_event_handle_release(event)


def _read_audio(lib: SdkLibrary, event: int) -> tuple[str, bytes] | None:
    result = ctypes.c_void_p()
    if lib.synthesizer_synthesis_event_get_result(event, ctypes.byref(result)) != 0:
        return None
    try:
        request = ctypes.create_string_buffer(ID_BYTES)
        length, duration, filled = ctypes.c_uint32(), ctypes.c_uint64(), ctypes.c_uint32()
        failed = lib.synth_result_get_result_id(
            result, request, ID_BYTES - 1
        ) or lib.synth_result_get_audio_length_duration(result, ctypes.byref(length), ctypes.byref(duration))
        if failed:
            return None
        pcm = ctypes.create_string_buffer(max(1, length.value))
        if lib.synth_result_get_audio_data(result, pcm, length, ctypes.byref(filled)) != 0:
            return None
        return request.value.decode(), pcm.raw[: filled.value]
    finally:
        lib.synthesizer_result_handle_release(result)


def _tell_word(event: int, number: int) -> None:
    assert _lib is not None
    try:
        listener = _listeners.get(number)
        if listener is not None and (read := _read_word(_lib, event)) is not None:
            listener.word(*read)
    finally:
        _lib.synthesizer_event_handle_release(event)


def _read_word(lib: SdkLibrary, event: int) -> tuple[str, str, float, float] | None:
    """None for what is no word, a punctuation mark or a sentence."""
    request = ctypes.create_string_buffer(ID_BYTES)
    offset, duration = ctypes.c_uint64(), ctypes.c_uint64()
    place, length, kind = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_int()
    failed = lib.synthesizer_event_get_result_id(
        event, request, ID_BYTES - 1
    ) or lib.synthesizer_word_boundary_event_get_values(
        event, *(ctypes.byref(each) for each in (offset, duration, place, length, kind))
    )
    if failed or kind.value != WORD:
        return None
    text = lib.synthesizer_event_get_text(event)
    if not text:
        return None
    try:
        word = ctypes.string_at(text).decode(errors="replace")
    finally:
        lib.property_bag_free_string(text)
    return request.value.decode(), word, offset.value / TICKS_PER_MS, (offset.value + duration.value) / TICKS_PER_MS


@EVENT  # type: ignore[untyped-decorator]
def _audio(_synthesizer: int, event: int, number: int) -> None:
    _tell_audio(event, number)


@EVENT  # type: ignore[untyped-decorator]
def _word(_synthesizer: int, event: int, number: int) -> None:
    _tell_word(event, number)
