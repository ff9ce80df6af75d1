"""Crashes of a session's actors, at a message or a start of theirs that is named by its number."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from typing import Any
from unittest import mock

import msgspec

from actors.runtime.supervised_actor import SupervisedActor
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.orchestrator import Orchestrator
from actors.session.realtime.realtime_agent import RealtimeAgent
from actors.session.recognition.recognizer import Recognizer
from actors.session.recognition.transcriber import Transcriber
from actors.session.supervisor import SessionSupervisor
from actors.session.synthesis.synthesizer import Synthesizer

ACTORS: dict[str, type[SupervisedActor]] = {
    "recognizer": Recognizer,
    "orchestrator": Orchestrator,
    "synthesizer": Synthesizer,
    "session": SessionSupervisor,
    "transcriber": Transcriber,
}
OF_MODE: dict[tuple[str, str], type[SupervisedActor]] = {(VOICE_LIVE, "orchestrator"): RealtimeAgent}
"""Those that are another actor in this mode."""


class Moment(StrEnum):
    """Where in an actor's life it crashes."""

    BEFORE_MESSAGE = "before a message"
    AFTER_MESSAGE = "after a message"
    AT_START = "in on_start"
    BY_ITSELF = "by itself"  # it ends as if it were ordered to, without an error
    AT_END = "at the end of on_end"  # not before: what would be released there can then be released by nobody


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """`victim` raises an error of type `error`, `times` times from the `first` occasion on (counted from 1).

    `messages`: the types of the messages that are counted; empty for all.
    """

    victim: str
    moment: Moment
    first: int
    times: int = 1
    error: type[BaseException] = RuntimeError
    messages: tuple[type, ...] = ()


ERRORS: tuple[type[BaseException], ...] = (RuntimeError, asyncio.CancelledError, SystemExit, RecursionError)


@contextmanager
def crashing(crashes: list[Crash], mode: str, note: Callable[[str], None]) -> Iterator[None]:
    """Let the actors of this process, in a session of this mode, crash as planned; each crash is noted."""
    with ExitStack() as stack:
        for crash in crashes:
            stack.enter_context(_crashing(crash, OF_MODE.get((mode, crash.victim), ACTORS[crash.victim]), note))
        yield


def _crashing(crash: Crash, kind: type[SupervisedActor], note: Callable[[str], None]) -> Any:
    name = {Moment.AT_START: "on_start", Moment.AT_END: "on_end"}.get(crash.moment, "on_receive")
    genuine = getattr(kind, name)
    count = 0

    def method(self: SupervisedActor, *message: Any) -> Any:
        nonlocal count
        counts = not crash.messages or isinstance(message[0], crash.messages)
        count += counts
        due = counts and crash.first <= count < crash.first + crash.times
        if due and crash.moment in (Moment.BEFORE_MESSAGE, Moment.AT_START):
            _raise(crash, message, note)
        result = genuine(self, *message)
        if due and crash.moment is Moment.BY_ITSELF:
            note(f"END of the {crash.victim}, by itself")
            self.stop()
        elif due:
            _raise(crash, message, note)
        return result

    return mock.patch.object(kind, name, method)


def _raise(crash: Crash, message: tuple[Any, ...], note: Callable[[str], None]) -> None:
    which = f" {type(message[0]).__name__}" if message else ""
    note(f"CRASH of the {crash.victim} {crash.moment}{which}: {crash.error.__name__}")
    raise crash.error("fake")
