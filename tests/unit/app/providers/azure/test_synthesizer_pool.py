"""The pool of synthesizers: connected in advance, used again, and closed when they are too many or no good."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from unittest.mock import Mock

import pytest

from actors.errors import ErrorKind, SynthesizerError
from actors.runtime.clock import run_virtual
from app.providers.azure.identity import NoTokenError
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.tts.prosody import Prosody
from app.providers.azure.tts.synthesizer_pool import IDLE_MOST, NEEDED_S, STREAMS_PER_SYNTHESIZER, SynthesizerPool

RATE_HZ = 16_000


class Threads:
    """Does at once what it is given, as if no call of the SDK blocked."""

    async def run(self, make: Callable[[], Any], undo: Callable[[Any], None]) -> Any:
        return make()

    def begin(self, act: Callable[[], None]) -> None:
        act()

    def in_order(self) -> Callable[[Callable[[], None]], None]:
        return self.begin

    def leave(self, let_go: Callable[[], None]) -> "asyncio.Future[None]":
        let_go()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def close(self, timeout_s: float) -> None:
        pass


class Voices:
    """The synthesizers that were made of the SDK; `refuses` raises what the SDK would."""

    def __init__(self) -> None:
        self.made: list[Mock] = []
        self.tokens: list[str | None] = []
        self.refuses: Exception | None = None

    def __call__(self, _resource: object, _use: object, token: str | None, _rate_hz: int, listener: object) -> Mock:
        if self.refuses is not None:
            raise self.refuses
        voice = Mock(listener=listener)
        self.made.append(voice)
        self.tokens.append(token)
        return voice

    @property
    def left(self) -> int:
        return sum(voice.leave.called for voice in self.made)


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> Voices:
    made = Voices()
    monkeypatch.setattr("app.providers.azure.tts.sdk_synthesizer.SdkVoice", made)
    return made


def request() -> Mock:
    return Mock(ssml="<speak/>", owed=True, prosody=Prosody("en-US-AvaNeural", "en-US"))


def pool(identity: object = None) -> SynthesizerPool:
    resource, threads = SpeechResource(region="westeurope"), Threads()
    return SynthesizerPool(resource, SpeechUse(), threads, identity)  # type: ignore[arg-type]


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_virtual(main())


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_stream_has_a_synthesizer_connected_before_it_speaks(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        made.stream_opened(RATE_HZ)
        await settled()
        assert made.idle(RATE_HZ) == 1
        voices.made[0].warm.assert_called_once_with()
        leased = await made.lease(RATE_HZ)
        assert leased.native is voices.made[0]
        assert made.idle(RATE_HZ) == 0

    run(main)


def test_a_lease_waits_for_one_that_is_being_made_instead_of_making_another(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        made.stream_opened(RATE_HZ)
        await made.lease(RATE_HZ)
        assert len(voices.made) == 1

    run(main)


def test_what_is_given_back_is_used_again_and_only_at_its_rate(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        first = await made.lease(RATE_HZ)
        made.give_back(first)
        assert await made.lease(8_000) is not first
        assert await made.lease(RATE_HZ) is first

    run(main)


@pytest.mark.parametrize(
    ("streams", "wanted"),
    [(0, 1), (STREAMS_PER_SYNTHESIZER - 1, 1), (STREAMS_PER_SYNTHESIZER, 2), (1_000, IDLE_MOST)],
)
def test_so_many_wait_as_the_sessions_may_need(voices: Voices, streams: int, wanted: int) -> None:
    async def main() -> None:
        made = pool()
        for _ in range(streams):
            made.stream_opened(RATE_HZ)
            await settled()
        assert made.wanted(RATE_HZ) == wanted
        assert made.idle(RATE_HZ) == (wanted if streams else 0)

    run(main)


def test_what_was_needed_at_once_is_kept_until_its_sessions_are_over(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        for _ in range(3):
            made.stream_opened(RATE_HZ)
        leased = [await made.lease(RATE_HZ) for _ in range(3)]
        for synthesizer in leased:
            made.give_back(synthesizer)
        before = made.idle(RATE_HZ)
        for _ in range(3):
            made.stream_closed(RATE_HZ)
        assert (before, made.idle(RATE_HZ), voices.left) == (3, 1, 2)

    run(main)


def test_what_was_needed_at_once_long_ago_is_closed_even_if_nobody_speaks(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        for _ in range(4):
            made.stream_opened(RATE_HZ)
        for synthesizer in [await made.lease(RATE_HZ) for _ in range(4)]:
            made.give_back(synthesizer)
        await asyncio.sleep(NEEDED_S * 0.9)
        before = made.idle(RATE_HZ)
        await asyncio.sleep(NEEDED_S * 2)
        assert (before, made.idle(RATE_HZ), voices.left) == (4, 2, 2)
        await made.close()

    run(main)


def test_a_broken_synthesizer_is_let_go_of(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        leased = await made.lease(RATE_HZ)
        leased.broken = True
        made.give_back(leased)
        assert (made.idle(RATE_HZ), voices.left) == (0, 1)

    run(main)


def test_one_whose_connection_the_service_has_closed_is_let_go_of_while_it_waits(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        leased = await made.lease(RATE_HZ)
        made.lost(leased)
        busy = voices.left
        made.give_back(leased)
        made.lost(leased)
        assert (busy, voices.left, made.idle(RATE_HZ)) == (0, 1, 0)

    run(main)


@pytest.mark.parametrize("stops", [True, False])
def test_a_request_that_was_given_up_is_stopped_and_its_synthesizer_used_again_if_it_stops(
    voices: Voices, stops: bool
) -> None:
    async def main() -> None:
        made = pool()
        leased = await made.lease(RATE_HZ)
        leased.speak(request())
        if stops:
            voices.made[0].stop.side_effect = lambda: leased.canceled("1", "NoError", "")
        leased.give_up()
        await asyncio.sleep(10)
        voices.made[0].stop.assert_called_once_with()
        assert (made.idle(RATE_HZ), voices.left) == ((1, 0) if stops else (0, 1))

    run(main)


@pytest.mark.parametrize("refuses", [RuntimeError("key=secret"), ValueError("key=secret")])
def test_an_sdk_that_makes_none_is_an_error_of_the_request_without_its_words(
    voices: Voices, refuses: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        made = pool()
        voices.refuses = refuses
        made.stream_opened(RATE_HZ)
        with pytest.raises(SynthesizerError) as raised:
            await made.lease(RATE_HZ)
        assert raised.value.kind is ErrorKind.BAD_REQUEST
        assert type(refuses).__name__ in str(raised.value)
        assert "secret" not in str(raised.value) + caplog.text

    run(main)


def test_with_an_identity_each_has_its_token_and_each_next_one_until_it_is_closed(voices: Voices) -> None:
    async def main() -> None:
        followers: dict[object, Callable[[str], None]] = {}

        async def token() -> str:
            return "first"

        identity = Mock(token=token, follow=followers.__setitem__, leave=followers.pop)
        made = pool(identity)
        leased = await made.lease(RATE_HZ)
        assert voices.tokens == ["first"]
        followers[leased]("next")
        voices.made[0].authorize.assert_called_once_with("next")
        made.doubt_token()
        identity.doubt.assert_called_once_with()
        leased.broken = True
        made.give_back(leased)
        assert followers == {}

    run(main)


def test_an_identity_without_a_token_is_an_error_of_its_kind(voices: Voices) -> None:
    async def main() -> None:
        async def token() -> str:
            raise NoTokenError(ErrorKind.TIMEOUT, "the identity gives no token")

        with pytest.raises(SynthesizerError) as raised:
            await pool(Mock(token=token)).lease(RATE_HZ)
        assert raised.value.kind is ErrorKind.TIMEOUT
        assert voices.made == []

    run(main)


def test_a_closed_pool_lets_go_of_all_and_gives_none(voices: Voices) -> None:
    async def main() -> None:
        made = pool()
        leased, waits = await made.lease(RATE_HZ), await made.lease(RATE_HZ)
        made.give_back(waits)
        await made.close()
        assert voices.left == 2
        made.give_back(leased)
        assert made.idle(RATE_HZ) == 0
        with pytest.raises(SynthesizerError, match="closed"):
            await made.lease(RATE_HZ)

    run(main)
