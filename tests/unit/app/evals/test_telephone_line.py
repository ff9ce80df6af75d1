"""The caller's end of a telephone line: what goes out on it, how late, and what is noted of the agent's voice."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any, cast

from actors.runtime.clock import run_virtual
from app.evals.telephone_line import MOST_JITTER_MS, PAUSE_S, TelephoneLine

FRAME = bytes(640)


class Far:
    """Stands for the socket to the server: what was sent on it and when, and what comes back."""

    def __init__(self, *coming: tuple[float, str]) -> None:
        self.sent: list[tuple[float, dict[str, Any]]] = []
        self.is_closed = False
        self._coming = coming

    async def send(self, message: str) -> None:
        self.sent.append((asyncio.get_running_loop().time(), json.loads(message)))

    async def __aiter__(self) -> AsyncIterator[str]:
        for wait_s, kind in self._coming:
            await asyncio.sleep(wait_s)
            yield json.dumps({"Kind": kind})

    async def close(self) -> None:
        self.is_closed = True


class Listener:
    """Remembers what was noted."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []

    def noted(self, who: str, what: str) -> None:
        self.notes.append((who, what))


def line_to(far: Far, listener: Listener) -> TelephoneLine:
    return TelephoneLine(cast(Any, far), "4:+15550100", cast(Any, listener))


def test_frames_and_keys_go_out_late_and_in_their_order() -> None:
    async def main() -> None:
        far, loop = Far(), asyncio.get_running_loop()
        line = line_to(far, Listener())
        said_at = []
        for key in "123":
            said_at.append(loop.time())
            line.push_audio(FRAME)
            line.press(key)
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        await line.close()
        assert [message["kind"] for _, message in far.sent] == ["AudioData", "DtmfData"] * 3
        assert [message["dtmfData"]["data"] for _, message in far.sent[1::2]] == ["1", "2", "3"]
        frames = [message["audioData"] for _, message in far.sent[::2]]
        assert {frame["participantRawID"] for frame in frames} == {"4:+15550100"}
        assert {len(base64.b64decode(frame["data"])) for frame in frames} == {len(FRAME)}
        late_s = [at - said for (at, _), said in zip(far.sent[::2], said_at, strict=True)]
        assert all(0 < late <= MOST_JITTER_MS / 1_000 + 1e-6 for late in late_s)
        assert far.is_closed

    run_virtual(main())


def test_the_agents_voice_begins_after_a_pause_and_after_it_was_cut_off() -> None:
    async def main() -> None:
        listener = Listener()
        coming = [(0.1, "AudioData"), (0.02, "AudioData"), (PAUSE_S + 0.1, "AudioData"), (0.02, "StopAudio")]
        line = line_to(Far(*coming, (0.02, "AudioData"), (0.02, "Unknown")), listener)
        await asyncio.sleep(2)
        await line.close()
        begins, cut_off = ("line", "the agent's voice begins"), ("line", "the agent's voice is cut off")
        assert listener.notes == [begins, begins, cut_off, begins]

    run_virtual(main())
