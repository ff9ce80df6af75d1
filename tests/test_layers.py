"""Who may know whom: the arrows between the layers, and the one reader of the environment."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.source import LAYERS, ROOT, imports, modules

MAY_IMPORT = {
    "protocol": {"protocol", "msgspec", "pybase64", "websockets"},
    "actors": {"actors", "protocol", "msgspec", "pykka", "opentelemetry"},
    "config": {"config", "msgspec"},
}
"""Besides the standard library. `app` may import anything but the tests."""

DATA = {
    *("agent", "conversation", "dates", "errors", "mcp_server", "session_context", "tool_outcome"),
    *("turn_taking_settings", "variables"),
}
"""Modules of `actors` that only hold data: every room of it may know them, and they know nothing but each other."""

ROOMS = {
    **dict.fromkeys(sorted(DATA), DATA),
    "messages": DATA | {"messages"},
    "ports": DATA | {"messages", "ports"},
    "rules": DATA | {"messages", "ports", "rules"},
    "runtime": DATA | {"messages", "ports", "runtime"},
    "tool_arguments": DATA | {"tool_arguments"},
    "tools": DATA | {"messages", "ports", "rules", "runtime", "tool_arguments", "tools"},
    "session": DATA | {"messages", "ports", "rules", "runtime", "tools", "session"},
}
"""What each room of `actors` may import of the others."""

INNER_ROOMS: dict[str, dict[str, set[str]]] = {
    "actors/rules": {
        "end_of_turn": set(),
        "playback": set(),
        "realtime": {"text"},
        "text": set(),
        "tools": set(),
        "turn_taking": set(),
    },
    "actors/session": {
        "recognition": set(),
        "synthesis": set(),
        "tools": set(),
        "replies": {"tools"},
        "realtime": {"recognition", "replies", "tools"},
        "modes": {"recognition", "synthesis", "replies", "realtime"},
    },
    "app/server": {"sockets": set(), "processes": {"sockets"}},
    "app/telephony": {
        "inbound": set(),
        "media": set(),
        "transfer": set(),
        "continuity": {"transfer"},
        "acs": {"inbound", "media"},
    },
}
"""Which rooms of a room know which others: none, but for these. All may know what stands beside them in no room."""

SERVERS = (
    *("tests.service", "tests.cloud", "tests.browser", "tests.load", "tests.kit.serving", "hypercorn", "uvicorn"),
    *("subprocess", "multiprocessing", "socket"),
)
"""What a test in tests/unit has no use for: servers and processes, which take real time."""

API_ONLY = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation")
"""Parts of OpenTelemetry that are not its API."""

NOT_IN_UNIT_TESTS = (
    "subprocess.", "multiprocessing.", "socket.", "select.", "signal.", "hypercorn.", "websockets.", "aiohttp.",
    "playwright.", "app.server.processes.launcher.", "app.__main__.", "tests.browser.", "tests.cloud.",
    "tests.eval.local.", "tests.eval.phone.", "tests.install.", "tests.load.", "tests.service.", "tests.kit.clients.",
    "tests.kit.served.", "tests.kit.serving.",
)  # fmt: skip
"""Beginnings of module names. Whatever needs one of them stands in tests/service."""

ACS = "app/telephony/acs/"
"""The one room of `app` that says what is particular to Azure Communication Services."""

WORDS_OF_A_CARRIER = re.compile(r"(?<![A-Za-z])(?:acs|ACS|Acs)(?![a-z])|(?i:azure|event.?grid|call.?automation)")

HOLD_ALL_SERVICES = {
    *("app/api/asgi.py", "app/assembly.py", "app/middleware.py", "app/routes.py"),
    *("app/commands/check.py", "app/commands/connections.py"),
}
"""The modules that put a worker together, or try whether one can be. Every other is handed the parts that it needs."""

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
SETTINGS = Path("config/settings.py")
SILENT_LIBRARIES = Path("config/silent_libraries.py")
"""Says one thing to libraries, before anything that may not be installed is imported."""


def forbidden_imports(layer: str, source: str, package: str = "") -> list[str]:
    """Modules that `source`, which is of `layer`, must not import."""
    found = []
    for imported in imports(source, package):
        top = imported.module.split(".")[0]
        allowed = top in sys.stdlib_module_names or top in MAY_IMPORT[layer]
        if not allowed or imported.module.startswith(API_ONLY):
            found.append(imported.module)
    return found


def rooms_entered(source: str, package: str = "") -> set[str]:
    """The rooms of `actors` from which `source` imports something."""
    modules_ = [imported.module.split(".") for imported in imports(source, package)]
    return {module[1] for module in modules_ if module[0] == "actors" and len(module) > 1}


def modules_that_import(folder: str, *forbidden: str) -> dict[str, set[str]]:
    """The modules below `folder` that import one of `forbidden` or something of it, and what they import."""
    found: dict[str, set[str]] = {}
    for path in modules(folder):
        for imported in imports((ROOT / path).read_text(), package_of(path)):
            if any(f"{imported.module}.".startswith(f"{name}.") for name in forbidden):
                found.setdefault(str(path), set()).add(imported.module)
    return found


def words_of_a_carrier(text: str) -> list[str]:
    """What in `text` only Azure Communication Services is called."""
    return WORDS_OF_A_CARRIER.findall(text)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def environment_reads(source: str) -> Iterator[int]:
    """Lines of `source` that reach for the environment, under whatever name `os` goes there."""
    if not any(word in source for word in (*ENVIRONMENT, "getattr", "import *")):
        return  # none of the cases below can be in it: most files need not be parsed
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


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_the_actors_imports_what_it_may(room: str) -> None:
    folder = Path("actors")
    paths = [path for path in modules("actors") if path.is_relative_to(folder / room) or path == folder / f"{room}.py"]
    assert paths
    entered = {str(path): rooms_entered((ROOT / path).read_text(), package_of(path)) for path in paths}
    assert {path: rooms - ROOMS[room] for path, rooms in entered.items() if rooms - ROOMS[room]} == {}


def test_every_module_of_the_actors_is_in_a_room() -> None:
    rooms = {path.parts[1].removesuffix(".py") for path in modules("actors")}
    assert rooms - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("folder", INNER_ROOMS)
def test_a_room_within_a_room_knows_the_others_that_it_may(folder: str) -> None:
    rooms = INNER_ROOMS[folder]
    assert {path.parent.relative_to(folder).parts[0] for path in modules(folder) if path.parent != Path(folder)} == set(
        rooms
    )
    found = {
        f"{folder}/{room}": set(modules_that_import(f"{folder}/{room}", *forbidden))
        for room, allowed in rooms.items()
        if (forbidden := [f"{folder}/{other}".replace("/", ".") for other in rooms.keys() - allowed - {room}])
    }
    assert {room: paths for room, paths in found.items() if paths} == {}


@pytest.mark.parametrize("folder", ["app/api", "app/browser", "app/page"])
def test_routes_and_sockets_know_no_engine_and_no_carrier(folder: str) -> None:
    found = modules_that_import(folder, "app.providers", "app.telephony.acs", "azure", "openai")
    assert {path for path in found if folder != "app/api" or path.startswith("app/api/routes/")} == set()


def test_telephony_outside_acs_knows_no_carrier() -> None:
    found = modules_that_import("app/telephony", "app.telephony.acs", "protocol.acs", "azure")
    assert {path for path in found if not path.startswith(ACS)} == set()
    named = {
        path.as_posix(): words
        for path in modules("app/telephony")
        if not path.as_posix().startswith(ACS) and (words := words_of_a_carrier(path.as_posix() + read(path)))
    }
    assert named == {}


def test_one_module_alone_chooses_the_carrier() -> None:
    found = modules_that_import("app", "app.telephony.acs")
    outside = {path for path in found if not path.startswith(ACS)}
    assert outside == {"app/carrier.py"}


def test_modules_are_handed_what_they_need_and_not_all_services_of_a_worker() -> None:
    found = set(modules_that_import("app", "app.services.Services"))
    assert found == HOLD_ALL_SERVICES, "hand over what is needed in app/assembly.py or app/routes.py"


def test_unit_tests_start_no_server_and_no_process() -> None:
    assert modules_that_import("tests/unit", *SERVERS) == {}


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
    assert readers == {SETTINGS, SILENT_LIBRARIES}


def test_unit_tests_import_no_server_process_or_socket() -> None:
    found = {
        str(path): imported.module
        for path in modules("tests/unit")
        for imported in imports((ROOT / path).read_text(), package_of(path))
        if f"{imported.module}.".startswith(NOT_IN_UNIT_TESTS)
    }
    assert found == {}


def test_unit_tests_wait_for_no_real_time() -> None:
    sleepers = {str(path) for path in modules("tests/unit") if "time.sleep" in (ROOT / path).read_text()}
    assert sleepers == {"tests/unit/actors/runtime/test_clock.py"}, "which holds virtual time against real threads"


@pytest.mark.parametrize(
    ("layer", "source"),
    [
        ("protocol", "import pykka"),
        ("protocol", "from actors.ports import Clock"),
        ("protocol", "def late():\n    import app.server.processes.worker"),
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
    "text", ["ACS plays it", "settings.acs_sample_rate", "protocol.acs", "AcsEvent", "8:acs:1", "CallAutomationError"]
)
def test_a_word_of_a_carrier_is_seen(text: str) -> None:
    assert words_of_a_carrier(text) != []


@pytest.mark.parametrize("text", ["tracks", "backs", "acsess", "CallControlError", "a grid of events"])
def test_other_words_are_not(text: str) -> None:
    assert words_of_a_carrier(text) == []


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("from actors.session.plan import Engines", {"session"}),
        ("import actors.runtime.clock as clock, actors.agent", {"runtime", "agent"}),
        ("from ..ports import llm", {"ports"}),
        ("from actors import rules", {"rules"}),
        ("def late():\n    from actors import messages", {"messages"}),
        ("import msgspec", set()),
    ],
)
def test_an_import_of_a_room_is_seen(source: str, rooms: set[str]) -> None:
    assert rooms_entered(source, package="actors.rules") == rooms


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec",
        "x = 1\nimport msgspec",
        "import msgspec\nx = 1\n",
        "def late():\n    import msgspec\n    return 1\nx = 1\n",
        "if x:\n    y = 1\nelse:\n    import msgspec\n",
        'x = """\nimport\nwords\n"""\nimport msgspec\ny = """\nimport\nwords\n"""\nz = 1\n',
    ],
)
def test_an_import_is_seen_wherever_it_stands(source: str) -> None:
    assert [imported.module for imported in imports(source)] == ["msgspec"]


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
