"""Text whose audio is made before it is certain that it may be spoken: orders to a synthesizer on virtual time."""

import asyncio
from collections.abc import Callable

from actors.conversation import UtteranceKind
from actors.messages.output import AudioFrame
from actors.messages.playback import BeginReply, DiscardText, FinishReply, PrepareText, SpeakText
from actors.rules.pending_reply import PendingReply
from actors.runtime.clock import run_virtual
from tests.kit.session_kit import QUIET, Stage, stage

REPLY = UtteranceKind.REPLY
FIRST, SECOND = "It is nine. ", "Or it is ten."
MS_PER_CHAR = 50


def prepare(text: str) -> PrepareText:
    return PrepareText(reply=1, turn=1, kind=REPLY, text=text)


def played_ms(orders: Callable[[Stage], list[object]]) -> list[int]:
    """After each order that tells nothing, how much audio was played, a second later."""

    async def main() -> list[int]:
        counts = []
        async with stage(agent=QUIET, caller=False) as on:
            synthesizer = on.entry.addresses["synthesizer"]
            for order in orders(on):
                if isinstance(order, BeginReply):
                    on.entry.checkpoint.reply_begun(PendingReply(reply=1, turn=1, kind=REPLY))
                if isinstance(order, SpeakText):
                    on.entry.checkpoint.reply_written(1, order.text)
                synthesizer.tell(order)
                await asyncio.sleep(1.5)
                counts.append(20 * len(on.ear.of(AudioFrame)))
        return counts

    return run_virtual(main())


def test_nothing_is_heard_of_it_before_it_is_spoken_and_then_at_once() -> None:
    heard = played_ms(lambda _: [prepare(FIRST), BeginReply(1, 1, REPLY), SpeakText(1, FIRST), FinishReply(1)])
    assert heard == [0, 0, len(FIRST) * MS_PER_CHAR, len(FIRST) * MS_PER_CHAR + 20]


def test_it_goes_on_behind_what_was_spoken_before() -> None:
    begun = [BeginReply(1, 1, REPLY), SpeakText(1, FIRST)]
    first_ms, both_ms = len(FIRST) * MS_PER_CHAR, len(FIRST + SECOND) * MS_PER_CHAR
    heard = played_ms(lambda _: [*begun, prepare(SECOND), SpeakText(1, SECOND)])
    assert heard[:3] == [0, first_ms, first_ms]
    assert both_ms <= heard[-1] < both_ms + 20


def test_what_is_discarded_is_never_heard_and_the_reply_ends_with_what_was() -> None:
    begun = [BeginReply(1, 1, REPLY), SpeakText(1, FIRST)]
    first_ms = len(FIRST) * MS_PER_CHAR
    for over in ([DiscardText(), FinishReply(1)], [FinishReply(1), FinishReply(1)]):
        heard = played_ms(lambda _, over=over: [*begun, prepare(SECOND), *over])  # type: ignore[misc]
        assert heard[:3] == [0, first_ms, first_ms]
        assert first_ms <= heard[-1] <= first_ms + 20


def test_a_reply_of_which_all_is_discarded_holds_up_no_other() -> None:
    async def main() -> int:
        async with stage(agent=QUIET, caller=False) as on:
            synthesizer = on.entry.addresses["synthesizer"]
            synthesizer.tell(prepare(FIRST))
            await asyncio.sleep(0.5)
            synthesizer.tell(DiscardText())
            synthesizer.tell(DiscardText())
            on.entry.checkpoint.reply_begun(PendingReply(reply=2, turn=1, kind=REPLY))
            on.entry.checkpoint.reply_written(2, SECOND)
            for order in (BeginReply(2, 1, REPLY), SpeakText(2, SECOND), FinishReply(2)):
                synthesizer.tell(order)
            await asyncio.sleep(3)
            return len({frame.reply for frame in on.ear.of(AudioFrame)})

    assert run_virtual(main()) == 1


def test_other_text_than_the_prepared_one_is_spoken_all_the_same() -> None:
    heard = played_ms(lambda _: [prepare(FIRST), BeginReply(1, 1, REPLY), SpeakText(1, SECOND), FinishReply(1)])
    assert heard[1] == 0
    assert heard[-1] >= len(SECOND) * MS_PER_CHAR - 20, "by another synthesizer, whose engine knows nothing of it"
