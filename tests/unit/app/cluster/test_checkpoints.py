"""The checkpoints of live sessions: kept when something has changed, and what another worker makes of them."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from actors.conversation import SessionRecord
from actors.errors import ErrorKind, StoreError
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports.llm import ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from actors.session.checkpoint_transfer import decode
from app.cluster.checkpoints import LOOK_S, CheckpointKeeper
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, Stage, stage

ANSWER = "The first sentence is this. The second sentence is that. And the third one ends it."
SOON_S = 2 * LOOK_S


class Store:
    """Keeps what it is given, unless it fails."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.writes = 0
        self.saved_again: list[str] = []
        self.failure: StoreError | None = None

    def session_opened(self, session_id: str) -> None:
        raise NotImplementedError

    def session_left(self, session_id: str) -> None:
        raise NotImplementedError

    async def check_claims(self, session_ids: Sequence[str]) -> None:
        raise NotImplementedError

    def keep_call_record(self, session_id: str, data: bytes) -> None:
        raise NotImplementedError

    async def load_call_record(self, session_id: str) -> bytes | None:
        raise NotImplementedError

    def save_again(self, session_id: str) -> None:
        self.saved_again.append(session_id)

    def keep_checkpoint(self, session_id: str, data: bytes) -> None:
        self.kept[session_id] = data
        self.writes += 1

    def forget_checkpoint(self, session_id: str) -> None:
        self.kept.pop(session_id, None)

    async def load_checkpoint(self, session_id: str) -> bytes | None:
        if self.failure is not None:
            raise self.failure
        return self.kept.get(session_id)


def keeping(on: Stage) -> tuple[Store, CheckpointKeeper]:
    store = Store()
    keeper = CheckpointKeeper(store, on.sessions.live, on.engines.clock)
    keeper.start()
    return store, keeper


def talker() -> FakeModel:
    return FakeModel(lambda _: [0.2, TextGenerated(ANSWER), ReplyGenerated()])


def test_what_was_said_and_what_is_being_said_is_kept_and_silence_costs_no_write() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            store, keeper = keeping(on)
            await asyncio.sleep(1.0)
            before = store.writes
            await asyncio.sleep(5.0)
            assert store.writes == before
            on.entry.deliver(TextEntered("what are your hours"))
            await asyncio.sleep(SOON_S)
            session_id = on.entry.plan.session_id
            assert decode(store.kept[session_id], on.engines.clock).messages[0].text == "what are your hours"
            await on.ear.until_count(AudioFrame, 1)
            before = store.writes
            await asyncio.sleep(3.0)
            checkpoint = decode(store.kept[session_id], on.engines.clock)
            (pending,) = checkpoint.pending_replies.values()
            assert pending.text == ANSWER
            assert pending.resume_at == ANSWER.index("And the third")
            assert store.writes - before <= 4
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(SOON_S)
            assert decode(store.kept[session_id], on.engines.clock).pending_replies == {}
            keeper.session_over(session_id)
            assert store.kept == {}
            keeper.stop()
            before = store.writes
            on.entry.deliver(TextEntered("are you there"))
            await asyncio.sleep(1.0)
            assert store.writes == before

    run_virtual(main())


def test_what_the_store_has_lost_is_kept_once_more_though_nothing_happens() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            store, keeper = keeping(on)
            await asyncio.sleep(1.0)
            session_id = on.entry.plan.session_id
            before = store.kept.pop(session_id)
            await asyncio.sleep(2.0)
            assert store.kept == {}
            keeper.keep_all_again()
            await asyncio.sleep(SOON_S)
            assert decode(store.kept[session_id], on.engines.clock).turn == decode(before, on.engines.clock).turn
            assert store.saved_again == [session_id]
            writes = store.writes
            await asyncio.sleep(2.0)
            assert store.writes == writes, "and once only"
            keeper.stop()

    run_virtual(main())


def test_what_another_worker_goes_on_with_is_not_removed_and_can_be_kept_at_once() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            store, keeper = keeping(on)
            session_id = on.entry.plan.session_id
            keeper.keep_now(session_id)
            keeper.keep_now("unknown")
            assert list(store.kept) == [session_id]
            assert keeper.is_kept(session_id)
            assert not keeper.is_kept("unknown")
            on.entry.deliver(TextEntered("are you there"))
            await asyncio.sleep(LOOK_S / 10)
            assert not keeper.is_kept(session_id)
            keeper.left(session_id)
            keeper.session_over(session_id)
            assert list(store.kept) == [session_id]
            keeper.stop()

    run_virtual(main())


def test_notes_that_are_no_json_are_not_kept_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            store, keeper = keeping(on)
            on.entry.checkpoint.memory = {"set": object()}
            keeper.keep_now(on.entry.plan.session_id)
            assert store.kept == {}
            keeper.stop()

    run_virtual(main())
    assert "a checkpoint cannot be written: TypeError" in caplog.text


def test_a_checkpoint_is_gone_on_from_only_if_it_is_as_new_as_the_record(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=talker(), caller=False) as on:
            store, keeper = keeping(on)
            on.entry.deliver(TextEntered("what are your hours"))
            await asyncio.sleep(SOON_S)
            record = on.session.record()
            longer = msgspec.structs.replace(record, messages=record.messages * 2)
            found = await keeper.load(record.session_id, record)
            assert found is not None
            assert [message.text for message in found.messages] == ["what are your hours"]
            assert await keeper.load(record.session_id, None) is not None, "no record of it has been stored yet"
            assert await keeper.load(record.session_id, _ended(record)) is None
            assert await keeper.load(record.session_id, longer) is None
            assert await keeper.load("unknown", None) is None
            store.kept[record.session_id] = b"{}"
            assert await keeper.load(record.session_id, record) is None
            assert "a checkpoint cannot be read" in caplog.text
            store.failure = StoreError(ErrorKind.UNAVAILABLE, "Redis is gone")
            assert await keeper.load(record.session_id, record) is None
            assert "Redis is gone" in caplog.text
            keeper.stop()

    run_virtual(main())


def _ended(record: SessionRecord) -> SessionRecord:
    return msgspec.structs.replace(record, ended_reason="NORMAL")
