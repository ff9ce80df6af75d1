"""A scenario for voicebench, and its speech: how soon the agent answers and falls silent by another client's clock.

voicebench (PyPI, Apache-2.0) plays a scenario into a WebSocket, records both sides and measures the recording. It is no
dependency of this project: install it into an environment of its own. Beside a server as `make run` starts it:

    python -m tests.eval.voicebench FOLDER [--url ws://127.0.0.1:8000] [--recordings FOLDER]
    PYTHONPATH=FOLDER voicebench run FOLDER/earshot.yaml -n 3

The first command writes the scenario and its speech into FOLDER. A caller hears the greeting and asks questions, in
one of three voices each. Into every other answer they cough, and into those between they ask something else. With
`--recordings`, a folder of WAV files of people, those are the interruptions, once each.

It also writes an adapter there, which has voicebench's client drop what it has not played when Earshot orders that.
Its own adapter `websocket` does so for no order of Earshot's, and plays on for the 300 ms that are sent ahead.
"""

import argparse
import itertools
import wave
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.kit.speech import HIBARI, HIBARI_FAST, HIBARI_HIGH, QUIET, RATE_HZ, say

VOICES = (HIBARI, HIBARI_FAST, HIBARI_HIGH)
QUESTIONS = (
    "what are your opening hours please",
    "how much does a cleaning cost at your place",
    "could you tell me your address please",
    "do you accept dental insurance",
    "hello can you tell me when you are open",
    "what is the price of a check up",
    "hi where is your clinic",
    "will you take my insurance",
)
"""Those of the seeded callers (`tests/eval/callers.py`)."""
INTERRUPTIONS = (
    "wait do you take my insurance",
    "actually where can i park my car",
    "sorry what does a filling cost",
    "hold on are you open on friday",
)
ADAPTER = '''"""A client of voicebench that obeys Earshot's order to drop what it has not played."""

import json

from voicebench.adapters.base import AgentClear
from voicebench.adapters.websocket import WebSocketAdapter


class Earshot(WebSocketAdapter):
    name = "earshot"

    def handle_text(self, message, now):
        if json.loads(message).get("action") == "audio_stop":
            self.emit(AgentClear(now))
'''
COUGH = {"synth": "noise", "duration_ms": 180, "level_db": -25}
PATH = "/api/v1/realtime/conversation?encoding=binary&sample_rate=16000&agent=dentist"

ASKS_AFTER_MS, COUGHS_AFTER_MS, INTERRUPTS_AFTER_MS = 600, 700, 1_000
"""After the end of what the agent says; after its beginning."""


def scenario(url: str, clips: Sequence[str], interruptions: Sequence[str]) -> dict[str, Any]:
    """The scenario, with the files of the interruptions, and those of the questions, two for each of them."""
    return {
        "name": "earshot",
        "sample_rate": RATE_HZ,
        "frame_ms": 20,
        "max_duration_ms": 600_000,
        "adapter": {"type": "earshot_adapter:Earshot", "options": {"url": url + PATH}},
        "vad": {"agent": {"min_silence_ms": 600}},
        "turns": list(_turns(clips, interruptions)),
        "assert": {
            "p50_response_latency_ms": 500,
            "max_missed_responses": 0,
            "max_barge_in_stop_ms": 300,
            "max_false_barge_ins": 0,
        },
    }


def _turns(clips: Sequence[str], interruptions: Sequence[str]) -> Iterator[dict[str, Any]]:
    question, other = itertools.cycle(clips), iter(interruptions)
    for number in range(2 * len(interruptions)):
        yield _turn(f"question-{number}", {"file": next(question)}, "agent_speech_end", ASKS_AFTER_MS, "respond")
        if number % 2 == 0:
            yield _turn(f"cough-{number}", COUGH | {"seed": number}, "agent_speech_start", COUGHS_AFTER_MS, "ignore")
        else:
            file = {"file": next(other)}
            yield _turn(f"interruption-{number}", file, "agent_speech_start", INTERRUPTS_AFTER_MS, "stop")


def _turn(name: str, audio: dict[str, Any], after: str, delay_ms: int, expect: str) -> dict[str, Any]:
    start = {"after": after, "delay_ms": delay_ms, "timeout_ms": 20_000}
    return {"id": name, "audio": audio, "start": start, "expect": expect}


def write(folder: Path, url: str, recordings: Sequence[Path] = ()) -> Path:
    """Write the scenario, its speech and the adapter into `folder`, and return where the scenario is."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = [_spoken(folder, f"question-{n}", text, VOICES[n % len(VOICES)]) for n, text in enumerate(QUESTIONS)]
    others = [str(path.resolve()) for path in recordings] or [
        _spoken(folder, f"interruption-{n}", text, VOICES[n % len(VOICES)]) for n, text in enumerate(INTERRUPTIONS)
    ]
    (folder / "earshot_adapter.py").write_text(ADAPTER, encoding="utf-8")
    path = folder / "earshot.yaml"
    path.write_text(yaml.safe_dump(scenario(url, clips, others), sort_keys=False), encoding="utf-8")
    return path


def _spoken(folder: Path, name: str, text: str, voice: str) -> str:
    file = f"{name}.wav"
    with wave.open(str(folder / file), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(trimmed(say(text, voice)))
    return file


def trimmed(pcm: bytes) -> bytes:
    """Speech without the silence around it: voicebench looks for answers from the end of a file on."""
    loud = [at for at, sample in enumerate(array("h", pcm)) if abs(sample) > QUIET]
    return pcm[2 * loud[0] : 2 * loud[-1] + 2] if loud else pcm


def main() -> None:
    """Write what was asked for, and say where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="ws://127.0.0.1:8000")
    parser.add_argument("--recordings", type=Path, help="folder of WAV files of people, who interrupt")
    asked = parser.parse_args()
    recordings = sorted(asked.recordings.glob("*.wav")) if asked.recordings else ()
    print(write(asked.folder, asked.url, recordings))


if __name__ == "__main__":
    main()
