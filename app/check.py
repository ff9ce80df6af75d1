"""`python -m app check`: can the server start with this configuration? A platform runs it in its release phase."""

from collections.abc import Iterator

import msgspec

from app.auth.acs import NO_PROOF, AcsAccess
from app.auth.browser import BrowserAccess
from app.built_in_engines import absent_engines
from app.configuration import (
    agents_without_words,
    features,
    phrases_left_in_english,
    usable_configuration,
    warnings_of,
)
from app.server.lifecycle import Lifecycle
from app.stores.opening import try_store
from config.groups.telemetry import Telemetry
from config.settings import Settings


class Licence(msgspec.Struct, frozen=True):
    """The licence of a local engine, for whoever operates or hands on the product."""

    engine: str
    product: str
    terms: str


LICENCES = (
    Licence("moonshine", "Moonshine tiny", "MIT, code and weights"),
    Licence("hibari", "hibari", "Apache-2.0, code and weights"),
    # An engine under the GPL runs as a process of its own behind a pipe and is never imported.
    Licence("espeak", "espeak-ng", "GPL-3.0-or-later; it runs as a separate process"),
)


def _telemetry(settings: Telemetry) -> str:
    """Where metrics and traces go.

    Raises:
        SettingsError: the exporter for it is not installed.
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


def check(settings: Settings) -> Iterator[str]:
    """What is configured, a line each, with what is likely not meant at the end.

    Raises:
        AgentFileError, ToolDefinitionError, SettingsError: as `usable_configuration`, or access
            control lacks what it needs, the session store cannot be used, or an exporter is not installed.
    """
    configuration = usable_configuration(settings)
    BrowserAccess(settings, Lifecycle().server_secret)
    acs_access = AcsAccess(settings)
    yield from features(settings, configuration)
    yield f"telemetry: {_telemetry(settings.telemetry)}"
    yield f"session store in Redis: {try_store(settings)}"
    if acs_access.on and not acs_access.knows_event_grid:
        yield f"Event Grid deliveries are refused: {NO_PROOF}"
    for licence in LICENCES:
        if licence.engine in {engine.name for engine in configuration.engines.values()}:
            yield f"licence: {licence.product} is {licence.terms}"
    for warning in (
        *absent_engines(configuration.engines),
        *warnings_of(settings),
        *agents_without_words(configuration),
        *phrases_left_in_english(configuration),
    ):
        yield f"warning: {warning}"
