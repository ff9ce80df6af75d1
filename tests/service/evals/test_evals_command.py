"""A caller and a judge that a language model plays over the real openai SDK, of an emulated server."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.evals.command import Evaluation, evaluate
from app.evals.microphone import Audio
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


SPOKEN = """
agent: hotel
scenarios:
  - name: by voice
    steps:
      - expect: harbour house
      - say: when is breakfast
      - expect: seven to ten
        within_ms: 20000
"""


def test_a_caller_speaks_and_is_heard_with_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.yaml").write_text(SPOKEN)
    lines: list[str] = []
    asked = Evaluation(files=(tmp_path / "s.yaml",), audio=Audio(noise_db=25), json=tmp_path / "out.json")
    assert evaluate(asked, Settings(), lines.append), lines
    ((result,),) = (msgspec.json.decode((tmp_path / "out.json").read_bytes()),)
    said = [(moment["who"], moment["what"].lower()) for moment in result["runs"][0]["timeline"]]
    # What was heard stands below what was said.
    asked_at = said.index(("caller", "when is breakfast"))
    heard = next(what for who, what in said[asked_at:] if who == "heard")
    assert "breakfast" in heard
