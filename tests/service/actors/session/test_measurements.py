"""What a session measures. The SDK lives in a process of its own: a provider is installed once in each."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

reader = InMemoryMetricReader()
metrics.set_meter_provider(MeterProvider([reader]))

from actors.messages.output import TurnMeasured
from actors.session import measurements as measured

def turn(**times):
    nothing = dict.fromkeys(
        ["first_audio_ms", "onset_to_pause_ms", "onset_to_decision_ms", "decision_to_silence_ms"])
    return TurnMeasured(**{**nothing, "turn": 1, "heard_ms": 0.0, "interrupted": False, **times})

measured.session_opened("browser")
measured.session_opened("browser")
measured.session_closed("browser", "NORMAL", 61.5)
measured.turn_measured(turn(first_audio_ms=250.0))
measured.turn_measured(turn(onset_to_decision_ms=400.0, decision_to_silence_ms=60.0, interrupted=True))
measured.reply_resumed()
measured.backchannel_heard()
measured.reconnected("media")
measured.audio_recognized(2.5)
measured.audio_recognized(0.0)
measured.text_synthesized(12)
measured.recognition_delayed(0.3)
measured.actor_restarted("recognizer", "RecognizerError: timeout: nothing came at stt.py:1")
measured.actor_restarted("recognizer", "ValueError at x.py:1")
measured.actor_restarted("recognizer", "")
measured.first_token_came(0.4)
measured.model_failed("throttled")
print(json.dumps({
    f"{metric.name} {' '.join(sorted(str(value) for value in point.attributes.values()))}".strip():
        getattr(point, "value", None) if getattr(point, "value", None) is not None else [point.count, point.sum]
    for resource in reader.get_metrics_data().resource_metrics
    for scope in resource.scope_metrics for metric in scope.metrics for point in metric.data.data_points
}))
"""


def test_each_measurement_is_one_instrument_in_seconds_or_counts() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[4], capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "earshot.session.active browser": 1,
        "earshot.session.duration NORMAL browser": [1, 61.5],
        "earshot.turn.first_audio": [1, 0.25],
        "earshot.turn.onset_to_decision": [1, 0.4],
        "earshot.turn.decision_to_silence": [1, 0.06],
        "earshot.turn.interruptions": 1,
        "earshot.turn.resumes": 1,
        "earshot.turn.backchannels": 1,
        "earshot.session.reconnects media": 1,
        "earshot.recognition.audio": 2.5,
        "earshot.recognition.delay": [1, 0.3],
        "earshot.synthesis.characters": 12,
        "earshot.actor.restarts RecognizerError recognizer": 1,
        "earshot.actor.restarts ValueError recognizer": 1,
        "earshot.actor.restarts ended recognizer": 1,
        "earshot.model.first_token": [1, 0.4],
        "earshot.model.failures throttled": 1,
    }
