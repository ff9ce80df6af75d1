"""Telemetry once, at dispatch. The SDK lives in a process of its own: a provider can be installed only once in each."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from actors.runtime.clock import run_virtual
from actors.runtime.exits import order_stop
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor
from actors.runtime.telemetry import is_recording

WITH_SDK = """
import asyncio, json, sys
from typing import Any, ClassVar
import msgspec
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

reader, spans = InMemoryMetricReader(), InMemorySpanExporter()
metrics.set_meter_provider(MeterProvider([reader]))
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)

from actors.runtime import telemetry
from actors.runtime.supervised_actor import SupervisedActor
from actors.runtime.exits import order_stop
from actors.runtime.session_trace import Trace

class Plain(msgspec.Struct, frozen=True):
    pass

class Traced(msgspec.Struct, frozen=True):
    traced: ClassVar[bool] = True
    fail: bool = False

class Actor(SupervisedActor):
    def on_receive(self, message: Any) -> None:
        if message == Traced(fail=True):
            raise ValueError("my number is 555 0100")

async def settle():
    for _ in range(20):
        await asyncio.sleep(0)

async def main():
    turns = Trace()
    ref = Actor.start("actor", None, turns)
    ref.tell(Traced())
    await settle()
    turns.session_started("s1", "media", "ada")
    ref.tell(Traced())
    await settle()
    turns.turn_started(1)
    ref.tell(Plain()); ref.tell(Traced())
    await settle()
    turns.turn_started(2)
    ref.tell(Traced(fail=True))
    await settle()
    turns.model_used(100, 5)
    turns.model_used(120, 10)
    turns.turn_ended(first_audio_ms=12.5, heard_ms=None)
    turns.session_ended("normal")
    turns.session_ended("normal")

asyncio.run(main())
finished = [
    {"name": s.name, "parent": s.parent and s.parent.span_id, "id": s.context.span_id, "attributes": dict(s.attributes),
     "status": s.status.status_code.name, "text": s.to_json()}
    for s in spans.get_finished_spans()
]
numbers = {}
for resource in reader.get_metrics_data().resource_metrics:
    for scope in resource.scope_metrics:
        for metric in scope.metrics:
            for point in metric.data.data_points:
                value = getattr(point, "value", None)
                (of,) = point.attributes.values()
                numbers[f"{metric.name} {of}"] = point.sum if value is None else value
print(json.dumps({"spans": finished, "metrics": numbers}))
"""


def run_with_sdk() -> dict[str, Any]:
    """What a process with the SDK installed exported."""
    import json

    root = Path(__file__).parents[4]
    run = subprocess.run(
        [sys.executable, "-c", WITH_SDK], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    exported: dict[str, Any] = json.loads(run.stdout)
    return exported


def test_with_an_sdk_turns_are_spans_and_messages_only_inside_them() -> None:
    exported = run_with_sdk()
    spans = exported["spans"]
    assert [span["name"] for span in spans] == ["Traced", "turn", "Traced", "turn", "session"]
    first, turn_1, failed, turn_2, session = spans
    assert [span["parent"] for span in spans] == [turn_1["id"], session["id"], turn_2["id"], session["id"], None]
    assert failed["status"] == "ERROR"
    assert first["status"] == "UNSET"
    assert first["attributes"] == {"earshot.actor": "actor"}
    tokens = {"earshot.prompt_tokens": 220, "earshot.completion_tokens": 15}
    assert turn_2["attributes"] == {"earshot.turn": 2, "earshot.first_audio_ms": 12.5, **tokens}
    assert "earshot.prompt_tokens" not in turn_1["attributes"]
    assert not [span["name"] for span in spans if "555 0100" in span["text"]]
    metrics = exported["metrics"]
    assert metrics["earshot.actor.messages Actor"] == 5
    assert metrics["earshot.model.tokens prompt"] == 220
    assert metrics["earshot.model.tokens completion"] == 15
    of_actors = {f"earshot.actor.{name} Actor" for name in ("messages", "busy", "longest", "wait", "mailbox")}
    assert set(metrics) == of_actors | {"earshot.model.tokens prompt", "earshot.model.tokens completion"}
    assert all(value > 0 for value in metrics.values())


def test_without_an_sdk_nothing_is_measured() -> None:
    class Actor(SupervisedActor):
        def on_receive(self, message: Any) -> None:
            return None

    async def main() -> None:
        trace = Trace()
        trace.session_started("s1", "media", "ada")
        trace.turn_started(1)
        assert not trace.in_turn
        ref = Actor.start("actor", None, trace)
        ref.tell("hello")
        assert await ref.ask("hello", block=False) is None
        assert ref.actor_inbox.probing is False  # type: ignore[attr-defined]
        order_stop(ref)
        trace.turn_ended(first_audio_ms=1.0)
        trace.session_ended("normal")

    assert not is_recording()
    run_virtual(main())
