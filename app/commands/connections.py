"""`python -m app check --connect`: makes the worker's parts as `serve` does, and asks each whether it works."""

import asyncio

from app.api.readiness import Check, Report
from app.assembly import readiness_of
from app.carrier import carrier_of
from app.configuration import usable_configuration
from app.server.lifecycle import Lifecycle
from app.services import Services
from config.settings import Settings

TRIED_WITHIN_S = 120.0
"""Local engines load their models first, which takes seconds; nothing takes longer than this."""


def tried(settings: Settings) -> tuple[Check, ...]:
    """The outcome for each component. Not to be called on an event loop.

    Raises:
        SettingsError and others of CONFIGURATION_ERRORS: `serve` would refuse.
        TimeoutError: something holds up the start.
    """

    async def asked() -> tuple[Check, ...]:
        async with asyncio.timeout(TRIED_WITHIN_S):
            return tuple((await _report(settings)).checks)

    return asyncio.run(asked())


async def _report(settings: Settings) -> Report:
    """The report of a worker with these settings, which is started for it and stopped again."""
    configuration = usable_configuration(settings)
    services = Services(settings, Lifecycle(), configuration.agents, configuration.tools)
    await services.start()
    try:
        services.lifecycle.ready()
        return await readiness_of(services, carrier_of(settings).control).report()
    finally:
        await services.stop()
