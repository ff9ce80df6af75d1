"""How a call stands is what the network itself says; a caller who is put through is waited for, but not for ever."""

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import pytest

from actors.runtime.clock import run_virtual
from app.telephony.call_control import CallControl, CallProperties
from app.telephony.errors import CallControlError, Trouble
from app.telephony.network_state import DISCONNECTED, TRANSFER_S, is_over, state_of, transferred


def said(state: str) -> CallProperties:
    return CallProperties("call", "server", "correlation", state, "")


def refusal(trouble: Trouble) -> CallControlError:
    return CallControlError(trouble, "properties: status 503")


def network(*answers: Any) -> Any:
    """A network that says one thing after the other of a call, and the last one for ever."""
    return Mock(properties=AsyncMock(side_effect=[*answers[:-1], *[answers[-1]] * 1_000]))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (said("connected"), "connected"),
        (said("disconnected"), DISCONNECTED),
        (refusal(Trouble.NOT_FOUND), DISCONNECTED),
        (refusal(Trouble.UNAVAILABLE), ""),
        (refusal(Trouble.UNAUTHORIZED), ""),
    ],
)
def test_a_call_is_over_only_if_the_network_says_so_itself(answer: Any, state: str) -> None:
    assert run_virtual(state_of(cast("CallControl", network(answer)), "call")) == state
    assert run_virtual(is_over(cast("CallControl", network(answer)), "call")) is (state == DISCONNECTED)


@pytest.mark.parametrize(
    ("answers", "state", "least_s"),
    [
        ((said("connected"),), "connected", 0.0),
        ((said("transferring"), said("transferring"), said("connected")), "connected", 0.4),
        ((said("transferring"), said("transferAccepted"), refusal(Trouble.NOT_FOUND)), DISCONNECTED, 0.4),
        ((said("transferring"), refusal(Trouble.UNAVAILABLE)), "", 0.1),
        ((said("transferring"),), "transferring", TRANSFER_S),
    ],
)
def test_a_caller_who_is_put_through_is_waited_for(answers: Any, state: str, least_s: float) -> None:
    async def main() -> None:
        assert await transferred(cast("CallControl", network(*answers)), "call") == state
        assert least_s <= asyncio.get_running_loop().time() <= max(least_s + 3, 1)

    run_virtual(main())
