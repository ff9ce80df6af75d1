"""Events straight from the SDK's library: what is read of each, that it is given back, and who is still told."""

import ctypes
import json
from typing import Any

import pytest

from app.providers.azure.stt import light_events
from app.providers.azure.stt.light_events import RECOGNIZED, SETTERS, TEXT_BYTES
from app.providers.azure.stt.results import Heard

IN_DETAIL = json.dumps({"NBest": [{"Confidence": 0.5}], "PrimaryLanguage": {"Language": "de-DE"}}).encode()
EVENT, RESULT, BAG = 11, 12, 13
HANDLE = ctypes.c_void_p(1)


def put(pointer: Any, value: int) -> int:
    """Write a number to where a pointer of an argument leads; 0, as for an order that was carried out."""
    pointer._obj.value = value
    return 0


class Library:
    """The functions of the SDK's library. `fails`: the name of the one that refuses."""

    def __init__(self, text: str = "hello", reason: int = RECOGNIZED, fails: str = "") -> None:
        self.released: list[tuple[str, Any]] = []
        self.callbacks: dict[str, Any] = {}
        self._text, self._reason, self._fails = text, reason, fails
        self._json = ctypes.create_string_buffer(IN_DETAIL)

    def _done(self, name: str) -> int:
        return 1 if self._fails == name else 0

    def recognizer_recognizing_set_callback(self, handle: Any, told: Any, number: Any) -> int:
        self.callbacks["recognizing"] = (told, number)
        return self._done("recognizing")

    def recognizer_recognized_set_callback(self, handle: Any, told: Any, number: Any) -> int:
        self.callbacks["recognized"] = (told, number)
        return self._done("recognized")

    def recognizer_recognition_event_get_result(self, event: Any, result: Any) -> int:
        return self._done("result") or put(result, RESULT)

    def result_get_reason(self, result: Any, reason: Any) -> int:
        return put(reason, self._reason)

    def result_get_text(self, result: Any, text: Any, size: int) -> int:
        assert size < TEXT_BYTES
        text.value = self._text.encode()
        return self._done("text")

    def result_get_offset(self, result: Any, offset: Any) -> int:
        return put(offset, 10)

    def result_get_duration(self, result: Any, duration: Any) -> int:
        return put(duration, 20)

    def result_get_property_bag(self, result: Any, bag: Any) -> int:
        return self._done("bag") or put(bag, BAG)

    def property_bag_get_string(self, bag: Any, name: int, _: None, default: bytes) -> int:
        return 0 if self._fails == "json" else ctypes.addressof(self._json)

    def property_bag_free_string(self, text: Any) -> int:
        self.released.append(("json", text))
        return 0

    def property_bag_release(self, bag: Any) -> int:
        self.released.append(("bag", bag.value))
        return 0

    def recognizer_result_handle_release(self, result: Any) -> int:
        self.released.append(("result", result.value))
        return 0

    def recognizer_event_handle_release(self, event: Any) -> int:
        self.released.append(("event", event))
        return 0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, Heard]]:
    monkeypatch.setattr(light_events, "_reports", {})
    return []


def listening(monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]], **library: Any) -> tuple[int, Library]:
    """Listen to a recognizer of this library; the number of who listens."""
    lib = Library(**library)
    monkeypatch.setattr(light_events, "_lib", lib)
    return light_events.listen(HANDLE, lambda final, heard: told.append((final, heard))), lib


def names(lib: Library) -> list[str]:
    return [name for name, _ in lib.released]


def test_a_final_is_told_with_its_details_and_all_that_was_read_is_given_back(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]]
) -> None:
    number, lib = listening(monkeypatch, told)
    light_events._told(True, EVENT, number)
    assert told == [(True, Heard("hello", 10, 20, 0.5, "de-DE"))]
    assert names(lib) == ["json", "bag", "result", "event"]


def test_of_an_interim_transcript_only_words_and_place_are_read(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]]
) -> None:
    number, lib = listening(monkeypatch, told, reason=RECOGNIZED + 1)
    light_events._told(False, EVENT, number)
    assert told == [(False, Heard("hello", 10, 20))]
    assert names(lib) == ["result", "event"]


@pytest.mark.parametrize(
    ("fails", "released", "heard"),
    [
        ("result", ["event"], []),
        ("text", ["result", "event"], []),
        ("bag", ["result", "event"], [Heard("hello", 10, 20)]),
        ("json", ["bag", "result", "event"], [Heard("hello", 10, 20)]),
    ],
)
def test_what_cannot_be_read_is_left_out_and_what_was_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
    told: list[tuple[bool, Heard]],
    fails: str,
    released: list[str],
    heard: list[Heard],
) -> None:
    number, lib = listening(monkeypatch, told, fails=fails)
    light_events._told(True, EVENT, number)
    assert [each for _, each in told] == heard
    assert names(lib) == released


def test_one_that_is_silenced_is_told_nothing_and_its_events_are_given_back(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]]
) -> None:
    number, lib = listening(monkeypatch, told)
    light_events.silence(number)
    light_events.silence(number)
    light_events._told(True, EVENT, number)
    assert (told, names(lib)) == ([], ["event"])


@pytest.mark.parametrize("fails", ["recognizing", "recognized"])
def test_an_sdk_that_does_not_let_us_is_an_error_and_nobody_is_kept(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]], fails: str
) -> None:
    with pytest.raises(RuntimeError, match=fails):
        listening(monkeypatch, told, fails=fails)
    assert light_events._reports == {}


def test_a_recognizer_that_is_ignored_calls_nobody(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[bool, Heard]]
) -> None:
    number, lib = listening(monkeypatch, told)
    assert {number for _, number in lib.callbacks.values()} == {number}
    light_events.ignore(HANDLE)
    assert len(lib.callbacks) == len(SETTERS)
    assert not any(bool(told) for told, _ in lib.callbacks.values())
