"""What the settings of session files mean to those who record."""

import pytest

from config.groups.records import Records


@pytest.mark.parametrize(
    ("sessions", "records", "errors_only", "share"),
    [
        ("off", False, False, 0.0),
        ("on_error", True, True, 1.0),
        ("all", True, False, 1.0),
        ("0.25", True, False, 0.25),
    ],
)
def test_which_sessions_are_recorded_and_kept(sessions: str, records: bool, errors_only: bool, share: float) -> None:
    settings = Records(sessions=sessions)
    assert settings.records_sessions is records
    assert settings.keeps_errors_only is errors_only
    assert settings.recorded_share == share
