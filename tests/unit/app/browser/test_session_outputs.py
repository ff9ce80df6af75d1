"""A session's output is there as long as the session lives or somebody looks on, and no longer."""

from unittest.mock import Mock

from app.browser.session_outputs import SessionOutputs
from app.console.timeline import Timelines


def timelines() -> Timelines:
    return Timelines(lambda: 0.0, (), (), content=False)


def test_an_output_is_made_once() -> None:
    outputs = SessionOutputs((), timelines(), log_content=False)
    assert outputs.get("s") is None
    made = outputs.of("s")
    assert outputs.of("s") is made
    assert outputs.get("s") is made
    assert "s" in outputs
    assert "t" not in outputs


def test_an_output_is_forgotten_when_nobody_needs_it() -> None:
    live = {"s"}
    outputs = SessionOutputs(live, timelines(), log_content=False)
    output = outputs.of("s")
    outputs.forget_unused("s")
    assert "s" in outputs, "its session lives"
    live.clear()
    output.connection = Mock()
    outputs.forget_unused("s")
    assert (len(outputs), outputs.connected) == (1, 1)
    output.connection = None
    output.dashboards.add(Mock())
    outputs.forget_unused("s")
    assert (len(outputs), outputs.connected) == (1, 0)
    output.dashboards.clear()
    outputs.forget_unused("s")
    outputs.forget_unused("never known")
    assert len(outputs) == 0
