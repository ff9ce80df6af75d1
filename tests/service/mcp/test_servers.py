"""MCP servers of a whole server: they stop neither its start nor its end, and nothing of them is left."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from app.commands.check import check
from app.mcp import servers
from config.settings import Settings
from tests.kit.command_line import command
from tests.kit.service_kit import FAKES
from tests.kit.serving import Server, alive, eventually, run, serving

CHECK = (sys.executable, "-m", "app", "check")
CRM = ["-m", "tests.kit.mcp_servers.crm"]
BROKEN = ["-m", "tests.kit.mcp_servers.broken"]


def agents(folder: Path, *args: str, **more: Any) -> dict[str, str]:
    """The environment of a server with an agent that has the tools of one MCP server."""
    server = {"name": "crm", "command": sys.executable, "args": args, "tools": ["find_customer"], **more}
    desk = {"name": "desk", "label": "Desk", "mcp_servers": [server]}
    (folder / "desk.yaml").write_text(json.dumps(desk))
    return {**FAKES, "AGENTS_DIRECTORY": str(folder)}


def worker(server: Server) -> dict[str, Any]:
    """What readiness says of the worker's parts."""
    checks = server.get("/api/v1/readiness").json()["checks"]
    return next(each for each in checks if each["component"] == "worker")


def test_check_connects_to_them(tmp_path: Path) -> None:
    ended = run(*CHECK, "--connect", **agents(tmp_path, *CRM))
    assert ended.returncode == 0, ended.stderr
    assert "connection: mcp_server crm: healthy (1 tools)" in ended.stdout.splitlines()


def test_check_says_what_is_wrong_with_them(tmp_path: Path) -> None:
    ended = run(*CHECK, "--connect", **agents(tmp_path, *CRM, tools=["find_customers"]))
    assert ended.returncode == 1
    assert "mcp_server crm: unhealthy (it has no tool find_customers; is find_customer meant?)" in ended.stdout


def test_check_alone_starts_none(tmp_path: Path) -> None:
    noted = tmp_path / "pids"
    ended = command("check", **agents(tmp_path, *BROKEN, "deaf", str(noted)))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert not noted.exists()


def test_check_names_those_whose_extra_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "is_installed", lambda: False)
    found = check(Settings.read({"PORT": "0", **agents(tmp_path, *CRM)}))
    assert "the tools of the MCP server crm of the agent desk do nothing: the extra `mcp` is not installed" in (
        found.warnings
    )


def test_a_server_without_any_does_without_the_sdk() -> None:
    asked = (
        "import sys, app.services, app.commands.check, app.assembly; "
        "print('mcp' in sys.modules, 'jsonschema' in sys.modules)"
    )
    assert run(sys.executable, "-c", asked).stdout.split() == ["False", "False"]


def test_one_that_does_not_start_is_told_by_readiness(tmp_path: Path) -> None:
    with serving("", **agents(tmp_path, *BROKEN, "gone")) as server:
        eventually(lambda: worker(server)["error"] == "MCP server crm: it has ended")
        assert worker(server)["status"] == "degraded"
        assert server.log().count("MCP server crm is degraded") == 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("fault", ["deaf", "family"])
def test_none_is_left_when_the_server_ends(tmp_path: Path, fault: str, signum: signal.Signals) -> None:
    noted = tmp_path / "pids"
    with serving("", **agents(tmp_path, *BROKEN, fault, str(noted))) as server:
        eventually(noted.exists)
        server.signal(signum)
        server.process.wait(60)
    eventually(lambda: not any(alive(int(pid)) for pid in noted.read_text().split()))
