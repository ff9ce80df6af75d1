"""The synthesizer's reports of a reply that is written more slowly than it is heard."""

import asyncio

import msgspec
import pytest

from actors.conversation import UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.lifecycle import RestartChild
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports import realtime_events as reported
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.rules.turn_taking.state import Utterance
from actors.runtime.clock import run_virtual
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import MS_PER_CHAR, FakeRealtime
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage
from tests.unit.actors.session.realtime.realtime_kit import LONG, heard, speaking

QUIET = msgspec.structs.replace(
    AGENT, greeting="", limits=msgspec.structs.replace(AGENT.limits, filler_after_ms=60_000)
)


def writes(*parts: str | float) -> FakeModel:
    """A model that writes texts, and waits for seconds between them."""

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [*(TextGenerated(part) if isinstance(part, str) else part for part in parts), ReplyGenerated()]

    return FakeModel(script)


def in_hand(on: Stage) -> list[Utterance]:
    return list(on.actor("orchestrator").turn.state.utterances)


def test_a_reply_sounds_as_long_as_there_is_something_to_hear_of_it() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=writes("It is open now. ", 6.0, "Until six.")) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await asyncio.sleep(1.2)
            assert [utterance.started for utterance in in_hand(on)] == [True]
            await asyncio.sleep(3.0)
            assert [utterance.started for utterance in in_hand(on)] == [False]
            await asyncio.sleep(2.2)
            assert [utterance.started for utterance in in_hand(on)] == [True]
            await on.ear.until_count(ReplyHeard, 1, 10)
            assert [message.text for message in on.ear.of(ReplyHeard)] == ["It is open now. Until six."]

    run_virtual(main())


def test_audio_of_less_than_a_frame_is_sent_before_the_pause_and_not_behind_it() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=writes("Yes, it is. ", 6.0, "Until six.")) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            frames = [message for message in on.ear.of(AudioFrame) if message.kind is UtteranceKind.REPLY]
            times = on.ear.times(AudioFrame)
            pause = max(range(1, len(times)), key=lambda number: times[number] - times[number - 1])
            assert frames[pause].audio_ms - frames[0].audio_ms == len("Yes, it is. ") * 50

    run_virtual(main())


@pytest.mark.parametrize("has_begun", [True, False])
def test_what_is_written_while_a_successor_is_being_started_is_said_once(has_begun: bool) -> None:
    """It is in the checkpoint, from which the successor goes on, and told to the successor as well."""
    whole = "We open at nine. On Sundays at ten."

    async def main() -> None:
        begun = ["We open at nine. "] if has_begun else []
        async with stage(agent=QUIET, model=writes(*begun, 30.0)) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await asyncio.sleep(0.8)
            orchestrator = on.actor("orchestrator")
            writer, turn = orchestrator._writer, orchestrator.turn
            former = on.session._children["synthesizer"]
            on.session._children.restart("synthesizer")
            while on.session._children._refs.get("synthesizer", former) is former:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0)
            assert on.actor("synthesizer").handled == 0, "the successor has not had its first turn"
            if not has_begun:
                writer.begin(turn.state.last_reply, 1, UtteranceKind.REPLY)
                writer.write(turn.state.last_reply, "We open at nine. ")
            writer.write(turn.state.last_reply, "On Sundays at ten.")
            writer.finish(turn.state.last_reply)
            await asyncio.sleep(4)
            heard = [frame for frame in on.ear.of(AudioFrame) if frame.kind is UtteranceKind.REPLY]
            assert len({frame.audio_ms for frame in heard}) * 20 == pytest.approx(len(whole) * MS_PER_CHAR, abs=40)
            assert on.actor("synthesizer").restarts == 1
            assert [message.text for message in on.ear.of(ReplyHeard)] == [whole]

    run_virtual(main())


def test_a_session_that_is_over_keeps_no_audio_that_was_not_heard() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=writes("It is open from eight until six. " * 100)) as on:
            await asyncio.sleep(0.1)
            on.entry.deliver(TextEntered("when"))
            await on.ear.until_count(AudioFrame, 5)
            synthesizer = on.actor("synthesizer")
            # The caller is gone, and may be back: all of it is kept for them.
            on.detach()
            await asyncio.sleep(1.0)
            assert synthesizer._playout.buffered_ms > 100_000
            await on.sessions.emptied()
            assert synthesizer._playout.buffered_ms == 0

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.1, 0.2, 0.4])
def test_a_successor_says_no_more_of_a_reply_than_its_model_is_left_with(after_s: float) -> None:
    """It takes up all that was written; the model's response then fails, and what had no audio is taken back."""

    async def main() -> None:
        model = FakeRealtime(LONG)
        async with speaking(model) as on:
            await on.talk(800)
            await on.ear.until_count(AudioFrame, 5)
            on.entry.addresses.supervisor.tell(RestartChild("synthesizer"))
            await asyncio.sleep(after_s)
            failed = reported.ResponseFinished(
                response_id="response-1",
                status=reported.ResponseStatus.FAILED,
                failure=FailureKind.FATAL,
                detail="no quota",
            )
            model.sessions[0].tell(failed)
            (reply,) = await heard(on)
            assert LONG.startswith(reply.text)
            assert reply.text not in ("", LONG)
            sent_ms = sum(20 for audio in on.ear.of(AudioFrame) if audio.kind is UtteranceKind.REPLY)
            longest_word = 10
            assert sent_ms <= (len(reply.text) + longest_word) * MS_PER_CHAR

    run_virtual(main())
