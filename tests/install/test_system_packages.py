"""What `make test` does about programs that the tests need and that are not there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.source import ROOT

PROGRAM, PACKAGE = "surely-not-there", "its-package"


class Machine:
    """A copy of the Makefile, and a PATH on which apt-get, dpkg-query and id are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        # What is done with the packages of Python is no concern here.
        (folder / ".venv/bin").mkdir(parents=True)
        self.puts(".venv/bin/pip")
        self.puts("bin/id", "echo ${PRETENDED_UID:-0}")
        for name in ("sh", "make", "grep", "sed", "printf", "chmod", "cat"):
            found = shutil.which(name)
            assert found is not None
            (self.programs / name).symlink_to(found)

    def puts(self, path: str, script: str = "exit 0") -> None:
        """Write an executable."""
        (self.folder / path).write_text(f"#!/bin/sh\n{script}\n")
        (self.folder / path).chmod(0o755)

    def debian(self, *, has_package: bool = True) -> None:
        """Let there be apt-get; that it installs is noted, and brings the program if `has_package`."""
        brought = self.programs / PROGRAM
        brings = f"printf '#!/bin/sh\\n' >'{brought}'; chmod +x '{brought}'" if has_package else "exit 100"
        noted = f"echo \"$*\" >>'{self.folder / 'apt'}'"
        self.puts("bin/apt-get", f'{noted}; case "$*" in *install*) {brings};; esac')
        self.puts("bin/dpkg-query", f"test -x '{brought}' && echo installed || echo 'no packages found' >&2")

    @property
    def asked_of_apt(self) -> list[str]:
        """What apt-get was called with."""
        noted = self.folder / "apt"
        return noted.read_text().splitlines() if noted.exists() else []

    def make(self, target: str = "programs", uid: int = 0) -> subprocess.CompletedProcess[str]:
        """Run make with one program that the tests are said to need."""
        return subprocess.run(
            ["make", target, f"TEST_PROGRAMS={PROGRAM}", f"DEBIAN_PACKAGES={PACKAGE}"],
            cwd=self.folder,
            env={"PATH": str(self.programs), "PRETENDED_UID": str(uid)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_as_root_on_debian_a_missing_program_is_brought_and_that_is_one_line(machine: Machine) -> None:
    machine.debian()
    ended = machine.make()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"Installing what the tests need of Debian: {PACKAGE}\n"
    assert any("install" in asked and PACKAGE in asked for asked in machine.asked_of_apt)


@pytest.mark.parametrize("target", ["programs", "system-packages"])
def test_where_all_is_there_nothing_is_asked_of_apt(machine: Machine, target: str) -> None:
    machine.debian()
    machine.puts(f"bin/{PROGRAM}")
    ended = machine.make(target)
    assert (ended.returncode, ended.stdout, ended.stderr, machine.asked_of_apt) == (0, "", "", [])


@pytest.mark.parametrize(("debian", "uid"), [(False, 0), (True, 1000)])
def test_elsewhere_one_line_names_the_program_before_anything_is_done(machine: Machine, debian: bool, uid: int) -> None:
    if debian:
        machine.debian()
    ended = machine.make("test", uid)
    line, *makes_own = ended.stderr.splitlines()
    assert line == f"make test needs on PATH: {PROGRAM} (as root on Debian it installs them itself)"
    assert (len(makes_own), ended.stdout, machine.asked_of_apt) == (1, "", [])
    assert ended.returncode != 0


def test_a_package_that_apt_cannot_bring_stops_it(machine: Machine) -> None:
    machine.debian(has_package=False)
    assert machine.make("test").returncode != 0
    assert os.listdir(machine.folder / ".venv/bin") == ["pip"]
