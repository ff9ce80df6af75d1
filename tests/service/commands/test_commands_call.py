"""`python -m app call`: a call is placed through the emulated network, and followed to its end."""

import asyncio
import json
import sys
from subprocess import CompletedProcess

from tests.eval.phone import answering
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import run

CALL = (sys.executable, "-m", "app", "call")
TOKEN = "an-operator-token-of-32-characters"


async def ran(*arguments: str, **environ: str) -> CompletedProcess[str]:
    return await asyncio.to_thread(run, *CALL, *arguments, **environ)


async def test_a_call_is_placed_and_a_refusal_is_one_line() -> None:
    async with answering(**FAKES, OPERATOR_TOKEN=TOKEN) as (_, url):
        placed = await ran("+12025550123", "--server", url, "--no-follow", "--json", OPERATOR_TOKEN=TOKEN)
        assert (placed.returncode, placed.stderr) == (0, "")
        assert json.loads(placed.stdout)["status"] == "initiating"
        unknown = await ran("+12025550123", "--agent", "nobody", "--server", url, OPERATOR_TOKEN=TOKEN)
        assert (unknown.returncode, unknown.stdout) == (1, "")
        assert unknown.stderr.startswith("422: agent: expected one of ")
        stranger = await ran("+12025550123", "--server", url)
        assert (stranger.returncode, stranger.stderr) == (1, "401: the operator token is missing or wrong\n")


async def test_a_server_that_is_not_there_is_one_line() -> None:
    ended = await ran("+12025550123", PORT=str(free_port()))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "does not answer as a server of ours" in ended.stderr
    assert ended.stderr.count("\n") == 1


async def test_a_number_that_is_none_is_one_line() -> None:
    ended = await ran("0800 1234")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "target_number: expected a phone number in E.164 format, like +12025550123\n"
