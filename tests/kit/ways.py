"""Which files of the product something passes, as the interpreter sees it: for tests that hold how short a way is."""

import sys
from pathlib import PurePath
from types import FrameType
from typing import Any

from tests.kit.source import LAYERS, ROOT

Way = list[str]
"""Files of the product in the order in which something first came to them."""


class WayTracer:
    """Traces calls within callbacks of the event loop, one callback after the other.

    Args:
        begins: the function, as "file function", whose call begins a way.
        ends_in: the folder whose first function ends it.
    """

    def __init__(self, begins: str, ends_in: str) -> None:
        self._begins = begins
        self._ends_in = ends_in
        self._depth = 0
        self._way: Way | None = None
        self.ways: list[Way] = []
        """Every way that came to its end."""
        self.stacks: list[Way] = []
        """For each of them, the files that were not returned from at its end."""

    def start(self) -> None:
        """Trace this thread from now on."""
        sys.setprofile(self._profile)

    def stop(self) -> None:
        """Trace no more."""
        sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and self._way is not None:
            self._depth -= 1
            if self._depth < 0:
                self._way = None
        if event != "call":
            return
        file = product_file(frame)
        if self._way is None:
            if file and f"{file} {frame.f_code.co_name}" == self._begins:
                self._way, self._depth = [file], 0
            return
        self._depth += 1
        if not file:
            return
        if file.startswith(self._ends_in):
            self.ways.append(self._way)
            self.stacks.append(stack_of(frame.f_back))
            self._way = None
        elif file not in self._way:
            self._way.append(file)


def product_file(frame: FrameType) -> str:
    """The path of a frame's file from the root of the repository; empty if it is none of the product."""
    path = PurePath(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT) or "<" in frame.f_code.co_name:
        return ""
    relative = path.relative_to(ROOT)
    return relative.as_posix() if relative.parts[0] in LAYERS else ""


def stack_of(frame: FrameType | None) -> Way:
    """The files of the product in a stack from its outermost frame, each run of one file once."""
    files: Way = []
    while frame is not None:
        file = product_file(frame)
        if file and (not files or files[-1] != file):
            files.append(file)
        frame = frame.f_back
    return files[::-1]
