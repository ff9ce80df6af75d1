"""A playout with a reply in it, and short names for what it tells."""

import random
from array import array

from actors.messages.caller import BLIND, MARKED, PACED, Lead
from actors.messages.output import AudioFrame
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.playout import Playout

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_BYTES = 640
LEADS = [PACED, MARKED, BLIND]


def audio(duration_ms: float, seed: int = 1) -> bytes:
    chance = random.Random(seed)
    return array("h", chance.choices(range(1_000, 9_000), k=round(duration_ms * RATE_HZ / 1000))).tobytes()


def playout(lead: Lead = PACED, duration_ms: float = 0, *, ended: bool = True, frame_ms: int = FRAME_MS) -> Playout:
    """A playout with reply 1, of so much audio."""
    made = Playout(RATE_HZ, lead, frame_ms)
    made.begin(1)
    made.add_audio(1, audio(duration_ms))
    if ended:
        made.end(1)
    return made


def frames(told: list[AudioFrame | Drained]) -> list[AudioFrame]:
    return [item for item in told if isinstance(item, AudioFrame)]


def drained(told: list[AudioFrame | Drained]) -> list[int]:
    return [item.hearing.reply for item in told if isinstance(item, Drained)]


def run(player: Playout, from_ms: float, to_ms: float) -> list[AudioFrame | Drained]:
    """Tick every 20 ms."""
    told: list[AudioFrame | Drained] = []
    while from_ms <= to_ms:
        told += player.tick(from_ms)
        from_ms += FRAME_MS
    return told


def heard(player: Playout, at_ms: float, reply: int | None = None) -> Hearing:
    hearing = player.heard(at_ms, reply)
    assert hearing is not None
    return hearing
