"""A server that speaks https and wss itself, with a certificate made for this machine."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from app.server.processes.worker_loop import TLS_CLOSED_S
from app.server.tls import tls_files
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.command_line import command
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, ROOT, Server, eventually, run, serving
from tests.service.server.test_quiet_stop import GRACE_S, STOPS_S, noise


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate and its key, as `make run TLS=1` makes them."""
    directory = tmp_path_factory.mktemp("tls")
    for name in ("Makefile", "requirements.txt", "requirements-models.txt"):
        shutil.copy(ROOT / name, directory)
    subprocess.run(["make", ".tls/certificate.pem"], cwd=directory, check=True, timeout=60, capture_output=True)
    return {
        "TLS_CERTIFICATE": str(directory / ".tls/certificate.pem"),
        "TLS_KEY": str(directory / ".tls/key.pem"),
    }


@pytest.fixture(scope="module")
def server(files: dict[str, str]) -> Iterator[Server]:
    with serving(EARSHOT, **FAKES, **files) as started:
        yield started


def trusting(files: dict[str, str]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=files["TLS_CERTIFICATE"])


def test_requests_are_answered_over_https(server: Server, files: dict[str, str]) -> None:
    assert server.url.startswith("https://127.0.0.1:")
    answer = httpx.get(f"{server.url}/api/v1/health", verify=trusting(files), trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


def test_a_conversation_is_held_over_wss(server: Server, files: dict[str, str]) -> None:
    address = f"{server.url.replace('https', 'wss')}/api/v1/realtime/conversation"
    with connect(address, ssl=trusting(files), proxy=None, open_timeout=60, close_timeout=1) as socket:
        socket.send(json.dumps({"type": "text", "text": "hello over tls"}))
        for message in socket:
            told = json.loads(message)
            if told["type"] == "assistant_final" and "hello over tls" in told["content"]:
                break


def connected(server: Server, files: dict[str, str], request: str) -> ssl.SSLSocket:
    """A connection over TLS on which a request was sent. It does not answer the server's end of TLS unless it reads."""
    url = httpx.URL(server.url)
    secured = trusting(files).wrap_socket(
        socket.create_connection((url.host, url.port or 0), 60), server_hostname=url.host
    )
    secured.sendall(f"GET {request} HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
    return secured


def test_a_stop_waits_for_an_answer_beside_clients_that_do_not_answer_the_end_of_tls(files: dict[str, str]) -> None:
    with serving(DRAIN_GRACE_S=GRACE_S, **files) as server:
        idle = [connected(server, files, "/who") for _ in range(20)]
        assert all(b"200" in client.recv(4096) for client in idle)
        with connected(server, files, f"/slow?s={TLS_CLOSED_S + 1}") as asking:
            eventually(lambda: httpx.get(f"{server.url}/running", verify=trusting(files), trust_env=False).text == "1")
            server.signal(signal.SIGTERM)
            assert b"200" in asking.recv(4096)
        assert server.process.wait(STOPS_S) == 0
        assert noise(server.log()) == []
        for client in idle:
            client.close()


def test_programs_beside_it_with_its_settings_trust_it(server: Server, files: dict[str, str]) -> None:
    port = server.url.rpartition(":")[2]
    probe = run(sys.executable, "-m", "app.server.liveness_probe", **files, PORT=port)
    assert (probe.returncode, probe.stderr) == (0, "")
    # It is asked, and has no telephone network.
    refused = command("call", "+12025550123", **files, PORT=port)
    assert (refused.returncode, refused.stderr[:5]) == (1, "503: ")


def test_a_certificate_that_nobody_trusts_is_refused_by_clients(server: Server) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False, timeout=60)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"TLS_KEY": ""}, "TLS_KEY is unset, and TLS_CERTIFICATE is of no use without it"),
        ({"TLS_CERTIFICATE": ""}, "TLS_CERTIFICATE is unset, and TLS_KEY is of no use without it"),
        ({"TLS_KEY": "/nowhere/key.pem"}, "TLS_CERTIFICATE or TLS_KEY cannot be read: no such file or directory"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(files: dict[str, str], changed: dict[str, str], line: str) -> None:
    ended = command("check", **{**FAKES, **files, **changed})
    assert (ended.returncode, ended.stderr) == (2, line + "\n")


def test_a_server_says_so_in_the_same_line(files: dict[str, str]) -> None:
    environ = {**FAKES, **files, "TLS_KEY": "/nowhere/key.pem"}
    ended = run(sys.executable, "-m", "app", "serve", **environ)
    assert (ended.returncode, ended.stderr) == (2, command("check", **environ).stderr)


def test_files_that_are_something_else_are_named(tmp_path: Path) -> None:
    (tmp_path / "note.pem").write_text("no certificate\n")
    note = str(tmp_path / "note.pem")
    with pytest.raises(SettingsError, match="are no certificate with its key"):
        tls_files(Settings.read({"TLS_CERTIFICATE": note, "TLS_KEY": note}))
    assert tls_files(Settings()) is None
