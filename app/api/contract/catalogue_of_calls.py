"""The part of the catalogue that is about telephone calls, their media, and what the carrier calls."""

from typing import Any

from app.api.contract.operation import Answer, Operation, Parameter, ok
from app.auth.acs import SECRET_HEADER
from protocol.calls import (
    AnsweredCall,
    CallbacksAnswer,
    CallList,
    CallState,
    CallStatus,
    HeldCall,
    InitiateCall,
    InitiatedCall,
    MediaSession,
    MediaSessionRequest,
    MediaStatus,
    NoEvents,
    TerminateCall,
    TerminatedCall,
    TransferCall,
    TransferringCall,
    ValidationAnswer,
)

CALL_ID = "411f0200-6b1f-4c8a-9d0e-1f2a3b4c5d6e"

NETWORK = {
    502: "The telephone network does not accept this server's key or identity",
    503: "There is no telephone network, it does not answer, or no capacity is left",
}
_LIVE = {409: "The call is not connected", 422: "The telephone network refused", **NETWORK}

_Events = list[Any] | dict[str, Any]
"""The documented type of a delivery of events: any JSON, since one malformed event does not cost the others."""

_SUBSCRIPTION = [
    {
        "id": "1",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "subject": "",
        "eventTime": "2026-11-28T12:00:00Z",
        "dataVersion": "1",
        "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"},
    }
]
_CONNECTED = [
    {
        "id": "1",
        "source": f"calling/callConnections/{CALL_ID}",
        "type": "Microsoft.Communication.CallConnected",
        "specversion": "1.0",
        "data": {"callConnectionId": CALL_ID, "serverCallId": "c2VydmVy", "correlationId": "7"},
    }
]

_SECRET = Parameter(
    name=SECRET_HEADER, where="header", description="The secret property of the subscription, in place of a token"
)


def _callbacks(problems: dict[int, str]) -> Operation:
    return Operation(
        tag="carrier",
        body=_Events,
        example=_CONNECTED,
        answers=ok(
            "How many were dealt with",
            CallbacksAnswer,
            CallbacksAnswer(processed_events=1, failed_events=0, call_connection_id=CALL_ID),
        ),
        problems=problems,
    )


CALLS: dict[tuple[str, str], Operation] = {
    ("POST", "/calls/initiate"): Operation(
        tag="calls",
        body=InitiateCall,
        example=InitiateCall(target_number="+12025550123", agent="dentist"),
        answers=ok(
            "It is being placed",
            InitiatedCall,
            InitiatedCall(
                call_id=CALL_ID,
                target_number="+12025550123",
                message="the call is being placed",
                session_id="session_1",
                streaming_mode="media",
                initiated_at="2026-11-28T12:00:00.000Z",
            ),
        ),
        problems={422: "A field is wrong, or the telephone network refused", 429: "Too many calls", **NETWORK},
    ),
    ("POST", "/calls/terminate"): Operation(
        tag="calls",
        body=TerminateCall,
        example=TerminateCall(CALL_ID),
        answers=ok("It is over", TerminatedCall, TerminatedCall(CALL_ID, "the call was hung up")),
        problems={404: "There is no such call", **NETWORK},
    ),
    ("GET", "/calls"): Operation(
        tag="calls",
        answers=ok("A page of calls", CallList),
        parameters=(
            Parameter(name="page", type=int, description="From 1; 1 by default", example=1),
            Parameter(name="limit", type=int, description="Calls on a page, 1 to 100; 10 by default", example=10),
            Parameter(name="status_filter", type=CallState, description="Only calls in this state"),
        ),
        problems={422: "A value cannot be used"},
    ),
    ("GET", "/calls/{call_id}"): Operation(tag="calls", answers=ok("The call", CallStatus)),
    ("DELETE", "/calls/{call_id}"): Operation(
        tag="calls",
        answers=ok("It is over", TerminatedCall, TerminatedCall(CALL_ID, "the call was hung up")),
        problems=NETWORK,
    ),
    ("POST", "/calls/{call_id}/transfer"): Operation(
        tag="calls",
        body=TransferCall,
        example=TransferCall("+12025550123"),
        answers=ok("The network has been asked", TransferringCall, TransferringCall(CALL_ID)),
        problems=_LIVE,
    ),
    ("POST", "/calls/{call_id}/hold"): Operation(
        tag="calls", answers=ok("The caller waits", HeldCall, HeldCall(CALL_ID, "on_hold")), problems=_LIVE
    ),
    ("POST", "/calls/{call_id}/unhold"): Operation(
        tag="calls", answers=ok("The caller is back", HeldCall, HeldCall(CALL_ID, "connected")), problems=_LIVE
    ),
    ("POST", "/calls/answer"): Operation(
        tag="carrier",
        body=_Events,
        example=_SUBSCRIPTION,
        parameters=(_SECRET,),
        answers={
            200: Answer(
                description="A subscription is validated, a call answered, or nothing was for this server",
                type=ValidationAnswer | AnsweredCall | NoEvents,
                example=ValidationAnswer("512d38b6-c7b8-40c8-89fe-f46f9e9622b6"),
            )
        },
        problems={503: "There is no telephone network"},
    ),
    ("OPTIONS", "/calls/answer"): Operation(
        tag="carrier",
        parameters=(Parameter(name="webhook-request-origin", where="header", description="Who wants to deliver"),),
        answers={
            200: Answer(
                description="Deliveries are welcome",
                headers=(
                    Parameter(name="WebHook-Allowed-Origin", description="Who may deliver"),
                    Parameter(name="WebHook-Allowed-Rate", description="`*`: at any rate"),
                ),
            ),
            204: Answer(description="Nobody asked", headers=(Parameter(name="Allow", description="The methods"),)),
        },
    ),
    ("POST", "/calls/callbacks"): _callbacks({}),
    ("POST", "/calls/callbacks/{call_secret}"): _callbacks({404: "There is no such call"}),
    ("GET", "/media/status"): Operation(tag="media", answers=ok("Where it is", MediaStatus)),
    ("POST", "/media/sessions"): Operation(
        tag="media",
        body=MediaSessionRequest,
        example=MediaSessionRequest(call_connection_id=CALL_ID),
        answers=ok("Where to stream", MediaSession),
        problems={404: "There is no such call, and none is taken unannounced"},
    ),
    ("GET", "/media/sessions/{session_id}"): Operation(tag="media", answers=ok("As it stands", MediaSession)),
}
