"""The spans of a whole session. The SDK lives in a process of its own: a provider is installed once in each."""

import json
import subprocess
import sys
from pathlib import Path

SESSION = """
import asyncio, json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)

from actors.runtime.clock import run_virtual
from actors.messages.output import ReplyHeard
from actors.ports.llm import ReplyGenerated, TextGenerated
from tests.kit.session_kit import stage
from tests.kit.fakes import FakeModel

async def main():
    said = ["my secret is forty two", "thank you very much"]
    model = FakeModel(lambda request: [TextGenerated("Fine. What else?"), ReplyGenerated(100, 5)])
    async with stage(utterances=said, model=model) as on:
        await on.ear.until_count(ReplyHeard, 1)
        for count in (2, 3):
            await asyncio.sleep(0.5)
            await on.talk(900)
            await on.ear.until_count(ReplyHeard, count)
        await asyncio.sleep(0.5)

run_virtual(main())
print(json.dumps([
    {"name": s.name, "id": s.context.span_id, "parent": s.parent.span_id if s.parent else None,
     "attributes": dict(s.attributes)}
    for s in spans.get_finished_spans()
]))
"""


def test_a_session_is_a_span_with_its_turns_inside_and_audio_opens_none() -> None:
    root = Path(__file__).parents[4]
    run = subprocess.run(
        [sys.executable, "-c", SESSION], cwd=root, capture_output=True, text=True, timeout=60, check=True
    )
    spans = json.loads(run.stdout.splitlines()[-1])
    (session,) = [span for span in spans if span["name"] == "session"]
    turns = [span for span in spans if span["name"] == "turn"]
    assert [span["attributes"]["earshot.turn"] for span in turns] == [1, 2]
    assert all(span["parent"] == session["id"] for span in turns)
    assert turns[0]["attributes"]["earshot.first_audio_ms"] > 0
    assert [span["attributes"]["earshot.prompt_tokens"] for span in turns] == [100, 100]
    assert [span["attributes"]["earshot.completion_tokens"] for span in turns] == [5, 5]
    assert session["attributes"]["gen_ai.agent.name"] == "tester"
    messages = {span["name"] for span in spans if span["parent"] in {turn["id"] for turn in turns}}
    assert "BeginReply" in messages
    assert not messages & {"CallerAudio", "Ticked", "VoiceProgressed", "SynthesisTold"}
    assert "secret" not in run.stdout
