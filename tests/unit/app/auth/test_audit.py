"""The audit log has a line for each change, and cannot be filled by reading or by being refused."""

import logging

import pytest

from app.auth import audit
from app.auth.audit import REPEATED_AFTER_S, AccessAudit, OperatorProof


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def left_out(caplog: pytest.LogCaptureFixture) -> list[int]:
    return [vars(record)["left_out"] for record in caplog.records]


def test_every_change_is_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = AccessAudit(Clock())
    for _ in range(3):
        log.let_in("PUT /agents/{name}", "10.0.0.1", OperatorProof.TOKEN)
    assert len(caplog.records) == 3
    assert vars(caplog.records[0])["proof"] == "OPERATOR_TOKEN"


def test_a_change_says_what_it_was_made_to_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    path_params = {"session_id": "session-1", "actor": "recognizer", "call_secret": "hidden"}
    AccessAudit(Clock()).let_in("POST /restart", "10.0.0.1", OperatorProof.TOKEN, path_params)
    written = vars(caplog.records[0])
    assert (written["about_session_id"], written["about_actor"]) == ("session-1", "recognizer")
    assert "hidden" not in str(written)


def test_reading_again_and_again_is_one_line_a_minute_that_counts_the_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    log = AccessAudit(clock)
    for _ in range(4):
        log.let_in("GET /sessions", "10.0.0.1", OperatorProof.TOKEN)
    log.let_in("GET /sessions", "10.0.0.2", OperatorProof.TOKEN)
    assert left_out(caplog) == [0, 0]
    clock.now_s = REPEATED_AFTER_S
    log.let_in("GET /sessions", "10.0.0.1", OperatorProof.TOKEN)
    assert left_out(caplog) == [0, 0, 3]


def test_refusals_are_warnings_and_are_bounded_alike(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessAudit(Clock())
    for _ in range(100):
        log.refused("PUT /agents/{name}", "10.0.0.1", "no token")
    assert [(record.levelname, record.message) for record in caplog.records] == [("WARNING", "operator access refused")]


def test_no_number_of_clients_fills_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "REMEMBERED", 10)
    log = AccessAudit(Clock())
    for number in range(100):
        log.refused("GET /sessions", f"10.0.0.{number}", "no token")
    assert len(log._written) == 10
