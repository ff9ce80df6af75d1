"""The kept apology: played on a session's connection when none of its actors is left to say it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from actors.conversation import UtteranceKind
from actors.messages.caller import PACED, ConnectionAttached
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard, ReplyText
from actors.ports.tts import SpokenPhrase
from actors.rules.turn_taking.state import TurnSnapshot
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.play_clock import PlayClock
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.last_words import LastWords, kept_apology
from tests.kit.session_kit import AGENT, plan_of

RATE_HZ, LASTS_MS = 16_000, 400
APOLOGY = SpokenPhrase(b"\1\0" * (RATE_HZ * LASTS_MS // 1_000), ())
PLAN = plan_of(kept=lambda rate_hz: {AGENT.phrases.apology: APOLOGY} if rate_hz == RATE_HZ else {})


class Shown:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def tell(self, message: Any) -> None:
        self.messages.append(message)


def connected(rate_hz: int = RATE_HZ) -> tuple[SessionConnection, Shown]:
    shown = Shown()
    connection = SessionConnection(shown)  # type: ignore[arg-type]
    connection.output = shown
    connection.attached = ConnectionAttached(connection_id="c", lead=PACED, rate_hz=rate_hz)
    return connection, shown


def test_an_apology_is_there_if_it_is_kept_at_the_rate_and_anybody_hears_it() -> None:
    connection, _ = connected()
    assert kept_apology(PLAN, connection) is APOLOGY
    assert kept_apology(PLAN, connected(8_000)[0]) is None
    silent = msgspec.structs.replace(PLAN, kept=lambda rate_hz: {AGENT.phrases.apology: SpokenPhrase(b"", ())})
    assert kept_apology(silent, connection) is None
    connection.output = None
    assert kept_apology(PLAN, connection) is None


class Ending:
    """A session whose last words are being said."""

    def __init__(self, *, is_holding: bool = False) -> None:
        self.connection, self.shown = connected()
        self.connection.is_holding = is_holding
        self.heard = 0
        loop = asyncio.get_running_loop()
        session: Any = SimpleNamespace(
            connection=self.connection,
            checkpoint=Checkpoint(turn=TurnSnapshot(turn_number=3, last_reply=7)),
            plan=PLAN,
        )
        engines: Any = SimpleNamespace(play_clock=PlayClock(loop.time, loop.call_at), clock=LoopClock())
        self.words = LastWords(APOLOGY, session=session, engines=engines, on_heard=self._on_heard)

    def _on_heard(self) -> None:
        self.heard += 1

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.shown.messages if type(message) is kind]


def test_the_apology_is_shown_heard_to_its_end_and_told_once() -> None:
    async def main() -> None:
        ending = Ending()
        assert ending.of(ReplyText) == [ReplyText(3, UtteranceKind.APOLOGY, AGENT.phrases.apology)]
        await asyncio.sleep(LASTS_MS / 1_000 / 2)
        assert ending.heard == 0
        await asyncio.sleep(5)
        assert ending.heard == 1
        frames = ending.of(AudioFrame)
        assert b"".join(frame.pcm for frame in frames)[: len(APOLOGY.pcm)] == APOLOGY.pcm
        assert {frame.reply for frame in frames} == {8}, "no reply before it has that number"
        (told,) = ending.of(ReplyHeard)
        assert (told.kind, told.text, told.interrupted) == (UtteranceKind.APOLOGY, AGENT.phrases.apology, False)

    run_virtual(main())


def test_a_client_that_was_told_to_hold_hears_it_too() -> None:
    async def main() -> None:
        ending = Ending(is_holding=True)
        assert [type(message) for message in ending.shown.messages] == [AudioDiscarded, ReplyText]
        assert not ending.connection.is_holding

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.0, 0.2])
def test_one_that_is_stopped_is_not_played_on_and_tells_nobody(after_s: float) -> None:
    async def main() -> None:
        ending = Ending()
        await asyncio.sleep(after_s)
        ending.words.stop()
        sent = len(ending.of(AudioFrame))
        await asyncio.sleep(5)
        assert (len(ending.of(AudioFrame)), ending.heard) == (sent, 0)
        ending.words.stop()

    run_virtual(main())
