"""Makes the lines of a session file of what turn-taking was told, masked unless content may be kept, up to a bound."""

import msgspec

from actors.agent import Agent
from actors.session.recorded_turn_taking import TurnTakingResumed, TurnTakingStarted, TurnTakingStep, TurnTakingTold
from app.replay.masking import Masking, essential
from app.replay.recording import Over, Resumed, Session, Started, Step, Told, described, encoded
from app.version import product_version

KEPT_FOR_THE_END = 40 * 1024
"""Bytes of a file that are kept free for its last line."""
LONGEST_ERROR_CHARS = 160


class SessionEncoder:
    """The file of one session, as far as it has come. Belongs to one thread at a time, and not to the event loop's.

    Args:
        session_id: whose file it is.
        mode: of the session.
        began: date and time in UTC, as ISO 8601 has them.
        content: whether words and keys are kept.
        most_bytes: the file does not become larger; what comes then is left out, and the file says so.
    """

    def __init__(self, *, session_id: str, mode: str, began: str, content: bool, most_bytes: int) -> None:
        self._session_id = session_id
        self._mode = mode
        self._began = began
        self._content = content
        self._room = most_bytes - KEPT_FOR_THE_END
        self._data = bytearray()
        self._agent_name = ""
        """The name of the agent whose settings apply to the step in hand."""
        self._masking: Masking | None = None
        self._cut = False
        self._failed = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to replay: turn-taking has had no part in the session, or a step was not encoded."""
        return self._failed or not self._data

    def add(self, steps: list[TurnTakingStep]) -> None:
        """Add steps in their order. After one that cannot be encoded the rest would not replay, and is left out."""
        if self._cut or self._failed:
            return
        self._failed = True
        for step in steps:
            if not self._data:
                self._append(self._first_line(step))
            if not self._append(encoded(self._line(step))):
                self._cut = True
                break
        self._failed = False

    def finished(self, over: Over) -> bytes:
        """The whole file, with `over` as its last line."""
        restarts = tuple(
            msgspec.structs.replace(each, error=each.error[:LONGEST_ERROR_CHARS]) for each in over.restarts
        )
        self._data += encoded(msgspec.structs.replace(over, restarts=restarts, cut=self._cut or over.cut))
        return bytes(self._data)

    def _append(self, line: bytes) -> bool:
        if len(self._data) + len(line) > self._room:
            return False
        self._data += line
        return True

    def _first_line(self, step: TurnTakingStep) -> bytes:
        assert not isinstance(step, TurnTakingTold), "turn-taking is told nothing before it began"
        self._agent_name = step.agent.name
        return encoded(
            Session(
                earshot=product_version(),
                session_id=self._session_id,
                mode=self._mode,
                began=self._began,
                content=self._content,
                agent=self._written(step.agent),
            )
        )

    def _written(self, agent: Agent) -> Agent:
        """The agent whose policies hold from here on, as it is written; what follows is masked for its words."""
        if self._content:
            return essential(agent)
        self._masking = Masking(agent)
        return self._masking.agent(essential(agent))

    def _replaced_by(self, agent: Agent) -> Agent | None:
        """The agent with which a session goes on, as it is written, if that is another than before."""
        if agent.name == self._agent_name:
            return None
        self._agent_name = agent.name
        return self._written(agent)

    def _line(self, step: TurnTakingStep) -> Step:
        decisions = described(step.effects, content=self._content)
        agent = self._replaced_by(step.agent) if isinstance(step, TurnTakingResumed) else None
        masking = self._masking
        match step:
            case TurnTakingStarted(at=at, transcribes=transcribes, screens=screens):
                return Started(at=at, transcribes=transcribes, screens=screens, decisions=decisions)
            case TurnTakingResumed(state=state):
                return Resumed(
                    at=step.at,
                    transcribes=step.transcribes,
                    state=state if masking is None else masking.state(state),
                    session_left_s=step.session_left_s,
                    has_text=step.has_text,
                    owes_answer=step.owes_answer,
                    agent=agent,
                    decisions=decisions,
                )
            case TurnTakingTold(event=event):
                return Told(
                    at=step.at,
                    event=event if masking is None else masking.event(event),
                    holdable=step.holdable,
                    decisions=decisions,
                    error=step.error,
                )
