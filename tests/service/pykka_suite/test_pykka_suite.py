"""Pykka's own tests, unedited, run on our actors: what its documentation promises holds for `LoopActor`."""

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.kit.source import ROOT

HERE = Path(__file__).parent
SOURCES = ROOT / ".sources"
"""Where `make sources` keeps source releases."""
TESTS_OF_THE_RUNTIME = 100
"""Pykka 4.5.0 has more than this of its tests run once per runtime; fewer means that ours was not in the table."""


@pytest.fixture
def pykka_source(tmp_path: Path) -> Path:
    """The source release of the very version that is installed, unpacked anew."""
    archive = SOURCES / f"pykka-{version('pykka')}.tar.gz"
    assert archive.is_file(), f"tests download nothing: `make sources` brings {archive.name}"
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("pykka-*")
    return source


def _run(source: Path, report: Path) -> subprocess.CompletedProcess[str]:
    # Our plug-ins (random order, timeouts, asyncio) are none of Pykka's. Its directory comes first, for its `tests`.
    environment = os.environ | {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "",
        "PYTHONPATH": os.pathsep.join([str(source), str(HERE), str(ROOT)]),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "loop_runtime", f"--junit-xml={report}", "tests"]
    return subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True, timeout=150, check=False
    )


def _of_runtime(cases: list[ET.Element], runtime: str) -> list[ET.Element]:
    return [case for case in cases if runtime in case.attrib["name"].partition("[")[2].rstrip("]").split("-")]


def test_pykkas_own_tests_pass(pykka_source: Path, tmp_path: Path) -> None:
    """All of Pykka's tests pass, and those of the `loop` runtime were among them."""
    report = tmp_path / "report.xml"
    run = _run(pykka_source, report)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    cases = list(ET.parse(report).getroot().iter("testcase"))
    of_ours, of_threads = _of_runtime(cases, "loop"), _of_runtime(cases, "threading")
    assert len(of_ours) == len(of_threads) >= TESTS_OF_THE_RUNTIME
    assert not [case.attrib["name"] for case in of_ours if len(case)], "each ran and passed, none was skipped"
