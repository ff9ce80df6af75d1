"""What happened in a session, and when: who held the floor, pauses, interruptions, tools, times. Kept in memory.

No word of it is kept unless content may be logged.
"""

from collections.abc import Callable, Collection, Container
from typing import Any

import msgspec

from actors.messages.model import ToolFinished
from actors.messages.output import (
    AgentTookOver,
    AudioDiscarded,
    ErrorShown,
    FloorChanged,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    ReplyText,
    SessionEnded,
    ToolStarted,
    TurnMeasured,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript

MOST_EVENTS = 1_000
"""The most events that are kept of one session; of more the oldest are dropped."""
MOST_SESSIONS = 200
"""The most sessions of a worker that are kept, live ones included. Sessions that are over are dropped first if nothing
happened in them, then by age; live ones are always kept, and their number is limited by the worker's capacity."""
_TIMES = tuple(name for name in TurnMeasured.__struct_fields__ if name.endswith("_ms"))
_NO_TIMES: dict[str, Any] = {"times_ms": {}}
"""An empty mapping that events share: one of its own would make each event half as large again."""


class TimelineEvent(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Something that happened. `at`: seconds since 1970. What else is filled in depends on `kind`."""

    at: float
    kind: str
    turn: int = 0
    name: str = ""
    """What the event is about, by its kind: who has the floor, a tool, an actor, the session's end, or a part of the
    worker."""
    text: str = ""
    """What was said or heard, if content may be logged; the error of an actor; or what is wrong with the worker."""
    times_ms: dict[str, float] = {}
    interrupted: bool = False
    failed: bool = False


class TimelineReport(msgspec.Struct, frozen=True):
    """What happened in a session and to its worker meanwhile, in the order of time; words are in it if `content`."""

    session_id: str
    live: bool
    content: bool
    events: list[TimelineEvent]
    audio_at: float | None = None
    """When the session's audio begins, in seconds since the epoch; None if there is none so far"""


class Timeline:
    """The events of one session."""

    __slots__ = ("_content", "_tools", "_wall", "events")

    def __init__(self, wall: Callable[[], float], tools: Collection[str], *, content: bool) -> None:
        self.events: list[TimelineEvent] = []
        self._wall = wall
        self._tools = tools
        self._content = content

    def note(self, message: OutputMessage) -> None:
        """Note what a session shows; audio leaves nothing, nor do unfinished words where none may be kept."""
        match message:
            case FloorChanged(floor, turn):
                self._add("floor", turn, name=floor.value)
            case ReplyText():
                return  # of what the agent says, what was heard is noted
            case InterimTranscript(text=text):
                self._said_so_far(text)
            case FinalTranscript(text=text, turn=turn):
                self._add("said", turn, text=self._shown(text))
            case ReplyHeard(turn=turn, text=text, interrupted=interrupted):
                self._add("heard", turn, text=self._shown(text), interrupted=interrupted)
            case PlaybackPaused(turn):
                self._add("paused", turn)
            case PlaybackResumed(turn):
                self._add("resumed", turn)
            case AudioDiscarded(turn):
                self._add("cut", turn)
            case ToolStarted(name=name):
                # What a model calls a tool that there is not may be anything.
                self._add("tool", name=name if name in self._tools else "unknown")
            case ToolFinished(turn=turn, name=name, outcome=outcome, elapsed_ms=elapsed_ms):
                known = name if name in self._tools else "unknown"
                self._add("tool_over", turn, name=known, times_ms={"elapsed_ms": elapsed_ms}, failed=outcome.failed)
            case AgentTookOver(agent=agent, turn=turn):
                self._add("handoff", turn, name=agent)
            case TurnMeasured():
                self._measured(message)
            case ErrorShown():
                self._add("error")
            case SessionEnded(reason):
                self._add("ended", name=reason.value)
            case _:
                pass

    def _said_so_far(self, text: str) -> None:
        """Of what comes one after the other only the latest stays: it holds what the others did."""
        if not self._content:
            return
        if self.events and self.events[-1].kind == "interim":
            self.events.pop()
        self._add("interim", text=text)

    def _measured(self, message: TurnMeasured) -> None:
        times = {name: value for name in _TIMES if (value := getattr(message, name)) is not None}
        self._add("measured", message.turn, times_ms=times, interrupted=message.interrupted)

    def _shown(self, text: str) -> str:
        return text if self._content else ""

    def _add(self, kind: str, turn: int = 0, **more: Any) -> None:
        self.events.append(TimelineEvent(round(self._wall(), 3), kind, turn, **{**_NO_TIMES, **more}))
        del self.events[:-MOST_EVENTS]


class Timelines:
    """The timelines of the sessions of one worker.

    Args:
        wall: the time in seconds since 1970.
        tools: the names of all tools.
        live: the ids of the sessions that are live.
        content: whether what people say may be kept.
    """

    def __init__(
        self, wall: Callable[[], float], tools: Collection[str], live: Container[str], *, content: bool
    ) -> None:
        self._wall = wall
        self._tools = tools
        self._live = live
        self._content = content
        self._kept: dict[str, Timeline] = {}
        self._left: set[str] = set()
        """The kept sessions that another worker goes on with."""

    def session_opened(self, session_id: str) -> None:
        """A session begins here, or comes back."""
        self._left.discard(session_id)

    def session_moved(self, session_id: str) -> None:
        """Another worker has gone on with a session: its end will be known there."""
        if session_id in self._kept:
            self._left.add(session_id)

    def of(self, session_id: str) -> Timeline:
        """The timeline of a session, which begins if there is none."""
        known = self._kept.get(session_id)
        if known is None:
            self._make_room()
            known = self._kept[session_id] = Timeline(self._wall, self._tools, content=self._content)
        return known

    def has(self, session_id: str) -> bool:
        """Whether something happened in a session here, live or over, that no other worker has gone on with."""
        kept = self._kept.get(session_id)
        return kept is not None and bool(kept.events) and session_id not in self._left

    def known(self, session_id: str) -> Timeline | None:
        """The timeline of a session; None if there is none any more."""
        return self._kept.get(session_id)

    def _make_room(self) -> None:
        """Forget sessions that are over until there is room for another one, if there are any."""
        excess = len(self._kept) + 1 - MOST_SESSIONS
        if excess > 0:
            over = [session_id for session_id in self._kept if session_id not in self._live]
            # A dashboard that waits for a session that never comes leaves one without events.
            over.sort(key=lambda session_id: bool(self._kept[session_id].events))
            for session_id in over[:excess]:
                del self._kept[session_id]
                self._left.discard(session_id)
