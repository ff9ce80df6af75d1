"""The sessions of a speech-to-speech model: how often one is opened, and when the model is given up."""

import asyncio

import msgspec

from actors.errors import ErrorKind
from actors.runtime.clock import run_virtual
from actors.session.modes.voice_live import VOICE_LIVE
from app.providers.absent import AbsentRecognizer
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.session_kit import AGENT, stage

SILENT = msgspec.structs.replace(AGENT, greeting="")


async def opened(refusals: list[ErrorKind]) -> tuple[int, bool]:
    """How many sessions there were after so many refusals, and whether the model was given up."""
    model = FakeRealtime()
    model.refusals.extend(refusals)
    async with stage(mode=VOICE_LIVE, agent=SILENT, recognizer=AbsentRecognizer(), realtime=model) as on:
        await asyncio.sleep(6)
        return len(model.sessions), on.entry.checkpoint.realtime_given_up


def test_a_service_that_is_away_for_a_moment_is_asked_again() -> None:
    assert run_virtual(opened([ErrorKind.UNAVAILABLE, ErrorKind.THROTTLED, ErrorKind.TIMEOUT])) == (1, False)


def test_one_that_stays_away_is_given_up() -> None:
    assert run_virtual(opened([ErrorKind.UNAVAILABLE] * 5)) == (0, True)


def test_one_that_refuses_us_is_given_up_at_once() -> None:
    assert run_virtual(opened([ErrorKind.AUTHENTICATION])) == (0, True)
