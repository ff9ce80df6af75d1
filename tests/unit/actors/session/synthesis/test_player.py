"""The player: what the connection is sent and when, with which text, and what is noted as heard."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from actors.conversation import UtteranceKind
from actors.messages.caller import BLIND, MARKED, PACED, ConnectionAttached, Lead
from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyText,
)
from actors.messages.playback import StopPlayback, StopReason, YieldPlayback
from actors.rules.pending_reply import PendingReply
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.synthesis.player import Player
from tests.kit.playout_kit import FRAME_MS, RATE_HZ, audio

M = TypeVar("M")

PIECES = ["Good morning. ", "What can I do?"]
PIECE_MS = 200.0
TURN = 4


class PlayClock:
    """A play clock that ticks when it is told to."""

    def __init__(self) -> None:
        self.members: list[Callable[[float], None]] = []

    def join(self, tick: Callable[[float], None], _first_ms: float) -> "Seat":
        self.members.append(tick)
        return Seat(self, tick)


class Seat:
    def __init__(self, clock: PlayClock, tick: Callable[[float], None]) -> None:
        self._clock, self._tick = clock, tick

    def leave(self) -> None:
        self._clock.members.remove(self._tick)


class Stage:
    """A player at a connection, with all that it told of."""

    def __init__(self, lead: Lead = PACED) -> None:
        self.now_s = 100.0
        self.told: list[OutputMessage] = []
        self.started: list[int] = []
        self.caught_up: list[int] = []
        self.drained: list[int] = []
        self.checkpoint = Checkpoint()
        self.connection = SessionConnection(self)  # type: ignore[arg-type]
        self.connection.output = self
        self.play_clock = PlayClock()
        self.player = Player(
            attached=attached(lead),
            checkpoint=self.checkpoint,
            connection=self.connection,
            play_clock=self.play_clock,  # type: ignore[arg-type]
            clock=self,  # type: ignore[arg-type]
            on_tick=lambda at_ms: self.player.tick(at_ms),
            on_started=self.started.append,
            on_caught_up=self._catch_up,
            on_drained=lambda drained: self.drained.append(drained.hearing.reply),
        )

    def _catch_up(self, reply: int) -> bool:
        self.caught_up.append(reply)
        return True

    def tell(self, message: OutputMessage) -> None:
        self.told.append(message)

    def now(self) -> float:
        return self.now_s

    def of(self, kind: type[M]) -> list[M]:
        return [message for message in self.told if isinstance(message, kind)]

    def begin(self, reply: int = 1, text_start: int = 0) -> None:
        self.checkpoint.reply_begun(PendingReply(reply=reply, turn=TURN, kind=UtteranceKind.REPLY, pieces=list(PIECES)))
        self.player.begin(reply, UtteranceKind.REPLY, TURN, text_start)

    def speak(self, reply: int = 1, *, ended: bool = True) -> None:
        """Have all of the reply spoken, each piece as long as the other."""
        playout, end = self.player.playout, 0
        for number, piece in enumerate(PIECES, 1):
            end += len(piece)
            playout.add_audio(reply, audio(PIECE_MS))
            playout.add_piece(reply, end, number * PIECE_MS)
        if ended:
            playout.end(reply)
        self.player.play()

    def run(self, duration_ms: float) -> None:
        for _ in range(round(duration_ms / FRAME_MS)):
            self.now_s += FRAME_MS / 1000
            for tick in list(self.play_clock.members):
                tick(self.player.now_ms)


def attached(lead: Lead) -> ConnectionAttached:
    return ConnectionAttached(connection_id="c1", lead=lead, rate_hz=RATE_HZ, frame_ms=FRAME_MS)


def test_a_reply_goes_out_whole_and_is_told_of_at_its_beginning_and_its_end() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    assert stage.started == [1]
    assert len(stage.of(AudioFrame)) == 3, "the lead"
    stage.run(1_000)
    sent = stage.of(AudioFrame)
    assert [frame.sequence for frame in sent] == list(range(20))
    assert {(frame.reply, frame.turn, frame.kind) for frame in sent} == {(1, TURN, UtteranceKind.REPLY)}
    assert (stage.started, stage.drained) == ([1], [1])
    assert stage.play_clock.members == [], "there is nothing left to tick for"


def test_text_is_shown_when_it_is_about_to_be_heard_and_once() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    assert [shown.text for shown in stage.of(ReplyText)] == PIECES[:1]
    stage.run(1_000)
    assert [shown.text for shown in stage.of(ReplyText)] == PIECES
    assert stage.told.index(stage.of(ReplyText)[0]) < stage.told.index(stage.of(AudioFrame)[0])


def test_of_a_reply_that_is_taken_up_only_the_rest_is_shown() -> None:
    stage = Stage()
    stage.begin(text_start=len(PIECES[0]))
    playout = stage.player.playout
    playout.add_audio(1, audio(PIECE_MS))
    playout.add_piece(1, sum(map(len, PIECES)), PIECE_MS)
    playout.end(1)
    stage.player.play()
    stage.run(1_000)
    assert [shown.text for shown in stage.of(ReplyText)] == PIECES[1:]


@pytest.mark.parametrize("kept", ["Good morn", ""])
def test_text_that_takes_the_place_of_what_was_taken_back_is_shown_too(kept: str) -> None:
    stage = Stage()
    stage.begin()
    stage.speak(ended=False)
    stage.run(PIECE_MS / 2)
    stage.player.text_ends(9, 0)
    stage.checkpoint.reply_retracted(1, kept)
    stage.player.text_ends(1, len(kept))
    stage.checkpoint.reply_written(1, "And good night.")
    playout = stage.player.playout
    playout.add_audio(1, audio(PIECE_MS))
    playout.add_piece(1, len(kept) + len("And good night."), 3 * PIECE_MS)
    playout.end(1)
    stage.run(1_000)
    assert [shown.text for shown in stage.of(ReplyText)] == [PIECES[0], "And good night."]


def test_of_text_that_is_left_the_part_is_shown_that_was_not() -> None:
    stage = Stage()
    stage.begin()
    stage.speak(ended=False)
    stage.run(PIECE_MS / 2)
    left = "".join(PIECES)[:-4]
    stage.checkpoint.reply_retracted(1, left)
    stage.player.text_ends(1, len(left))
    stage.player.playout.end(1)
    stage.run(1_000)
    assert "".join(shown.text for shown in stage.of(ReplyText)) == left


def test_what_was_heard_is_noted_where_it_outlives_the_player() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    stage.run(PIECE_MS + 100)
    stage.player.note_heard(1)
    heard = stage.checkpoint.pending_replies[1].heard
    assert heard is not None
    assert len(PIECES[0]) <= heard.text_end < sum(map(len, PIECES))


def test_a_reply_of_which_more_is_to_come_is_told_to_have_caught_up_once() -> None:
    stage = Stage()
    stage.begin()
    stage.speak(ended=False)
    stage.run(1_000)
    assert stage.caught_up == [1]
    stage.player.playout.add_audio(1, audio(100))
    stage.player.playout.end(1)
    stage.player.play()
    stage.run(1_000)
    assert (stage.started, stage.drained) == ([1, 1], [1])


def test_nothing_is_sent_while_nobody_is_connected() -> None:
    stage = Stage()
    stage.connection.output = None
    stage.begin()
    stage.speak()
    stage.run(200)
    assert stage.told == []
    assert stage.play_clock.members == []


@pytest.mark.parametrize(("lead", "is_told"), [(PACED, False), (MARKED, True), (BLIND, False)])
def test_only_a_client_that_marks_is_told_to_hold_and_to_go_on(lead: Lead, is_told: bool) -> None:
    stage = Stage(lead)
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.player.pause()
    assert stage.of(PlaybackPaused) == [PlaybackPaused(TURN)] * is_told
    assert stage.connection.is_holding == is_told
    stage.run(1_000)
    stage.player.resume()
    assert stage.of(PlaybackResumed) == [PlaybackResumed(TURN)] * is_told
    assert not stage.connection.is_holding
    stage.run(2_000)
    assert stage.drained == [1]


def test_a_pause_that_comes_behind_the_first_frames_takes_them_back_from_a_client_that_cannot_hold() -> None:
    stage = Stage(BLIND)
    stage.begin()
    stage.speak()
    sent = len(stage.of(AudioFrame))
    stage.player.pause()
    assert stage.of(AudioDiscarded) == [AudioDiscarded(TURN, StopReason.BARGE_IN)]
    stage.run(1_000)
    assert len(stage.of(AudioFrame)) == sent > 0
    stage.player.resume()
    stage.run(2_000)
    played = stage.told[stage.told.index(stage.of(AudioDiscarded)[0]) :]
    assert [m.sequence for m in played if isinstance(m, AudioFrame)] == list(range(20))
    assert stage.drained == [1]


def test_playback_that_was_yielded_is_thrown_away_once_and_goes_on_where_it_was() -> None:
    stage = Stage(MARKED)
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.player.yield_playback(YieldPlayback(TURN, StopReason.BARGE_IN))
    stage.player.yield_playback(YieldPlayback(TURN, StopReason.BARGE_IN))
    assert stage.of(AudioDiscarded) == [AudioDiscarded(TURN, StopReason.BARGE_IN)]
    stage.player.resume()
    stage.run(2_000)
    assert stage.drained == [1]


def test_a_stop_drops_the_rest_and_tells_how_far_each_reply_was_heard() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    stage.begin(2)
    stage.run(PIECE_MS + 100)
    cut = stage.player.stop(StopPlayback(TURN, 2, StopReason.BARGE_IN))
    assert [position.reply for position in cut] == [1, 2]
    assert [position.text_end > 0 for position in cut] == [True, False]
    assert stage.checkpoint.stopped_through == 2
    assert stage.of(AudioDiscarded) == [AudioDiscarded(TURN, StopReason.BARGE_IN)]
    sent = len(stage.of(AudioFrame))
    stage.run(1_000)
    assert (len(stage.of(AudioFrame)), stage.drained) == (sent, [])


def test_what_was_yielded_already_is_not_thrown_away_a_second_time_by_a_stop() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.player.yield_playback(YieldPlayback(TURN, StopReason.BARGE_IN))
    stage.player.stop(StopPlayback(TURN, 1, StopReason.BARGE_IN))
    assert len(stage.of(AudioDiscarded)) == 1


def test_what_was_yielded_is_not_played_by_another_connection_before_it_goes_on() -> None:
    stage = Stage(BLIND)
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.player.yield_playback(YieldPlayback(TURN, StopReason.BARGE_IN))
    stage.player.detach()
    sent = len(stage.of(AudioFrame))
    stage.player.attach(attached(BLIND))
    stage.run(200)
    assert len(stage.of(AudioFrame)) == sent
    stage.player.resume()
    stage.run(200)
    assert len(stage.of(AudioFrame)) > sent
    stage.player.stop(StopPlayback(TURN, 1, StopReason.BARGE_IN))
    assert len(stage.of(AudioDiscarded)) == 2


def test_a_reply_behind_those_that_are_stopped_is_played() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.begin(2)
    stage.speak(2)
    stage.player.stop(StopPlayback(TURN, 1, StopReason.SUPERSEDED))
    stage.run(1_000)
    assert stage.drained == [2]


def test_another_connection_is_sent_what_was_not_heard_on_the_former_one() -> None:
    stage = Stage()
    stage.begin()
    stage.speak()
    stage.run(100)
    stage.player.detach()
    sent = len(stage.of(AudioFrame))
    stage.run(1_000)
    assert len(stage.of(AudioFrame)) == sent
    stage.player.attach(attached(MARKED))
    stage.run(1_000)
    assert stage.drained == [1]


def test_audio_is_fed_as_soon_as_a_frame_of_it_is_whole() -> None:
    stage = Stage()
    stage.begin()
    stage.player.playout.add_audio(1, audio(FRAME_MS / 2))
    halves = [stage.player.is_fed]
    stage.player.playout.add_audio(1, audio(FRAME_MS / 2))
    halves.append(stage.player.is_fed)
    assert halves == [False, True]
    assert stage.player.duration_ms(audio(FRAME_MS)) == FRAME_MS
