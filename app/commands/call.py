"""`python -m app call +12025550123`: has a running server place a telephone call, and follows it to its end."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from app.errors import AppError
from app.server.own_address import own_address, own_opener
from config.settings import Settings
from protocol.calls import CallState, CallStatus, InitiateCall, InitiatedCall
from protocol.problems import Problem

ANSWER_S = 30.0
"""Seconds within which a server has to answer; else it is taken to be down."""
LOOKED_AT_EVERY_S = 1.0
LONGEST_S = 4 * 3_600.0
"""The most seconds for which a call is followed."""
MOST_BYTES = 1 << 20

OVER = (CallState.DISCONNECTED, CallState.FAILED)

T = TypeVar("T")


class CallCommandError(AppError):
    """The server did not place the call, or cannot be asked. The text is one line."""


class CallServer:
    """The REST API of a running server, as far as a call needs it: of the one with these settings, or at an address.

    Raises:
        OSError: the certificate of the former cannot be read.
    """

    def __init__(self, settings: Settings, address: str = "") -> None:
        self._address = (address or own_address(settings.server)).rstrip("/")
        token = settings.access.operator_token
        self._headers = {"Authorization": f"Bearer {token.reveal()}"} if token is not None else {}
        # No proxy: the token is for this server only, and it is on this machine or named on the command line.
        self._opener = (
            urllib.request.build_opener(urllib.request.ProxyHandler({})) if address else own_opener(settings.server)
        )

    def place(self, wanted: InitiateCall) -> InitiatedCall:
        """Place a call.

        Raises:
            CallCommandError: the server refuses, or does not answer.
        """
        return self._asked("/api/v1/calls/initiate", InitiatedCall, msgspec.json.encode(wanted))

    def status(self, call_id: str) -> CallStatus:
        """How far a call is.

        Raises:
            CallCommandError: the server does not know it, or does not answer.
        """
        return self._asked(f"/api/v1/calls/{quote(call_id, safe='')}", CallStatus)

    def _asked(self, path: str, expected: type[T], body: bytes | None = None) -> T:
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            asked = urllib.request.Request(self._address + path, data=body, headers=headers)
            with self._opener.open(asked, timeout=ANSWER_S) as answer:
                return msgspec.json.decode(answer.read(MOST_BYTES), type=expected)
        except urllib.error.HTTPError as refused:
            with refused:
                raise CallCommandError(f"{refused.code}: {_detail(refused.read(MOST_BYTES), refused.reason)}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise CallCommandError(f"{self._address} does not answer as a server of ours: {reason}") from None


def _detail(body: bytes, otherwise: Any) -> str:
    try:
        return msgspec.json.decode(body, type=Problem).detail
    except msgspec.DecodeError:
        return str(otherwise)


def followed(server: CallServer, call_id: str) -> Iterator[CallStatus]:
    """The call whenever its state has changed, until it is over.

    Raises:
        CallCommandError: the server does not answer, or the call has not ended within LONGEST_S.
    """
    ends_at = time.monotonic() + LONGEST_S
    state = None
    while True:
        status = server.status(call_id)
        if status.status is not state:
            state = status.status
            yield status
        if state in OVER:
            return
        if time.monotonic() > ends_at:
            raise CallCommandError(f"the call has not ended within {LONGEST_S / 3_600:g} hours; it is left alone")
        time.sleep(LOOKED_AT_EVERY_S)
