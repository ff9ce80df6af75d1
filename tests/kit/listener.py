"""A listener at the user's end: which audio a player plays of what it is sent, told to hold, and told to throw away."""

import asyncio

import msgspec

from actors.messages.caller import PlaybackMarked
from actors.messages.output import AudioDiscarded, AudioFrame, PlaybackPaused, PlaybackResumed
from tests.kit.session_kit import Ear, Stage

FRAME_S = 0.02


class PlayedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame whose playing was begun, at `at` seconds. One that was thrown away in its middle counts."""

    at: float
    frame: AudioFrame


def played(ear: Ear) -> list[PlayedFrame]:
    """The frames that a player has begun to play: one after the other, each as soon as it is there."""
    done, _ = _play(ear, float("inf"))
    return done


def _play(ear: Ear, until: float) -> tuple[list[PlayedFrame], list[AudioFrame]]:
    """What a player has begun to play by `until`, and what it still holds then."""
    done: list[PlayedFrame] = []
    waiting: list[AudioFrame] = []
    free_at, held = 0.0, False
    for at, message in [*ear.shown, (until, None)]:
        while waiting and not held and free_at < at - 1e-9:
            done.append(PlayedFrame(at=free_at, frame=waiting.pop(0)))
            free_at += FRAME_S
        match message:
            case AudioFrame():
                if not waiting:
                    free_at = max(free_at, at)
                waiting.append(message)
            case AudioDiscarded():
                waiting.clear()
                free_at, held = at, False
            case PlaybackPaused():
                held = True
            case PlaybackResumed():
                free_at, held = max(free_at, at), False
            case _:
                pass
    return done, waiting


def positions_played(ear: Ear, reply: int) -> list[int]:
    """Where the played frames of `reply` begin in its audio, in ms."""
    return [round(item.frame.audio_ms) for item in played(ear) if item.frame.reply == reply]


async def send_marks(on: Stage) -> None:
    """Report every 100 ms, until cancelled, what was played: what came of a turn less what the player still holds."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(0.1)
        done, waiting = _play(on.ear, loop.time())
        if not done:
            continue
        last = done[-1]
        turn = last.frame.turn
        received = sum(isinstance(message, AudioFrame) and message.turn == turn for _, message in on.ear.shown)
        unplayed_s = sum(frame.turn == turn for frame in waiting) * FRAME_S + max(0.0, last.at + FRAME_S - loop.time())
        state = "playing" if unplayed_s > 0 else "empty"
        on.entry.deliver(PlaybackMarked(turn, (received * FRAME_S - unplayed_s) * 1000, state))
