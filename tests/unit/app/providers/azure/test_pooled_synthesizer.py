"""One synthesizer of the SDK: events of its request reach it in their order, and those of past ones nobody."""

import asyncio
from unittest.mock import Mock, call

import pytest

from actors.errors import ErrorKind
from actors.runtime.clock import run_virtual
from app.providers.azure.failures import Failure
from app.providers.azure.tts.pooled_synthesizer import CONNECTING_S, SILENT_S, STOPPED_S, PooledSynthesizer
from app.providers.azure.tts.prosody import Prosody

RATE_HZ = 16_000


def synthesizer() -> tuple[PooledSynthesizer, Mock, Mock]:
    """A synthesizer, the SDK's, and its pool, whose threads do at once what they are given."""
    pool, native = Mock(), Mock()
    pool.threads.in_order.return_value = lambda act: act()
    pool.threads.begin = lambda act: act()
    pool.resource.proof = "AZURE_SPEECH_KEY"
    made = PooledSynthesizer(pool, RATE_HZ)
    made.native = native
    return made, native, pool


def request(ssml: str = "<speak/>", *, owed: bool = True) -> Mock:
    return Mock(ssml=ssml, owed=owed, prosody=Prosody("en-US-AvaNeural", "en-US"))


async def told() -> None:
    """Let the loop deal with what an SDK thread has said."""
    await asyncio.sleep(0)


def test_a_request_is_told_what_belongs_to_it_and_is_over_once() -> None:
    async def main() -> None:
        made, native, pool = synthesizer()
        first = request()
        made.speak(first)
        native.speak.assert_called_once_with("<speak/>")
        made.audio("1", b"12")
        made.word("1", "Good", 0.0, 300.0)
        made.audio("2", b"another's")
        made.completed("1", b"1234")
        made.audio("1", b"late")
        made.completed("1", b"1234")
        assert first.mock_calls == [], "SDK threads tell nobody themselves"
        await told()
        assert first.mock_calls == [
            call.audio(b"12"),
            call.word("Good", 0.0, 300.0),
            call.audio(b"34"),
            call.ended(None),
        ]
        assert not made.busy
        native.finish.assert_called_once_with()
        assert not pool.stop.called

    run_virtual(main())


def test_a_request_that_is_written_piece_by_piece_is_told_how_to_sound() -> None:
    async def main() -> None:
        made, native, _ = synthesizer()
        written = request("")
        made.speak(written)
        made.write("Good. ")
        made.end_text()
        assert native.mock_calls == [call.stream(written.prosody), call.write("Good. "), call.end_text()]
        made.give_up()

    run_virtual(main())


def test_nothing_is_told_of_a_request_that_was_given_up_and_the_pool_stops_it() -> None:
    async def main() -> None:
        made, _, pool = synthesizer()
        wanted = request()
        made.speak(wanted)
        made.give_up()
        pool.stop.assert_called_once_with(made)
        made.audio("1", b"12")
        busy = [made.busy]
        made.canceled("1", "NoError", "")
        await told()
        assert wanted.mock_calls == []
        assert [*busy, made.busy] == [True, False], "until the SDK is done with it"
        assert await made.until_over()

    run_virtual(main())


@pytest.mark.parametrize(
    ("code", "kind", "doubts"),
    [("AuthenticationFailure", ErrorKind.AUTHENTICATION, True), ("NoError", ErrorKind.INTERNAL, False)],
)
def test_a_request_that_fails_is_told_why(code: str, kind: ErrorKind, doubts: bool) -> None:
    async def main() -> None:
        made, _, pool = synthesizer()
        failing = request()
        made.speak(failing)
        made.canceled("1", code, "")
        await told()
        (why,) = failing.ended.call_args.args
        assert why.kind is kind
        assert pool.doubt_token.called is doubts

    run_virtual(main())


def test_one_that_says_nothing_of_what_is_owed_is_broken() -> None:
    async def main() -> None:
        made, _, pool = synthesizer()
        silent = request()
        made.speak(silent)
        await asyncio.sleep(SILENT_S + 0.01)
        silent.ended.assert_called_once_with(Failure(ErrorKind.TIMEOUT, f"Azure Speech: no audio for {SILENT_S:g} s"))
        assert made.broken
        pool.stop.assert_called_once_with(made)
        began = asyncio.get_running_loop().time()
        assert not await made.until_over()
        assert asyncio.get_running_loop().time() - began == pytest.approx(STOPPED_S)

    run_virtual(main())


def test_one_that_owes_nothing_may_be_silent() -> None:
    async def main() -> None:
        made, _, _ = synthesizer()
        between_pieces = request("", owed=False)
        made.speak(between_pieces)
        await asyncio.sleep(10 * SILENT_S)
        assert not made.broken
        assert not between_pieces.ended.called
        made.give_up()

    run_virtual(main())


def test_a_connection_that_is_being_made_is_waited_for_a_little() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        made, native, pool = synthesizer()
        made.warm()
        native.warm.assert_called_once_with()
        began = loop.time()
        await made.until_connected()
        assert loop.time() - began == pytest.approx(CONNECTING_S)
        made.warm()
        loop.call_later(CONNECTING_S / 2, made.connected, True)
        began = loop.time()
        await made.until_connected()
        assert loop.time() - began < CONNECTING_S
        assert made.up
        made.connected(False)
        await told()
        pool.lost.assert_called_once_with(made)

    run_virtual(main())
