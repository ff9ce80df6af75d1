"""Modes are registered by name and looked up as clients write them."""

import pytest

from actors.session.modes import registry
from actors.session.modes.mode import SessionMode
from actors.session.modes.registry import MODES, mode_named, register


def test_those_of_the_product_are_there_in_any_case() -> None:
    assert list(MODES) == ["media", "voice_live", "transcription"]
    assert mode_named("Media") is MODES["media"]


def test_another_is_refused_with_those_that_there_are_and_found_once_it_is_registered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "MODES", dict(MODES))
    with pytest.raises(ValueError, match="one of media, voice_live, transcription"):
        mode_named("silent")
    silent = SessionMode(name="silent", children=())
    register(silent)
    assert mode_named("SILENT") is silent
