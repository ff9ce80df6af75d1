"""A recognizer that the conversation can do without: its failures are silence, and later it is asked again."""

import asyncio
from array import array

import pytest

from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.recognition.parallel_recognizer import AGAIN_S, OPEN_S, ParallelRecognizer
from tests.kit.fakes import FakeRecognizer
from tests.kit.faults import Fault, Faults, Plan

VOICE = array("h", [8_000] * 3_200).tobytes()
"""200 ms at 16 kHz."""


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.STALL])
def test_without_a_stream_nothing_is_understood_until_another_is_had(fault: Fault) -> None:
    async def main() -> None:
        engine = FakeRecognizer(["hello there"], faults=Faults(Plan("recognizer.open", fault)))
        events: list[RecognitionEvent] = []
        began = asyncio.get_running_loop().time()
        stream = await ParallelRecognizer(engine, LoopClock()).open(RecognitionOptions(session_id="s"), events.append)
        assert asyncio.get_running_loop().time() - began <= OPEN_S
        stream.push(VOICE)
        stream.finish_utterance()
        assert events[1:] == [NoSpeechRecognized(200)]

        await asyncio.sleep(AGAIN_S)
        stream.push(VOICE)
        await asyncio.sleep(0.01)
        for _ in range(2):
            stream.push(VOICE)
        stream.finish_utterance()
        await asyncio.sleep(1)
        final = events[-1]
        assert isinstance(final, FinalTranscript)
        # It heard the third and the fourth piece of the audio.
        assert (final.text, final.start_ms, final.end_ms) == ("hello there", 400, 800)
        assert not [event for event in events if isinstance(event, RecognitionFailed)]
        await stream.close()

    run_virtual(main())


def test_a_final_that_a_failed_stream_owes_is_answered() -> None:
    async def main() -> None:
        engine = FakeRecognizer(["hello there"], faults=Faults(Plan("recognizer.push", Fault.FAIL, first=2)))
        events: list[RecognitionEvent] = []
        stream = await ParallelRecognizer(engine, LoopClock()).open(RecognitionOptions(session_id="s"), events.append)
        stream.push(VOICE)
        stream.finish_utterance()
        stream.push(VOICE)
        assert events[-1] == NoSpeechRecognized(400)
        await asyncio.sleep(1)
        assert events[-1] == NoSpeechRecognized(400), "what a failed stream says later counts for nothing"
        await stream.close()

    run_virtual(main())


def test_a_closed_stream_reports_nothing_and_leaves_no_task() -> None:
    async def main() -> None:
        engine = FakeRecognizer(
            ["hello"], faults=Faults(Plan("recognizer.open", Fault.FAIL), Plan("recognizer.open", Fault.STALL, first=2))
        )
        events: list[RecognitionEvent] = []
        stream = await ParallelRecognizer(engine, LoopClock()).open(RecognitionOptions(session_id="s"), events.append)
        await asyncio.sleep(AGAIN_S)
        stream.push(VOICE)
        await asyncio.sleep(0.01)
        told = len(events)
        await stream.close()
        stream.finish_utterance()
        assert len(events) == told
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())
