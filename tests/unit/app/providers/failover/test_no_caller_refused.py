"""What befell other callers of a worker refuses nobody whom it could serve (C10), in whole conversations.

A breaker spares callers the wait for who is down, where somebody else can be asked. Where nobody can, it must not make
an outage of what a few had no luck with.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from actors.conversation import UtteranceKind
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerState
from app.providers.failover.model import FailoverModel
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.failover_kit import EVER, providers
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import Stage, stage

ASKED, ANSWER = "when do you open", "We open at nine."
SOON_S = 1.5
"""An engine that works answers within this; a filler would be due."""


def answer(_: ModelRequest) -> Sequence[ModelEvent | float]:
    return [0.2, TextGenerated(ANSWER), ReplyGenerated()]


class Fated(FakeModel):
    """Answers each request as its turn comes: at once, never, after some seconds, or with a failure; at last well."""

    def __init__(self, *fates: float | ModelError) -> None:
        super().__init__()
        self.fates = list(fates)

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        fate = self.fates.pop(0) if self.fates else 0.2
        if isinstance(fate, ModelError):
            raise fate
        await asyncio.sleep(fate)
        yield TextGenerated(ANSWER)
        yield ReplyGenerated()


def over(*models: LanguageModel) -> FailoverModel:
    return FailoverModel(providers(*models))


def is_answered(on: Stage) -> bool:
    return ANSWER in [heard.text for heard in on.ear.of(ReplyHeard) if heard.kind is UtteranceKind.REPLY]


async def tries(**engines: Any) -> None:
    """A caller asks, waits as long as people do, and hangs up, whatever came of it."""
    async with stage(**engines) as on:
        await asyncio.sleep(2.0)
        on.entry.deliver(TextEntered(ASKED))
        await asyncio.sleep(30.0)


async def is_answered_soon(**engines: Any) -> None:
    """The next caller asks, and is answered as if nothing had been."""
    async with stage(**engines) as on:
        await asyncio.sleep(2.0)
        asked_at = asyncio.get_running_loop().time()
        on.entry.deliver(TextEntered(ASKED))
        await on.ear.until(lambda _: is_answered(on), 10)
        sounds = [at for at, shown in on.ear.shown if isinstance(shown, AudioFrame) and at > asked_at]
        assert sounds[0] - asked_at < SOON_S
        assert on.ear.ended is None


SLOW = ModelError(ErrorKind.TIMEOUT, "no first token")
DOWN = ModelError(ErrorKind.UNAVAILABLE, "503")
BUSY = ModelError(ErrorKind.THROTTLED, "429", retry_after_s=3_600.0)


@pytest.mark.parametrize("fate", [60.0, 7.0, SLOW, DOWN, BUSY, ModelError(ErrorKind.AUTHENTICATION, "401")], ids=str)
def test_the_next_caller_is_answered_by_the_only_model_whatever_it_did_to_those_before(
    fate: float | ModelError,
) -> None:
    async def main() -> None:
        model = Fated(*[fate] * 12)
        only = over(model)
        await asyncio.gather(*(tries(model=only) for _ in range(3)))
        assert {state.breaker for state in only.providers.states()} <= {BreakerState.OPEN, BreakerState.CLOSED}
        model.fates.clear()
        await is_answered_soon(model=only)

    run_virtual(main())


def test_while_one_caller_waits_for_a_model_that_was_down_the_others_are_answered() -> None:
    """The one request that a half-open breaker lets in never ends; it is no gate for those behind it."""

    async def main() -> None:
        model = Fated(*[DOWN] * 12)
        only = over(model)
        await asyncio.gather(*(tries(model=only) for _ in range(3)))
        assert only.providers.states()[0].breaker is BreakerState.OPEN
        model.fates[:] = [60.0]
        waiting = asyncio.create_task(tries(model=only))
        await asyncio.sleep(3.0)
        await asyncio.gather(*(is_answered_soon(model=only) for _ in range(5)))
        await waiting

    run_virtual(main())


@pytest.mark.parametrize("back", [0, 1])
def test_of_two_that_were_down_whichever_is_back_first_answers_at_once(back: int) -> None:
    async def main() -> None:
        models = [Fated(*[DOWN] * 100), Fated(*[DOWN] * 100)]
        both = over(*models)
        await asyncio.gather(*(tries(model=both) for _ in range(3)))
        assert {state.breaker for state in both.providers.states()} == {BreakerState.OPEN}
        models[back].fates.clear()
        await is_answered_soon(model=both)

    run_virtual(main())


STRIKES = 40


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.STALL])
@pytest.mark.parametrize("place", ["recognizer.open", "recognizer.push", "recognizer.finish_utterance"])
def test_the_next_caller_is_heard_by_the_only_recognizer(place: str, fault: Fault) -> None:
    async def main() -> None:
        faults = Faults(Plan(place, fault, times=STRIKES))
        failing: SpeechRecognizer = FakeRecognizer([ASKED] * 20, faults=faults)
        engine = FailoverRecognizer(providers(failing))

        async def talks() -> None:
            async with stage(recognizer=engine, model=FakeModel(answer)) as on:
                await asyncio.sleep(2.0)
                await on.talk(900)
                await asyncio.sleep(20.0)

        await asyncio.gather(*(talks() for _ in range(3)))
        faults.heal()
        async with stage(recognizer=engine, model=FakeModel(answer)) as on:
            await asyncio.sleep(3.0)
            await on.talk(900)
            await on.ear.until(lambda _: is_answered(on), 10)

    run_virtual(main())


@pytest.mark.parametrize("fault", [Fault.FAIL, Fault.STALL])
@pytest.mark.parametrize("place", ["synthesizer.open", "synthesizer.write"])
def test_the_next_caller_hears_the_only_synthesizer(place: str, fault: Fault) -> None:
    async def main() -> None:
        faults = Faults(Plan(place, fault, times=STRIKES))
        failing: SpeechSynthesizer = FakeSynthesizer(faults=faults)
        engine = FailoverSynthesizer(providers(failing))
        await asyncio.gather(*(tries(synthesizer=engine, model=FakeModel(answer)) for _ in range(3)))
        faults.heal()
        await is_answered_soon(synthesizer=engine, model=FakeModel(answer))

    run_virtual(main())


def test_a_model_that_is_slow_is_not_given_up_for_one_that_is_down() -> None:
    """Whether there is anybody else to ask shows when they are asked."""

    async def main() -> None:
        both: Any = over(Fated(*[4.5] * 100), Fated(*[DOWN] * 100))
        answered = []
        for _ in range(3):
            async with stage(model=both) as on:
                await asyncio.sleep(2.0)
                on.entry.deliver(TextEntered(ASKED))
                await asyncio.sleep(20.0)
                answered.append(is_answered(on))
        assert answered == [True] * 3

    run_virtual(main())


class Slow(FakeRecognizer):
    """Opens a stream, in its own time."""

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        await asyncio.sleep(2.5)
        return await super().open(options, report)


def test_a_recognizer_that_opens_slowly_is_not_given_up_for_one_that_is_down() -> None:
    async def main() -> None:
        down = FakeRecognizer(faults=Faults(Plan("recognizer.open", Fault.FAIL, times=EVER)))
        pair: tuple[SpeechRecognizer, SpeechRecognizer] = (Slow([ASKED] * 20), down)
        engine = FailoverRecognizer(providers(*pair))
        for _ in range(3):
            async with stage(recognizer=engine, model=FakeModel(answer)) as on:
                await asyncio.sleep(6.0)
                await on.talk(900)
                await on.ear.until(lambda _: is_answered(on), 10)

    run_virtual(main())
