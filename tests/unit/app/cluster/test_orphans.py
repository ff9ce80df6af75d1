"""What becomes of the calls of a worker that is gone: by the room that is left, and by how often it happened."""

from typing import Any, cast

import pytest

from actors.errors import ErrorKind, StoreError
from app.cluster.call_directory import TakenCall
from app.cluster.orphans import MOST_AT_ONCE, MOST_ORPHANED, MOST_ROUNDS, Orphans
from app.telephony.continuity.call_checkpoints import CallCheckpoint


class Cluster:
    """Workers that are gone, and their calls."""

    worker = "me"

    def __init__(self, calls: dict[str, list[str]]) -> None:
        self.calls = calls
        self.has_room = True
        self.orphaned = 1
        self.is_contended = False
        self.refused: dict[str, StoreError] = {}
        """What Redis says instead of giving a call, by its secret, or the calls of a worker, by its id."""
        self.left_out: list[str] = []
        self.taken: list[str] = []
        self.given_up: list[str] = []
        self.orphans = Orphans(
            cast(Any, self), cast(Any, self), has_room=lambda: self.has_room, take=self._take, give_up=self._give_up
        )

    async def gone(self) -> list[str]:
        return list(self.calls)

    async def forget(self, worker: str) -> None:
        del self.calls[worker]

    async def leave_out(self, secret: str, worker: str) -> None:
        self.calls[worker].remove(secret)
        self.left_out.append(secret)

    async def secrets_of(self, worker: str) -> list[str]:
        if worker in self.refused:
            raise self.refused[worker]
        return list(self.calls[worker])

    async def take(self, secret: str, former: str, *, is_orphan: bool) -> TakenCall | None:
        assert is_orphan
        if secret in self.refused:
            raise self.refused[secret]
        self.calls[former].remove(secret)
        if self.is_contended:
            return None
        return TakenCall(
            CallCheckpoint(secret=secret, session_id="", direction="", agent="", mode="", created_at=0.0), self.orphaned
        )

    async def _take(self, record: CallCheckpoint) -> None:
        self.taken.append(record.secret)

    async def _give_up(self, record: CallCheckpoint) -> None:
        self.given_up.append(record.secret)


async def test_calls_of_a_worker_that_is_gone_are_taken_some_at_a_time_and_then_it_is_forgotten() -> None:
    many = [f"call {n}" for n in range(MOST_AT_ONCE + 3)]
    cluster = Cluster({"gone": list(many), "me": ["mine"]})
    await cluster.orphans.look()
    assert cluster.taken == many[:MOST_AT_ONCE]
    await cluster.orphans.look()
    assert cluster.taken == many
    await cluster.orphans.look()
    assert cluster.calls == {"me": ["mine"]}
    assert cluster.given_up == []


async def test_what_another_worker_got_is_left_to_it() -> None:
    cluster = Cluster({"gone": ["a"]})
    cluster.is_contended = True
    await cluster.orphans.look()
    assert (cluster.taken, cluster.given_up) == ([], [])


async def test_a_worker_without_room_leaves_calls_to_others_for_a_while_and_then_they_are_hung_up() -> None:
    cluster = Cluster({"gone": ["a"]})
    cluster.has_room = False
    for _ in range(MOST_ROUNDS):
        await cluster.orphans.look()
        assert (cluster.taken, cluster.given_up) == ([], [])
    await cluster.orphans.look()
    assert (cluster.taken, cluster.given_up) == ([], ["a"])


@pytest.mark.parametrize(("orphaned", "hung_up"), [(MOST_ORPHANED, False), (MOST_ORPHANED + 1, True)])
async def test_a_call_of_which_workers_seem_to_die_is_hung_up(orphaned: int, hung_up: bool) -> None:
    cluster = Cluster({"gone": ["a"]})
    cluster.orphaned = orphaned
    await cluster.orphans.look()
    assert (cluster.taken == ["a"], cluster.given_up == ["a"]) == (not hung_up, hung_up)


@pytest.mark.parametrize("refused", ["b", "gone"])
async def test_what_redis_refuses_of_one_call_or_worker_keeps_no_other_from_being_taken(
    refused: str, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = Cluster({"gone": ["a", "b", "c"], "gone too": ["d"]})
    cluster.refused[refused] = StoreError(ErrorKind.BAD_REQUEST, "Redis refuses a command")
    for _ in range(3):
        await cluster.orphans.look()
    assert cluster.taken == (["a", "c", "d"] if refused == "b" else ["d"])
    assert cluster.left_out == (["b"] if refused == "b" else [])
    assert cluster.calls == {}
    assert caplog.messages == ["calls of a worker that is gone cannot be taken over: Redis refuses a command"]


@pytest.mark.parametrize("refused", ["b", "gone"])
async def test_what_redis_does_not_answer_is_asked_again(refused: str) -> None:
    cluster = Cluster({"gone": ["a", "b", "c"]})
    cluster.refused[refused] = StoreError(ErrorKind.TIMEOUT, "Redis does not answer in time")
    with pytest.raises(StoreError):
        await cluster.orphans.look()
    cluster.refused.clear()
    await cluster.orphans.look()
    assert (cluster.taken, cluster.left_out) == (["a", "b", "c"], [])
