"""Which sessions leave a file: all, a share, those in which something failed; and never one that may not be stored."""

import array
import asyncio
import logging
import wave
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.sessions import SessionEntry
from app.agents.recording_notice import with_notice
from app.replay import files
from app.replay.recorder import STEPS_AT_A_TIME, SessionRecorder, recorder_of
from app.replay.recording import read
from app.replay.replaying import replayed
from config.groups.records import Records
from tests.kit.fakes import FakeModel
from tests.kit.recorded_sessions import Poison, answer
from tests.kit.session_kit import AGENT, Stage, stage


def settings(sessions: str, directory: Path, *, audio: bool = False) -> Records:
    return Records(sessions=sessions, directory=directory, audio=audio)


def uniform(low: float, _: float) -> float:
    return low


class Clock(LoopClock):
    """The clock of whichever loop runs, which is a virtual one."""

    def __init__(self) -> None:
        self._is_virtual = True

    @property
    def _loop(self) -> asyncio.AbstractEventLoop:  # type: ignore[override]
        return asyncio.get_running_loop()


async def say_hello(on: Stage) -> None:
    on.entry.deliver(TextEntered("hello"))
    await asyncio.sleep(0.4)


async def type_on_and_on(on: Stage) -> None:
    for _ in range(3 * STEPS_AT_A_TIME // 2):
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(0)
    await asyncio.sleep(0.3)


async def hold(
    recorder: SessionRecorder, known: dict[str, SessionEntry], what: str, converse: Callable[[Stage], Awaitable[None]]
) -> None:
    """A short session; `what` goes wrong in it."""

    def tap(entry: SessionEntry) -> None:
        if what == "not to be stored":
            entry.change_plan(stored=False)
        known["s"] = entry
        recorder.session_opened("s")

    async with stage(model=FakeModel(answer), tap=tap, caller=False) as on:
        await converse(on)
        go_wrong(on, what)
        await asyncio.sleep(0.4)
    if what == "moved":
        recorder.session_moved("s")
    recorder.session_over("s")
    recorder.session_over("s")


def go_wrong(on: Stage, what: str) -> None:
    if what == "restart":
        on.entry.addresses["synthesizer"].tell(Poison())
    elif what == "rules":
        on.entry.addresses["orchestrator"].tell(Poison())


Conversation = Callable[[Stage], Awaitable[None]]


def recorded(directory: Path, sessions: str, what: str = "", converse: Conversation = say_hello) -> list[Path]:
    """The files of one session; chance says 0.5."""
    known: dict[str, SessionEntry] = {}
    recorder = recorder_of(settings(sessions, directory), known.get, lambda low, high: 0.5, Clock(), content=False)
    assert recorder is not None
    run_virtual(hold(recorder, known, what, converse))
    asyncio.run(recorder.close())
    return sorted(directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize(
    ("sessions", "what", "count"),
    [
        ("all", "", 1),
        ("all", "moved", 1),
        ("all", "not to be stored", 0),
        ("on_error", "", 0),
        ("on_error", "restart", 1),
        ("on_error", "rules", 1),
        ("0.4", "", 0),
        ("0.6", "", 1),
        ("0.6", "restart", 1),
    ],
)
def test_a_session_leaves_a_file_if_it_is_to(tmp_path: Path, sessions: str, what: str, count: int) -> None:
    found = recorded(tmp_path / "files", sessions, what)
    assert len(found) == count
    for path in found:
        replay = replayed(read(path))
        assert replay.same
        assert replay.decisions > 3
        assert replay.restarts == (what in ("restart", "rules"))


def test_how_it_ended_and_what_was_started_again_is_in_the_file(tmp_path: Path) -> None:
    (path,) = recorded(tmp_path, "all", "restart")
    over = read(path).over
    assert over.ending == "NORMAL"
    (again,) = over.restarts
    assert again.actor == "synthesizer"
    assert "Poison" not in again.error


def test_nothing_records_where_nothing_is_to_be_recorded(tmp_path: Path) -> None:
    assert recorder_of(Records(directory=tmp_path), lambda _: None, uniform, Clock(), content=False) is None


def test_a_file_for_which_there_is_no_room_is_lost_and_the_session_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files.SessionFiles, "do", lambda self, work, audio_bytes=0: False)
    with caplog.at_level(logging.WARNING, logger="app.replay.files"):
        assert recorded(tmp_path, "all") == []
    assert [record.getMessage() for record in caplog.records if record.name == "app.replay.files"] == [
        "a session file is lost: there is no room for it among what waits to be written"
    ]


def test_a_long_session_is_encoded_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    do = files.SessionFiles.do

    def counted(self: files.SessionFiles, work: files.Work, audio_bytes: int = 0) -> bool:
        done.append(work)
        return do(self, work, audio_bytes)

    monkeypatch.setattr(files.SessionFiles, "do", counted)
    (path,) = recorded(tmp_path, "all", converse=type_on_and_on)
    assert len(done) >= 3
    found = replayed(read(path))
    assert found.same
    assert found.steps > STEPS_AT_A_TIME


async def hear_the_notice(on: Stage) -> None:
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(2.0)


def with_audio(directory: Path, sessions: str, what: str = "", *, moved: bool = False) -> SessionRecorder:
    """What recorded a session of which the audio was to be kept."""
    known: dict[str, SessionEntry] = {}
    recorder = recorder_of(settings(sessions, directory, audio=True), known.get, uniform, Clock(), content=False)
    assert recorder is not None

    def tap(entry: SessionEntry) -> None:
        known["s"] = entry
        recorder.session_opened("s")

    async def main() -> None:
        async with stage(agent=with_notice(AGENT), tap=tap) as on:
            await hear_the_notice(on)
            go_wrong(on, what)
            await asyncio.sleep(1.0)
            assert recorder.audio_of("s") is None
        recorder.session_moved("s") if moved else recorder.session_over("s")
        assert known["s"].take_audio is None
        assert known["s"].connection.tap is None

    run_virtual(main())
    asyncio.run(recorder.close())
    return recorder


@pytest.mark.parametrize(("sessions", "what"), [("all", ""), ("on_error", "restart")])
def test_the_audio_lies_beside_the_file_which_says_so_and_replays(tmp_path: Path, sessions: str, what: str) -> None:
    recorder = with_audio(tmp_path, sessions, what)
    audio, file = sorted(tmp_path.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert (audio.stem, audio.suffix, file.suffix) == (file.stem, ".wav", ".jsonl")
    found = read(file)
    assert found.over.audio is not None
    assert found.over.audio.file == audio.name
    assert found.over.audio.at <= found.steps[0].at
    assert found.over.audio.seconds > found.steps[-1].at - found.steps[0].at - 1.5
    assert replayed(found).same
    kept = recorder.audio_of("s")
    assert kept is not None
    assert (kept.path, kept.goes_on) == (audio, False)


def test_a_session_that_is_not_kept_leaves_no_audio(tmp_path: Path) -> None:
    assert with_audio(tmp_path, "on_error").audio_of("s") is None
    assert list(tmp_path.iterdir()) == []


def test_a_session_that_moves_leaves_the_audio_of_here(tmp_path: Path) -> None:
    kept = with_audio(tmp_path, "all", moved=True).audio_of("s")
    assert kept is not None
    assert kept.goes_on
    assert len(list(tmp_path.glob("*.wav"))) == 1


def test_without_its_own_setting_there_is_no_audio(tmp_path: Path) -> None:
    (path,) = recorded(tmp_path, "all", converse=hear_the_notice)
    assert path.suffix == ".jsonl"
    assert read(path).over.audio is None


def listened(directory: Path, *, transcribed_audio: bool, talks: bool = True) -> SessionRecorder:
    """What recorded a session that only listens."""
    known: dict[str, SessionEntry] = {}
    asked = Records(sessions="all", directory=directory, audio=True, transcribed_audio=transcribed_audio)
    recorder = recorder_of(asked, known.get, uniform, Clock(), content=False)
    assert recorder is not None

    def tap(entry: SessionEntry) -> None:
        known["s"] = entry
        recorder.session_opened("s")

    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, utterances=["one", "two"], caller=talks, tap=tap) as on:
            for _ in range(2 * talks):
                await asyncio.sleep(0.5)
                await on.talk(800)
            await asyncio.sleep(2.0)
        recorder.session_over("s")

    run_virtual(main())
    asyncio.run(recorder.close())
    return recorder


def test_a_session_that_only_listens_leaves_its_audio_where_others_have_told_of_it(tmp_path: Path) -> None:
    kept = listened(tmp_path, transcribed_audio=True).audio_of("s")
    assert kept is not None
    assert [kept.path] == list(tmp_path.iterdir()), "it decides nothing: there is no file to replay beside it"
    with wave.open(str(kept.path), "rb") as sound:
        both = array.array("h", sound.readframes(sound.getnframes()))
        assert sound.getnframes() > 3 * sound.getframerate()
    assert any(both[0::2])
    assert not any(both[1::2])


def test_one_that_only_listens_leaves_none_by_itself_and_none_where_nothing_is_heard(tmp_path: Path) -> None:
    assert listened(tmp_path, transcribed_audio=False).audio_of("s") is None
    assert listened(tmp_path, transcribed_audio=True, talks=False).audio_of("s") is None
    assert list(tmp_path.iterdir()) == []
