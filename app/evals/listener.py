"""The caller's end of a conversation that is evaluated: everything that was said and done, with its time."""

import asyncio
import re
from collections.abc import Callable

import msgspec

from actors.conversation import Ending, Floor, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import FloorChanged, OutputMessage, ReplyText, SessionEnded, ToolStarted
from actors.messages.transcript import FinalTranscript


class Moment(msgspec.Struct, frozen=True):
    """Something that happened: who did it, what, and when in seconds since the session began."""

    at: float
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.who}: {self.what}"


class Listener:
    """Hears what a session shows, and waits for what is expected of it."""

    def __init__(self, now: Callable[[], float], *, hears: bool = False) -> None:
        self._hears = hears
        self._now = now
        self._began = now()
        self._changed = asyncio.Event()
        self._spoken: list[str] = []
        self._speaks: tuple[int, UtteranceKind] | None = None
        self._floor = Floor.NOBODY
        self.timeline: list[Moment] = []
        self.calls: list[ToolStarted] = []
        """The tool calls since the caller's last words."""
        self.acted_at = self._began
        """When the caller last did something, in seconds of the session's clock."""
        self.speaking_since: float | None = None
        """When the agent began what it is saying, in seconds of the session's clock; None if it says nothing."""
        self.ended: Ending | None = None

    def tell(self, message: OutputMessage) -> None:
        """Note what the session shows."""
        match message:
            case ReplyText(turn, kind, text):
                # A piece brings the blank before it along, unless it is the first of its reply.
                self._spoken += [text] if self._speaks == (turn, kind) else [" ", text]
                self._speaks = turn, kind
                self.speaking_since = self._now() if self.speaking_since is None else self.speaking_since
                self._note("agent", text.strip())
            case FinalTranscript(text=text) if self._hears:
                self._note("heard", text)
            case ToolStarted(_, name, arguments):
                self.calls.append(message)
                self._note("tool", f"{name} {arguments}")
            case ToolFinished(name=name, outcome=outcome):
                self._note("tool", f"{name} -> {outcome.text}")
            case FloorChanged(floor):
                self._floor = floor
                if floor is not Floor.AGENT:
                    self.speaking_since = self._speaks = None
            case SessionEnded(reason):
                self.ended = reason
                self._note("session", f"ended, {reason.value}")
            case _:
                return
        self._changed.set()

    def acted(self, what: str) -> None:
        """Note that the caller has acted: what is expected from now on is expected of the answer to that."""
        self.acted_at = self._now()
        self._spoken.clear()
        self.calls.clear()
        self._note("caller", what)

    def finished_speaking(self) -> None:
        """Note that the caller's last words are over: what is expected is expected from now on."""
        self.acted_at = self._now()

    def noted(self, who: str, what: str) -> None:
        """Note that somebody else did something; what is expected may have come before."""
        self._note(who, what)
        self._changed.set()

    @property
    def pieces(self) -> int:
        """How many pieces of text the agent has said since the session began."""
        return sum(moment.who == "agent" for moment in self.timeline)

    @property
    def spoken(self) -> str:
        """What the agent has said since the caller's last words."""
        return " ".join("".join(self._spoken).split())

    @property
    def is_quiet(self) -> bool:
        """Whether the agent has finished speaking, or the session is over."""
        return self._floor is not Floor.AGENT or self.ended is not None

    def said(self, pattern: str) -> bool:
        """Whether the agent has said something since the caller's last words."""
        return re.search(pattern, self.spoken, re.IGNORECASE) is not None

    async def until(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Wait until a condition of what was heard holds; False if it does not within the time, or never will."""
        try:
            async with asyncio.timeout(max(0.0, within_s)):
                while not condition():
                    if self.ended is not None:
                        return False
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    def _note(self, who: str, what: str) -> None:
        self.timeline.append(Moment(round(self._now() - self._began, 3), who, what))
