"""The emulator, an application and the real SDK between them."""

from collections.abc import AsyncIterator

import pytest
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.echo_app import EchoApp


@pytest.fixture
async def acs() -> AsyncIterator[AcsEmulator]:
    """The emulator; it gives up sooner than the service would."""
    async with AcsEmulator() as emulator:
        emulator.callbacks.backoff_s = 0.01
        yield emulator


@pytest.fixture
async def app(acs: AcsEmulator) -> AsyncIterator[EchoApp]:
    """What the service calls back."""
    async with EchoApp(acs.tokens) as application:
        yield application


@pytest.fixture
async def client(acs: AcsEmulator) -> AsyncIterator[CallAutomationClient]:
    """The real SDK, which tries again at once."""
    credential = AzureKeyCredential(acs.access_key)
    async with CallAutomationClient(acs.endpoint, credential, retry_backoff_factor=0.01, retry_total=3) as real:
        yield real
