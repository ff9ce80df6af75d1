"""What fails on one connection of Hypercorn's is told to the loop's exception handler, and to nobody else."""

import asyncio
from typing import Any

import pytest
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer

from app.server.sockets.contained_connections import CONNECTION_FAILED, ContainedConnection, contain_failures


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> ContainedConnection:
    """A connection that fails so, or ends well."""

    async def serve(_: TCPServer) -> None:
        if error is not None:
            raise error

    monkeypatch.setattr(TCPServer, "run", serve)
    nothing: Any = None
    return ContainedConnection(*[nothing] * 7)


async def told_of(connection: ContainedConnection) -> list[dict[str, Any]]:
    """What the loop's exception handler is told while a connection is served."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    await connection
    return told


@pytest.mark.parametrize("error", [TimeoutError(), OSError("unreachable"), ExceptionGroup("", [ValueError("odd")])])
async def test_a_connection_that_fails_is_told_of_and_raises_nothing(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await told_of(failing(monkeypatch, error)) == [{"message": CONNECTION_FAILED, "exception": error}]


async def test_one_that_ends_well_is_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told_of(failing(monkeypatch, None)) == []


async def test_one_that_is_cut_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(asyncio.CancelledError):
        await failing(monkeypatch, asyncio.CancelledError())


def test_every_connection_of_hypercorn_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "TCPServer", TCPServer)
    contain_failures()
    assert vars(run)["TCPServer"] is ContainedConnection
