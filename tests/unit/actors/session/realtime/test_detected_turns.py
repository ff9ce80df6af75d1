"""Whole sessions whose speech-to-speech model looks for turns, too: our rules decide, and noise is deleted."""

import asyncio

import msgspec
import pytest

from actors.conversation import Role
from actors.messages.caller import BLIND, MARKED, PACED, Lead
from actors.messages.output import AudioDiscarded, AudioFrame
from actors.turn_taking_settings import Endpointing
from tests.kit.detecting_realtime import DetectingRealtime, DetectingSession
from tests.kit.fake_realtime import MS_PER_CHAR
from tests.kit.listener import played, send_marks
from tests.kit.session_kit import Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, SILENT, heard, messages, speaking

AGENT = msgspec.structs.replace(SILENT, endpointing=Endpointing(end_silence_ms=400, min_silence_ms=200))
DETECTIONS = {"server vad": False, "semantic vad": True}
LEADS = {"telephone": PACED, "browser": MARKED, "browser without marks": BLIND}
"""A telephone plays what it is sent in real time, a browser reports how far it has played; without that it cannot be
paused, and what was heard is estimated."""
COUGH_MS = 220
CLICK_MS = 60
"""Too short to be speech."""


def voiced(session: DetectingSession) -> list[int]:
    """How much voice the service keeps of each turn, to 20 ms; parts of one turn are its parts."""
    return [round(ms / 20) * 20 for ms in session.voiced_ms()]


def sent_ms(on: Stage, until: int) -> float:
    """How much audio was sent before the message of this number that was shown."""
    return 20.0 * sum(isinstance(message, AudioFrame) for _, message in on.ear.shown[:until])


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("detection", DETECTIONS)
@on_virtual_time
async def test_turns_are_heard_whole_noise_is_deleted_and_an_interruption_is_exact(detection: str, lead: str) -> None:
    model = DetectingRealtime(LONG, LONG, "Certainly.", "Later.", finds_ends=DETECTIONS[detection])
    async with speaking(model, AGENT, lead=LEADS[lead]) as on:
        (far,) = model.detecting
        marks = asyncio.ensure_future(send_marks(on)) if LEADS[lead] is MARKED else None
        await on.talk(700)
        await on.ear.until_count(AudioFrame, 1)
        await asyncio.sleep(1)
        await on.talk(COUGH_MS)
        (reply,) = await heard(on)
        assert (reply.text, reply.interrupted) == (LONG, False), "a false interruption costs nothing"
        assert far.truncated == {}
        await asyncio.sleep(0.5)
        assert voiced(far) == [700]

        before = len(on.ear.shown)
        await on.talk(800)
        await on.ear.until(lambda ear: any(isinstance(m, AudioFrame) for _, m in ear.shown[before:]))
        await asyncio.sleep(1.5)
        await on.talk(1_200)
        _, cut, answer = await heard(on, 3)
        assert (cut.interrupted, answer.text) == (True, "Certainly.")
        (until,) = [at for at, (_, m) in enumerate(on.ear.shown) if isinstance(m, AudioDiscarded)]
        assert_heard(on, LEADS[lead], far.truncated["item-2"], before, until)
        assert on.ear.audio_after_clear() == 0
        await on.talk(COUGH_MS)
        await on.talk(600)
        await heard(on, 4)
        await asyncio.sleep(1)
        assert sum(voiced(far)) - 700 - 800 - 1_200 in (600, 600 + COUGH_MS), "a cough into a turn may be part of it"
        assert sum(role is Role.USER for role, _ in messages(on)) == 4
        assert len(model.sessions) == 1
        if marks is not None:
            marks.cancel()


def assert_heard(on: Stage, lead: Lead, truncated_ms: float, before: int, until: int) -> None:
    """The model was told what the caller has heard of the reply, to a frame."""
    reply_ms = sent_ms(on, until) - sent_ms(on, before)
    if lead is PACED:
        # While the voice that paused it was not confirmed yet, all that was on its way has been heard.
        assert abs(truncated_ms - reply_ms) <= 20
        return
    if lead is MARKED:
        frames = [each for each in played(on.ear) if each.frame.reply == cut_reply(on, before)]
        assert abs(truncated_ms - 20 * len(frames)) <= 20
        return
    began_at = next(at for at, m in on.ear.shown[before:] if isinstance(m, AudioFrame))
    assert abs(truncated_ms - (on.ear.shown[until][0] - began_at) * 1_000) <= 20
    assert truncated_ms < len(LONG) * MS_PER_CHAR


def cut_reply(on: Stage, before: int) -> int:
    """The number of the first reply of which audio was sent after that."""
    return next(message.reply for _, message in on.ear.shown[before:] if isinstance(message, AudioFrame))


@pytest.mark.parametrize("away_s", [0.0, 0.04, 0.15])
@pytest.mark.parametrize("detection", DETECTIONS)
@pytest.mark.parametrize("pause_ms", [150, 300, 390])
@on_virtual_time
async def test_however_long_messages_take_the_service_keeps_each_turn_once(
    detection: str, away_s: float, pause_ms: int
) -> None:
    model = DetectingRealtime(*["Good."] * 9, finds_ends=DETECTIONS[detection], away_s=away_s)
    async with speaking(model, AGENT) as on:
        (far,) = model.detecting
        for _ in range(4):
            await on.talk(CLICK_MS)
            await asyncio.sleep(1)
            # Who makes a pause in which a turn is taken for complete goes on speaking.
            await on.talk(500)
            await asyncio.sleep(pause_ms / 1_000)
            await on.talk(500)
            await asyncio.sleep(3)
        assert abs(sum(far.voiced_ms()) - 4 * 1_000) <= 4 * 40
        assert far.by_itself > 0, "else it finds no turns"
        # Evidence may end a turn in a pause; silence alone does when our own rule says so.
        turns = sum(role is Role.USER for role, _ in messages(on))
        assert turns == 4 or ((DETECTIONS[detection] or pause_ms > 350) and turns <= 8)
