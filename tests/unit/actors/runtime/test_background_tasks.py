"""Work that nobody waits for: it is bounded in number and time, and its failure leaves a line without content."""

import asyncio

import pytest

from actors.runtime import background_tasks
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import run_virtual
from actors.runtime.time_limit import GRACE_S
from tests.kit.heedless import Heedless


def test_work_is_done_and_can_be_waited_for() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(number)
        done.append(number)

    async def main() -> None:
        background = BackgroundTasks()
        assert all([background.run(work(number)) for number in (3, 1, 2)])
        await background.finished()

    run_virtual(main())
    assert done == [1, 2, 3]


def test_work_that_takes_too_long_is_given_up_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> float:
        background = BackgroundTasks()
        background.run(asyncio.sleep(1_000), what="a long wait", within_s=5)
        await background.finished()
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) < 10
    assert "a long wait in the background was given up: it was not done within 5 s" in caplog.text


def test_a_time_out_of_the_works_own_is_a_failure_and_not_ours(caplog: pytest.LogCaptureFixture) -> None:
    async def impatient() -> None:
        raise TimeoutError("the engine's")

    async def main() -> None:
        background = BackgroundTasks()
        background.run(impatient(), within_s=5)
        await background.finished()

    run_virtual(main())
    assert "background work failed: TimeoutError" in caplog.text
    assert "engine's" not in caplog.text


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_work_that_would_end_the_process_is_a_failure_like_any_other(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def ends() -> None:
        raise error

    async def main() -> None:
        background = BackgroundTasks()
        background.run(ends(), within_s=5)
        await background.finished()

    run_virtual(main())
    assert [record.getMessage() for record in caplog.records] == [f"background work failed: {error.__name__}"]


def test_too_much_work_is_refused_and_never_begun(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_tasks, "MAX_TASKS", 2)

    async def main() -> list[bool]:
        background = BackgroundTasks()
        begun = [background.run(asyncio.sleep(1), what="saving") for _ in range(3)]
        await background.finished()
        # There is room again.
        return [*begun, background.run(asyncio.sleep(1))]

    assert run_virtual(main()) == [True, True, False, True]
    assert "saving in the background was given up: too much of it is under way" in caplog.text


def test_work_that_heeds_no_cancellation_is_left_to_itself_and_what_waits_for_it_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    over: list[str] = []

    async def main() -> float:
        heedless, background = Heedless(), BackgroundTasks()
        loop = asyncio.get_running_loop()
        background.run(heedless.work(), what="a long wait", within_s=5, then=lambda: over.append("given up"))
        background.run(asyncio.sleep(1), within_s=5, then=lambda: over.append("done"))
        await background.finished()
        at = loop.time()
        heedless.free()
        await asyncio.sleep(0.1)
        return at

    assert run_virtual(main()) <= 5 + 2 * GRACE_S
    assert over == ["done", "given up"]
    assert caplog.text.count("a long wait in the background was given up") == 1
