"""No library reports from a server to its maker: not what it is, where it runs, or which models it uses."""

import os
import subprocess
import sys
from pathlib import Path

from config.silent_libraries import NO_REPORTS
from tests.kit.serving import ROOT, RUNS_S

# onnxruntime opens a session with its collector, and a file for it, as soon as it is loaded.
LOADED = """
import importlib
import app
importlib.import_module("app.providers.hibari.voice")
importlib.import_module("app.providers.moonshine.model")
from app.providers.silero.voice_activity import energy_gated_silero
energy_gated_silero()
"""


def left_by(folder: Path, program: str, **variables: str) -> list[str]:
    """The files that a Python program has left in its directory for temporary ones."""
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "HOME": str(folder), **variables}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, timeout=RUNS_S)
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_engines_of_this_machine_open_no_session_with_a_collector(tmp_path: Path) -> None:
    assert left_by(tmp_path, LOADED) == []


def test_it_is_said_before_any_library_is_loaded(tmp_path: Path) -> None:
    told = f"import app, os; open(os.environ['TMPDIR'] + '/' + os.environ['{NO_REPORTS}'], 'w')"
    assert left_by(tmp_path, told) == ["1"]
    (tmp_path / "1").unlink()
    assert left_by(tmp_path, told, **{NO_REPORTS: "0"}) == ["0"], "who runs it may have it otherwise"
