"""Requests that schemathesis makes up from the OpenAPI document, valid and not, against the running server."""

import re
import sys
from pathlib import Path

from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, run, serving

CONFIG = Path(__file__).with_name("schemathesis.toml")
REQUESTS = "10"
"""Made up for each operation and phase: a few hundred in all, which take a quarter of a minute."""


def test_the_server_does_what_its_document_says() -> None:
    with serving(EARSHOT, **FAKES, CLIENT_REQUESTS_PER_MINUTE="0") as server:
        ended = run(
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{server.url}/openapi.json", "--max-examples", REQUESTS, "--seed", "1", "--no-color"),
            *("--request-timeout", "60"),
            # The files of the page are one operation, whose parameter is none of a request's.
            *("--exclude-path-regex", "^/static/", "--generation-database", "none"),
        )
        log = server.log()
    assert ended.returncode == 0, ended.stdout[-6_000:] + ended.stderr
    tried = re.search(r"(\d+) generated", ended.stdout)
    assert tried is not None
    assert int(tried[1]) > 300
    assert "failed" not in log, log
