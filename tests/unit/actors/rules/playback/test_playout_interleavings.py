"""No interleaving of orders, audio, marks and ticks loses or repeats a sample, or claims more than was heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.conversation import UtteranceKind
from actors.messages.caller import BLIND, Lead
from actors.messages.output import AudioFrame
from actors.rules.audio import ramp
from actors.rules.playback.frames import Drained
from actors.rules.playback.play_head import MarkState
from actors.rules.playback.playout import Playout
from tests.kit.playout_kit import FRAME_BYTES, FRAME_MS, LEADS, RATE_HZ, audio, frames, playout

STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1.0, 7.3, 20.0, 20.0, 20.0, 35.5, 150.0])),
    st.tuples(st.just("begin"), st.sampled_from([UtteranceKind.REPLY, UtteranceKind.FILLER])),
    st.tuples(st.just("add"), st.integers(1, 4_000)),
    st.tuples(st.just("word"), st.integers(1, 8)),
    st.tuples(st.just("end"), st.integers(0, 1)),
    st.tuples(st.just("pause"), st.none()),
    st.tuples(st.just("resume"), st.none()),
    st.tuples(st.just("clear"), st.booleans()),
    st.tuples(st.just("detach"), st.none()),
    st.tuples(st.just("attach"), st.sampled_from(LEADS)),
    st.tuples(st.just("mark"), st.tuples(st.integers(0, 2_000), st.sampled_from(list(MarkState)))),
)


class Session:
    """Plays steps and checks after each of them what must always hold."""

    def __init__(self, lead: Lead) -> None:
        self.player = Playout(RATE_HZ, lead)
        self.at_ms = 0.0
        self.audio: dict[int, bytes] = {}
        self.open: list[int] = []
        self.words: dict[int, list[tuple[float, int]]] = {}
        self.sent: dict[int, int] = {}
        self.finished: set[int] = set()
        self.cleared: set[int] = set()
        self.drained: list[int] = []
        self.heard_ms: dict[int, float] = {}
        self.text: dict[int, int] = {}
        self.sent_again = False
        self.attached = True
        self.paused = False

    def step(self, order: str, value: object) -> None:
        match order, value:
            case "wait", float(duration_ms):
                self.at_ms += duration_ms
                self.tick()
            case "begin", UtteranceKind() as kind:
                reply = len(self.audio)
                self.audio[reply], self.words[reply], self.sent[reply] = b"", [], 0
                self.open.append(reply)
                self.player.begin(reply, kind, turn=reply // 2)
            case "add", int(samples) if self.open:
                reply = self.open[-1]
                more = audio(samples * 1000 / RATE_HZ, seed=samples)
                self.audio[reply] += more
                self.player.add_audio(reply, more)
            case "word", int(letters) if self.open:
                self.add_word(self.open[-1], letters)
            case "end", int(which) if self.open:
                self.player.end(self.open.pop(-which))
            case "pause", _:
                self.paused = self.player.pause(self.at_ms) or self.paused
            case "resume", _:
                self.player.resume(self.at_ms)
                self.paused = False
            case "clear", bool(some):
                self.clear(some)
            case "detach", _:
                self.player.detach(self.at_ms)
                self.attached = False
            case "attach", Lead() as lead:
                self.player.attach(lead, self.at_ms)
                self.attached = self.sent_again = True
                self.paused = self.paused and lead.is_holdable()
            case "mark", (int(audio_ms), MarkState() as state):
                self.player.mark(len(self.audio) // 2, audio_ms, state, self.at_ms)
        self.check()

    def add_word(self, reply: int, letters: int) -> None:
        begins_ms = len(self.audio[reply]) * 500 / RATE_HZ
        before = self.words[reply][-1][1] if self.words[reply] else 0
        self.words[reply].append((begins_ms, before + letters))
        self.player.add_word(reply, before, before + letters, begins_ms)

    def clear(self, some: bool) -> None:
        queued = [r for r in self.audio if r not in self.cleared and r not in self.drained]
        through = queued[len(queued) // 2] if some and queued else None
        cut = [hearing.reply for hearing in self.player.clear(self.at_ms, through)]
        assert sorted(cut) == [r for r in queued if through is None or r <= through]
        self.cleared |= set(cut)
        self.open = [r for r in self.open if r not in self.cleared]
        self.sent_again, self.paused = True, False

    def tick(self) -> None:
        told = self.player.tick(self.at_ms)
        assert not told or self.attached or not frames(told)
        assert not frames(told) or not self.paused
        for item in told:
            match item:
                case AudioFrame():
                    self.check_frame(item)
                case Drained(hearing):
                    assert hearing.complete
                    assert hearing.reply in self.finished or not self.audio[hearing.reply]
                    assert hearing.audio_ms == pytest.approx(len(self.audio[hearing.reply]) * 500 / RATE_HZ)
                    assert hearing.text_end == (self.words[hearing.reply][-1][1] if self.words[hearing.reply] else 0)
                    assert hearing.reply not in self.drained
                    self.drained.append(hearing.reply)

    def check_frame(self, frame: AudioFrame) -> None:
        assert frame.reply not in self.cleared
        assert frame.reply not in self.drained
        if frame.sequence != self.sent[frame.reply]:
            # Only what a client lost is sent again, and nothing is left out.
            assert self.sent_again
            assert frame.sequence < self.sent[frame.reply]
        assert frame.first == (self.sent[frame.reply] == 0)
        self.sent[frame.reply] = frame.sequence + 1
        begins = frame.sequence * FRAME_BYTES
        expected = self.audio[frame.reply][begins : begins + FRAME_BYTES].ljust(FRAME_BYTES, b"\0")
        assert frame.pcm in (expected, ramp(expected, RATE_HZ))
        assert frame.audio_ms == frame.sequence * FRAME_MS
        if frame.last:
            self.finished.add(frame.reply)

    def check(self) -> None:
        ahead_ms = 0.0
        for reply in self.audio:
            hearing = self.player.heard(self.at_ms, reply)
            assert (hearing is None) == (reply in self.cleared or reply in self.drained)
            if hearing is None:
                continue
            sent_ms = self.sent[reply] * FRAME_MS
            assert self.heard_ms.get(reply, 0.0) <= hearing.audio_ms <= sent_ms + 1e-6
            assert hearing.text_end >= self.text.get(reply, 0)
            starts = [begins_ms for begins_ms, _ in self.words[reply] if begins_ms <= hearing.audio_ms + 1e-6]
            ended = self.words[reply][len(starts) - 2][1] if len(starts) > 1 else 0
            assert hearing.complete or hearing.text_end <= ended
            self.heard_ms[reply], self.text[reply] = hearing.audio_ms, hearing.text_end
            ahead_ms += max(0.0, sent_ms - hearing.audio_ms - FRAME_MS)
        # Of each reply the padding of the last frame is no audio to be heard.
        assert not self.attached or ahead_ms <= max(lead.lead_ms for lead in LEADS)

    def finish(self) -> None:
        """Let everything come to its end."""
        self.step("attach", BLIND)
        self.player.resume(self.at_ms)
        self.paused = False
        for reply in self.open:
            self.player.end(reply)
        for _ in range(2_000):
            self.step("wait", 20.0)
            if self.player.idle:
                break
        assert self.player.idle
        assert sorted({*self.drained, *self.cleared}) == list(self.audio)
        assert self.player.buffered_ms == 0


@given(st.sampled_from(LEADS), st.lists(STEPS, max_size=60))
def test_no_interleaving_breaks_what_must_always_hold(lead: Lead, steps: list[tuple[str, object]]) -> None:
    session = Session(lead)
    session.step("begin", UtteranceKind.REPLY)
    for order, value in steps:
        session.step(order, value)
    session.finish()


@given(st.sampled_from(LEADS), st.lists(st.floats(0.5, 60), min_size=1, max_size=80), st.integers(1, 2_000))
def test_whatever_the_ticks_the_lead_is_kept(lead: Lead, waits_ms: list[float], duration_ms: int) -> None:
    player, at_ms, sent_ms = playout(lead, duration_ms), 0.0, 0
    for wait_ms in waits_ms:
        told = frames(player.tick(at_ms))
        sent_ms += FRAME_MS * len(told)
        hearing = player.heard(at_ms)
        heard_ms = hearing.audio_ms if hearing is not None else sent_ms
        assert sent_ms - heard_ms <= lead.lead_ms + 1e-6
        waiting = player.buffered_ms > 0
        assert not waiting or sent_ms - heard_ms + FRAME_MS > lead.lead_ms
        at_ms += wait_ms
