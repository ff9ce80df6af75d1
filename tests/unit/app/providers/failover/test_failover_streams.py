"""Who is asked for a stream, and what becomes of a provider's standing with how its streams fare."""

import asyncio
from typing import NoReturn

import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, ProviderError, RecognizerError, SynthesizerError
from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions, SpeechRecognizer
from actors.ports.tts import SynthesisEvent, SynthesisFailed, SynthesisFinished
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerPolicy, BreakerState
from app.providers.failover.providers import AGAIN_S, Providers
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.streams import OPEN_S, SLOW_S
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.failover_kit import EVER, providers
from tests.kit.fakes import FakeRecognizer, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan

VOICE = Voice()
LOUD = b"\x00\x60" * 3_200
DOWN = ProviderError(ErrorKind.UNAVAILABLE, "out of luck")


def failing(*plans: Plan) -> Faults:
    return Faults(*(Plan(plan.place, plan.fault, plan.first, EVER) for plan in plans))


def order(engines: Providers[FakeRecognizer], whose: str) -> list[str]:
    return [provider.name for provider in engines.for_streams(whose)]


def test_who_was_failed_is_given_another_and_others_are_not() -> None:
    async def main() -> None:
        engines = providers(FakeRecognizer(), FakeRecognizer())
        first, second = engines
        engines.failed_stream(first, "one", DOWN)
        assert (order(engines, "one"), order(engines, "two")) == (["second", "first"], ["first", "second"])
        engines.failed_stream(second, "one", DOWN)
        assert order(engines, "one") == ["first", "second"]
        await asyncio.sleep(AGAIN_S)
        assert order(engines, "one") == ["first", "second"]

    run_virtual(main())


def test_a_stream_is_asked_of_one_that_is_down_rather_than_of_nobody() -> None:
    async def main() -> None:
        engines = providers(FakeRecognizer(), FakeRecognizer(), policy=BreakerPolicy(failures=1))
        first, second = engines
        engines.failed_stream(first, "one", DOWN)
        assert first.breaker.state is BreakerState.OPEN
        assert order(engines, "two") == ["second", "first"]
        engines.failed_stream(second, "one", DOWN)
        assert order(engines, "two") == ["first", "second"]

    run_virtual(main())


@pytest.mark.parametrize(("fault", "kind"), [(Fault.FAIL, ErrorKind.UNAVAILABLE), (Fault.STALL, ErrorKind.TIMEOUT)])
def test_none_that_gives_a_stream_is_an_error(fault: Fault, kind: ErrorKind) -> None:
    async def main() -> None:
        plans = Plan("recognizer.open", fault), Plan("synthesizer.open", fault)
        last = Plan("recognizer.open", Fault.FAIL), Plan("synthesizer.open", Fault.FAIL)
        ears = FailoverRecognizer(
            providers(FakeRecognizer(faults=failing(*plans)), FakeRecognizer(faults=failing(*last)))
        )
        voices = FailoverSynthesizer(
            providers(FakeSynthesizer(faults=failing(*plans)), FakeSynthesizer(faults=failing(*last)))
        )
        began = asyncio.get_running_loop().time()
        with pytest.raises(RecognizerError):
            await ears.open(RecognitionOptions(session_id="one"), lambda _: None)
        with pytest.raises(SynthesizerError):
            await voices.open(VOICE, 16_000, lambda _: None)
        waited_s = asyncio.get_running_loop().time() - began
        # Who was only slow is asked again when nobody else is there.
        is_slow = kind is ErrorKind.TIMEOUT
        assert waited_s == pytest.approx(2 * (OPEN_S + SLOW_S) if is_slow else 0)
        failures = [state.recent_failures for state in (*ears.providers.states(), *voices.providers.states())]
        assert failures == [1 + is_slow, 1] * 2

    run_virtual(main())


def test_a_recognizer_that_is_given_up_while_it_opens_does_not_count() -> None:
    async def main() -> None:
        stuck: list[SpeechRecognizer] = [FakeRecognizer(faults=failing(Plan("recognizer.open", Fault.STALL)))]
        ears = FailoverRecognizer(providers(*stuck))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ears.open(RecognitionOptions(session_id="one"), lambda _: None), 30)
        assert ears.providers.states()[0].recent_failures == 0

    run_virtual(main())


@pytest.mark.parametrize(
    ("plan", "closed_after_s", "failures"),
    [
        (None, 3.0, 0),
        (Plan("recognizer.finish_utterance", Fault.FAIL), 3.0, 1),
        (Plan("recognizer.finish_utterance", Fault.NOTHING), 3.0, 1),
        (Plan("recognizer.finish_utterance", Fault.NOTHING), 0.5, 0),
    ],
)
def test_how_a_recognizer_fares(plan: Plan | None, closed_after_s: float, failures: int) -> None:
    async def main() -> None:
        ears = FailoverRecognizer(providers(FakeRecognizer(["yes please"], faults=Faults(*([plan] if plan else [])))))
        told: list[RecognitionEvent] = []
        stream = await ears.open(RecognitionOptions(session_id="one"), told.append)
        stream.push(LOUD)
        stream.finish_utterance()
        await asyncio.sleep(closed_after_s)
        await stream.close()
        await stream.close()
        ends = [event for event in told if isinstance(event, FinalTranscript | NoSpeechRecognized | RecognitionFailed)]
        assert len(ends) == (0 if plan and plan.fault is Fault.NOTHING else 1)
        assert ears.providers.states()[0].recent_failures == failures
        count = len(told)
        stream.push(LOUD)
        stream.finish_utterance()
        await asyncio.sleep(1)
        assert len(told) == count

    run_virtual(main())


@pytest.mark.parametrize(
    ("plan", "closed_after_s", "failures"),
    [
        (None, 3.0, 0),
        (Plan("synthesizer.write", Fault.FAIL), 3.0, 1),
        (Plan("synthesizer.write", Fault.NOTHING), 3.0, 1),
        (Plan("synthesizer.write", Fault.NOTHING), 0.5, 0),
    ],
)
def test_how_a_synthesizer_fares(plan: Plan | None, closed_after_s: float, failures: int) -> None:
    async def main() -> None:
        voices = FailoverSynthesizer(providers(FakeSynthesizer(faults=Faults(*([plan] if plan else [])))))
        told: list[SynthesisEvent] = []
        stream = await voices.open(VOICE, 16_000, told.append)
        stream.write(1, "Good morning.")
        stream.finish(1)
        await asyncio.sleep(closed_after_s)
        await stream.close()
        await stream.close()
        assert (told[-1:] == [SynthesisFinished(1)]) == (plan is None)
        assert any(isinstance(event, SynthesisFailed) for event in told) == bool(plan and plan.fault is Fault.FAIL)
        assert voices.providers.states()[0].recent_failures == failures

    run_virtual(main())


def test_a_reply_that_is_cancelled_is_not_owed() -> None:
    async def main() -> None:
        stuck = FakeSynthesizer(faults=failing(Plan("synthesizer.write", Fault.NOTHING)))
        voices = FailoverSynthesizer(providers(stuck))
        stream = await voices.open(VOICE, 16_000, lambda _: None)
        stream.write(1, "Good morning.")
        await asyncio.sleep(5)
        stream.cancel(1)
        await stream.close()
        assert voices.providers.states()[0].recent_failures == 0

    run_virtual(main())


def test_streams_that_go_well_close_a_breaker_again() -> None:
    async def main() -> None:
        policy = BreakerPolicy(failures=1, jitter=0)
        ears = FailoverRecognizer(providers(FakeRecognizer(["yes please"]), policy=policy))
        (provider,) = ears.providers
        provider.failed(ears.providers.now(), DOWN)
        await asyncio.sleep(policy.open_s)
        stream = await ears.open(RecognitionOptions(session_id="one"), lambda _: None)
        assert ears.providers.states()[0].breaker is BreakerState.HALF_OPEN
        stream.push(LOUD)
        stream.finish_utterance()
        await asyncio.sleep(1)
        assert ears.providers.states()[0].breaker is BreakerState.CLOSED
        await stream.close()

    run_virtual(main())


@pytest.mark.parametrize("error", [SystemExit, GeneratorExit, asyncio.CancelledError])
def test_one_that_would_end_the_process_is_a_failure_like_any_other(error: type[BaseException]) -> None:
    class Ending(FakeRecognizer):
        async def open(self, *_: object) -> NoReturn:
            raise error

    async def main() -> None:
        good = FakeRecognizer()
        ears = FailoverRecognizer(providers(Ending(), good))
        await ears.open(RecognitionOptions(session_id="one"), lambda _: None)
        assert len(good.streams) == 1
        assert [state.recent_failures for state in ears.providers.states()] == [1, 0]

    run_virtual(main())
