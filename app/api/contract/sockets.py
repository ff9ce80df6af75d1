"""Every WebSocket of the API with what it takes and sends; `test_asyncapi.py` fails for one that is not here."""

from typing import Any, get_args

import msgspec

from app.api.contract.operation import Parameter
from app.auth.route_table import API
from app.console.overview import OverviewMessage
from protocol.acs.media_wire import (
    AudioBody,
    AudioDataMessage,
    AudioMetadataMessage,
    DtmfBody,
    DtmfDataMessage,
    MediaInput,
    MediaOutput,
    MetadataBody,
    OutboundAudio,
    OutboundAudioMessage,
    StopAudioMessage,
    TranscriptionBody,
    TranscriptionDataMessage,
    TranscriptionMetadataBody,
    TranscriptionMetadataMessage,
)
from protocol.browser import (
    INPUT_RATE_HZ,
    OUTPUT_RATE_HZ,
    OUTPUT_RATES_HZ,
    AssistantFinal,
    AudioData,
    ClientMessage,
    Control,
    Envelope,
    EnvelopeType,
    Floor,
    HangUp,
    Interrupt,
    Ping,
    PlayoutMark,
    Pong,
    ServerMessage,
    SessionEnd,
    ToolEnd,
    ToolProgress,
    ToolStart,
    TurnMetrics,
    Typed,
)
from protocol.browser_payloads import (
    AgentNow,
    ErrorText,
    Exit,
    FinalText,
    GreetingText,
    InterimText,
    Payload,
    ReplyPiece,
    ServerDraining,
    SessionOpened,
)

AT = "2026-11-28T12:00:00.000Z"

LABEL = "Dental practice"

ENVELOPES: dict[Any, tuple[EnvelopeType, str]] = {
    SessionOpened: ("event", "System"),
    AgentNow: ("event", "System"),
    ServerDraining: ("event", "System"),
    InterimText: ("event", "User"),
    FinalText: ("event", "User"),
    GreetingText: ("status", LABEL),
    ReplyPiece: ("assistant_streaming", LABEL),
    Exit: ("exit", "System"),
    ErrorText: ("error", "System"),
}
"""By payload, the type of the envelope that it comes in, and its sender in the examples."""


class Binary(msgspec.Struct, frozen=True):
    """A message of a WebSocket that is bytes and no JSON."""

    name: str
    summary: str
    content_type: str


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A WebSocket: what its query takes, what clients send and what they are sent."""

    name: str
    title: str
    query: tuple[Parameter, ...]
    takes: tuple[Any, ...]
    sends: tuple[Any, ...]
    closes: dict[int, str]


CALLERS_AUDIO = Binary(
    "caller_audio",
    f"The user's voice: PCM16LE mono, {INPUT_RATE_HZ} Hz, in messages of any length up to two seconds",
    f"audio/L16;rate={INPUT_RATE_HZ}",
)
AGENTS_AUDIO = Binary(
    "agent_audio", "With `encoding=binary`: the agent's voice, PCM16LE mono at the rate that was asked for", "audio/L16"
)

_SHOWN = tuple(kind for kind in get_args(ServerMessage) if kind not in (Envelope, AudioData, Pong))

_SESSION = Parameter(name="session_id", description="The session; absent, a new one", example="session_1")
_TOKEN = Parameter(name="token", description="Where tokens are demanded: one of POST /api/v1/realtime/token")
_RESUME = Parameter(name="resume_token", description="From the session's first message; goes on with it")

_CLOSES = {
    1000: "The conversation has ended",
    1008: "Refused, with the reason: origin, token, a value of the query, too many messages",
    1009: "A message is too big",
    1011: "A fault of the server",
    1012: "The server is restarting: come again with the same session",
    1013: "No capacity is left: come again later",
}

CONVERSATION = Channel(
    name="conversation",
    title="A conversation with an agent: audio both ways, typed text, and what happens",
    query=(
        _SESSION,
        _RESUME,
        _TOKEN,
        Parameter(name="agent", description="Who answers; the server's default without one", example="dentist"),
        Parameter(name="streaming_mode", description="media, voice_live or transcription", example="media"),
        Parameter(name="encoding", description="Audio of the agent as `json` (default) or `binary`", example="binary"),
        Parameter(
            name="sample_rate",
            description=f"Hz of the agent's audio: {', '.join(map(str, OUTPUT_RATES_HZ))}; {OUTPUT_RATE_HZ} by default",
            type=int,
            example=24000,
        ),
        Parameter(name="marks", description="`1`: this client reports its playout and can pause", example="1"),
    ),
    takes=(CALLERS_AUDIO, *get_args(ClientMessage)),
    sends=(*get_args(Payload), AudioData, AGENTS_AUDIO, *_SHOWN, Pong),
    closes=_CLOSES,
)
RELAY = Channel(
    name="dashboard",
    title="Watches a session: everything that its client is shown, without audio. What clients send keeps it alive",
    query=(_SESSION, _RESUME, _TOKEN),
    takes=(),
    sends=(*(payload for payload in get_args(Payload) if payload is not SessionOpened), *_SHOWN),
    closes={code: _CLOSES[code] for code in (1008, 1011, 1012, 1013)},
)
MEDIA = Channel(
    name="media",
    title="Audio of a telephone call, for Azure Communication Services; refused by HTTP: 401, 403, 404, 503",
    query=(
        Parameter(name="call_connection_id", description="The call; also as header x-ms-call-connection-id"),
        Parameter(name="session_id", description="The session; also as header x-session-id"),
    ),
    takes=get_args(MediaInput),
    sends=get_args(MediaOutput),
    closes={code: _CLOSES[code] for code in (1000, 1008, 1009, 1011, 1012, 1013)},
)

CONSOLE = Channel(
    name="console",
    title="Tells operators of all workers and their sessions every second. What clients send keeps it alive",
    query=(),
    takes=(),
    sends=(OverviewMessage,),
    closes={code: _CLOSES[code] for code in (1008, 1011, 1012, 1013)},
)

CHANNELS: dict[str, Channel] = {
    f"{API}/realtime/conversation": CONVERSATION,
    f"{API}/browser/conversation": CONVERSATION,
    f"{API}/realtime/dashboard/relay": RELAY,
    f"{API}/browser/dashboard/relay": RELAY,
    f"{API}/console": CONSOLE,
    f"{API}/media/stream": MEDIA,
    f"{API}/media/stream/{{call_secret}}": MEDIA,
}

_CALL_ID = "411f0200-6b1f-4c8a-9d0e-1f2a3b4c5d6e"
_SILENCE = bytes(8)

EXAMPLES: tuple[Any, ...] = (
    Typed("Do you have anything on Tuesday?"),
    Interrupt(),
    HangUp(),
    Ping(),
    PlayoutMark(3, 1240, "playing"),
    SessionOpened(
        session_id="session_1",
        resume_token="resume_1",
        resumed=False,
        sample_rate=24000,
        encoding="binary",
        agent="dentist",
        label=LABEL,
    ),
    AgentNow(agent="billing", label="Billing", from_agent="dentist", turn=2),
    ServerDraining(),
    InterimText(content="do you have", message="do you have"),
    FinalText(message="Do you have anything on Tuesday?", turn=1, confidence=0.94),
    GreetingText(message="Good morning, how can I help?", turn=0),
    ReplyPiece(content="There is a free hour at ten.", turn=1, kind="reply"),
    Exit("NORMAL"),
    ErrorText("text: at most 4000 characters, got 5000"),
    AudioData(data=_SILENCE, frame_index=0, total_frames=0, sample_rate=48000, is_final=False),
    Control(action="tts_cancelled", at=AT, session_id="session_1", reason="barge_in", turn=1),
    AssistantFinal(content="There is a free hour", speaker=LABEL, turn=1, exactness="exact", interrupted=True),
    ToolStart(call_id="call_1", tool="find_free_times", ts=AT, args=msgspec.Raw(b'{"day":"2026-12-01"}')),
    ToolProgress(call_id="call_1", tool="find_free_times", ts=AT, pct=50),
    ToolEnd(
        call_id="call_1",
        tool="find_free_times",
        ts=AT,
        status="success",
        elapsed_ms=12.5,
        result=["10:00"],
        error=None,
    ),
    SessionEnd("NORMAL", AT),
    TurnMetrics(
        turn=1,
        first_audio_ms=420,
        onset_to_pause_ms=None,
        onset_to_decision_ms=None,
        decision_to_silence_ms=None,
        heard_ms=1900,
        interrupted=False,
    ),
    Floor("user", 1),
    Pong(AT),
    AudioMetadataMessage(audio_metadata=MetadataBody(subscription_id="7")),
    AudioDataMessage(audio_data=AudioBody(data=_SILENCE, timestamp=AT)),
    DtmfDataMessage(dtmf_data=DtmfBody(data="5")),
    TranscriptionMetadataMessage(
        transcription_metadata=TranscriptionMetadataBody(
            subscription_id="7", locale="en-US", call_connection_id=_CALL_ID, correlation_id="8"
        )
    ),
    TranscriptionDataMessage(transcription_data=TranscriptionBody(text="Good morning.", confidence=0.9)),
    OutboundAudioMessage(audio_data=OutboundAudio(_SILENCE)),
    StopAudioMessage(),
    OverviewMessage([]),
)
"""One example of each message."""
