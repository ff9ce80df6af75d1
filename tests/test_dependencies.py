"""Everything that the product imports is declared where it is needed: in the project, or in that engine's extra."""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

from tests.kit.source import LAYERS, ROOT, Import, imports, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OF_THE_EXTRA = {
    "local": {
        Path("app/providers/hibari"),
        Path("app/providers/moonshine"),
        Path("app/providers/realtime/resampling.py"),
        Path("app/providers/silero/voice_activity.py"),
        Path("app/replay/audio_lanes.py"),
        Path("app/telephony/media/voice_mixer.py"),
        Path("app/telephony/media/resampling.py"),
    },
    "mcp": {Path("app/mcp")},
}
"""By extra, the files and folders that may import what it brings, besides what the project itself declares."""


def names(requirements: list[str]) -> set[str]:
    """Distributions that are required by these lines."""
    return {normal(re.split(r"[\s<>=!;\[~]", requirement)[0]) for requirement in requirements}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def distributions() -> dict[str, set[str]]:
    """By module, at every depth that an installed file has, the distributions that bring it."""
    brought: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = normal(distribution.metadata["Name"])  # all that is said of it is read anew each time it is asked
        for file in distribution.files or ():
            if file.suffix in (".py", ".so", ".pyd") and ".." not in file.parts:
                parts = [*file.parts[:-1], file.name.partition(".")[0]]
                module = ".".join(part for part in parts if part != "__init__")
                brought.setdefault(module, set()).add(name)
    return brought


def bringing(module: str) -> set[str]:
    """The distributions that an import of this module needs, told by the longest part of its name that is a file."""
    known = distributions()
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if found := known.get(".".join(parts[:length])):
            return found
    return {f"what is called {module}"}


def allowed(path: Path) -> set[str]:
    """Distributions that this file may import."""
    extras = [extra for extra, places in OF_THE_EXTRA.items() if any(path.is_relative_to(place) for place in places)]
    return names(PROJECT["dependencies"]).union(*(names(PROJECT["optional-dependencies"][extra]) for extra in extras))


def foreign(path: Path, source: str) -> Iterator[Import]:
    """Imports of `source` that are neither ours nor of the standard library."""
    for imported in imports(source, ".".join(path.parent.parts)):
        if imported.module.split(".")[0] not in {*LAYERS, *sys.stdlib_module_names}:
            yield imported


def undeclared(path: Path, source: str) -> list[str]:
    """Modules that this file imports although nothing that it may rely on brings them."""
    return [each.module for each in foreign(path, source) if not bringing(each.module) & allowed(path)]


def test_everything_imported_is_declared_where_it_is_needed() -> None:
    found = {
        str(path): missing
        for layer in LAYERS
        for path in modules(layer)
        if (missing := undeclared(path, (ROOT / path).read_text()))
    }
    assert found == {}


def test_files_of_an_extra_are_there_and_need_it() -> None:
    core = names(PROJECT["dependencies"])
    for place in {place for places in OF_THE_EXTRA.values() for place in places}:
        files = [path for path in modules("app") if path.is_relative_to(place)]
        needed = {each.module for path in files for each in foreign(path, (ROOT / path).read_text())}
        assert any(not bringing(module) & core for module in needed), place


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app/api/asgi.py", "import numpy"),
        ("app/api/asgi.py", "def late():\n    from soxr import ResampleStream"),
        ("app/providers/hibari/voice.py", "import httpcore2"),
        ("app/api/asgi.py", "import not_there_at_all"),
        ("app/telephony/acs/sdk.py", "from azure.storage.blob import BlobClient"),
    ],
)
def test_an_undeclared_import_is_seen(path: str, source: str) -> None:
    assert undeclared(Path(path), source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app/providers/hibari/voice.py", "import numpy"),
        ("app/telephony/acs/sdk.py", "from azure.core.exceptions import AzureError"),
        ("app/api/asgi.py", "import sys, starlette.routing"),
    ],
)
def test_a_declared_one_is_not(path: str, source: str) -> None:
    assert undeclared(Path(path), source) == []
