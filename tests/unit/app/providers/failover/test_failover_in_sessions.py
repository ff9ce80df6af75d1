"""A whole conversation while engines fail: what takes over does it within the call, and nobody has to say it again."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from actors.conversation import UtteranceKind
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from app.providers.failover.model import FailoverModel
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.failover_kit import EVER, providers
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import Ear, Stage, stage

ASKED = "what are your opening hours"
ANSWER = "We open at nine. We close at five. On Sundays we are closed."
GAP_S = 3.0
"""After the user's words something is heard within this: the answer, or a filler."""


def answer(request: ModelRequest) -> Sequence[ModelEvent | float]:
    return [0.2, *(TextGenerated(word + " ") for word in ANSWER.split()), ReplyGenerated()]


def engines(*plans: Plan, utterances: int = 1) -> dict[str, Any]:
    """Each with another behind it; the first ones have the faults."""
    faults = Faults(*plans)
    said = [ASKED] * utterances
    return {
        "recognizer": FailoverRecognizer(providers(FakeRecognizer(said, faults=faults), FakeRecognizer(said))),
        "synthesizer": FailoverSynthesizer(providers(FakeSynthesizer(faults=faults), FakeSynthesizer())),
        "model": FailoverModel(providers(FakeModel(answer, faults), FakeModel(answer))),
    }


async def exchange(on: Stage, number: int = 1) -> None:
    """The user asks, and hears the answer to its end."""
    await on.ear.until(lambda ear: len(replies(ear)) >= number - 1 and heard(ear, UtteranceKind.GREETING))
    await asyncio.sleep(0.4)
    await on.talk(900)
    silent_from = asyncio.get_running_loop().time()
    await on.ear.until(lambda ear: len(replies(ear)) >= number, 40)
    sounds = [at for at, message in on.ear.shown if isinstance(message, AudioFrame) and at > silent_from]
    assert sounds[0] - silent_from < GAP_S


def heard(ear: Ear, kind: UtteranceKind) -> list[str]:
    return [message.text for message in ear.of(ReplyHeard) if message.kind is kind]


def replies(ear: Ear) -> list[str]:
    return heard(ear, UtteranceKind.REPLY)


def conversation(*plans: Plan) -> None:
    async def main() -> None:
        async with stage(**engines(*plans)) as on:
            await exchange(on)
            assert [shown.text for shown in on.ear.of(FinalTranscript)] == [ASKED]
            assert replies(on.ear) == [ANSWER]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            assert on.ear.ended is None

    run_virtual(main())


def test_without_faults_the_first_ones_do_it_all() -> None:
    conversation()


@pytest.mark.parametrize("fault", list(Fault))
def test_a_model_that_fails(fault: Fault) -> None:
    conversation(Plan("model.reply", fault, times=EVER))


@pytest.mark.parametrize(
    ("place", "fault", "first"),
    [
        ("recognizer.open", Fault.FAIL, 1),
        ("recognizer.open", Fault.STALL, 1),
        ("recognizer.push", Fault.FAIL, 1),
        ("recognizer.push", Fault.FAIL, 60),
        ("recognizer.finish_utterance", Fault.FAIL, 1),
    ],
)
def test_a_recognizer_that_fails(place: str, fault: Fault, first: int) -> None:
    conversation(Plan(place, fault, first, times=EVER))


@pytest.mark.parametrize(
    ("place", "fault", "first"),
    [
        ("synthesizer.open", Fault.FAIL, 1),
        ("synthesizer.open", Fault.STALL, 1),
        ("synthesizer.write", Fault.FAIL, 1),
        ("synthesizer.write", Fault.FAIL, 2),
        ("synthesizer.write", Fault.FAIL, 4),
        ("synthesizer.write", Fault.NOTHING, 3),
    ],
)
def test_a_synthesizer_that_fails(place: str, fault: Fault, first: int) -> None:
    conversation(Plan(place, fault, first, times=EVER))


def test_a_recognizer_that_owes_a_final_is_taken_at_its_partial_word_and_then_replaced() -> None:
    async def main() -> None:
        async with stage(**engines(Plan("recognizer.finish_utterance", Fault.NOTHING, times=EVER))) as on:
            for number in (1, 2):
                await exchange(on, number)
            first, second = (shown.text for shown in on.ear.of(FinalTranscript))
            assert ASKED.startswith(first)
            assert second == ASKED

    run_virtual(main())


def test_all_of_them_one_after_the_other() -> None:
    async def main() -> None:
        plans = (
            Plan("recognizer.finish_utterance", Fault.FAIL, 1, EVER),
            Plan("model.reply", Fault.STALL, 15, EVER),
            Plan("synthesizer.write", Fault.FAIL, 8, EVER),
        )
        async with stage(**engines(*plans, utterances=4)) as on:
            for number in range(1, 5):
                await exchange(on, number)
            assert replies(on.ear) == [ANSWER] * 4
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())
