"""Every route of the API with what it takes and answers. It adds to what the routes tell of themselves.

To add a route, add its row: `tests/unit/app/api/contract/test_openapi.py` fails without one.
"""

from typing import Any

from app.api.actor_reports import ActorsReport, SessionActorsInDetail
from app.api.contract.catalogue_of_calls import CALLS
from app.api.contract.operation import JSON, Answer, Operation, Parameter, ok
from app.api.readiness import Report
from app.api.transcripts import TRANSCRIPT_TYPES
from app.auth.route_table import API, STATIC_FILES
from app.console.overview import Draining
from app.console.timeline import TimelineReport
from protocol.agents import AgentChange, AgentChanged, AgentEntry, AgentList, ModelChange, VoiceChange
from protocol.approvals import ApprovalDecided, ApprovalDecision, WaitingApprovals
from protocol.call_record import CallRecord
from protocol.health import Alive, Health, Restarting
from protocol.logs import LogChange, LogState
from protocol.sessions import RealtimeStatus, SessionEnding, SessionList, SessionSummary
from protocol.tokens import TokenIssued, TokenRequest
from protocol.transcripts import TranscriptDocument

HTML = "text/html"
WAV = "audio/wav"

TAGS = {
    "health": "Whether the server is alive, ready, and how each of its actors is",
    "sessions": "Conversations, live and ended, and what was said in them",
    "agents": "Who answers, and what operators may change of them",
    "calls": "Telephone calls: place, look at, put through and end them",
    "media": "The media socket of the telephone network",
    "carrier": "What the telephone network and Event Grid call",
    "documents": "The page, this documentation, and metrics",
}

_JSON_OBJECT = dict[str, Any]

_TOKEN = TokenIssued(
    token="eyJhbGciOiJIUzI1NiJ9...", expires_at="2026-11-28T12:05:00.000Z", session_id="session_1", agent="dentist"
)
_CHANGE = AgentChange(model=ModelChange(temperature=0.4, max_tokens=300), voice=VoiceChange(voice_style="friendly"))
_SUMMARY = SessionSummary(
    session_id="session_1",
    call_id=None,
    mode="media",
    agent="dentist",
    state="live",
    turn=3,
    created_at="2026-11-28T12:00:00.000Z",
    updated_at="2026-11-28T12:01:00.000Z",
    ended_reason=None,
)

_BELOW_API: dict[tuple[str, str], Operation] = {
    ("GET", "/health"): Operation(tag="health", answers=ok("Counts of sessions", Health)),
    ("GET", "/health/live"): Operation(tag="health", answers=ok("The event loop turns", Alive, Alive())),
    **{
        ("GET", path): Operation(
            tag="health",
            answers={
                200: Answer(description="New sessions are welcome", type=Report),
                503: Answer(description="They are not: a required component is down, or it is draining", type=Report),
            },
        )
        for path in ("/health/readiness", "/readiness")
    },
    ("GET", "/health/actors"): Operation(
        tag="health",
        answers=ok("Sessions and their actors", ActorsReport),
        parameters=(
            Parameter(
                name="scope",
                description="`worker`, or `cluster` with Redis: then those of all workers",
                example="worker",
            ),
        ),
        problems={422: "The scope is neither", 503: "There is no Redis, or it does not answer"},
    ),
    ("GET", "/health/actors/{session_id}"): Operation(
        tag="health", answers=ok("The session's actors and the messages they handled last", SessionActorsInDetail)
    ),
    ("POST", "/health/actors/{session_id}/{actor}/restart"): Operation(
        tag="health", answers=ok("It is being restarted", Restarting)
    ),
    ("GET", "/realtime/status"): Operation(tag="sessions", answers=ok("Endpoints and connections", RealtimeStatus)),
    ("POST", "/realtime/token"): Operation(
        tag="sessions",
        body=TokenRequest,
        body_required=False,
        example=TokenRequest(agent="dentist", ttl_s=300),
        answers=ok("A token for the WebSockets and the REST of one session", TokenIssued, _TOKEN),
        problems={
            403: "Not a page of this server; or a context, a name or a language that no operator gives",
            429: "The client has asked too often",
        },
    ),
    ("GET", "/sessions"): Operation(
        tag="sessions",
        answers=ok("Live and recent sessions", SessionList, SessionList(sessions=(_SUMMARY,), live=1, total=1)),
    ),
    ("GET", "/sessions/{session_id}"): Operation(
        tag="sessions",
        answers=ok("The session", SessionSummary, _SUMMARY),
        parameters=(Parameter(name="resume_token", description="Shows that the session is one's own"),),
        problems={503: "The session store does not answer"},
    ),
    ("DELETE", "/sessions/{session_id}"): Operation(
        tag="sessions", answers=ok("It says goodbye and ends", SessionEnding, SessionEnding("session_1"))
    ),
    ("GET", "/sessions/{session_id}/transcript"): Operation(
        tag="sessions",
        answers={
            200: Answer(description="The transcript", type=TranscriptDocument, media_types=TRANSCRIPT_TYPES),
        },
        problems={406: "No such media type", 503: "The session store does not answer"},
    ),
    ("GET", "/sessions/{session_id}/approvals"): Operation(
        tag="sessions", answers=ok("Calls of tools that wait for an operator", WaitingApprovals)
    ),
    ("POST", "/sessions/{session_id}/approvals/{approval_id}"): Operation(
        tag="sessions",
        body=ApprovalDecision,
        example=ApprovalDecision(decision="decline", reason="we have no room left on that day"),
        answers=ok("Decided: the tool is run, or the agent is told that it is not", ApprovalDecided),
    ),
    ("GET", "/agents"): Operation(tag="agents", answers=ok("Agents by name, and the engine's voices", AgentList)),
    ("GET", "/agents/{name}"): Operation(tag="agents", answers=ok("The agent", AgentEntry)),
    ("PUT", "/agents/{name}"): Operation(
        tag="agents",
        body=AgentChange,
        example=_CHANGE,
        answers=ok(
            "Changed, for sessions that start from now on",
            AgentChanged,
            AgentChanged(agent_name="dentist", updated_fields=("model.temperature",), message="changed 1 setting"),
        ),
        problems={503: "Another worker does not take the change"},
    ),
    ("GET", "/logs"): Operation(tag="health", answers=ok("What is logged", LogState)),
    ("PUT", "/logs"): Operation(
        tag="health",
        body=LogChange,
        example=LogChange("debug"),
        answers=ok("What is logged from now on", LogState),
        problems={503: "Another worker does not take the change"},
    ),
    ("GET", "/sessions/{session_id}/timeline"): Operation(
        tag="sessions", answers=ok("What happened in the session, in the order of time", TimelineReport)
    ),
    ("GET", "/sessions/{session_id}/audio"): Operation(
        tag="sessions",
        answers={
            200: Answer(description="Its audio, the caller left and the agent right", type=bytes, media_types=(WAV,)),
        },
        problems={404: "The session is not over, or no worker has its audio; where it lies is said if that is known"},
    ),
    ("GET", "/sessions/{session_id}/record"): Operation(
        tag="sessions",
        answers=ok("What became of a session that is over", CallRecord),
        problems={409: "The session is not over", 503: "The session store does not answer"},
    ),
    ("POST", "/workers/{worker}/drain"): Operation(
        tag="health",
        answers=ok("It drains, and another is started in its place", Draining, Draining(worker=4711)),
        parameters=(Parameter(name="server", description="Which server it is of; absent: the one that answers"),),
        problems={503: "The worker cannot be told"},
    ),
    **CALLS,
}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/"): Operation(
        tag="documents", answers={200: Answer(description="The page", type=str, media_types=(HTML,))}
    ),
    ("GET", "/console"): Operation(
        tag="documents", answers={200: Answer(description="The operators' page", type=str, media_types=(HTML,))}
    ),
    ("GET", "/docs"): Operation(
        tag="documents",
        answers={200: Answer(description="This documentation as a page", type=str, media_types=(HTML,))},
        problems={404: "ENABLE_DOCS is off"},
    ),
    **{
        ("GET", path): Operation(
            tag="documents",
            answers={200: Answer(description="The document", type=_JSON_OBJECT, media_types=(JSON,))},
            problems={404: "ENABLE_DOCS is off"},
        )
        for path in ("/openapi.json", "/asyncapi.json")
    },
    ("GET", STATIC_FILES): Operation(
        tag="documents", answers={200: Answer(description="The file", type=str, media_types=("*/*",))}
    ),
    ("GET", "/metrics"): Operation(
        tag="documents",
        answers={200: Answer(description="Prometheus' text format", type=str, media_types=("text/plain",))},
        problems={404: "Metrics are not given to Prometheus"},
    ),
    **{(method, API + path): operation for (method, path), operation in _BELOW_API.items()},
}
