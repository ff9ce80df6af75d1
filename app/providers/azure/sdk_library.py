"""The SDK's library itself, for calls that bypass its Python package: functions of Microsoft's public C headers."""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azure.cognitiveservices.speech import interop  # type: ignore[import-untyped]

EVENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""The C type of an event handler: it is given the handles of the object and of the event, and the number with which it
was registered."""


class SdkLibrary:
    """Handles of our own on the library, so that argument types set here bother nobody.

    Raises:
        AttributeError: this version of the SDK lacks a function.
    """

    def __init__(self, getters: Mapping[str, Sequence[Any]], setters: Sequence[str]) -> None:
        # Getters keep the GIL: to give it up and ask for it again seven times costs more than they take.
        quick = ctypes.PyDLL(interop.lib_path)
        slow = ctypes.CDLL(interop.lib_path)
        for name, arguments in getters.items():
            function = getattr(quick, name)
            # Wide enough for those that return a pointer, a text that has to be freed.
            function.argtypes, function.restype = arguments, ctypes.c_size_t
            setattr(self, name, function)
        for name in setters:
            function = getattr(slow, name)
            function.argtypes, function.restype = [ctypes.c_void_p, EVENT, ctypes.c_void_p], ctypes.c_size_t
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Callable[..., int]:
        raise AttributeError(name)


def sdk_library(getters: Mapping[str, Sequence[Any]], setters: Sequence[str]) -> SdkLibrary | None:
    """The library with these functions; None where this version of the SDK lacks one."""
    try:
        return SdkLibrary(getters, setters)
    except AttributeError:
        return None
