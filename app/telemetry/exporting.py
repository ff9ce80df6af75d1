"""Starts the exporters that the settings name, and stops them within a bound when the process ends.

Everything is sent by threads of the SDK: spans from a queue that holds `OTEL_BSP_MAX_QUEUE_SIZE` and drops what comes
then, metrics every `OTEL_METRIC_EXPORT_INTERVAL` ms. The event loop never waits for a collector.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from types import ModuleType

from app.telemetry.refusal import refusal
from config.groups.telemetry import Telemetry

STOP_S = 0.5
"""Seconds at the end of the process for sending what is left; the rest is lost."""

OUTSPOKEN = ("opentelemetry.exporter", "azure.monitor")
"""Loggers that write a line for each attempt to export; failures are counted, and logged once, by `observed`."""


@contextmanager
def exporting(settings: Telemetry) -> Iterator[None]:
    """A context manager that exports metrics and traces while it is open. Without an exporter no SDK is imported.

    Raises:
        SettingsError: an exporter is not installed, or the SDK refuses one of its variables.
    """
    if not settings.leaves_the_process:
        yield
        return
    # Before any line of the SDK about its variables is logged: a key may be in it.
    require_usable_variables(settings)
    install = _installation().install
    for name in OUTSPOKEN:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        stops = install(settings)
    except ValueError as error:
        raise refusal(str(error)) from None
    try:
        yield
    finally:
        within(STOP_S, stops)


def require_usable_variables(settings: Telemetry) -> None:
    """Check that OpenTelemetry's SDK, which reads most of its variables by itself, can use them. Nothing is sent.

    Raises:
        SettingsError: it refuses one.
    """
    if settings.leaves_the_process:
        _installation().require_usable_variables(settings)


def _installation() -> ModuleType:
    """What installs the SDK, which reads some variables as soon as it is imported.

    Raises:
        SettingsError: it refuses one of them.
    """
    try:
        return import_module("app.telemetry.installation")
    except ValueError as error:
        raise refusal(str(error)) from None


def within(limit_s: float, steps: list[Callable[[], None]]) -> None:
    """Run every step in a thread of its own, and return when all are done, or after `limit_s` seconds."""
    ends_at = monotonic() + limit_s
    threads = [threading.Thread(target=step, daemon=True, name="telemetry-stop") for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends_at - monotonic()))
