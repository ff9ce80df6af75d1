"""Both sides of a session lie in its audio as they were heard, from when the caller was told on; at no cost if not."""

import array
import asyncio
import sys
import wave
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

from actors.agent import Phrases
from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.caller import MARKED, PACED, Lead
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, ReplyHeard
from actors.runtime.clock import run_virtual
from actors.session.checkpoint import Checkpoint
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.sessions import SessionEntry
from actors.turn_taking_settings import BargeIn, PhasePolicy
from app.agents.recording_notice import with_notice
from app.providers.absent import AbsentRecognizer
from app.replay import audio_tape
from app.replay.audio_file import AudioFile
from app.replay.audio_lanes import RATE_HZ
from app.replay.audio_tape import AudioTape
from app.replay.files import AUDIO, SessionFiles, file_name
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.session_kit import AGENT, Ear, Stage, answers, stage

NOTICED = with_notice(AGENT)
LONG = "There is nine o'clock, and there is ten, and there may be more in the afternoon, if you want."
NAME = file_name("session", "2026-01-02T03:04:05Z", AUDIO)
FRAME_S = 0.02

Scene = Callable[[Stage], Awaitable[None]]


class Recorded:
    """The audio of one session, side by side with what was shown in it. Times are since the audio began."""

    def __init__(self, path: Path, ear: Ear, began: float) -> None:
        self.ear = ear
        self.began = began
        self.left: list[int] = []
        self.right: list[int] = []
        if path.exists():
            with wave.open(str(path), "rb") as sound:
                samples = array.array("h", sound.readframes(sound.getnframes()))
            self.left, self.right = list(samples[0::2]), list(samples[1::2])

    def is_loud(self, samples: list[int], begin: float, end: float) -> bool:
        """Whether there is any sound from `begin` to `end`, in seconds."""
        return any(samples[round(begin * RATE_HZ) : round(end * RATE_HZ)])

    def times(self, kind: type[OutputMessage]) -> list[float]:
        return [at - self.began for at in self.ear.times(kind)]


def recorded(
    directory: Path,
    scene: Scene,
    *,
    agent: Any = NOTICED,
    lead: Lead = PACED,
    checkpoint: Checkpoint | None = None,
    has_audio: bool = True,
    **more: Any,
) -> Recorded:
    """Hold a session and record its audio."""
    files = SessionFiles(directory, 1 << 30)
    found: list[Any] = []

    async def main() -> None:
        now = asyncio.get_running_loop().time
        tapes: list[AudioTape] = []

        def tap(entry: SessionEntry) -> None:
            tapes.append(AudioTape(entry, files, AudioFile(files, NAME, now(), 1 << 30), now))
            tapes[0].start()

        utterances = ("a time on friday please", "no wait stop it")
        model = answers(LONG)
        options: dict[str, Any] = {"agent": agent, "lead": lead, "checkpoint": checkpoint, **more}
        async with stage(utterances=utterances, model=model, tap=tap, **options) as on:
            await scene(on)
            found.append(on.ear)
        assert tapes[0].has_audio is has_audio
        tapes[0].hand_over()
        tapes[0].stop()
        found.append(tapes[0].file)

    run_virtual(main())
    ear, file = found
    files.close(30)
    file.finish()
    return Recorded(file.path, ear, file.began_at)


async def talk_and_interrupt(on: Stage) -> None:
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(1.0)
    await on.talk(900)
    await on.ear.until(lambda ear: any(m.kind is UtteranceKind.REPLY for m in ear.of(AudioFrame)))
    await asyncio.sleep(1.0)
    await on.talk(900)
    await on.ear.until_count(ReplyHeard, 3)
    await asyncio.sleep(2.0)


def test_both_sides_are_where_they_were_heard_and_what_was_cut_is_not_there(tmp_path: Path) -> None:
    it = recorded(tmp_path, talk_and_interrupt)
    told = it.times(ReplyHeard)[0]
    assert not it.is_loud(it.left, 0, told), "nothing of the caller before they were told"
    assert it.is_loud(it.right, 0, told), "the notice itself"
    loud = [at / RATE_HZ for at, sample in enumerate(it.left) if sample]
    # One second after the greeting, for 0.9 s, give or take a frame.
    assert loud[0] == pytest.approx(told + 1.0, abs=2 * FRAME_S)
    (cut,) = it.times(AudioDiscarded)
    begins = min(at for at, m in it.ear.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.REPLY) - it.began
    assert it.is_loud(it.right, begins, begins + 0.1)
    assert it.is_loud(it.right, cut - 0.5, cut)
    again = min((at for at in it.times(AudioFrame) if at > cut), default=cut + 1.0)
    assert not it.is_loud(it.right, cut, again)


async def cough(on: Stage) -> None:
    """A noise at which the agent pauses, and goes on."""
    await on.ear.until_count(ReplyHeard, 1)
    await on.talk(900)
    await on.ear.until(lambda ear: any(m.kind is UtteranceKind.REPLY for m in ear.of(AudioFrame)))
    await asyncio.sleep(1.0)
    await on.talk(80)
    await asyncio.sleep(12.0)


def test_a_client_that_held_its_audio_is_heard_to_go_on_with_all_of_it(tmp_path: Path) -> None:
    it = recorded(tmp_path, cough, lead=MARKED)
    replies = [m for m in it.ear.of(AudioFrame) if m.kind is UtteranceKind.REPLY]
    sent = [sample for frame in replies for sample in array.array("h", frame.pcm) if sample]
    first = min(at for at, m in it.ear.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.REPLY) - it.began
    heard = [sample for sample in it.right[round(first * RATE_HZ) :] if sample]
    assert heard == sent


async def speak_over_the_notice(on: Stage) -> None:
    await asyncio.sleep(0.6)
    await on.talk(1_500)
    await asyncio.sleep(12.0)


def test_who_speaks_over_the_notice_is_not_recorded(tmp_path: Path) -> None:
    it = recorded(tmp_path, speak_over_the_notice, has_audio=False)
    assert it.ear.of(ReplyHeard)[0].interrupted
    assert list(tmp_path.iterdir()) == []


def test_a_protected_greeting_is_heard_by_whoever_speaks_over_it(tmp_path: Path) -> None:
    protected = msgspec.structs.replace(NOTICED, barge_in=BargeIn(greeting=PhasePolicy(protected=True)))
    it = recorded(tmp_path, speak_over_the_notice, agent=protected)
    told = it.times(ReplyHeard)[0]
    assert not it.is_loud(it.left, 0, told)


@pytest.mark.parametrize("agent", [AGENT, msgspec.structs.replace(AGENT, phrases=Phrases(recorded=""))])
def test_nobody_is_recorded_who_was_not_told(tmp_path: Path, agent: Any) -> None:
    recorded(tmp_path, talk_and_interrupt, agent=agent, has_audio=False)
    assert list(tmp_path.iterdir()) == []


def test_what_a_speech_to_speech_model_says_by_itself_counts_as_told(tmp_path: Path) -> None:
    """It says the notice in its own voice, word for word or nearly so."""

    async def scene(on: Stage) -> None:
        await on.ear.until_count(ReplyHeard, 1)
        await asyncio.sleep(0.5)
        await on.talk(900)
        await asyncio.sleep(6.0)

    greeted = FakeRealtime("this conversation may be recorded; hello there!", "You are welcome.")
    live: dict[str, Any] = {"mode": VOICE_LIVE, "realtime": greeted, "recognizer": AbsentRecognizer()}
    it = recorded(tmp_path, scene, **live)
    told = it.times(ReplyHeard)[0]
    assert not it.is_loud(it.left, 0, told)
    assert it.is_loud(it.left, told, told + 2.0)
    assert it.is_loud(it.right, 0, told)


async def talk_at_once(on: Stage) -> None:
    await on.talk(900)
    await asyncio.sleep(8.0)


@pytest.mark.parametrize("was_told", [True, False])
def test_who_comes_back_is_recorded_if_they_were_told_before(tmp_path: Path, was_told: bool) -> None:
    text = NOTICED.greeting if was_told else "Hello there."
    said = ChatMessage(role=Role.ASSISTANT, text=text, kind=UtteranceKind.GREETING)
    silent = msgspec.structs.replace(NOTICED, greeting="")
    it = recorded(tmp_path, talk_at_once, agent=silent, checkpoint=Checkpoint(messages=(said,)), has_audio=was_told)
    assert any(it.left) is was_told


def test_a_greeting_that_never_ends_takes_no_more_memory_than_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_tape, "MOST_UNTOLD_BYTES", 10_000)
    it = recorded(tmp_path, talk_and_interrupt)
    told = it.times(ReplyHeard)[0]
    assert not it.is_loud(it.right, 0, told - 0.5)


def test_a_disk_that_is_too_slow_costs_the_audio_and_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    do = SessionFiles.do
    monkeypatch.setattr(SessionFiles, "do", lambda self, work, audio_bytes=0: not audio_bytes and do(self, work))
    recorded(tmp_path, talk_and_interrupt, has_audio=False)
    assert list(tmp_path.iterdir()) == []
    assert [record.getMessage() for record in caplog.records if record.name == "app.replay.files"] == [
        "the audio of a session is lost: there is no room for it among what waits to be written"
    ]


ROOT = Path(__file__).parents[4]


def calls_of(work: Callable[[], None]) -> Counter[str]:
    """The functions of the product that `work` calls, with how often."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and Path(frame.f_code.co_filename).is_relative_to(ROOT):  # not what garbage has called
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_a_frame_costs_no_call_where_nothing_is_recorded_and_a_few_where_it_is(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path, 1 << 30)
    counted: dict[str, Counter[str]] = {}

    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=NOTICED, caller=False) as on:
            await on.ear.until_count(ReplyHeard, 1)
            frame = on.ear.of(AudioFrame)[0]
            entry, silence = on.entry, bytes(640)

            def both() -> None:
                entry.push_audio(silence)
                entry.connection.show(frame)

            for name in ("before", "off", "on"):
                if name == "on":
                    tape = AudioTape(entry, files, AudioFile(files, NAME, now(), 1 << 30), now)
                    tape.start()
                    tape._heard(NOTICED.greeting)
                for _ in range(3):
                    both()
                    await asyncio.sleep(FRAME_S)
                counted[name] = calls_of(both)
                await asyncio.sleep(FRAME_S)
            tape.stop()

    run_virtual(main())
    assert not any("Tape" in name for name in counted["off"])
    assert counted["off"] == counted["before"]
    more = counted["on"] - counted["off"]
    assert {name.split(".")[0] for name in more} <= {"AudioTape", "CallerPiece", "AgentPiece", "VirtualLoop"}
    assert sum(more.values()) <= 8, more
