"""A speech-to-speech model that one client may ask for so many answers, and for so many tokens, a minute."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.rules.well_typed import violation
from app.limits.client_limits import Client, Rate
from app.limits.clients import Clients
from protocol.realtime.failure_kinds import FailureKind

log = logging.getLogger(__name__)

MODEL_RATES = (Rate.MODEL_REQUESTS, Rate.MODEL_TOKENS)


class MeteredRealtimeModel:
    """Implements `RealtimeModel`. An answer that a client may not have yet is refused as a service would refuse it,
    with the time after which it may be asked for again; whoever asks is used to that."""

    def __init__(self, model: port.RealtimeModel, clients: Clients, client: Client) -> None:
        self._model = model
        self._clients = clients
        self._client = client
        self.peer = getattr(model, "peer", None)

    @property
    def abilities(self) -> port.RealtimeAbilities:
        """What the model can do; that it is metered changes nothing about that."""
        return self._model.abilities

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> port.RealtimeSession:
        """See `RealtimeModel`. What each response has cost is counted when it is over."""

        def metered(event: reported.RealtimeEvent) -> None:
            # What it tells that is no event is passed over by who is told, and must not fail here before.
            if isinstance(event, reported.ResponseFinished) and not violation(event, (reported.ResponseFinished,)):
                self._clients.spend(self._client, Rate.MODEL_TOKENS, event.prompt_tokens + event.completion_tokens)
            report(event)

        return _MeteredSession(await self._model.open(options, metered), self._clients, self._client, report)

    async def close(self) -> None:
        """Do nothing: the model is shared by all sessions of the worker, which closes it."""


class _MeteredSession:
    """Implements `RealtimeSession` by another one, but for the order to respond."""

    def __init__(
        self,
        session: port.RealtimeSession,
        clients: Clients,
        client: Client,
        report: Callable[[reported.RealtimeEvent], None],
    ) -> None:
        self._session = session
        self._clients = clients
        self._client = client
        self._report = report
        self._refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def respond(self, request: port.ResponseRequest) -> int:
        """See `RealtimeSession`. Refused with `RATE_LIMITED` while the client has to wait."""
        wait_s = max(self._clients.wait_s(self._client, rate) for rate in MODEL_RATES)
        if not wait_s:
            self._clients.spend(self._client, Rate.MODEL_REQUESTS, 1)
            return self._session.respond(request)
        # Numbers below zero are never those of the session itself.
        self._refused -= 1
        log.warning("a client asked for more answers in a minute than it may have")
        refused = reported.RealtimeFailed(
            kind=FailureKind.RATE_LIMITED,
            operation=reported.Operation.RESPOND,
            detail="the client is over its limit of answers",
            request=self._refused,
            retry_after_s=wait_s,
        )
        asyncio.get_running_loop().call_soon(self._report, refused)
        return self._refused
