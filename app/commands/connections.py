"""`python -m app check --connect`: makes the worker's parts as `serve` does, and checks whether each of them works."""

import asyncio
from time import monotonic

from app.api.readiness import Check
from app.assembly import readiness_of
from app.carrier import carrier_of
from app.commands.check import UNHEALTHY
from app.configuration import usable_configuration
from app.mcp.server import McpServer
from app.server.lifecycle import Lifecycle
from app.services import Services
from config.settings import Settings

TRIED_WITHIN_S = 120.0
"""Seconds that a connection may take, including the loading of a local engine's models."""


def tried(settings: Settings) -> tuple[Check, ...]:
    """Try the connection of each component and return the outcomes. Not to be called on an event loop.

    Raises:
        SettingsError and others of CONFIGURATION_ERRORS: `serve` would refuse.
        TimeoutError: the start takes too long.
    """

    async def asked() -> tuple[Check, ...]:
        async with asyncio.timeout(TRIED_WITHIN_S):
            return await _checks(settings)

    return asyncio.run(asked())


async def _checks(settings: Settings) -> tuple[Check, ...]:
    """Start a worker with these settings, and return its readiness checks before it is stopped again."""
    configuration = usable_configuration(settings)
    services = Services(settings, Lifecycle(), configuration.agents, configuration.tools)
    await services.start()
    try:
        services.lifecycle.ready()
        servers = [await _tried(server) for server in services.mcp_servers.servers]
        report = await readiness_of(services, carrier_of(settings).control).report()
        return (*report.checks, *servers)
    finally:
        await services.stop()


async def _tried(server: McpServer) -> Check:
    """Check whether an MCP server, which is connecting, has the tools that agents name."""
    began = monotonic()
    await server.tried.wait()
    took_ms = (monotonic() - began) * 1000
    component = f"mcp_server {server.name}"
    if server.fault:
        return Check(component, UNHEALTHY, took_ms, error=server.fault)
    return Check(component, "healthy", took_ms, details=f"{len(server.tools)} tools")
