"""Who may know whom: the arrows between the layers, and the one reader of the environment."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.source import LAYERS, ROOT, imports, modules

MAY_IMPORT = {
    "protocol": {"protocol", "msgspec"},
    "actors": {"actors", "protocol", "msgspec", "pykka", "opentelemetry"},
    "config": {"config", "msgspec"},
}
"""Besides the standard library. `app` may import anything but the tests."""

API_ONLY = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")
"""Parts of OpenTelemetry that are not its API."""

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
SETTINGS = Path("config/settings.py")


def forbidden_imports(layer: str, source: str, package: str = "") -> list[str]:
    """Modules that `source`, which is of `layer`, must not import."""
    found = []
    for imported in imports(source, package):
        top = imported.module.split(".")[0]
        allowed = top in sys.stdlib_module_names or top in MAY_IMPORT[layer]
        if not allowed or imported.module.startswith(API_ONLY):
            found.append(imported.module)
    return found


def environment_reads(source: str) -> Iterator[int]:
    """Lines of `source` that reach for the environment, under whatever name `os` goes there."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(attr=name) if name in ENVIRONMENT:
                yield node.lineno
            case ast.ImportFrom(module="os" | "posix", names=names):
                if any(name.name in ENVIRONMENT | {"*"} for name in names):
                    yield node.lineno
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]) if (
                name in ENVIRONMENT
            ):
                yield node.lineno
            case _:
                pass


def package_of(path: Path) -> str:
    return ".".join(path.parent.parts)


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_what_it_may(layer: str) -> None:
    found = {
        str(path): forbidden
        for path in modules(layer)
        if (forbidden := forbidden_imports(layer, (ROOT / path).read_text(), package_of(path)))
    }
    assert found == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_product_imports_no_tests(layer: str) -> None:
    found = {
        str(path): imported.module
        for path in modules(layer)
        for imported in imports((ROOT / path).read_text(), package_of(path))
        if imported.module.split(".")[0] == "tests"
    }
    assert found == {}


def test_the_emulators_know_nothing_of_the_product() -> None:
    found = {
        str(path): imported.module
        for path in modules("tests/cloud")
        if not path.name.startswith("test_")
        for imported in imports((ROOT / path).read_text(), package_of(path))
        if imported.module.split(".")[0] in LAYERS
    }
    assert found == {}


def test_only_the_settings_read_the_environment() -> None:
    readers = {path for layer in LAYERS for path in modules(layer) if any(environment_reads((ROOT / path).read_text()))}
    assert readers == {SETTINGS}


@pytest.mark.parametrize(
    ("layer", "source"),
    [
        ("protocol", "import pykka"),
        ("protocol", "from actors.ports import Clock"),
        ("protocol", "def late():\n    import app.server.worker"),
        ("actors", "from app import worker"),
        ("actors", "from config.settings import Settings"),
        ("actors", "from opentelemetry.sdk.trace import TracerProvider"),
        ("actors", "from opentelemetry import sdk"),
        ("actors", "import starlette"),
        ("actors", "from ..app import worker"),
        ("config", "import pykka"),
        ("config", "import app.agents.agent_files as agents"),
    ],
)
def test_a_forbidden_import_is_seen(layer: str, source: str) -> None:
    assert forbidden_imports(layer, source, package=layer) != []


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec, asyncio",
        "from protocol.browser import Ping",
        "from . import ports",
        "from opentelemetry import trace",
    ],
)
def test_an_allowed_import_is_not(source: str) -> None:
    assert forbidden_imports("actors", source, package="actors") == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os as system\nsystem.getenv('A')",
        "from os import environ",
        "from os import getenv as get",
        "from os import *",
        "import posix\nposix.environ",
        "import os\nfind = os.environ.get",
        "import os\ngetattr(os, 'environ')",
        "import asyncio\nasyncio.subprocess.os.environ",
    ],
)
def test_a_read_of_the_environment_is_seen(source: str) -> None:
    assert list(environment_reads(source)) != []


def test_other_uses_of_os_are_not() -> None:
    assert list(environment_reads("import os\nfrom os import getpid\nos.kill(getpid(), 0)")) == []
