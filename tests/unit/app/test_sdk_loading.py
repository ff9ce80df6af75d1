"""The client of an SDK is made once, in a thread, and closed whenever its worker ends."""

import asyncio
import threading

import pytest

from actors.runtime.clock import run_virtual
from app.sdk_loading import LoadedSdk, SdkClosedError


class Client:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


class Loader:
    """Makes a client when it is let go on."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.client = Client()
        self.may_go_on = threading.Event()
        self.threads: list[int] = []
        self._failure = failure

    def __call__(self) -> Client:
        self.threads.append(threading.get_ident())
        assert self.may_go_on.wait(30)
        if self._failure is not None:
            raise self._failure
        return self.client


def test_all_who_ask_get_the_one_client_that_a_thread_has_made() -> None:
    load = Loader()

    async def main() -> None:
        sdk = LoadedSdk(load)
        first, second = asyncio.ensure_future(sdk.client()), asyncio.ensure_future(sdk.client())
        await asyncio.sleep(0)
        load.may_go_on.set()
        assert await first is await second is await sdk.client() is load.client
        await sdk.close()

    run_virtual(main())
    assert len(load.threads) == 1
    assert load.threads[0] != threading.get_ident()
    assert load.client.closed == 1


def test_one_who_gives_up_takes_the_client_from_nobody() -> None:
    load = Loader()

    async def main() -> None:
        sdk = LoadedSdk(load)
        impatient, patient = asyncio.ensure_future(sdk.client()), asyncio.ensure_future(sdk.client())
        await asyncio.sleep(0)
        impatient.cancel()
        load.may_go_on.set()
        assert await patient is load.client

    run_virtual(main())


def test_a_client_that_is_being_made_is_closed_when_it_is_there() -> None:
    load = Loader()

    async def main() -> None:
        sdk = LoadedSdk(load)
        asked = asyncio.ensure_future(sdk.client())
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(sdk.close())
        await asyncio.sleep(0)
        assert load.client.closed == 0
        load.may_go_on.set()
        await closing
        assert await asked is load.client
        with pytest.raises(SdkClosedError, match="this worker is ending"):
            await sdk.client()

    run_virtual(main())
    assert load.client.closed == 1


def test_what_cannot_be_made_is_told_to_everybody_and_closed_without_harm() -> None:
    load = Loader(ValueError("no identity"))
    load.may_go_on.set()

    async def main() -> None:
        sdk = LoadedSdk(load)
        for _ in range(2):
            with pytest.raises(ValueError, match="no identity"):
                await sdk.client()
        await sdk.close()

    run_virtual(main())
    assert len(load.threads) == 1


def test_what_was_never_asked_for_is_never_made() -> None:
    load = Loader()

    async def main() -> None:
        sdk = LoadedSdk(load)
        await sdk.close()
        with pytest.raises(SdkClosedError):
            await sdk.client()

    run_virtual(main())
    assert load.threads == []
