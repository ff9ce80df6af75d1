"""What of the SDK is still there when its process ends is let go of, side by side, and not waited for without end."""

import threading

import pytest

from app.providers.azure import exit_guard


class Held:
    """An object of the SDK that notes that it was let go of; one that `hangs` returns from that when it is released."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.left, self.released = threading.Event(), threading.Event()
        self._hangs = hangs

    def leave(self) -> None:
        self.left.set()
        if self._hangs:
            self.released.wait(30)


@pytest.fixture(autouse=True)
def _nothing_else_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_guard, "_alive", set())


def test_what_was_not_closed_is_let_go_of_at_the_end() -> None:
    closed, forgotten = Held(), Held()
    for held in (closed, forgotten):
        exit_guard.guard(held)
    exit_guard.release(closed)
    exit_guard.release(Held())
    exit_guard._leave_all()
    assert forgotten.left.is_set()
    assert not closed.left.is_set()


def test_one_that_hangs_holds_up_neither_the_others_nor_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_guard, "LEAVE_S", 0.05)
    hanging, others = Held(hangs=True), [Held() for _ in range(5)]
    for held in (hanging, *others):
        exit_guard.guard(held)
    exit_guard._leave_all()
    assert hanging.left.wait(10)
    assert all(held.left.wait(10) for held in others)
    hanging.released.set()
