"""The engine's streams of one recognizer: which of them counts, and when it is asked for a final transcript."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from actors.messages.transcript import InterimTranscript
from actors.ports.stt import RecognitionEvent, RecognitionOptions
from actors.rules.end_of_turn.by_words import FixedSilence
from actors.runtime.clock import run_virtual
from actors.runtime.session_trace import Trace
from actors.session.engine_events import RecognitionOpened, RecognitionReported
from actors.session.recognition.audio_ring import AudioRing
from actors.session.recognition.audio_track import AudioTrack
from actors.session.recognition.hearing import Hearing
from actors.session.recognition.recognition_connection import OPEN_TIMEOUT_S, RecognitionConnection
from actors.session.recognition.recognition_stream import RecognitionStream
from actors.turn_taking_settings import Endpointing
from tests.kit.fakes import EnergyActivity

SECOND = b"\1\0" * 16_000


class Stream:
    """A stream of the engine that notes what it is given."""

    def __init__(self, report: Callable[[RecognitionEvent], None]) -> None:
        self.report = report
        self.pushed = b""
        self.finished = 0
        self.is_closed = False

    def push(self, pcm: bytes) -> None:
        self.pushed += pcm

    def finish_utterance(self) -> None:
        self.finished += 1

    async def close(self) -> None:
        self.is_closed = True


class Desk:
    """A connection between an actor, which this stands for too, and an engine whose streams take a second to open."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.streams: list[Stream] = []
        self.opens_s = 1.0
        self.failures: list[BaseException] = []
        self.trace = Trace()
        self.actor_ref = self
        ring, track = AudioRing(16_000, 20_000), AudioTrack(settled_bytes=len(SECOND))
        for _ in range(3):
            ring.append(SECOND)
        hearing = Hearing(
            engine=cast(Any, self),
            options=RecognitionOptions(session_id="s", rate_hz=16_000),
            detector=EnergyActivity(),
            endpointing=Endpointing(),
            end_of_turn=FixedSilence(),
        )
        self.connection = RecognitionConnection(
            cast(Any, self), hearing, RecognitionStream(ring, self.trace, "", ""), track
        )

    def is_alive(self) -> bool:
        return True

    def tell(self, message: Any) -> None:
        self.told.append(message)

    def spawn(self, work: Coroutine[Any, Any, None], _name: str) -> None:
        def done(task: asyncio.Task[None]) -> None:
            if (error := task.exception()) is not None:
                self.failures.append(error)

        asyncio.get_running_loop().create_task(work).add_done_callback(done)

    async def open(self, _options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Stream:
        await asyncio.sleep(self.opens_s)
        self.streams.append(Stream(report))
        return self.streams[-1]


def test_a_stream_is_given_what_was_not_settled_before_it_is_said_to_be_open() -> None:
    async def main() -> None:
        desk = Desk()
        desk.connection.open()
        await asyncio.sleep(0.9)
        assert (desk.streams, desk.told) == ([], [])
        await asyncio.sleep(0.2)
        (stream,) = desk.streams
        assert len(stream.pushed) == 2 * len(SECOND)
        assert desk.told == [RecognitionOpened(1)]
        stream.report(InterimTranscript("hello", 0, 100))
        stream.report(cast(Any, "nonsense"))
        assert desk.told[1:] == [RecognitionReported(1, InterimTranscript("hello", 0, 100))]
        assert desk.connection.is_current(1)
        desk.connection.close()
        await asyncio.sleep(0.1)
        assert stream.is_closed

    run_virtual(main())


def test_a_stream_that_opens_when_another_has_taken_its_place_is_closed() -> None:
    async def main() -> None:
        desk = Desk()
        desk.connection.open()
        await asyncio.sleep(0.5)
        desk.connection.reopen(is_unfinished=False)
        await asyncio.sleep(2)
        former, present = desk.streams
        assert (former.is_closed, former.pushed, present.is_closed) == (True, b"", False)
        assert desk.told == [RecognitionOpened(2)]
        assert not desk.connection.is_current(1)

    run_virtual(main())


def test_a_stream_that_does_not_open_in_time_fails_the_actor() -> None:
    async def main() -> None:
        desk = Desk()
        desk.opens_s = OPEN_TIMEOUT_S + 1
        desk.connection.open()
        await asyncio.sleep(OPEN_TIMEOUT_S + 2)
        assert [type(error) for error in desk.failures] == [TimeoutError]
        assert (desk.streams, desk.told) == ([], [])

    run_virtual(main())


def test_an_utterance_that_ends_while_there_is_no_stream_is_asked_for_once_there_is_one() -> None:
    async def main() -> None:
        desk = Desk()
        desk.connection.open()
        desk.connection.finish_utterance()
        await asyncio.sleep(2)
        (stream,) = desk.streams
        assert stream.finished == 0
        for _ in range(2):
            desk.connection.finish_what_is_over(is_over=False)
        assert stream.finished == 1

    run_virtual(main())


def test_an_utterance_that_a_former_recognizer_has_heard_the_end_of_is_asked_for_once() -> None:
    async def main() -> None:
        desk = Desk()
        desk.connection.open()
        await asyncio.sleep(2)
        for _ in range(2):
            desk.connection.finish_what_is_over(is_over=True)
        assert desk.streams[0].finished == 1
        desk.connection.reopen(is_unfinished=True)
        await asyncio.sleep(2)
        desk.connection.finish_what_is_over(is_over=False)
        assert [stream.finished for stream in desk.streams] == [1, 1]

    run_virtual(main())
