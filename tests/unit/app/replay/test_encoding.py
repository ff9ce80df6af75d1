"""A session file stays below its bound, says where it was cut, and replays as far as it goes."""

from pathlib import Path

import pytest

from actors.session.recorded_turn_taking import TurnTakingStep
from app.replay.encoding import KEPT_FOR_THE_END, SessionEncoder
from app.replay.recording import Over, Restarted, read
from app.replay.replaying import replayed
from tests.kit.recorded_sessions import session_file, steps_of


def encoder(most_bytes: int = 1 << 20) -> SessionEncoder:
    return SessionEncoder(session_id="s", mode="media", began="now", content=False, most_bytes=most_bytes)


def test_a_file_that_is_cut_stays_below_its_bound_and_replays(tmp_path: Path) -> None:
    steps = steps_of("barge-in")
    most_bytes = KEPT_FOR_THE_END + 10_000
    data = session_file(steps, content=False, most_bytes=most_bytes)
    assert 9_000 < len(data) <= most_bytes
    (tmp_path / "cut.jsonl").write_bytes(data)
    found = replayed(read(tmp_path / "cut.jsonl"))
    assert found.same
    assert found.cut
    assert 10 < found.steps < len(steps)


def test_what_comes_behind_the_cut_is_left_out_though_it_would_fit() -> None:
    steps = steps_of("barge-in")
    cut = encoder(KEPT_FOR_THE_END + 10_000)
    cut.add(steps)
    size = len(cut.finished(Over(ending="")))
    again = encoder(KEPT_FOR_THE_END + 10_000)
    again.add(steps)
    again.add(steps[1:2])
    assert len(again.finished(Over(ending=""))) == size


def test_the_last_line_fits_into_what_is_kept_for_it() -> None:
    most = encoder()
    most.add(steps_of("lost line")[:1])
    before = len(most.finished(Over(ending="")))
    restarts = tuple(Restarted(at=1.0e9 + n / 7, actor="synthesizer", error="\U0001f600" * 5_000) for n in range(50))
    full = encoder()
    full.add(steps_of("lost line")[:1])
    data = full.finished(Over(ending="HUMAN_HANDOFF", restarts=restarts))
    assert 10_000 < len(data) - before < KEPT_FOR_THE_END


def test_nothing_is_kept_of_a_session_without_turn_taking() -> None:
    assert encoder().is_empty


def test_a_step_that_cannot_be_encoded_leaves_nothing_that_would_not_replay() -> None:
    broken = encoder()
    steps: list[TurnTakingStep] = [*steps_of("lost line")[:2], object()]  # type: ignore[list-item]  # that is the point
    with pytest.raises(AttributeError):
        broken.add(steps)
    assert broken.is_empty
    broken.add(steps_of("lost line")[:2])
    assert broken.is_empty
