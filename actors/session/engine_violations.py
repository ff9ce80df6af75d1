"""Passes over what an engine tells or answers against the contract of its port, with a log line and a counter."""

import logging
from typing import TypeVar

from actors.runtime.failure_counters import Failure, report_failure

logger = logging.getLogger("earshot.actors")

S = TypeVar("S")


def required_stream(opened: S) -> S:
    """What an engine has opened, if it is a stream.

    Raises:
        TypeError: it is none, as of an engine that forgets to return it; else its user would wait for it without end.
    """
    if not callable(getattr(opened, "close", None)):
        raise TypeError(f"{type(opened).__name__} is no stream")
    return opened


class EngineViolations:
    """What one engine has told or answered in one session that is nothing its port allows.

    Args:
        engine: which engine it is, such as "recognizer": for the log and the counter.
    """

    __slots__ = ("_engine", "_told")

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._told: tuple[str, ...] = ()

    def pass_over(self, what: str) -> None:
        """Count a violation and log it: as a warning the first time that `what` is met, for debugging afterwards.

        Args:
            what: was told or answered, in few different words that can be logged: never a value.
        """
        level = logging.DEBUG if what in self._told else logging.WARNING
        if what not in self._told:
            self._told = (*self._told, what)
        line = "the %s has reported what its port does not allow, which is ignored: %s"
        report_failure(Failure.ENGINE, logger, line, self._engine, what, level=level, engine=self._engine)
