"""`python -m app ...` in this process: what a command answers to an environment, without a second for each start.

That a process of its own answers so too, is held for some of each command's answers with `tests.kit.serving.run`.
"""

import contextlib
import io
import os
import subprocess
import tempfile
from unittest.mock import patch

from app.__main__ import main
from tests.kit.serving import environment


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself, in `environment(**variables)`; it leaves no temporary file behind."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        tempfile.TemporaryDirectory(prefix="command-") as temporary,
        patch.object(tempfile, "tempdir", temporary),
        patch.dict(os.environ, environment(**{"TMPDIR": temporary, **variables}), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        try:
            status = main(arguments)
        except SystemExit as ended:  # as argparse does
            status = ended.code if isinstance(ended.code, int) else 1
        assert os.listdir(temporary) == [], "temporary files that a command has left behind"
    return subprocess.CompletedProcess(("app", *arguments), status, out.getvalue(), errors.getvalue())
