"""What a container asks to find out whether its server is alive."""

import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.server import liveness_probe
from tests.kit.ports import free_port
from tests.kit.serving import environment, run


class Answers(BaseHTTPRequestHandler):
    """200 to whoever asks for the liveness, 503 to all else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v1/health/live" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[str]:
    """Of somebody who answers."""
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield str(server.server_port)
        server.shutdown()
        serving.join()


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a container, to be added to."""
    for name, value in environment(HOST="0.0.0.0", http_proxy="http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_server_that_answers_is_alive(port: str, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("PORT", port)
    assert liveness_probe.main() == 0


def test_one_that_says_that_it_is_not_is_not(
    port: str, environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environ.setenv("PORT", port)
    environ.setattr(liveness_probe, "LIVE", "/elsewhere")
    assert liveness_probe.main() == 1
    assert capsys.readouterr().err.endswith("/elsewhere does not answer: Service Unavailable\n")


def test_one_that_hangs_is_not(environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environ.setattr(liveness_probe, "ANSWER_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        environ.setenv("PORT", str(hung.getsockname()[1]))
        assert liveness_probe.main() == 1
    assert "does not answer: " in capsys.readouterr().err


def test_as_a_program_it_says_in_one_line_that_nobody_is_there_or_what_is_wrong() -> None:
    probe = (sys.executable, "-m", "app.server.liveness_probe")
    alone = run(*probe, PORT=str(free_port()))
    assert (alone.returncode, alone.stdout, alone.stderr.count("\n")) == (1, "", 1)
    wrong = run(*probe, PORT="many")
    assert (wrong.returncode, wrong.stderr) == (2, "PORT is 'many'; it must be a whole number from 0 to 65535\n")
