"""What holds for the files of the repository as a whole."""

import os
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tests.kit.source import LAYERS, ROOT, files, modules

BANNED_WORDS = {"handler", "manager", "helper", "util", "processor", "data", "info"}
"""Words that say nothing about what a module is for; their plurals say no more."""

# Put together here, so that this file does not name what no file may name.
REGISTRIES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))
INDEX_OPTION = re.compile("(?<!no-emit-)(index|find)" + r"-(url|links)(\s|=)\S")
HOME = re.compile(r"(?<![\w.~}])/(home|Users)/[a-z][\w-]*/|(?<![\w.])/root" + "/")
HOMES = ("/home/", "/Users/", "/root" + "/")

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-installer.txt")


def texts() -> dict[Path, str]:
    """Every text file of the tree."""
    found = {}
    for path in files():
        try:
            found[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def pins(lock: str) -> dict[str, str]:
    """Package, without extras, to pinned version, markers included."""
    lines = (ROOT / lock).read_text().splitlines()
    pinned = [line.rstrip(" \\").split("==", 1) for line in lines if "==" in line and not line.startswith(" ")]
    return {name.partition("[")[0]: version for name, version in pinned}


def names_where_it_was_made(text: str) -> bool:
    """True if `text` names a package registry or a place on somebody's machine."""
    own = len(ROOT.parts) > 2 and re.search(re.escape(str(ROOT)) + r"\b", text) is not None
    # Looked for by their plain parts first: to try the expressions at each place of all files takes a second.
    option = any(part in text for part in ("-url", "-links")) and INDEX_OPTION.search(text)
    home = any(part in text for part in HOMES) and HOME.search(text)
    return own or bool(option or home) or any(host in text for host in REGISTRIES)


def test_no_file_names_a_package_registry_or_a_place_on_a_machine() -> None:
    assert [path for path, text in texts().items() if names_where_it_was_made(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "https://files." + REGISTRIES[1],
        "--extra-index-" + "url https://example.org/simple",
        "see " + "/home" + "/ann/notes",
        str(ROOT / "app"),
    ],
)
def test_such_a_name_is_seen(text: str) -> None:
    assert names_where_it_was_made(text)


def test_module_names_say_what_a_module_is_for() -> None:
    vague = [
        path
        for folder in (*LAYERS, "tests")
        for path in modules(folder)
        if any(word.removesuffix("s") in BANNED_WORDS for word in path.stem.removeprefix("test_").split("_"))
    ]
    assert vague == []


def test_every_text_ends_with_one_line_break_and_has_no_trailing_blanks() -> None:
    untidy = [
        path for path, text in texts().items() if text and (not text.endswith("\n") or re.search(r"[ \t]\n", text))
    ]
    assert untidy == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip())]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-installer.txt"])
def test_what_a_platform_installs_is_what_is_tested(lock: str) -> None:
    tested = pins("requirements-dev.txt")
    # What only some platforms install, all may have for the tests.
    others = {name: version for name, version in pins(lock).items() if tested.get(name) != version}
    assert {name: version for name, version in others.items() if tested.get(name) != version.partition(" ;")[0]} == {}


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["local"]
    wanted = {
        "requirements.txt": runtime,
        "requirements-dev.txt": runtime
        + [each for each in project["dependency-groups"]["dev"] if isinstance(each, str)],
        "requirements-installer.txt": project["dependency-groups"]["installer"],
    }
    missing = {
        (lock, name)
        for lock, dependencies in wanted.items()
        for dependency in dependencies
        if (name := re.split(r"[\s<>=!;\[~]", dependency)[0].lower()) not in pins(lock)
    }
    assert missing == set()


def test_a_platform_starts_the_server_and_checks_the_configuration_first() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert lines == ["web: python -m app serve", "release: python -m app check"]


def make(*arguments: str, cwd: Path = ROOT, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run make as from a shell of its own: it behaves differently below another make. `path` comes first in PATH."""
    search = os.pathsep.join(filter(None, (path, os.environ["PATH"])))
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env={"PATH": search}, capture_output=True, text=True, timeout=30, check=False
    )


def test_make_lists_its_targets() -> None:
    targets = {line.split()[1] for line in make("help").stdout.splitlines()}
    assert targets >= {"help", "run", "test", "check", "system-packages", "lock"}


def test_what_runs_on_every_submission_is_what_the_readers_are_told() -> None:
    commands = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line.startswith("make ")]
    assert commands == ["make test"]


def test_a_python_that_is_too_old_is_one_line(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-models.txt"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    line, *makes_own = make("run", cwd=tmp_path, path=str(tmp_path)).stderr.splitlines()
    assert line == "Earshot needs Python 3.11 or newer as python3 on PATH, or PYTHON=... on the command line"
    assert len(makes_own) == 1


DOCUMENTS = ("README.md", "CONTRIBUTING.md", *sorted(str(path) for path in files() if path.parent == Path("docs")))
TO_BE_MADE = {"app/tools/lamp.py", "config/agents/lamp.yaml", "customers.py", "parrot.py"}
"""Files that readers are told to make."""
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
PATH = re.compile(r"(?<![\w/.-])((?:actors|app|config|docs|protocol|tests|\.ci)/[\w./-]*|\w+\.py)(?![\w*{])")
MODULE = re.compile(r"(?<![\w/.:-])((?:actors|app|config|protocol|tests)(?:\.\w+)+)")
TARGET = re.compile(r"\bmake ([a-z]+(?:-[a-z]+)*)")
TEST = re.compile(r"`(test_\w+)`")
CLASS = re.compile(r"(?<![\w-])([A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+)(?![\w-])")
NAMES_OF_OTHERS = {
    *("AsyncIterator", "CancelledError", "ManagedIdentityCredential", "StopAudio", "SystemExit", "WebSocket"),
    "WorkloadIdentityCredential",
}
"""Names of classes and messages that are not the product's own."""
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def named_in_vain(text: str, folder: str = ".") -> list[str]:
    """Paths, modules, classes, make targets, tests and links of a document in `folder` that lead nowhere."""
    code = "\n".join(CODE.findall(text))
    present, names = {str(path) for path in files()}, {path.name for path in files()}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    paths = {path.rstrip(".") for path in PATH.findall(code)} - TO_BE_MADE
    modules_ = {module.removesuffix(".py") for module in MODULE.findall(code)}
    return [
        *(path for path in paths if not (ROOT / path).exists() and path not in (names if "/" not in path else present)),
        *(module for module in modules_ if not is_module_or_of_one(module)),
        *(name for name in set(CLASS.findall(code)) - NAMES_OF_OTHERS if name not in names_of_classes()),
        *(f"make {target}" for target in set(TARGET.findall(code)) - targets),
        *(test for test in TEST.findall(text) if test not in names_of_tests()),
        *(link for link in LINK.findall(text) if not (ROOT / folder / link).exists()),
    ]


@cache
def names_of_tests() -> set[str]:
    """The names of all test functions."""
    sources = ((ROOT / path).read_text("utf-8") for path in modules("tests") if path.name.startswith("test_"))
    return {name for source in sources for name in re.findall(r"def (test_\w+)", source)}


@cache
def names_of_classes() -> set[str]:
    """The names that the product gives to classes, and to unions of them."""
    sources = [(ROOT / path).read_text("utf-8") for folder in LAYERS for path in modules(folder)]
    sources.append((ROOT / "earshot_client.py").read_text("utf-8"))
    return {name for source in sources for name in re.findall(r"(?m)^(?:class )?([A-Z]\w+)(?: =|:|\(|\[)", source)}


def is_module_or_of_one(dotted: str) -> bool:
    """Whether a dotted name is a module or package of the tree, or a name in one."""
    place = ROOT / dotted.replace(".", "/")
    if place.is_dir() or place.with_suffix(".py").is_file():
        return True
    module = (
        place.parent.with_suffix(".py") if place.parent.with_suffix(".py").is_file() else place.parent / "__init__.py"
    )
    return module.is_file() and re.search(rf"\b{place.name}\b", module.read_text()) is not None


@pytest.mark.parametrize("document", DOCUMENTS)
def test_whatever_a_document_names_is_there(document: str) -> None:
    path = ROOT / document
    assert named_in_vain(path.read_text("utf-8"), str(Path(document).parent)) == []


@pytest.mark.parametrize(
    "text",
    [
        "`actors/turn.py`",
        "`app/adapters/`",
        "in `turn.py`",
        "`python -m app.serve_it`",
        "`actors.tools.no_such_name`",
        "held by `test_that_nobody_wrote`",
        "the `TurnMachine` decides",
        "tells `NoSuchMessage.field`",
        "run `make coffee`",
        "```sh\nmake coffee\n```",
        "[there](docs/nowhere.md#at-all)",
    ],
)
def test_what_is_not_there_is_seen(text: str) -> None:
    assert named_in_vain(text) != []


def test_what_is_there_is_not() -> None:
    text = "`actors/tools.py`, `settings.py`, `app/`, `actors.tools.tool`, `make run`, [home](README.md#earshot)"
    text += ", `TurnTaking`, `LiveSession.push_audio`, `TurnEvent`, `en-US-AvaMultilingualNeural`, Azure OpenAI"
    assert named_in_vain(text) == []


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 12_000
