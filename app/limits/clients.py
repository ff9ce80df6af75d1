"""The limits of clients as the rest of the app asks for them: by connection, refused with an error."""

import logging
import math
from collections.abc import Callable

from opentelemetry import metrics
from starlette.datastructures import Headers
from starlette.types import Scope

from app.auth.exposure import Asker, Exposure
from app.errors import AppError
from app.limits.client_address import client_address, networks_of
from app.limits.client_limits import Client, ClientLimits, Hold, Rate
from config.settings import Settings

log = logging.getLogger(__name__)

LOGGED_EVERY_S = 10.0
"""Seconds in which all refusals for the same reason are one line of the log."""

_refusals = metrics.get_meter("earshot").create_counter(
    "earshot.client.refusals", description="What clients were refused because they were over a limit"
)


class TooManyError(AppError):
    """A client is over a limit. The text is for the client; `retry_after_s` are whole seconds."""

    def __init__(self, reason: str, retry_after_s: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Clients:
    """Counts what each client of one worker does and holds; use it on the event loop's thread.

    `exposure` tells programs on this machine, which are not limited, from everybody else. `now` gives seconds on a
    monotonic clock.
    """

    def __init__(self, settings: Settings, exposure: Exposure, now: Callable[[], float]) -> None:
        self._now = now
        self._trusted = networks_of(settings.limits.trusted_proxies)
        self._exposure = exposure
        self._limits = ClientLimits(
            {
                Rate.CONNECTIONS: settings.limits.client_connections_per_minute,
                Rate.REQUESTS: settings.limits.client_requests_per_minute,
                Rate.TEXTS: settings.limits.client_texts_per_minute,
                Rate.MODEL_REQUESTS: settings.limits.client_model_requests_per_minute,
                Rate.MODEL_TOKENS: settings.limits.client_model_tokens_per_minute,
            },
            {Hold.SESSIONS: settings.limits.client_sessions, Hold.RELAYS: settings.limits.client_relays},
        )
        self._sessions: dict[str, Client] = {}
        self._refused: dict[str, tuple[float, int]] = {}

    def of(self, scope: Scope, subject: str = "") -> Client:
        """The names under which the sender of a request or WebSocket is counted: its address, and its user if known.

        `subject` is the user of Entra whom its token names. A program on this machine is counted under no address, as
        long as nothing in the settings or in the request shows that it speaks for others.
        """
        asker = Asker.of(scope)
        named = (f"user {subject}",) if subject else ()
        if self._exposure.reached_on_this_machine(asker):
            return named
        forwarded_for = Headers(scope=scope).getlist("x-forwarded-for")
        return (client_address(asker.client, forwarded_for, self._trusted), *named)

    def owner_of(self, session_id: str) -> str:
        """The client that began a live session: its user if known, else its address; empty for one not limited."""
        client = self._sessions.get(session_id, ())
        return client[-1] if client else ""

    def require(self, client: Client, rate: Rate) -> None:
        """Count one of what is limited by the minute.

        Raises:
            TooManyError: the client has to wait.
        """
        wait_s = self.wait_s(client, rate)
        if wait_s:
            raise self._over(rate, wait_s)
        self._limits.take(client, rate, self._now())

    def wait_s(self, client: Client, rate: Rate) -> float:
        """Seconds until the client may do this again; 0 if it may now."""
        return self._limits.wait_s(client, rate, self._now())

    def spend(self, client: Client, rate: Rate, amount: float) -> None:
        """Count what a client has used of a rate, such as tokens of the language model."""
        self._limits.take(client, rate, self._now(), amount)

    def require_room(self, client: Client, what: Hold) -> None:
        """See that the client may have one more of what is limited at any moment.

        Raises:
            TooManyError: it may not.
        """
        if not self._limits.may_hold(client, what):
            raise self._over(what, 5.0)

    def session_began(self, client: Client, session_id: str) -> None:
        """Count a session until `session_over`."""
        if client and session_id not in self._sessions:
            self._sessions[session_id] = client
            self._limits.hold(client, Hold.SESSIONS)

    def session_over(self, session_id: str) -> None:
        """Count that a session has ended; one that no client holds is ignored."""
        if (client := self._sessions.pop(session_id, None)) is not None:
            self._limits.release(client, Hold.SESSIONS)

    def relay_began(self, client: Client) -> None:
        """Count an open dashboard socket of the client until `relay_over`."""
        self._limits.hold(client, Hold.RELAYS)

    def relay_over(self, client: Client) -> None:
        """Count that a dashboard socket of the client is closed."""
        self._limits.release(client, Hold.RELAYS)

    def _over(self, limit: Rate | Hold, wait_s: float) -> TooManyError:
        _refusals.add(1, {"limit": limit.name.lower()})
        at, count = self._refused.get(limit, (-math.inf, 0))
        if self._now() - at >= LOGGED_EVERY_S:
            log.warning("a client is over its limit of %s; %d more refused since the last such line", limit, count)
            at, count = self._now(), -1
        self._refused[limit] = (at, count + 1)
        retry_after_s = max(1, math.ceil(wait_s))
        return TooManyError(f"too many {limit}: try again in {retry_after_s} s", retry_after_s)
