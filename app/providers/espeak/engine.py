"""The espeak-ng library by ctypes, one engine for a process. GPL-3: loaded only by the program `process.py`.

The calls and numbers: https://github.com/espeak-ng/espeak-ng/blob/1.52.0/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import re
from collections.abc import Callable
from typing import NamedTuple

import espeakng_loader

BUFFER_MS = 40
"""Audio comes in buffers of this length; between two of them synthesis can be stopped."""

_SYNCHRONOUS = 2
_PARAMETER_RATE, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 3, 4
_UTF8 = 1
_POSITION_CHARACTER = 1
_EVENT_END, _EVENT_WORD = 0, 1
_GO_ON, _STOP = 0, 1
_DEFAULT_VOICE = b"en-us+edward"
"""American English by the Klatt synthesizer. A recognizer mistook 28 % of its words, 71 % of plain `en-us`'s: of thirty
variants it was the clearest by that measure."""
_VOICE_NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*(\+[A-Za-z0-9]+)?")


class Tuning(NamedTuple):
    """How the engine is to sound. `pitch` and `range` run from 0 to 99, 50 being the voice's own."""

    name: str
    language: str
    words_per_minute: int
    pitch: int
    range: int


class WordStart(NamedTuple):
    """A word begins at the character `position` of the text and the sample `sample` of its audio."""

    position: int
    sample: int


Taken = Callable[[bytes, list[WordStart]], bool]
"""Given PCM16LE mono at the engine's rate and the words that begin in it or soon; tells whether to go on."""


class _Identifier(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identifier),
    )


class _VoiceProperties(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


class EspeakEngine:
    """The library, initialised; not to be used by two threads."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._library.espeak_Initialize(_SYNCHRONOUS, BUFFER_MS, data_path, 0)
        if self.rate_hz <= 0:
            raise OSError("espeak-ng does not find its data")
        # ctypes keeps no reference to a callback that C may call.
        self._callback = _Callback(self._called)
        self._library.espeak_SetSynthCallback(self._callback)
        self._tuning: Tuning | None = None
        self._take: Taken = lambda _pcm, _words: False
        self._failure: BaseException | None = None

    def speak(self, text: str, tuning: Tuning, take: Taken) -> None:
        """Synthesise `text`, no markup in it, until it ends or `take` says no; what `take` raises is raised."""
        self._tune(tuning)
        self._take, self._failure = take, None
        encoded = text.encode("utf-8", "replace") + b"\0"
        size = ctypes.c_size_t(len(encoded))
        self._library.espeak_Synth(encoded, size, 0, _POSITION_CHARACTER, 0, _UTF8, None, None)
        if self._failure is not None:
            raise self._failure

    def _called(self, samples: int | None, count: int, events: "ctypes._Pointer[_Event]") -> int:
        words = []
        at = 0
        while events[at].type != _EVENT_END:
            if events[at].type == _EVENT_WORD:
                words.append(WordStart(events[at].text_position - 1, events[at].sample))
            at += 1
        try:
            pcm = ctypes.string_at(samples, count * 2) if samples else b""
            return _GO_ON if self._take(pcm, words) else _STOP
        except BaseException as failure:  # noqa: BLE001 - C cannot carry it: `speak` raises it again
            self._failure = failure
            return _STOP

    def _tune(self, tuning: Tuning) -> None:
        if tuning == self._tuning:
            return
        self._tuning = tuning
        self._choose(tuning.name, tuning.language)
        for parameter, value in (
            (_PARAMETER_RATE, tuning.words_per_minute),
            (_PARAMETER_PITCH, tuning.pitch),
            (_PARAMETER_RANGE, tuning.range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _choose(self, name: str, language: str) -> None:
        """The voice `name`, else one for `language`, else American English."""
        if _VOICE_NAME.fullmatch(name) and self._library.espeak_SetVoiceByName(name.encode()) == 0:
            return
        properties = _VoiceProperties(languages=language.lower().encode("utf-8", "replace"))
        if language.lower() == "en-us" or self._library.espeak_SetVoiceByProperties(ctypes.byref(properties)) != 0:
            self._library.espeak_SetVoiceByName(_DEFAULT_VOICE)
