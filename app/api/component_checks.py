"""How each component of a worker is checked, for readiness."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sized

from actors.errors import ProviderError, StoreError
from actors.ports.store import SessionStore
from actors.runtime.containment import comes_from_outside
from actors.runtime.watchdog import LoopWatchdog
from actors.session.plan import Engines
from actors.session.sessions_keeper import SessionsKeeper
from app.auth.acs import NO_PROOF, AcsAccess
from app.auth.browser import BrowserAccess
from app.errors import AppError
from app.providers.failover.providers import PartlyReadyError, TellsReadiness
from app.server.lifecycle import Lifecycle
from app.telephony.call_control import CallControl
from app.telephony.errors import CallControlError

NOT_CONFIGURED = "not configured"
"""The error of a component that is optional and not configured."""
ALONE = "telephone calls want one worker and one replica"
"""The consequence of a missing Redis, in words for operators."""
REQUIRED = frozenset(("rt_agents", "event_loop", "session_store"))
"""The components without which a worker is not ready."""

Ask = Callable[[], Awaitable[str]]
"""Checks a component; returns what is said of one that works, or raises one of the errors below."""


class UnhealthyError(AppError):
    """A component does not work; the text says why."""


class DegradedError(AppError):
    """It works, though not as it should; the text says why."""


class AbsentComponentError(AppError):
    """The component is optional and absent.

    Args:
        unhealthy: clients must not offer what needs it.
        details: what follows for operators.
    """

    def __init__(self, *, unhealthy: bool = False, details: str | None = None) -> None:
        super().__init__(NOT_CONFIGURED)
        self.unhealthy = unhealthy
        self.details = details


class ComponentChecks:
    """The checks of the components of one worker.

    `store` is the one that is configured, `network` the telephone network, None where none is configured.
    A worker whose event loop is later than `max_loop_lag_s` is not ready.
    """

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        watchdog: LoopWatchdog,
        max_loop_lag_s: float,
        engines: Engines,
        store: SessionStore,
        sessions: SessionsKeeper,
        agents: Sized,
        browser_access: BrowserAccess,
        acs_access: AcsAccess,
        network: CallControl | None,
    ) -> None:
        self._lifecycle = lifecycle
        self._watchdog = watchdog
        self._max_lag_ms = 1_000 * max_loop_lag_s
        self._engines = engines
        self._configured_store = store
        self._sessions = sessions
        self._known_agents = agents
        self._browser_access = browser_access
        self._acs_access = acs_access
        self._network = network
        self.by_component: Mapping[str, Ask] = {
            "redis": self._redis,
            "azure_openai_pool": self._model,
            "speech_services": self._speech,
            "speech_to_speech": self._speech_to_speech,
            "acs_caller": self._acs,
            "rt_agents": self._agents,
            "auth_configuration": self._access,
            "session_store": self._store,
            "event_loop": self._loop,
            "worker": self._worker,
        }

    async def _speech(self) -> str:
        engines = self._engines
        return await self._remote(engines.recognizer, engines.synthesizer)

    async def _redis(self) -> str:
        store = self._configured_store
        if not isinstance(store, TellsReadiness):
            raise AbsentComponentError(details=ALONE if self._network is not None else None)
        try:
            return await store.ready()
        except StoreError as error:
            # Conversations go on without it, and new ones begin.
            raise DegradedError(error.detail) from error

    async def _speech_to_speech(self) -> str:
        if self._engines.realtime is None:
            raise AbsentComponentError
        if not isinstance(self._engines.realtime, TellsReadiness):
            return "sessions of the mode voice_live can be asked for"
        return await self._remote(self._engines.realtime)

    async def _model(self) -> str:
        return await self._remote(self._engines.model)

    async def _remote(self, *engines: object) -> str:
        """Ask those engines that are services elsewhere whether they answer; the worst that one says counts."""
        told = await asyncio.gather(*(_told_by(engine) for engine in engines if isinstance(engine, TellsReadiness)))
        failures = [each for each in told if isinstance(each, BaseException)]
        match min(failures, key=_is_partial, default=None):
            case PartlyReadyError() as failure:
                raise DegradedError(failure.detail) from failure
            case ProviderError() as failure:
                raise UnhealthyError(failure.detail) from failure
            case BaseException() as failure:
                raise failure
        said = [text for text in told if isinstance(text, str) and text]
        if not said:
            raise AbsentComponentError
        return "; ".join(dict.fromkeys(said))

    async def _acs(self) -> str:
        if self._network is None:
            raise AbsentComponentError(unhealthy=True)
        try:
            await self._network.ready()
        except CallControlError as error:
            raise UnhealthyError(str(error)) from None
        return "calls can be placed and answered"

    async def _access(self) -> str:
        acs = self._acs_access
        if acs.on and not acs.knows_event_grid:
            raise UnhealthyError(f"Event Grid deliveries are refused: {NO_PROOF}")
        if acs.without_keys:
            raise UnhealthyError("ACS is refused: the keys at ACS_JWKS_URL cannot be had")
        return f"browsers: {self._browser_access.mode}; ACS: {'checked' if acs.on else 'not checked'}"

    async def _agents(self) -> str:
        if self._sessions.has_failed:
            raise UnhealthyError("sessions cannot be started any more: restart this worker")
        return f"{len(self._known_agents)} agents"

    async def _store(self) -> str:
        if isinstance(self._configured_store, TellsReadiness):
            return f"{type(self._configured_store).__name__}: see redis"
        try:
            await self._engines.store.load("readiness")
        except StoreError as error:
            raise UnhealthyError(error.detail) from error
        return type(self._engines.store).__name__

    async def _worker(self) -> str:
        if found := self._lifecycle.degradations:
            raise DegradedError("; ".join(f"{part}: {cause}" for part, cause in found.items()))
        return "every part works as it should"

    async def _loop(self) -> str:
        lag = self._watchdog.lag
        if lag.recent_ms > self._max_lag_ms:
            raise UnhealthyError(f"the event loop is {lag.recent_ms:.0f} ms late")
        return f"lag {lag.recent_ms:.1f} ms"


async def _told_by(engine: TellsReadiness) -> str | BaseException:
    """What an engine answers, or what it raises: a SystemExit that left this task would end the server."""
    task = asyncio.current_task()
    try:
        return await engine.ready()
    except BaseException as error:
        if comes_from_outside(error, task):
            raise
        return error


def _is_partial(failure: BaseException) -> bool:
    return isinstance(failure, PartlyReadyError)
