"""`python -m app check --connect`: makes the worker's parts as `serve` does, and asks each whether it works."""

import asyncio

from app.api.readiness import Check, report_of
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
            return tuple((await report_of(settings)).checks)

    return asyncio.run(asked())
