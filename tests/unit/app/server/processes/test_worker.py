import pytest

from app.server.processes.worker import Margins


@pytest.mark.parametrize("grace_s", [1, 2, 10, 30, 3600])
def test_what_follows_the_sessions_ends_inside_the_grace(grace_s: float) -> None:
    margins = Margins.of(grace_s)
    spent_s = margins.sessions_s + margins.close_frames_s + margins.requests_s + margins.lifespan_s
    assert spent_s < grace_s
    assert margins.sessions_s >= 0.7 * grace_s
