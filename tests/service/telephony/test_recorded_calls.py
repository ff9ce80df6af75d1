"""The audio of telephone calls is kept from when the caller was told on, and never the keys of an access code."""

import array
import asyncio
import wave
from pathlib import Path
from typing import Any

import pytest

from app.replay.recording import read
from app.replay.replaying import replayed
from tests.kit.serving import eventually
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, over, telephone

CODE = "4711"
RATE_HZ = 16_000
VOICE = array.array("h", ([15_000] * 8 + [-15_000] * 8) * 800).tobytes()
"""0.8 s of a tone that every rate can carry."""


def recorded(directory: Path) -> dict[str, Any]:
    return {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(directory), "RECORD_AUDIO": "on"}


def both_sides(path: Path) -> tuple[list[int], list[int], int]:
    """The samples of the caller and of the agent, and their rate."""
    with wave.open(str(path), "rb") as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
        return list(samples[0::2]), list(samples[1::2]), sound.getframerate()


def seconds_loud(samples: list[int], rate_hz: int) -> float:
    return sum(abs(sample) > 5_000 for sample in samples) / rate_hz


def files(directory: Path, ending: str = "") -> list[Path]:
    return list(directory.glob(f"*{ending}"))


async def written(directory: Path, ending: str) -> Path:
    """A file, once it is there: a thread of its own writes it, for which the clock waits."""
    await asyncio.to_thread(eventually, lambda: bool(files(directory, ending)))
    (path,) = files(directory, ending)
    return path


async def converse(phone: Telephone) -> str:
    """Hear the greeting, speak, hear the answer, hang up, and wait for the end of the session; its id."""
    caller = await answered(phone)
    (session_id,) = phone.service.sessions.live
    await caller.say(VOICE, RATE_HZ)
    await caller.hears_reply(quiet_ms=300)
    caller.hang_up()
    await over(phone, caller)
    async with asyncio.timeout(60):
        await phone.service.sessions.emptied()
    return session_id


@pytest.mark.parametrize("rate", ["16000", "24000"])
@on_virtual_time
async def test_both_sides_of_a_call_lie_beside_its_file(tmp_path: Path, rate: str) -> None:
    async with telephone(**recorded(tmp_path), ACS_SAMPLE_RATE=rate) as phone:
        session_id = await converse(phone)
        audio = await written(tmp_path, ".wav")
        record = (await phone.rest.get(f"/sessions/{session_id}/record")).json()
        assert record["audio"] is True
        timeline = (await phone.rest.get(f"/sessions/{session_id}/timeline")).json()
        assert (await phone.rest.get(f"/sessions/{session_id}/audio")).content == audio.read_bytes()
    left, right, rate_hz = both_sides(audio)
    assert seconds_loud(left, rate_hz) == pytest.approx(0.8, abs=0.02)
    told = next(event["at"] for event in timeline["events"] if event["kind"] == "heard") - timeline["audio_at"]
    assert not any(left[: round((told - 0.1) * rate_hz)])
    assert any(right[: round(told * rate_hz)])
    file = await written(tmp_path, ".jsonl")
    assert replayed(read(file)).same


@on_virtual_time
async def test_a_caller_who_has_to_key_in_a_code_is_not_recorded_meanwhile(tmp_path: Path) -> None:
    async with telephone(**recorded(tmp_path), CALL_ACCESS_CODE=CODE) as phone:
        caller = await answered(phone)
        await caller.say(VOICE, RATE_HZ)
        caller.press(f"{CODE[:3]}#")
        await caller.hears_reply(quiet_ms=300)
        caller.hang_up()
        await over(phone, caller)
    assert files(tmp_path, ".wav") == []


@on_virtual_time
async def test_a_call_that_only_listens_is_not_recorded(tmp_path: Path) -> None:
    async with telephone(**recorded(tmp_path), ACS_STREAMING_MODE="transcription") as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.say(VOICE, RATE_HZ)
        await asyncio.sleep(1.0)
        caller.hang_up()
        await over(phone, caller)
    assert files(tmp_path) == []
