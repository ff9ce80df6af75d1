"""Call Automation events as the service sends them (CloudEvents 1.0), after recordings of September 2026."""

import base64
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

API_VERSION = "2026-03-12"
PREFIX = "Microsoft.Communication."


class Result(msgspec.Struct, frozen=True):
    """`resultInformation` of an event."""

    code: int = 200
    sub_code: int = 0
    message: str = ""

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {"code": self.code, "subCode": self.sub_code, "message": self.message}


OK = Result()
DONE = Result(message="Action completed successfully.")
ENDED_BY_APP = Result(
    200, 7000, "Call was ended by Azure Communication Service Call Automation API or a server bot. DiagCode: 0#7000.@"
)
ENDED_BY_CALLER = Result(200, 560000, "Normal PSTN call end. DiagCode: 0#560000.@")
TRANSFERRED = Result(200, 7015, "The conversation has ended as call was transferred. DiagCode: 0#7015.@")
ANSWERED_ELSEWHERE = Result(200, 0, "Somebody else answered.")
BUSY = Result(486, 560486, "Callee busy. DiagCode: 486#560486.@")
NO_ANSWER = Result(480, 560480, "No answer. DiagCode: 480#560480.@")
UNREACHABLE = Result(404, 560404, "Phone number not found. DiagCode: 404#560404.@")
DECLINED = Result(603, 560603, "Callee declined the call. DiagCode: 603#560603.@")
FAILED = Result(500, 9999, "Action failed, as the test wants it.")
NO_SOCKET = Result(400, 8581, "Action failed, Transport url is not valid or web socket server is not operational.")
INTERRUPTED = Result(500, 8603, "Action failed, the web socket connection was interrupted.")
STOPPED = Result(400, 8508, "Action failed, the operation was canceled.")
SILENT = Result(400, 8510, "Action failed, initial silence timeout reached.")
MAX_TONES = Result(200, 8531, "Action completed, max digits received.")
TONE_TIMEOUT = Result(200, 8532, "Action completed, inter-digit timeout reached.")
STOP_TONE = Result(200, 8514, "Action completed as stop tone was detected.")


def now() -> str:
    """The time as the service writes it: seven digits, and an offset."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def opaque(text: str) -> str:
    """Base64, as the service's own ids are."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def cloud_event(event: str, about: dict[str, Any], subject: str) -> dict[str, Any]:
    """One event in its envelope; `about` is its data, None left out."""
    given = {key: value for key, value in about.items() if value is not None}
    return {
        "id": str(uuid.uuid4()),
        "source": subject,
        "type": PREFIX + event,
        "data": {**given, "version": API_VERSION, "publicEventType": PREFIX + event},
        "time": now(),
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "subject": subject,
    }


def streaming_update(status: str, details: str) -> dict[str, Any]:
    """`mediaStreamingUpdate`."""
    return {"contentType": "Audio", "mediaStreamingStatus": status, "mediaStreamingStatusDetails": details}


def transcription_update(status: str, details: str) -> dict[str, Any]:
    """`transcriptionUpdate`."""
    return {"transcriptionStatus": status, "transcriptionStatusDetails": details}
