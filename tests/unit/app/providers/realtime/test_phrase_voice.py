"""Phrases that a speech-to-speech model reads aloud: its voice, and none but the words that were written."""

import asyncio
from collections.abc import Callable

import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.tts import SynthesisEvent
from actors.runtime.clock import run_virtual
from app.agents.prompt_cache import render
from app.providers.realtime.phrase_voice import PhraseVoice
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import CHUNK_MS, MS_PER_CHAR, FakeRealtime

GREETING = "Good morning, this is Ada. How can I help you?"


CLOSED = reported.RealtimeClosed(FailureKind.TRANSIENT, "")
FAILED = reported.ResponseFinished(response_id="", status=reported.ResponseStatus.FAILED, failure=FailureKind.TRANSIENT)


class Verbatim(FakeRealtime):
    """A model that speaks a text word for word."""

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities(speaks_text=True)


def test_a_phrase_is_read_in_a_session_of_its_own_and_at_the_rate_asked_for() -> None:
    async def main() -> None:
        model = FakeRealtime("Good morning; this is Ada: how can I help you")
        spoken = await render(PhraseVoice(model), GREETING, Voice(name="marin"), 24_000)
        assert len(spoken.pcm) / 48 == pytest.approx(len(model.saying) * MS_PER_CHAR, abs=CHUNK_MS)
        await asyncio.sleep(1)
        (session,) = model.sessions
        assert session.is_closed
        assert session.options.voice.name == "marin"
        assert not session.options.history

    run_virtual(main())


def test_a_model_that_says_something_else_is_not_kept() -> None:
    async def main() -> None:
        model = FakeRealtime("Sure! Good morning, this is Ada. How can I help you?")
        with pytest.raises(SynthesizerError, match="other words") as failed:
            await render(PhraseVoice(model), GREETING, Voice(), 16_000)
        assert failed.value.kind is ErrorKind.BAD_REQUEST
        assert GREETING not in str(failed.value)

    run_virtual(main())


def test_a_model_that_speaks_texts_is_given_the_text_and_believed() -> None:
    async def main() -> None:
        model = Verbatim("Certainly.")
        spoken = await render(PhraseVoice(model), GREETING, Voice(), 16_000)
        assert spoken.pcm

    run_virtual(main())


@pytest.mark.parametrize(
    "happens",
    [
        lambda model: model.refusals.append(ErrorKind.UNAVAILABLE),
        lambda model: model.replies.append(
            reported.ResponseFinished(
                response_id="", status=reported.ResponseStatus.FAILED, failure=FailureKind.TRANSIENT
            )
        ),
        lambda model: asyncio.get_running_loop().call_later(0.3, lambda: model.sessions[0].drop()),
        lambda model: asyncio.get_running_loop().call_later(0.3, lambda: model.sessions[0].tell(CLOSED)),
    ],
    ids=["refused", "failed", "lost", "closed without a word"],
)
def test_what_fails_is_told(happens: Callable[[FakeRealtime], object]) -> None:
    async def main() -> None:
        model = FakeRealtime()
        happens(model)
        model.replies.append(GREETING)
        with pytest.raises(SynthesizerError):
            await render(PhraseVoice(model), GREETING, Voice(), 16_000)

    run_virtual(main())


def test_what_is_cancelled_or_closed_reports_nothing_and_leaves_no_task() -> None:
    async def main() -> None:
        model, events = FakeRealtime(GREETING, GREETING), list[SynthesisEvent]()
        stream = await PhraseVoice(model).open(Voice(), 16_000, events.append)
        for reply in (1, 2):
            stream.write(reply, GREETING)
            stream.finish(reply)
        await asyncio.sleep(0.1)
        stream.cancel(1)
        await stream.close()
        await asyncio.sleep(30)
        assert not events
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(main())
