"""The addresses of one session."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.runtime.supervised_actor import SupervisedActor
from actors.session.addresses import CROWDED_MESSAGES, Addresses


class Note(msgspec.Struct, frozen=True):
    """A message."""


class Busy(SupervisedActor):
    """Has its mail counted before it is handled."""

    def on_receive(self, message: Any) -> None:
        return


async def test_a_session_is_crowded_while_much_waits_for_one_of_its_actors() -> None:
    addresses = Addresses(["recognizer", "orchestrator"])
    for address in addresses:
        for _ in range(CROWDED_MESSAGES):
            address.tell(Note())
        crowded = [addresses.is_crowded]
        address.tell(Note())
        crowded.append(addresses.is_crowded)
        ref = Busy.start("busy", None)
        address.connect(ref)
        crowded.append(addresses.is_crowded)
        await asyncio.sleep(0.01)
        crowded.append(addresses.is_crowded)
        assert crowded == [False, True, True, False]
        ref.stop(block=False)


def test_an_actor_that_the_mode_does_not_have_has_no_address() -> None:
    addresses = Addresses(["transcriber"])
    assert [address._name for address in addresses] == ["session", "transcriber"]
    with pytest.raises(KeyError):
        addresses["orchestrator"]
