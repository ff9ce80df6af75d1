"""Whoever never returns keeps no task for ever: a store, an engine's stream, anything in the background."""

import asyncio

import pytest

from actors.conversation import SessionRecord
from actors.messages.caller import TextEntered
from actors.runtime import background_tasks as background
from actors.runtime import closing
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import run_virtual
from actors.session.record_saving import SAVE_S, RecordSaver
from tests.kit.fakes import FakeStore
from tests.kit.heedless import Heedless
from tests.kit.session_kit import stage


class StuckStore(FakeStore):
    """Keeps nothing until it is freed."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.free = asyncio.Event()

    async def save(self, record: SessionRecord) -> None:
        self.begun += 1
        await self.free.wait()
        await super().save(record)


def record(turn: int) -> SessionRecord:
    return SessionRecord(
        session_id="s", mode="media", agent="a", state="connected", created_at=0.0, updated_at=0.0, turn=turn
    )


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if "given up" in line.getMessage()]


def test_a_store_that_never_returns_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        store = StuckStore()
        before = len(asyncio.all_tasks())
        async with stage(store=store) as on:
            for number in range(20):
                on.entry.deliver(TextEntered(f"hello {number}"))
                await asyncio.sleep(0.5)
            # One save at a time, whatever happens meanwhile.
            assert len(asyncio.all_tasks()) < before + 20
        await asyncio.sleep(3 * SAVE_S)
        assert len(asyncio.all_tasks()) <= before
        assert store.begun <= 4

    run_virtual(main())
    assert 1 <= len(warnings(caplog)) <= 4
    assert "saving of a session" in warnings(caplog)[0]


def test_a_store_that_heeds_no_cancellation_is_asked_again_for_the_next_record() -> None:
    class Stubborn(FakeStore):
        def __init__(self) -> None:
            super().__init__()
            self.heedless = Heedless()
            self.asked = 0

        async def save(self, record: SessionRecord) -> None:
            self.asked += 1
            if self.asked == 1:
                await self.heedless.work()
            else:
                await super().save(record)

    async def main() -> None:
        store, tasks = Stubborn(), BackgroundTasks()
        saver = RecordSaver(store, tasks)
        for turn in (1, 2, 3):
            saver.save(record(turn))
        await asyncio.sleep(SAVE_S + 2)
        assert [saved.turn for saved in store.saved] == [3]
        saver.save(record(4))
        await tasks.finished()
        assert [saved.turn for saved in store.saved] == [3, 4]
        store.heedless.free()
        await asyncio.sleep(0.1)

    run_virtual(main())


def test_of_the_records_that_waited_the_newest_is_saved_and_in_order() -> None:
    async def main() -> None:
        store, tasks = StuckStore(), BackgroundTasks()
        saver = RecordSaver(store, tasks)
        for turn in range(1, 50):
            saver.save(record(turn))
            await asyncio.sleep(0.01)
        store.free.set()
        await tasks.finished()
        assert [saved.turn for saved in store.saved] == [1, 49]

    run_virtual(main())


def test_there_is_only_so_much_work_in_the_background(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "MAX_TASKS", 5)

    async def main() -> None:
        tasks = BackgroundTasks()
        started = [tasks.run(asyncio.sleep(1), what="a nap", within_s=0.5) for _ in range(7)]
        assert started == [True] * 5 + [False] * 2
        await tasks.finished()
        assert tasks.run(asyncio.sleep(0))
        await tasks.finished()

    run_virtual(main())
    assert len(warnings(caplog)) == 7


def test_a_stream_that_is_never_closed_is_left_to_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "MAX_CLOSING", 5)

    class Stuck:
        async def close(self) -> None:
            await asyncio.Event().wait()

    async def main() -> None:
        before = len(asyncio.all_tasks())
        for _ in range(8):
            closing.close_in_background(Stuck())
        assert len(asyncio.all_tasks()) == before + 5
        await asyncio.sleep(closing.CLOSE_S + 1)
        assert len(asyncio.all_tasks()) == before

    run_virtual(main())
    assert len(warnings(caplog)) == 8


def test_an_iterator_without_an_end_is_forgotten() -> None:
    class Endless:
        def __aiter__(self) -> "Endless":
            return self

        async def __anext__(self) -> int:
            return 1

    async def main() -> None:
        closing.end_in_background(Endless())

    run_virtual(main())
