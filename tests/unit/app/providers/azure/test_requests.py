"""What a session is told of a request: words before the audio they are spoken in, and each piece where it ends."""

import asyncio
from collections import deque

from actors.errors import ErrorKind
from actors.ports.tts import AudioSynthesized, PieceSynthesized, SynthesisEvent, WordSynthesized
from actors.runtime.clock import run_virtual
from app.providers.azure.failures import Failure
from app.providers.azure.tts.prosody import Prosody
from app.providers.azure.tts.requests import QUIET_S, WORDS_WAIT_S, PieceRequest, ReplyRequest, ReplyText

RATE_HZ = 16_000
SECOND = bytes(RATE_HZ * 2)


class Stream:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.rate_hz = RATE_HZ
        self.words_come = True
        self.told: list[SynthesisEvent] = []

    def tell(self, event: SynthesisEvent) -> None:
        """Keep it."""
        self.told.append(event)

    def ms(self, audio_bytes: int) -> float:
        """At the rate of the stream."""
        return audio_bytes * 500 / self.rate_hz

    @property
    def heard_ms(self) -> float:
        """The audio that was told."""
        return self.ms(sum(len(event.pcm) for event in self.told if isinstance(event, AudioSynthesized)))

    @property
    def words(self) -> list[tuple[int, int, float]]:
        """The words that were told: start, end, ms."""
        return [(e.text_start, e.text_end, e.audio_ms) for e in self.told if isinstance(e, WordSynthesized)]

    @property
    def pieces(self) -> list[tuple[int, float]]:
        """The pieces that were told: end, ms."""
        return [(e.text_end, e.audio_ms) for e in self.told if isinstance(e, PieceSynthesized)]


def piece(stream: Stream, text: str, reply: ReplyText | None = None) -> PieceRequest:
    return PieceRequest(stream, reply or ReplyText(1, deque()), text, "<speak/>")


def test_audio_goes_little_further_than_the_words_that_are_known() -> None:
    async def main() -> None:
        stream = Stream()
        request = piece(stream, "Good morning.")
        request.audio(SECOND)
        assert stream.heard_ms == 0
        request.word("Good", 100, 300)
        assert stream.words == [(0, 4, 100)]
        assert stream.heard_ms == 450
        request.word("morning", 400, 800)
        assert stream.heard_ms == 1000, "it was the last word"
        request.ended(None)
        assert (request.done.result(), request.heard) == (None, True)

    run_virtual(main())


def test_the_next_piece_of_a_reply_begins_where_the_one_before_has_ended() -> None:
    async def main() -> None:
        stream, reply = Stream(), ReplyText(1, deque(), text_end=6, audio_bytes=len(SECOND))
        piece(stream, "Good morning.", reply).word("Good", 100, 300)
        assert stream.words == [(6, 10, 1100)]

    run_virtual(main())


def test_words_that_do_not_come_are_not_waited_for_a_second_time() -> None:
    async def main() -> None:
        stream = Stream()
        request = piece(stream, "Good morning.")
        request.audio(SECOND)
        request.ended(None)
        assert not request.done.done(), "its audio was not heard"
        await asyncio.sleep(WORDS_WAIT_S + 0.01)
        assert (stream.heard_ms, request.done.done(), stream.words_come) == (1000, True, False)
        piece(stream, "How are you?").audio(SECOND)
        assert stream.heard_ms == 2000

    run_virtual(main())


def test_nothing_is_told_of_a_request_that_was_given_up_or_has_failed() -> None:
    async def main() -> None:
        stream = Stream()
        given_up, failed = piece(stream, "Good morning."), piece(stream, "Good morning.")
        given_up.audio(SECOND)
        given_up.give_up()
        failed.ended(Failure(ErrorKind.UNAVAILABLE, "gone"))
        for request in (given_up, failed):
            request.audio(SECOND)
            request.word("Good", 0, 300)
        await asyncio.sleep(1)
        assert stream.told == []
        assert given_up.done.result() is None
        assert failed.done.result() is not None

    run_virtual(main())


def test_a_piece_of_a_streamed_reply_ends_where_the_next_one_s_first_word_begins() -> None:
    async def main() -> None:
        stream, reply = Stream(), ReplyText(1, deque())
        request = ReplyRequest(stream, reply, Prosody("en-US-AvaNeural", "en-US"))
        owed = [request.owed]
        request.write("Good. ")
        request.write("How are you?")
        owed.append(request.owed)
        request.audio(SECOND)
        owed.append(request.owed)
        request.word("Good", 0, 400)
        request.word("How", 600, 700)
        assert stream.pieces == [(6, 600)]
        assert stream.heard_ms == 700, "no further than the words"
        request.word("are", 700, 800)
        request.word("you", 800, 900)
        assert stream.heard_ms == 1000
        await asyncio.sleep(QUIET_S + 0.01)
        assert stream.pieces == [(6, 600), (18, 1000)]
        request.complete()
        assert [*owed, request.owed] == [False, True, False, True], "between two pieces nothing has to come"
        request.ended(None)
        assert request.done.result() is None

    run_virtual(main())
