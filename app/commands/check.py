"""`python -m app check`: checks whether the server can start with this configuration, as in a platform's
release phase."""

import asyncio
from collections.abc import Iterator

import msgspec

from actors.errors import StoreError
from app.api import readiness
from app.api.asgi import app_of
from app.api.component_checks import NOT_CONFIGURED
from app.configuration import Configuration, usable_configuration
from app.configuration_warnings import (
    agents_without_words,
    languages_not_understood,
    phrases_left_in_english,
    topics_without_judge,
    warnings_of,
)
from app.engines.built_in import absent_engines
from app.features import features
from app.mcp.servers import servers_without_sdk
from app.server.lifecycle import Lifecycle
from app.server.processes.listening import ListenError, listen
from app.services import Services
from app.stores.opening import try_store
from config.errors import SettingsError
from config.groups.telemetry import Telemetry
from config.settings import Settings

UNHEALTHY = "unhealthy"


class Licence(msgspec.Struct, frozen=True):
    """The licence of a local engine, for those who operate or redistribute the product."""

    engine: str
    product: str
    terms: str


LICENCES = (
    Licence("moonshine", "Moonshine tiny", "MIT, code and weights"),
    Licence("hibari", "hibari", "Apache-2.0, code and weights"),
)


def _telemetry(settings: Telemetry) -> str:
    """Return where metrics and traces are sent, in words.

    Raises:
        SettingsError: the exporter for that is not installed.
    """
    if settings.to_azure_monitor:
        from app.telemetry.azure_monitor import exporter_package

        exporter_package()
    ways = {
        "Azure Monitor": settings.to_azure_monitor,
        "OTLP": settings.metrics_by_otlp or settings.traces_by_otlp,
        "Prometheus": settings.serves_prometheus,
    }
    return ", ".join(way for way, is_on in ways.items() if is_on) or "off (OTEL_EXPORTER_OTLP_ENDPOINT)"


class Found(msgspec.Struct, frozen=True):
    """The results of `check`: features that are on or off and why, warnings about likely mistakes, and the outcome for
    each connection if they were tried."""

    features: tuple[str, ...]
    warnings: tuple[str, ...]
    connections: tuple[readiness.Check, ...] = ()

    @property
    def failed_connections(self) -> tuple[readiness.Check, ...]:
        """The connections to configured components that do not work."""
        return tuple(each for each in self.connections if each.status == UNHEALTHY and not _is_off(each))

    def lines(self) -> Iterator[str]:
        """Yield the results as lines for people."""
        yield from self.features
        yield from (f"warning: {warning}" for warning in self.warnings)
        for each in self.connections:
            outcome = "off" if _is_off(each) else f"{each.status} ({each.error or each.details})"
            yield f"connection: {each.component}: {outcome}"


def _is_off(connection: readiness.Check) -> bool:
    return connection.error == NOT_CONFIGURED


def check(settings: Settings) -> Found:
    """Check the configuration, and return what is configured and what is likely a mistake.

    Raises:
        AgentFileError, ToolDefinitionError, SettingsError: as `usable_configuration`; or HOST is no address of this
            machine, access control lacks a setting, the session store cannot be used, an exporter is not installed, or
            an engine cannot be made.
    """
    configuration = usable_configuration(settings)
    _require_address(settings.server.host)
    asyncio.run(_make_worker(settings, configuration))
    store, *store_warnings = _tried_store(settings)
    warnings = (
        *store_warnings,
        *absent_engines(configuration.engines),
        *warnings_of(settings),
        *agents_without_words(configuration),
        *topics_without_judge(configuration),
        *phrases_left_in_english(configuration),
        *languages_not_understood(configuration, settings),
        *servers_without_sdk(configuration.agents),
    )
    return Found(tuple(_features(settings, configuration, store)), warnings)


def _require_address(host: str) -> None:
    """Check that HOST is an address of this machine. Its port is not tried, since the server itself may be running on
    it.

    Raises:
        SettingsError: it is not possible to listen on it.
    """
    try:
        listen(host, 0).close()
    except ListenError as error:
        raise SettingsError(str(error)) from None


async def _make_worker(settings: Settings, configuration: Configuration) -> None:
    """Make a worker's parts as `serve` does, start none of them, and close them again.

    Raises:
        SettingsError and others of CONFIGURATION_ERRORS: `serve` would refuse.
    """
    services = Services(settings, Lifecycle(), configuration.agents, configuration.tools)
    try:
        app_of(services)
    finally:
        await services.stop()


def _tried_store(settings: Settings) -> tuple[str, ...]:
    """Return the state of the store in Redis, and a warning if it does not work: `serve` starts without it and waits
    for it.

    Raises:
        SettingsError: Redis cannot be used as it is configured.
    """
    try:
        return (try_store(settings),)
    except StoreError as failure:
        variable = "REDIS_URL" if settings.redis.url else "REDIS_HOST"
        effect = "nothing is shared with other servers until it works"
        return "not working", f"{variable}: {failure.detail}; {effect}"


def _features(settings: Settings, configuration: Configuration, store: str) -> Iterator[str]:
    yield from features(settings, configuration)
    yield f"telemetry: {_telemetry(settings.telemetry)}"
    yield f"session store in Redis: {store}"
    for licence in LICENCES:
        if licence.engine in {engine.name for engine in configuration.engines.values()}:
            yield f"licence: {licence.product} is {licence.terms}"
