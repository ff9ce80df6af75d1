"""A listener at the user's end: which audio a player plays of what it is sent, told to hold, and told to throw away."""

import asyncio
from collections import Counter, deque
from itertools import islice

import msgspec

from actors.messages.caller import PlaybackMarked
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, PlaybackPaused, PlaybackResumed
from tests.kit.session_kit import Ear, Stage

FRAME_S = 0.02


class PlayedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame whose playing was begun, at `at` seconds. One that was thrown away in its middle counts."""

    at: float
    frame: AudioFrame


class _Player:
    """Plays what an ear is sent: one frame after the other, each as soon as it is there."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._seen = 0
        self._free_at, self._held = 0.0, False
        self.done: list[PlayedFrame] = []
        """What it has begun to play."""
        self.waiting: deque[AudioFrame] = deque()
        """What it still holds."""
        self.received = Counter[int]()
        """How many frames of each turn have come."""

    def play(self, until: float) -> None:
        """Go on until then, in seconds, with what has come by now."""
        shown = self._ear.shown
        for at, message in islice(shown, self._seen, None):
            self._play(at)
            self._take(at, message)
        self._seen = len(shown)
        self._play(until)

    def _play(self, until: float) -> None:
        while self.waiting and not self._held and self._free_at < until - 1e-9:
            self.done.append(PlayedFrame(at=self._free_at, frame=self.waiting.popleft()))
            self._free_at += FRAME_S

    def _take(self, at: float, message: OutputMessage) -> None:
        match message:
            case AudioFrame(turn=turn):
                if not self.waiting:
                    self._free_at = max(self._free_at, at)
                self.waiting.append(message)
                self.received[turn] += 1
            case AudioDiscarded():
                self.waiting.clear()
                self._free_at, self._held = at, False
            case PlaybackPaused():
                self._held = True
            case PlaybackResumed():
                self._free_at, self._held = max(self._free_at, at), False
            case _:
                pass


def played(ear: Ear) -> list[PlayedFrame]:
    """The frames that a player has begun to play: one after the other, each as soon as it is there."""
    player = _Player(ear)
    player.play(float("inf"))
    return player.done


def positions_played(ear: Ear, reply: int) -> list[int]:
    """Where the played frames of `reply` begin in its audio, in ms."""
    return [round(item.frame.audio_ms) for item in played(ear) if item.frame.reply == reply]


async def send_marks(on: Stage) -> None:
    """Report every 100 ms, until cancelled, what was played: what came of a turn less what the player still holds."""
    loop, player = asyncio.get_running_loop(), _Player(on.ear)
    while True:
        await asyncio.sleep(0.1)
        player.play(loop.time())
        if not player.done:
            continue
        last = player.done[-1]
        turn = last.frame.turn
        unplayed = sum(frame.turn == turn for frame in player.waiting)
        unplayed_s = unplayed * FRAME_S + max(0.0, last.at + FRAME_S - loop.time())
        state = "playing" if unplayed_s > 0 else "empty"
        on.entry.deliver(PlaybackMarked(turn, (player.received[turn] * FRAME_S - unplayed_s) * 1000, state))
