"""`python -m app check --connect`: every part is asked whether it works."""

import json
import sys

from tests.kit.command_line import command
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import run

CONNECT = ("check", "--connect")


def test_parts_that_work_and_parts_that_are_off() -> None:
    ended = run(sys.executable, "-m", "app", *CONNECT, **FAKES)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "connection: rt_agents: healthy (3 agents)" in ended.stdout.splitlines()
    assert "connection: acs_caller: off" in ended.stdout.splitlines()


def test_a_service_that_is_not_there_fails_the_check() -> None:
    away = f"http://127.0.0.1:{free_port()}"
    environ = {**FAKES, "LANGUAGE_MODEL": "openai", "OPENAI_BASE_URL": away, "OPENAI_MODEL": "m", "OPENAI_API_KEY": "k"}
    ended = command(*CONNECT, "--json", **environ)
    assert ended.returncode == 1
    told = json.loads(ended.stdout)
    (model,) = [each for each in told["connections"] if each["component"] == "azure_openai_pool"]
    assert model["status"] == "unhealthy"
    assert "LANGUAGE_MODEL: openai" in told["features"]


def test_what_serve_refuses_is_refused() -> None:
    ended = command(*CONNECT, LANGUAGE_MODEL="nowhere:make")
    assert (ended.returncode, ended.stderr) == (2, "LANGUAGE_MODEL: nowhere:make: there is no module nowhere\n")
