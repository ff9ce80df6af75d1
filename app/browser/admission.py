"""Admits browsers to conversations: by the query of the socket, its token, and the capacity of the worker."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from starlette.types import Scope

from actors.agent import Agent
from actors.conversation import SessionRecord
from actors.session.checkpoint import Checkpoint
from actors.session.sessions_keeper import SessionsKeeper
from actors.session_context import GivenContext
from app.agents.handoffs import team_of
from app.agents.roster import AgentRoster
from app.auth.guard import admitted
from app.auth.socket_auth import SocketRefusedError, require_granted_agent, require_resume_token, require_session_id
from app.cluster.checkpoints import CheckpointKeeper
from app.limits.client_limits import Client, Hold
from app.limits.clients import Clients
from app.server.lifecycle import Lifecycle
from app.server.sockets.socket_writer import OVERLOADED, REFUSED, RESTARTING
from app.sessions.known_sessions import KnownSessions
from app.sessions.modes import Modes
from app.sessions.session_capacity import SessionCapacity
from protocol.browser import OUTPUT_RATE_HZ, OUTPUT_RATES_HZ


class Asked:
    """The query of a browser's WebSocket. `client` and `given` are set once it is known who asks.

    Raises:
        SocketRefusedError: a parameter has a value that cannot be used; names it.
    """

    def __init__(self, query: Mapping[str, str], agents: AgentRoster, modes: Modes) -> None:
        self.session_id = query.get("session_id", "")
        require_session_id(self.session_id)
        self.resume_token = query.get("resume_token", "")
        self.client: Client = ()
        self.given: GivenContext | None = None
        self.mode = _mode(modes, query.get("streaming_mode", ""))
        self.agent_named = bool(query.get("agent"))
        self.agent = _agent(agents, query.get("agent") or agents.default_name)
        self.binary = _choice(query, "encoding", ("json", "binary")) == "binary"
        self.marks = _choice(query, "marks", ("0", "1")) == "1"
        self.rate_hz = int(_choice(query, "sample_rate", (str(OUTPUT_RATE_HZ), *map(str, OUTPUT_RATES_HZ))))


def _choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or allowed[0]
    if value not in allowed:
        raise SocketRefusedError(REFUSED, f"{name}: one of {', '.join(dict.fromkeys(allowed))}")
    return value


def _mode(modes: Modes, text: str) -> str:
    try:
        return modes.usable_mode(text)
    except ValueError as error:
        raise SocketRefusedError(REFUSED, f"streaming_mode: {error}") from None


def _agent(agents: AgentRoster, name: str) -> Agent:
    agent = agents.get(name)
    if agent is None:
        raise SocketRefusedError(REFUSED, f"agent: one of {', '.join(sorted(agents))}")
    return agent


class Former(NamedTuple):
    """The stored record of the conversation that a client resumes, and its checkpoint if there is one; None for a new
    one."""

    record: SessionRecord | None = None
    checkpoint: Checkpoint | None = None


class ConversationAdmission:
    """Admits browsers to conversations with one worker."""

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        capacity: SessionCapacity,
        clients: Clients,
        agents: AgentRoster,
        modes: Modes,
        sessions: SessionsKeeper,
        known_sessions: KnownSessions,
        checkpoints: CheckpointKeeper | None,
    ) -> None:
        self._checkpoints = checkpoints
        self._lifecycle = lifecycle
        self._capacity = capacity
        self._clients = clients
        self._agents = agents
        self._modes = modes
        self._sessions = sessions
        self._known_sessions = known_sessions

    async def admit(self, scope: Scope) -> tuple[Asked, Former]:
        """Check a handshake, and return its query and the conversation that it resumes.

        Raises:
            SocketRefusedError: a parameter is unknown, the worker drains or is full, the token is for another agent, or
                the resume token is wrong.
            TooManyError: the client is over a limit.
        """
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        asked = Asked(query, self._agents, self._modes)
        # A conversation that a draining worker lets finish may lose its connection meanwhile, and come back.
        if not self._lifecycle.admits() and asked.session_id not in self._sessions.live:
            raise SocketRefusedError(RESTARTING, "the server is restarting")
        asked.client = self._clients.of(scope, admitted(scope).subject)
        grant = admitted(scope).grant
        if grant is not None:
            require_granted_agent(grant, asked.agent.name if asked.agent_named else "")
            asked.session_id = asked.session_id or grant.session_id
            asked.given = grant.given
            asked.agent = _agent(self._agents, grant.agent or asked.agent.name)
        record = await require_resume_token(
            self._known_sessions, asked.session_id, asked.resume_token, demanded=grant is not None
        )
        if asked.session_id not in self._sessions.live:
            self._clients.require_room(asked.client, Hold.SESSIONS)
            if self._capacity.left == 0:
                raise SocketRefusedError(OVERLOADED, "no capacity left, try again soon")
        if record is None or not record.resumable:
            return asked, Former()
        return asked, Former(record, await self._checkpoint(asked, record))

    async def _checkpoint(self, asked: Asked, record: SessionRecord) -> Checkpoint | None:
        """Load the checkpoint of a session that was live at another worker; None if mode or agent differ, or there is
        none."""
        if self._checkpoints is None or record.mode != asked.mode:
            return None
        reached = (asked.agent, *team_of(asked.agent, self._agents))
        if record.agent not in {agent.name for agent in reached}:
            return None
        checkpoint = await self._checkpoints.load(record.session_id, record)
        if checkpoint is not None:
            checkpoint.caller_audio_lost(greets_idle=False)
        return checkpoint
