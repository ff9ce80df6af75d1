"""What the service refuses to read: signed rightly, but wrong."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.signatures import signature

ANSWER = "/calling/callConnections:answer"
VERSION = "api-version=2026-03-12"
MEDIA = {
    "transportType": "websocket",
    "audioChannelType": "unmixed",
    "transportUrl": "ws://127.0.0.1:1/media",
    "contentType": "audio",
}
ANN = {"rawId": "4:+15550100", "phoneNumber": {"value": "+15550100"}}
CALL = {"targets": [ANN], "sourceCallerIdNumber": {"value": "+15550199"}, "callbackUri": "http://127.0.0.1:1/"}


class RawClient:
    """Signs whatever it is told to send."""

    def __init__(self, acs: AcsEmulator) -> None:
        self.acs = acs
        self.http = httpx.AsyncClient(base_url=acs.endpoint)

    async def send(
        self,
        path: str,
        body: Any = None,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        age: timedelta = timedelta(),
    ) -> tuple[int, dict[str, Any]]:
        """The status, and the error if there is one."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        date = format_datetime(datetime.now(UTC) - age, usegmt=True)
        host, digest = self.acs.endpoint.removeprefix("http://"), base64.b64encode(hashlib.sha256(content).digest())
        signed = signature(self.acs.access_key, method, path, date, host, digest.decode())
        credentials = {
            "x-ms-date": date,
            "x-ms-content-sha256": digest.decode(),
            "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signed}",
        }
        answer = await self.http.request(method, path, content=content, headers={**credentials, **(headers or {})})
        said = answer.json() if answer.content else {}
        return answer.status_code, said.get("error") or said.get("Error") or {}


@pytest.fixture
async def raw() -> AsyncIterator[RawClient]:
    async with AcsEmulator() as acs:
        client = RawClient(acs)
        yield client
        await client.http.aclose()


def answering(**fields: Any) -> dict[str, Any]:
    return {"incomingCallContext": "eyJ", "callbackUri": "http://127.0.0.1:1/", **fields}


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        (ANSWER, b"{", "Input data was truncated"),
        (ANSWER, [], "Expected `object`"),
        (ANSWER, {"callbackUri": "http://127.0.0.1:1/"}, "missing required field `incomingCallContext`"),
        (ANSWER, {"incomingCallContext": "eyJ"}, "missing required field `callbackUri`"),
        (ANSWER, answering(mediaStreaming={}), "unknown field `mediaStreaming`"),
        (ANSWER, answering(callbackUri="/callbacks"), "callbackUri must be an absolute http or https URL"),
        (
            ANSWER,
            answering(mediaStreamingOptions={**MEDIA, "transportUrl": "https://x.invalid"}),
            "transportUrl must be",
        ),
        (ANSWER, answering(mediaStreamingOptions={**MEDIA, "audioFormat": "pcm8KMono"}), "Invalid enum value"),
        (ANSWER, answering(mediaStreamingOptions={**MEDIA, "sampleRate": 16000}), "unknown field `sampleRate`"),
        (ANSWER, answering(mediaStreamingOptions={"transportType": "websocket"}), "missing required field"),
        ("/calling/callConnections", {**CALL, "targets": []}, "length >= 1"),
        ("/calling/callConnections", {**CALL, "targets": [{}]}, "needs rawId"),
        ("/calling/callConnections", {**CALL, "sourceCallerIdNumber": None}, "sourceCallerIdNumber is needed"),
        ("/calling/callConnections", {**CALL, "targets": [{**ANN, "communicationUser": {"id": "8"}}]}, "one kind"),
        ("/calling/callConnections/x:play", {"playSources": [{"kind": "file"}]}, "file is missing"),
        ("/calling/callConnections/x:sendDtmfTones", {"tones": ["11"], "targetParticipant": ANN}, "Invalid enum value"),
        ("/calling/callConnections/x:transferToParticipant", {}, "targetParticipant"),
        ("/calling/callConnections/x:terminate", {}, "there must be none"),
        ("/calling/recordings", {}, "one of callLocator and callConnectionId"),
    ],
)
async def test_a_wrong_body_is_refused_and_says_why(path: str, body: Any, what: str, raw: RawClient) -> None:
    status, error = await raw.send(f"{path}?{VERSION}", body)
    assert (status, error["code"]) == (400, "BadRequest")
    assert what in error["message"]
    assert raw.acs.executions == {}


async def test_a_right_body_is_read(raw: RawClient) -> None:
    status, _ = await raw.send(f"/calling/callConnections?{VERSION}", {**CALL, "mediaStreamingOptions": MEDIA})
    assert status == 201


@pytest.mark.parametrize("query", ["", "?api-version=2023-03-15"])
async def test_the_version_must_be_said(query: str, raw: RawClient) -> None:
    status, error = await raw.send(f"{ANSWER}{query}", answering())
    assert (status, error["target"]) == (400, "api-version")


async def test_what_there_is_not(raw: RawClient) -> None:
    assert (await raw.send(f"/calling/callConnections:hold?{VERSION}", {}))[0] == 404
    assert (await raw.send(f"{ANSWER}?{VERSION}", {}, method="PUT"))[0] == 404


@pytest.mark.parametrize(
    ("headers", "what"),
    [
        ({"Authorization": "Bearer x"}, "not an HMAC-SHA256 signature"),
        ({"Authorization": ""}, "not an HMAC-SHA256 signature"),
        ({"x-ms-date": "yesterday"}, "x-ms-date is no date"),
        ({"x-ms-content-sha256": "x"}, "not the hash of the body"),
        ({"Host": "elsewhere.invalid"}, "the signature is wrong"),
    ],
)
async def test_a_wrong_signature_is_refused(headers: dict[str, str], what: str, raw: RawClient) -> None:
    status, error = await raw.send(f"{ANSWER}?{VERSION}", answering(), headers=headers)
    assert status == 401
    assert error["Code"] == "7509"
    assert what in error["Message"]


async def test_an_old_signature_is_refused(raw: RawClient) -> None:
    status, error = await raw.send(f"{ANSWER}?{VERSION}", answering(), age=timedelta(minutes=6))
    assert status == 401
    assert "too far from now" in error["Message"]


async def test_repeatability_takes_both_headers(raw: RawClient) -> None:
    status, error = await raw.send(f"{ANSWER}?{VERSION}", answering(), headers={"Repeatability-Request-ID": "1"})
    assert (status, error["target"]) == (400, "Repeatability-Request-ID")
