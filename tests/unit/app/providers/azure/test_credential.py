"""One credential for all clients of a process: made for the first, closed with the last."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import azure.identity.aio
import pytest

from app.providers.azure.credential import SharedCredential
from app.providers.azure.identity import Identity

PRODUCT = [path for folder in ("app", "actors", "config", "protocol") for path in Path(folder).rglob("*.py")]


class Recorded:
    """Stands for azure-identity's own; counts what is made and closed of it."""

    made = 0
    closed = 0

    def __init__(self) -> None:
        Recorded.made += 1
        self.number = Recorded.made

    async def get_token(self, *scopes: str, **options: Any) -> tuple[int, tuple[str, ...]]:
        return self.number, scopes

    async def close(self) -> None:
        Recorded.closed += 1


@pytest.fixture(autouse=True)
def recorded(monkeypatch: pytest.MonkeyPatch) -> type[Recorded]:
    monkeypatch.setattr(azure.identity.aio, "DefaultAzureCredential", Recorded)
    # Whatever another test of this process has not closed is no client of these.
    monkeypatch.setattr(SharedCredential, "_shared", None)
    monkeypatch.setattr(SharedCredential, "_holders", set())
    Recorded.made = Recorded.closed = 0
    return Recorded


async def test_clients_in_many_threads_hold_the_same_one(recorded: type[Recorded]) -> None:
    holds: list[Any] = await asyncio.gather(*(asyncio.to_thread(SharedCredential) for _ in range(8)))
    assert recorded.made == 1
    assert {await hold.get_token(f"scope-{n % 2}") for n, hold in enumerate(holds)} == {
        (1, ("scope-0",)),
        (1, ("scope-1",)),
    }
    for hold in holds[1:]:
        await hold.close()
        await hold.close()
    assert recorded.closed == 0
    await holds[0].close()
    assert recorded.closed == 1


async def test_after_the_last_holder_the_next_gets_a_new_one(recorded: type[Recorded]) -> None:
    for number in (1, 2, 3):
        hold: Any = SharedCredential()
        assert await hold.get_token("s") == (number, ("s",))
        await hold.close()
        assert (recorded.made, recorded.closed) == (number, number)


async def test_who_holds_it_after_a_service_has_refused_its_token_gets_a_new_one(recorded: type[Recorded]) -> None:
    former, other = SharedCredential(), SharedCredential()
    former.doubt()
    await former.close()
    latter, last = SharedCredential(), SharedCredential()
    given: list[Any] = [await hold.get_token("s") for hold in (other, latter, last)]
    assert [number for number, _ in given] == [1, 2, 2]
    # What was refused is no reason to doubt what has come since.
    other.doubt()
    holds = (other, latter, last, SharedCredential())
    assert recorded.made == 2
    closed = []
    for hold in holds:
        await hold.close()
        closed.append(recorded.closed)
    assert closed == [1, 1, 1, 2]
    await SharedCredential().close()
    assert (recorded.made, recorded.closed) == (3, 3)


async def test_variables_that_name_no_identity_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable() -> None:
        raise ValueError("AZURE_TOKEN_CREDENTIALS")

    with monkeypatch.context() as patched:
        patched.setattr(azure.identity.aio, "DefaultAzureCredential", unusable)
        for _ in range(2):
            with pytest.raises(ValueError, match="AZURE_TOKEN_CREDENTIALS"):
                SharedCredential()
    await SharedCredential().close()


def test_an_identity_holds_the_shared_one() -> None:
    assert Identity()._make is SharedCredential


def test_no_other_module_makes_a_credential() -> None:
    """Also not under another name: whoever imports anything of azure-identity is named here with what."""
    imported = {
        (str(path), name.name)
        for path in PRODUCT
        if "azure.identity" in (source := path.read_text())
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("azure.identity")
        for name in node.names
    }
    assert imported == {
        ("app/providers/azure/credential.py", "DefaultAzureCredential"),
        ("app/providers/openai_chat/sdk.py", "get_bearer_token_provider"),
    }
