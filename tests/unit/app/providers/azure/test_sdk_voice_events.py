"""Audio and words straight from the SDK's library: what is read of each, that it is given back, and who is told."""

import ctypes
from typing import Any

import pytest

from app.providers.azure.tts import sdk_voice_events
from app.providers.azure.tts.sdk_voice_events import ID_BYTES, SETTERS, TICKS_PER_MS, WORD
from tests.unit.app.providers.azure.speech_sdk_kit import Listener

EVENT, RESULT = 11, 12
HANDLE = ctypes.c_void_p(1)
PCM = b"\0\1\0\2"


def put(pointer: Any, value: int) -> int:
    """Write a number to where a pointer of an argument leads; 0, as for an order that was carried out."""
    pointer._obj.value = value
    return 0


class Library:
    """The functions of the SDK's library. `fails`: the name of the one that refuses."""

    def __init__(self, kind: int = WORD, pcm: bytes = PCM, fails: str = "") -> None:
        self.released: list[tuple[str, Any]] = []
        self.callbacks: list[tuple[Any, Any]] = []
        self._kind, self._pcm, self._fails = kind, pcm, fails
        self._text = ctypes.create_string_buffer("Grüße".encode())

    def _done(self, name: str) -> int:
        return 1 if self._fails == name else 0

    def synthesizer_synthesizing_set_callback(self, handle: Any, told: Any, number: Any) -> int:
        self.callbacks.append((told, number))
        return self._done("synthesizing")

    def synthesizer_word_boundary_set_callback(self, handle: Any, told: Any, number: Any) -> int:
        self.callbacks.append((told, number))
        return self._done("word_boundary")

    def synthesizer_synthesis_event_get_result(self, event: Any, result: Any) -> int:
        return self._done("result") or put(result, RESULT)

    def synth_result_get_result_id(self, result: Any, text: Any, size: int) -> int:
        assert size < ID_BYTES
        text.value = b"request"
        return self._done("id")

    synthesizer_event_get_result_id = synth_result_get_result_id

    def synth_result_get_audio_length_duration(self, result: Any, length: Any, duration: Any) -> int:
        return put(length, len(self._pcm))

    def synth_result_get_audio_data(self, result: Any, pcm: Any, length: Any, filled: Any) -> int:
        assert len(pcm) >= length.value
        ctypes.memmove(pcm, self._pcm, len(self._pcm))
        return self._done("audio") or put(filled, len(self._pcm))

    def synthesizer_word_boundary_event_get_values(self, event: Any, offset: Any, duration: Any, *more: Any) -> int:
        put(more[-1], self._kind)
        return put(offset, 500 * TICKS_PER_MS) or put(duration, 250 * TICKS_PER_MS)

    def synthesizer_event_get_text(self, event: Any) -> int:
        return 0 if self._fails == "text" else ctypes.addressof(self._text)

    def property_bag_free_string(self, text: Any) -> int:
        self.released.append(("text", text))
        return 0

    def synthesizer_result_handle_release(self, result: Any) -> int:
        self.released.append(("result", result.value))
        return 0

    def synthesizer_event_handle_release(self, event: Any) -> int:
        self.released.append(("event", event))
        return 0


def listening(monkeypatch: pytest.MonkeyPatch, **library: Any) -> tuple[int, Library, Listener]:
    """Listen to a synthesizer of this library; the number of who listens."""
    lib, listener = Library(**library), Listener()
    monkeypatch.setattr(sdk_voice_events, "_listeners", {})
    monkeypatch.setattr(sdk_voice_events, "_lib", lib)
    return sdk_voice_events.listen(HANDLE, listener), lib, listener


def names(lib: Library) -> list[str]:
    return [name for name, _ in lib.released]


@pytest.mark.parametrize("pcm", [PCM, b""])
def test_audio_is_told_whole_and_what_was_read_is_given_back(monkeypatch: pytest.MonkeyPatch, pcm: bytes) -> None:
    number, lib, listener = listening(monkeypatch, pcm=pcm)
    sdk_voice_events._tell_audio(EVENT, number)
    assert listener.told == [("audio", "request", pcm)]
    assert lib.released == [("result", RESULT), ("event", EVENT)]


def test_a_word_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    number, lib, listener = listening(monkeypatch)
    sdk_voice_events._tell_word(EVENT, number)
    assert listener.told == [("word", "request", "Grüße", 500.0, 750.0)]
    assert names(lib) == ["text", "event"]


def test_a_boundary_that_is_no_words_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    number, lib, listener = listening(monkeypatch, kind=WORD + 1)
    sdk_voice_events._tell_word(EVENT, number)
    assert (listener.told, names(lib)) == ([], ["event"])


@pytest.mark.parametrize(
    ("fails", "released"), [("result", ["event"]), ("id", ["result", "event"]), ("audio", ["result", "event"])]
)
def test_audio_that_cannot_be_read_is_left_out_and_given_back(
    monkeypatch: pytest.MonkeyPatch, fails: str, released: list[str]
) -> None:
    number, lib, listener = listening(monkeypatch, fails=fails)
    sdk_voice_events._tell_audio(EVENT, number)
    assert (listener.told, names(lib)) == ([], released)


@pytest.mark.parametrize("fails", ["id", "text"])
def test_a_word_that_cannot_be_read_is_left_out_and_given_back(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    number, lib, listener = listening(monkeypatch, fails=fails)
    sdk_voice_events._tell_word(EVENT, number)
    assert (listener.told, names(lib)) == ([], ["event"])


def test_a_synthesizer_that_is_ignored_tells_nothing_and_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    number, lib, listener = listening(monkeypatch)
    assert [given for _, given in lib.callbacks] == [number] * len(SETTERS)
    sdk_voice_events.ignore(HANDLE, number)
    assert not any(bool(told) for told, _ in lib.callbacks[len(SETTERS) :])
    sdk_voice_events._tell_audio(EVENT, number)
    sdk_voice_events._tell_word(EVENT, number)
    assert (listener.told, names(lib)) == ([], ["event", "event"])


@pytest.mark.parametrize("fails", ["synthesizing", "word_boundary"])
def test_an_sdk_that_does_not_let_us_is_an_error_and_nobody_is_kept(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    with pytest.raises(RuntimeError, match=fails):
        listening(monkeypatch, fails=fails)
    assert sdk_voice_events._listeners == {}
