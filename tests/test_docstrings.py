"""Docstrings are sentences that a stranger understands alone: one of two or three words is none."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.kit.source import ROOT, modules, statements

SHORTEST = 26
"""Fewer characters than this say nothing that the name does not."""


@cache
def docstrings(path: Path) -> list[tuple[str, str]]:
    """Each module, class and function of a file that has a docstring, with it."""
    tree, found = ast.parse((ROOT / path).read_text()), []
    for node in (tree, *statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                found.append((f"{path}::{getattr(node, 'name', '')}", text))
    return found


@cache
def tops() -> dict[Path, str]:
    """The first line of each module of the product, in small letters."""
    paths = (path for package in ("actors", "protocol", "config", "app") for path in modules(package))
    return {path: (ROOT / path).read_text().partition("\n")[0].lower() for path in paths}


@pytest.mark.parametrize("package", ["actors", "protocol", "config", "app"])
def test_no_docstring_is_too_short_to_say_anything(package: str) -> None:
    found = dict(pair for path in modules(package) for pair in docstrings(path))
    assert {place: text for place, text in found.items() if len(text) < SHORTEST} == {}


@pytest.mark.parametrize("package", ["actors", "protocol", "config", "app"])
def test_every_module_says_what_it_is_for(package: str) -> None:
    silent = [path for path in modules(package) if not dict(docstrings(path)).get(f"{path}::")]
    assert silent == []


SEARCHED = {
    "auth": {"app/auth/__init__.py", "app/auth/guard.py", "app/auth/route_table.py"},
    "jwt": {"app/auth/jwt.py", "app/auth/acs.py"},
    "cors": {"app/auth/origins.py"},
    "dtmf": {"app/telephony/media/dtmf.py", "protocol/acs/dtmf.py", "actors/rules/turn_taking/keys.py"},
    "vad": {"actors/ports/vad.py", "actors/rules/endpointing.py", "app/providers/silero/voice_activity.py"},
    "stt": {"actors/ports/stt.py", "actors/session/recognition/recognizer.py", "app/providers/azure/stt/recognizer.py"},
    "tts": {"actors/ports/tts.py", "actors/session/synthesis/synthesizer.py", "app/providers/hibari/synthesizer.py"},
    "llm": {"actors/ports/llm.py"},
    "interim": {"actors/messages/transcript.py", "actors/rules/turn_taking/transcripts.py"},
    "latency": {"actors/session/measurements.py"},
    "backpressure": {"app/server/sockets/socket_writer.py"},
    "barge-in": {"actors/rules/turn_taking/interruption.py"},
    "backchannel": {"actors/rules/backchannel.py"},
    "checkpoint": {
        "actors/session/checkpoint.py",
        "actors/session/checkpoint_transfer.py",
        "app/cluster/checkpoints.py",
    },
    "drain": {"app/sessions/draining.py", "app/server/lifecycle.py"},
    "lease": {"app/cluster/membership.py", "app/stores/session_claims.py"},
    "endpointing": {"actors/rules/endpointing.py"},
    "handoffs": {"app/agents/handoffs.py", "actors/session/tools/handoffs.py", "actors/rules/tools/handoffs.py"},
    "webhook": {"app/records/webhook.py"},
    "signature": {"app/records/webhook.py"},
    "engines": {"app/engines/choice.py", "app/engines/built_in.py"},
    "hold": {"app/telephony/call_orders.py", "actors/rules/turn_taking/silence.py"},
    "transfer": {"app/telephony/call_orders.py", "app/telephony/transfer/warm_transfer.py"},
    "voicemail": {"actors/rules/answering_machine.py", "actors/rules/turn_taking/screening.py"},
    "redis": {"app/stores/redis_store.py", "config/groups/redis.py"},
    "guardrails": {"actors/rules/guardrails.py", "actors/session/replies/guardrail_model.py"},
    "knowledge": {"app/agents/knowledge.py"},
    "mcp": {"app/mcp/server.py", "app/agents/mcp_servers.py", "actors/mcp_server.py"},
}
"""What a newcomer searches for, in names and top lines, and some of the files that are to be found so."""


@pytest.mark.parametrize("word", SEARCHED)
def test_a_newcomer_who_searches_for_a_word_of_the_field_lands(word: str) -> None:
    found = set()
    for path, top in tops().items():
        if word in re.split(r"[/._]", path.as_posix()) or word in re.split(r"[^\w-]+", top):
            found.add(path.as_posix())
    assert SEARCHED[word] - found == set()
    assert len(found) <= 25, "too many to be looked through"


NAMED_FILE = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.py)`")


@pytest.mark.parametrize("package", ["actors", "protocol", "config", "app"])
def test_files_that_are_named_are_there(package: str) -> None:
    missing = {
        f"{path}: {named}"
        for path in modules(package)
        for named in NAMED_FILE.findall((ROOT / path).read_text())
        if not any((ROOT / place / named).is_file() for place in ("", package))
    }
    assert missing == set()
