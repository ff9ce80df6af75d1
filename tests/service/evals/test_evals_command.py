"""A caller and a judge that a language model plays over the real openai SDK, of an emulated server."""

import asyncio
from pathlib import Path

import pytest

from app.evals.command import Evaluation, evaluate
from config.settings import Settings
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Reply
from tests.kit.source import ROOT

SCENARIO = """
agent: hotel
scenarios:
  - name: a guest in a hurry
    persona: {who: You are Ada and want to know when breakfast is.}
    steps:
      - expect: seven to ten
      - judge: The agent named the garden room.
"""


@pytest.mark.parametrize("verdict", ["true", "false"])
async def test_a_model_plays_the_caller_and_judges(
    verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    lines: list[str] = []
    async with ChatEmulator(key="secret") as chat:
        chat.answer("You can ask me about", Reply("When is breakfast, please? HANG UP"))
        chat.answer("caller: When is breakfast", Reply(f'{{"passed": {verdict}, "reason": "the garden room"}}'))
        environ = {"EVAL_MODEL": "m", "EVAL_BASE_URL": chat.base_url, "EVAL_API_KEY": "secret"}
        asked = Evaluation(files=(tmp_path / "s.yaml",))
        passed = await asyncio.to_thread(evaluate, asked, Settings.read(environ), lines.append)
    assert passed is (verdict == "true"), lines
    assert ("judge: no: the garden room" in "\n".join(lines)) is (verdict == "false")
