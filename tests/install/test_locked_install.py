"""The Makefile installs what the lock names, whatever else there is, with the oldest pip of this machine's Pythons.

Packages come from a folder without an index. Beside each package that is wanted with an extra lies a newer one: a pip
before 23.3 takes that for the extra, unless the lock or the installer keeps it from doing so.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.install.wheelhouse import (
    Pin,
    pins,
    repacked,
    source_release,
    stand_in,
    wanted_with_extras,
    with_hashes_of,
)
from tests.kit.source import ROOT

LOCKS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
INSTALLER = "uv"
A_FEW = {"h11", "msgspec", "pykka", "pyjwt", "wsproto"}
"""Of the packages of the server: as good as all where it is the models, or a wrong hash, that decides."""
BUILD_TOOL = ("hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers")
"""What builds the source release that `make sources` brings, and what that needs."""


def newer(version: str) -> str:
    """The next release of the same kind, which whoever wants this version would take too."""
    return re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), version)


def bundled_pip(python: str) -> tuple[int, ...] | None:
    """Version of the pip that environments of this Python begin with; None if it is too old or makes none."""
    asked = "import ensurepip, sys; assert sys.version_info >= (3, 11); print(ensurepip.version())"
    try:
        ended = subprocess.run([python, "-c", asked], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return tuple(map(int, ended.stdout.strip().split("."))) if ended.returncode == 0 else None


@cache
def python_with_the_oldest_pip() -> str:
    """Of this machine's Pythons."""
    known = {str(getattr(sys, "_base_executable", sys.executable)), "/usr/bin/python3", "/usr/local/bin/python3"}
    versions = {python: version for python in known if (version := bundled_pip(python))}
    return min(versions, key=lambda python: versions[python])


def copy_of(environment: Path, place: Path) -> None:
    """Copy an environment of which only `bin/python` is used, which needs no path of the environment's own."""
    shutil.copytree(environment, place, symlinks=True)


class Checkout:
    """What the Makefile needs, and a folder of wheels for its locks; the copy of a new environment, or none yet.

    `a_few`: the lock of the server names no more than those.
    """

    def __init__(self, folder: Path, wheels: Path, environment: Path | None = None, *, a_few: bool = False) -> None:
        self.folder, self.wheels = folder, wheels
        if environment is not None:
            copy_of(environment, folder / ".venv")
        for name in ("Makefile", ".ci/install.py"):
            if (ROOT / name).exists():
                (folder / name).parent.mkdir(exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        for lock in LOCKS:
            among = A_FEW if a_few and lock == "requirements.txt" else None
            (folder / lock).write_text(with_hashes_of(wheels, (ROOT / lock).read_text(), among) + "\n")

    def make(self, target: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Make this target on a machine that has no index and no configuration but this."""
        own = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "PIP_CACHE_DIR": str(self.folder / "cache-of-pip"),
        }
        return subprocess.run(
            ["make", target, f"PYTHON={python_with_the_oldest_pip()}"],
            cwd=self.folder,
            env={**own, **environment},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    @property
    def installed(self) -> dict[str, str]:
        """Name to version of what is in the environment, but for what it began with."""
        (packages,) = self.folder.glob(".venv/lib/python3*/site-packages")
        found = (path.name.removesuffix(".dist-info").split("-") for path in packages.glob("*.dist-info"))
        versions = {name.replace("_", "-").lower(): version for name, version in found}
        return {name: version for name, version in versions.items() if name not in ("pip", "setuptools")}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the locks name, and the newer ones; the installer and the build tool are the real ones."""
    folder = tmp_path_factory.mktemp("wheels")
    locked = {pin for lock in LOCKS for pin in pins((ROOT / lock).read_text())}
    for pin in locked:
        if pin.name in (INSTALLER, *BUILD_TOOL):
            repacked(folder, pin.name)
        else:
            stand_in(folder, pin.name, pin.version)
        if pin.name == "pykka":
            source_release(folder, pin.name, pin.version)
    wanted = wanted_with_extras(locked)
    with_extras = {pin.name: pin.version for pin in locked if pin.name in wanted}
    assert set(with_extras) >= {"coverage", "pyjwt"}
    for name, version in with_extras.items():
        stand_in(folder, name, newer(version))
    return folder


def locked(lock: str) -> dict[str, set[str]]:
    """Name to its versions in the lock; a package that not every platform and Python gets may be left out."""
    versions: dict[str, set[str]] = {}
    for pin in pins((ROOT / lock).read_text()):
        versions.setdefault(pin.name, set()).add(pin.version)
    return versions


def unconditional(lock: str) -> set[str]:
    """Names that every platform and every Python gets."""
    return {pin.name for pin in pins((ROOT / lock).read_text()) if not pin.marker.strip()}


def check_installed(installed: Mapping[str, str], lock: str) -> None:
    expected = locked(lock)
    assert {name: version for name, version in installed.items() if version not in expected.get(name, {version})} == {}
    assert unconditional(lock) - set(installed) == set()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Checkout:
    """Where a file of pip's configuration says that packages come from the folder and nowhere else."""
    folder = tmp_path_factory.mktemp("checkout")
    links = f"{'find-links'} = {wheels}"
    (folder / "pip.conf").write_text(f"[global]\nno-index = true\n[install]\n{links}\n[download]\n{links}\n")
    return Checkout(folder, wheels)


@pytest.fixture(scope="module")
def begun(checkout: Checkout) -> subprocess.CompletedProcess[str]:
    """The making of the environment there, without anything installed into it."""
    return checkout.make(".venv/bin/pip", configured(checkout))


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, checkout: Checkout, begun: subprocess.CompletedProcess[str]
) -> Path:
    """An environment as it begins: to make one takes longer than most of what is installed into it here."""
    assert begun.returncode == 0, begun.stderr
    place = tmp_path_factory.mktemp("environment") / ".venv"
    copy_of(checkout.folder / ".venv", place)
    return place


@pytest.fixture(scope="module")
def developed(
    checkout: Checkout, begun: subprocess.CompletedProcess[str], environment: Path
) -> subprocess.CompletedProcess[str]:
    """The installation of what developers need, there. `environment` is its environment before that."""
    assert environment.exists()
    ended = checkout.make(".venv/development", configured(checkout))
    return subprocess.CompletedProcess(
        ended.args, ended.returncode, begun.stdout + ended.stdout, begun.stderr + ended.stderr
    )


def configured(checkout: Checkout) -> dict[str, str]:
    return {"PIP_CONFIG_FILE": str(checkout.folder / "pip.conf")}


def test_what_is_locked_is_installed_and_a_configuration_file_of_pip_says_from_where(
    checkout: Checkout, developed: subprocess.CompletedProcess[str]
) -> None:
    assert (developed.returncode, developed.stderr) == (0, "")
    check_installed(checkout.installed, "requirements-dev.txt")
    # What takes long says so meanwhile.
    shown = [line for line in developed.stdout.splitlines() if not line.startswith("  still ")]
    assert "Installing the installer, uv" in shown[1]
    assert re.fullmatch(r"Installing \d+ packages", shown[2])


@pytest.mark.usefixtures("developed")
def test_a_source_release_is_brought_with_the_locked_build_tool_and_only_as_it_is_locked(
    checkout: Checkout, wheels: Path
) -> None:
    """There is no source release of the build tool here, which pip would need if it built that first."""
    (version,) = locked("requirements.txt")["pykka"]
    release = f"pykka-{version}.tar.gz"
    brought = checkout.make("sources", configured(checkout))
    assert (brought.returncode, brought.stderr, brought.stdout) == (0, "", "")
    assert (checkout.folder / ".sources" / release).read_bytes() == (wheels / release).read_bytes()

    lock = checkout.folder / "requirements-dev.txt"
    digest = hashlib.sha256((wheels / release).read_bytes()).hexdigest()
    lock.write_text(lock.read_text().replace(digest, "0" * 64))
    (checkout.folder / ".venv/development").touch()
    refused = checkout.make("sources", configured(checkout))
    lock.write_text(lock.read_text().replace("0" * 64, digest))
    assert (refused.returncode != 0, "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr) == (True, True)
    assert not (checkout.folder / ".sources" / release).exists()


def test_where_the_installer_cannot_be_had_pip_installs_the_same_lock(
    tmp_path: Path, wheels: Path, environment: Path
) -> None:
    without = tmp_path / "wheels"
    shutil.copytree(wheels, without, ignore=shutil.ignore_patterns(f"{INSTALLER}-*"))
    checkout = Checkout(tmp_path, wheels, environment)
    ended = checkout.make(
        ".venv/runtime", {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(without)}
    )
    assert ended.returncode == 0, ended.stderr
    check_installed(checkout.installed, "requirements.txt")
    said = [line for line in ended.stdout.splitlines() if line.startswith("uv cannot be had here")]
    assert len(said) == 1


def test_an_older_pip_by_itself_installs_the_lock_of_the_server(
    tmp_path: Path, wheels: Path, environment: Path
) -> None:
    """As a platform does that knows nothing of the Makefile."""
    Checkout(tmp_path, wheels)
    copy_of(environment, tmp_path / "environment")
    python = tmp_path / "environment/bin/python"
    ended = subprocess.run(
        [python, "-m", "pip", "install", "--no-index", "--find-links", wheels, "-r", tmp_path / "requirements.txt"],
        env={"PATH": "/usr/bin:/bin", "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_models_that_do_not_come_for_this_machine_are_named_and_left_out(
    tmp_path: Path, wheels: Path, environment: Path, installer: str
) -> None:
    elsewhere = tmp_path / "wheels"
    shutil.copytree(wheels, elsewhere, ignore=shutil.ignore_patterns(*[f"{INSTALLER}-*"] * (installer == "pip")))
    checkout = Checkout(tmp_path, wheels, environment, a_few=True)
    (model,) = elsewhere.glob("moonshine_voice-*.whl")
    model.rename(model.with_name(model.name.replace("-any.whl", "-macosx_99_0_arm64.whl")))
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nno-index = true\n[install]\n{'find-links'} = {elsewhere}\n")
    ended = checkout.make(".venv/runtime", {"PIP_CONFIG_FILE": str(configuration), "UV_OFFLINE": "1"})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert checkout.installed.keys() - {INSTALLER} == A_FEW
    said = [line for line in ended.stdout.splitlines() if line.startswith("There is no local speech recognition")]
    assert len(said) == 1


def test_models_that_are_not_the_locked_ones_stop_it(tmp_path: Path, wheels: Path, environment: Path) -> None:
    checkout = Checkout(tmp_path, wheels, environment, a_few=True)
    lock = tmp_path / "requirements-models.txt"
    lock.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", lock.read_text()))
    ended = checkout.make(
        ".venv/runtime", {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    )
    assert ended.returncode != 0
    assert "moonshine" in ended.stderr + ended.stdout
    assert not (tmp_path / ".venv/runtime").exists()


def test_a_package_that_is_not_the_locked_one_stops_it(tmp_path: Path, wheels: Path, environment: Path) -> None:
    checkout = Checkout(tmp_path, wheels, environment, a_few=True)
    lock = tmp_path / "requirements.txt"
    broken = re.sub(r"(pykka==[^\n]*\n    --hash=sha256:)\w{8}", r"\g<1>00000000", lock.read_text())
    assert broken != lock.read_text()
    lock.write_text(broken)
    ended = checkout.make(
        ".venv/runtime", {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    )
    assert ended.returncode != 0
    assert "pykka" in ended.stderr + ended.stdout
    assert not (tmp_path / ".venv/runtime").exists()


def test_an_entry_of_a_lock_is_read() -> None:
    (pin,) = pins("a-b[c,d]==1.2 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n")
    assert pin == Pin(name="a-b", extras="[c,d]", version="1.2", marker=" ; python_full_version < '3.12' ")
