"""What comes with the product can be loaded, and what is missing is named with the way to install it."""

import pytest

from app.engines.built_in import ABSENT, BUILT_IN, NEEDS_LOCAL, NEEDS_MODEL, BuiltIn, absent_engines, installed
from app.plugins import resolve
from config.settings import Settings

NONE = {**{name: engines[0] for name, engines in BUILT_IN.items()}, **ABSENT}


@pytest.mark.parametrize("engine", [engine for known in BUILT_IN.values() for engine in known], ids=lambda e: e.name)
def test_each_is_installed_here_and_has_a_factory(engine: BuiltIn) -> None:
    assert engine.installed
    assert callable(resolve(engine.factory))


def test_packages_are_looked_for() -> None:
    assert installed(())
    assert not installed(("numpy", "there_is_no_such_package"))


def test_an_engine_without_its_model_is_not_installed() -> None:
    assert not BuiltIn("ears", "a:b", has_model=lambda: False).installed


def test_what_is_there_needs_no_word() -> None:
    assert list(absent_engines({name: engines[0] for name, engines in BUILT_IN.items()})) == []


def test_a_missing_model_is_named_where_that_is_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = BuiltIn("ears", "a:b", has_model=lambda: False)
    monkeypatch.setitem(BUILT_IN, "speech_recognizer", (deaf,))
    (line,) = absent_engines({**NONE, "speech_synthesizer": BUILT_IN["speech_synthesizer"][0]})
    assert line == f"without speech_recognizer people can only type: that {NEEDS_MODEL}"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = BuiltIn("ears", "a:b", ("there_is_no_such_package",), has_model=lambda: False)
    for setting in ABSENT:
        monkeypatch.setitem(BUILT_IN, setting, (missing,))
    (line,) = absent_engines(NONE)
    assert line == f"without speech_recognizer and speech_synthesizer people can only type: that {NEEDS_LOCAL}"


def test_configured_engines_say_what_they_look_for() -> None:
    settings = Settings.read({})
    for known in BUILT_IN.values():
        for engine in known:
            assert engine.usable(settings) is (engine.configured is None)
            assert bool(engine.needs) is (engine.configured is not None)
