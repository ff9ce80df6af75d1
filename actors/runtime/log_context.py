"""Which session a line of the log is about: known to handlers of its actors, and to every task that they begin."""

from contextvars import ContextVar
from typing import Protocol

from opentelemetry import trace


class Identified(Protocol):
    """Something that belongs to a session, such as its trace."""

    def ids(self) -> dict[str, str | int]:
        """The ids by the names that they have in a line of the log; none is empty."""
        ...


CONTENT = "content"
"""The field of a log line that lists its fields with content, which is what people said."""

_session: ContextVar[Identified | None] = ContextVar("earshot_session", default=None)

work_for = _session.set
"""Name the session in every later log line of this context, and of contexts that are begun in it."""


def ids_of_line() -> dict[str, str | int]:
    """The ids of what is being done now: `session_id`, `call_id`, `turn`, `trace_id`, as far as there are any."""
    session = _session.get()
    ids = {} if session is None else session.ids()
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        ids |= {"trace_id": f"{span.trace_id:032x}", "span_id": f"{span.span_id:016x}"}
    return ids


def content(**fields: object) -> dict[str, object]:
    """The extras of a line that hold what somebody has said, or is called by: they are named in one more, `content`.

    By that mark such lines are told from all others by whoever collects them. Only where content may be logged.
    """
    return {**fields, CONTENT: " ".join(fields)}


class SessionIds:
    """The ids of a session that has no actors, or none yet."""

    __slots__ = ("_ids",)

    def __init__(self, session_id: str, call_id: str = "") -> None:
        self._ids: dict[str, str | int] = {"session_id": session_id}
        if call_id:
            self._ids["call_id"] = call_id

    def ids(self) -> dict[str, str | int]:
        """The ids as they were given; see `Identified`."""
        return dict(self._ids)
