"""What becomes of a reply whose audio the engine owes: the engine is watched, started anew once, and then given up."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from actors.agent import Voice
from actors.conversation import UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.tts import Synthesis, SynthesisEvent, WordSynthesized
from actors.runtime.clock import VirtualLoop, run_virtual
from actors.session.plan import Engines
from actors.session.synthesis.synthesis_progress import CHECK_S, STALL_S
from tests.kit.fakes import FakeModel, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, Stage, stage

ANSWER = "It is open until six o'clock."
QUIET = msgspec.structs.replace(
    AGENT, greeting="", limits=msgspec.structs.replace(AGENT.limits, filler_after_ms=60_000)
)


def answering(delay_s: float = 0.0) -> FakeModel:
    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [TextGenerated(ANSWER), delay_s, ReplyGenerated()]

    return FakeModel(script)


async def ask(on: Stage) -> None:
    await asyncio.sleep(0.1)
    on.entry.deliver(TextEntered("when"))


def said(on: Stage) -> list[str]:
    return [heard.text for heard in on.ear.of(ReplyHeard) if heard.kind is UtteranceKind.REPLY]


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.FAIL])
def test_a_reply_at_which_the_engine_failed_once_is_made_by_a_new_stream(fault: Fault) -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.write", fault))
        async with stage(agent=QUIET, model=answering(), faults=faults) as on:
            await ask(on)
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert said(on) == [ANSWER]
            assert on.actor("synthesizer").restarts == 1

    run_virtual(main())


def test_an_engine_that_is_silent_is_given_up_after_the_time_for_that() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answering(), faults=Faults(Plan("synthesizer.write", Fault.STALL))) as on:
            await ask(on)
            asked_at = asyncio.get_running_loop().time()
            await on.ear.until_count(AudioFrame, 1, 20)
            waited_s = asyncio.get_running_loop().time() - asked_at
            assert STALL_S < waited_s < STALL_S + 2 * CHECK_S + 0.5

    run_virtual(main())


def test_a_loop_that_stood_still_is_not_taken_for_an_engine_that_is_silent() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answering(), synthesizer=FakeSynthesizer(delay_s=CHECK_S + 0.3)) as on:
            await ask(on)
            await asyncio.sleep(0.2)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.advance(2 * STALL_S)
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert said(on) == [ANSWER]
            assert on.actor("synthesizer").restarts == 0

    run_virtual(main())


def test_an_engine_that_owes_nothing_is_not_told_off_for_its_silence() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answering(delay_s=4 * STALL_S)) as on:
            await ask(on)
            await on.ear.until_count(ReplyHeard, 1, 30)
            assert said(on) == [ANSWER]
            assert on.actor("synthesizer").restarts == 0

    run_virtual(main())


def test_at_the_second_failure_in_one_reply_that_reply_is_given_up() -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.write", Fault.FAIL, times=2))
        async with stage(agent=QUIET, model=answering(), faults=faults) as on:
            await ask(on)
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert ANSWER not in said(on)
            assert on.actor("synthesizer").restarts == 1

    run_virtual(main())


def endless(engines: Engines) -> Engines:
    """An engine that makes five seconds of audio of each character."""
    return msgspec.structs.replace(engines, synthesizer=FakeSynthesizer(ms_per_char=5_000))


def test_an_engine_that_does_not_end_is_given_up_and_no_more_of_its_audio_is_kept_than_text_can_take() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=answering(), wrap=endless) as on:
            await ask(on)
            await asyncio.sleep(60.0)
            heard_s = len(on.ear.of(AudioFrame)) * 0.02
            assert said(on) == []
            assert heard_s < 2 * (10.0 + 2.0 * len(ANSWER))
            assert on.ear.ended is not None, "there is no other engine: the second reply in a row ends it"

    run_virtual(main())


class Babbling(FakeSynthesizer):
    """Places each word a thousand times."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        def again(event: SynthesisEvent) -> None:
            for _ in range(1_000 if isinstance(event, WordSynthesized) else 1):
                report(event)

        return await super().open(voice, rate_hz, again)


def test_an_engine_that_places_words_without_end_is_heard_all_the_same() -> None:
    async def main() -> None:
        async with stage(
            agent=QUIET,
            model=answering(),
            wrap=lambda engines: msgspec.structs.replace(engines, synthesizer=Babbling()),
        ) as on:
            await ask(on)
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert said(on) == [ANSWER]

    run_virtual(main())
