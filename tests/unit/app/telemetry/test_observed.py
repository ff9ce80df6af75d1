import logging

import pytest

from app.telemetry.observed import ExportOutcomes

LOGGER = "app.telemetry.observed"


def raising() -> str:
    raise ConnectionError("key 4711")


def test_a_dead_collector_is_one_warning_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    outcomes = ExportOutcomes("otlp", "traces")
    with caplog.at_level(logging.INFO, LOGGER):
        for _ in range(3):
            assert outcomes.of(raising, within_s=60, success="sent", failure="lost") == "lost"
        assert outcomes.of(lambda: "lost", within_s=60, success="sent", failure="lost") == "lost"
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert outcomes.of(lambda: "sent", within_s=60, success="sent", failure="lost") == "sent"
        assert outcomes.of(lambda: "sent", within_s=60, success="sent", failure="lost") == "sent"
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        outcomes.failed()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "WARNING"]
    assert "4711" not in caplog.text
