"""The stream of one caller's audio: whole samples in, and a service that does not answer is found out."""

import asyncio
from unittest.mock import AsyncMock, Mock

import pytest

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from actors.runtime.clock import run_virtual
from app.providers.azure.resource import SpeechUse
from app.providers.azure.stt import signs_of_life
from app.providers.azure.stt.recognition import RENEW_AGAIN_S, TICKS_PER_MS, RecognitionStream
from app.providers.azure.stt.results import Heard
from app.providers.azure.stt.signs_of_life import CONNECT_S, LOSSES

FRAME = bytes(640)
"""20 ms of silence"""
QUIET, LOUD = b"\1\0" * 320, b"\0\x20" * 320


class Recognizing:
    """A stream that has begun, with what it is made of and what it has told."""

    def __init__(self) -> None:
        self.engine = Mock(use=SpeechUse(), renew_ms=1e9, make=AsyncMock())
        self.engine.resource.proof = "AZURE_SPEECH_KEY"
        self.engine.suspicions.may_suspect.return_value = True
        self.engine.let_go.side_effect = lambda stream, native: _done()
        self.native = Mock(together_ms=0)
        self.told: list[RecognitionEvent] = []
        options = RecognitionOptions(session_id="s", rate_hz=16_000, languages=("en-US",), phrases=())
        self.stream = RecognitionStream(self.engine, options, self.told.append)
        self.stream.begin(self.native)

    @property
    def pushed(self) -> bytes:
        """The audio that the SDK was given."""
        return b"".join(each.args[0] for each in self.native.push.call_args_list)

    @property
    def failures(self) -> list[ErrorKind]:
        """Why it has failed."""
        return [event.kind for event in self.told if isinstance(event, RecognitionFailed)]


def _done() -> "asyncio.Future[None]":
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def heard(text: str, start_ms: int, end_ms: int) -> Heard:
    return Heard(text, start_ms * TICKS_PER_MS, (end_ms - start_ms) * TICKS_PER_MS)


def test_the_sdk_is_given_whole_samples() -> None:
    async def main() -> None:
        on = Recognizing()
        for pcm in (b"\1\2\3", b"\4", b"", b"\5", b"\6\7"):
            on.stream.push(pcm)
        assert on.pushed == b"\1\2\3\4\5\6"
        await on.stream.close()
        on.stream.push(FRAME)
        assert on.pushed == b"\1\2\3\4\5\6", "it is closed"

    run_virtual(main())


def test_what_is_heard_is_told_once_the_utterance_is_finished() -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        for _ in range(100):
            on.stream.push(FRAME)
        on.stream.heard(False, heard("good", 100, 500))
        on.stream.finish_utterance()
        on.stream.heard(True, heard("Good morning.", 100, 1900))
        kinds = [type(event) for event in on.told]
        assert kinds == [RecognitionReady, InterimTranscript, FinalTranscript]
        assert on.engine.suspicions.trust.called
        await on.stream.close()

    run_virtual(main())


def test_a_service_that_cannot_be_reached_is_found_out_once() -> None:
    async def main() -> None:
        on = Recognizing()
        await asyncio.sleep(CONNECT_S + 0.5)
        assert on.failures == [ErrorKind.TIMEOUT]
        await asyncio.sleep(2 * CONNECT_S)
        on.stream.ended("NoError", "")
        assert len(on.told) == 1
        on.engine.let_go.assert_called_once_with(on.stream, on.native)

    run_virtual(main())


def test_a_connection_that_is_lost_again_and_again_is_none() -> None:
    async def main() -> None:
        on = Recognizing()
        for _ in range(LOSSES):
            assert on.failures == []
            on.stream.connected(True)
            on.stream.connected(False)
        assert on.failures == [ErrorKind.UNAVAILABLE]

    run_virtual(main())


@pytest.mark.parametrize(("code", "doubts"), [("AuthenticationFailure", True), ("ConnectionFailure", False)])
def test_a_session_that_the_service_ends_has_failed(code: str, doubts: bool) -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.ended(code, "")
        assert len(on.failures) == 1
        assert on.engine.doubt_token.called is doubts

    run_virtual(main())


async def test_what_sdk_threads_tell_reaches_the_loop_unless_the_stream_is_over() -> None:
    on = Recognizing()
    await asyncio.to_thread(on.stream.listener.connected, True)
    await asyncio.sleep(0)
    assert on.told == [RecognitionReady()]
    await on.stream.close()
    await asyncio.to_thread(on.stream.listener.ended, "ConnectionFailure", "")
    await asyncio.sleep(0)
    assert on.failures == []


def test_a_recognizer_that_has_heard_much_is_replaced_in_a_silence() -> None:
    async def main() -> None:
        on = Recognizing()
        on.engine.renew_ms = 100.0
        other = on.engine.make.return_value = Mock(together_ms=0)
        on.stream.connected(True)
        for _ in range(6):
            on.stream.push(FRAME)
        await asyncio.sleep(0.3)
        on.engine.replaced.assert_called_once_with(on.stream, on.native, other)
        on.native.silence.assert_called_once_with()
        on.stream.push(FRAME)
        other.push.assert_called_once_with(FRAME)
        await on.stream.close()

    run_virtual(main())


def quiet_for(on: Recognizing, frames: int) -> None:
    for _ in range(frames):
        on.stream.push(QUIET)


def test_the_sdk_is_woken_less_often_while_nobody_speaks_and_hears_speech_at_once() -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        quiet_for(on, 100)
        assert on.native.push.call_count <= 55
        assert len(on.pushed) >= 98 * len(QUIET)
        on.stream.push(LOUD)
        assert on.pushed == 100 * QUIET + LOUD
        on.stream.push(QUIET)
        assert on.pushed == 100 * QUIET + LOUD + QUIET
        await on.stream.close()

    run_virtual(main())


def test_no_audio_waits_while_the_service_is_at_work_on_an_utterance() -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        on.stream.heard(False, heard("good", 100, 500))
        for frames in range(1, 100):
            on.stream.push(QUIET)
            assert on.native.push.call_count == frames
        await on.stream.close()

    run_virtual(main())


def test_the_silence_that_shows_the_end_of_an_utterance_comes_after_all_audio() -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        on.stream.push(LOUD)
        quiet_for(on, 51)
        pushed = len(on.pushed)
        assert pushed < 51 * len(QUIET) + len(LOUD), "some of it waits"
        on.stream.finish_utterance()
        assert on.pushed.startswith(LOUD + 51 * QUIET)
        assert len(on.pushed) > 52 * len(QUIET)
        await on.stream.close()

    run_virtual(main())


def test_audio_that_waits_is_handed_over_when_no_more_comes() -> None:
    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        quiet_for(on, 50)
        await asyncio.sleep(0.25)
        assert on.pushed == 50 * QUIET
        await on.stream.close()

    run_virtual(main())


def test_audio_is_handed_over_in_blocks_where_the_recognizer_sends_no_less() -> None:
    async def main() -> None:
        on = Recognizing()
        on.native.together_ms = 40
        on.stream.begin(on.native)
        on.stream.connected(True)
        for _ in range(5):
            on.stream.push(LOUD)
        assert [each.args[0] for each in on.native.push.call_args_list] == [2 * LOUD, 2 * LOUD]
        on.stream.finish_utterance()
        assert on.pushed.startswith(5 * LOUD)
        await on.stream.close()

    run_virtual(main())


def silent_for(on: Recognizing, ms: int) -> None:
    for _ in range(ms // 20):
        on.stream.push(FRAME)


@pytest.mark.parametrize("is_lively", [False, True])
def test_what_the_sdk_holds_of_audio_without_any_answer_is_bounded(
    is_lively: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs_of_life, "UNANSWERED_MS", 1_000.0)

    async def main() -> None:
        on = Recognizing()
        on.engine.make.side_effect = lambda options, listener: Mock(together_ms=0)
        on.stream.connected(True)
        for _ in range(10):
            silent_for(on, 500)
            if is_lively:
                on.stream.lively()
            await asyncio.sleep(0.5)
            on.stream.connected(True)
        assert on.engine.replaced.call_count == (0 if is_lively else 5)
        assert on.failures == []
        await on.stream.close()

    run_virtual(main())


def test_a_stream_of_which_nothing_is_answered_and_that_is_never_silent_fails_at_its_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signs_of_life, "UNANSWERED_MS", 1_000.0)

    async def main() -> None:
        on = Recognizing()
        on.stream.connected(True)
        on.stream.heard(False, heard("good", 100, 500))  # and never how it goes on
        silent_for(on, 1_980)
        await asyncio.sleep(0.2)
        assert on.failures == []
        silent_for(on, 20)
        await asyncio.sleep(0.2)
        assert on.failures == [ErrorKind.TIMEOUT]
        assert not on.engine.replaced.called

    run_virtual(main())


def test_a_recognizer_that_could_not_be_replaced_is_so_a_while_later() -> None:
    async def main() -> None:
        on = Recognizing()
        on.engine.renew_ms = 100.0
        on.engine.make.side_effect = RecognizerError(ErrorKind.UNAVAILABLE, "fake")
        on.stream.connected(True)
        silent_for(on, 200)
        await asyncio.sleep(RENEW_AGAIN_S - 0.5)
        assert on.engine.make.call_count == 1
        await asyncio.sleep(1)
        assert on.engine.make.call_count == 2
        await on.stream.close()

    run_virtual(main())
