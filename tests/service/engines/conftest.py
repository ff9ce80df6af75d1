"""Installations that lack something, for the tests of the engines."""

from importlib.machinery import ModuleSpec
from importlib.util import find_spec as real_find_spec

import pytest

from app.engines import built_in
from app.engines.built_in import BUILT_IN


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra `local` were not installed."""
    local = {package for known in BUILT_IN.values() for engine in known for package in engine.packages}

    def find_spec(name: str) -> ModuleSpec | None:
        return None if name in local else real_find_spec(name)

    monkeypatch.setattr(built_in, "find_spec", find_spec)
