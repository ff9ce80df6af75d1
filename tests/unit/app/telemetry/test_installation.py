import pytest

from app.telemetry.installation import described


def test_the_process_is_named_by_the_environment_if_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    assert described().attributes["service.name"] == "earshot"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "voice")
    assert described().attributes["service.name"] == "voice"


def test_two_workers_are_told_apart() -> None:
    assert described().attributes["service.instance.id"] != described().attributes["service.instance.id"]
