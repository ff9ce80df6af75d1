"""The two lanes, and the bound on audio."""

from typing import Any, ClassVar

import msgspec
import pytest
from pykka._envelope import Envelope

from actors.runtime.loop_actor import LoopFuture
from actors.runtime.mailbox import MAX_MESSAGES, MAX_REFUSABLE, TRAITS, Depths, Mailbox, MailboxFullError


class Note(msgspec.Struct, frozen=True):
    """An ordinary message."""

    number: int


class Alarm(msgspec.Struct, frozen=True):
    """One that overtakes."""

    urgent: ClassVar[bool] = True
    number: int


class Audio(msgspec.Struct, frozen=True):
    """One that may be dropped."""

    droppable: ClassVar[bool] = True
    number: int
    duration_ms: float = 20.0


def put(mailbox: Mailbox, *messages: object) -> None:
    """Tell all of them."""
    for message in messages:
        mailbox.put(Envelope(message))


def drain(mailbox: Mailbox) -> list[Any]:
    """All that is in it, in the order of handling."""
    messages = []
    while not mailbox.empty():
        messages.append(mailbox.get().message)
    return messages


def bounded(limit_ms: float) -> Mailbox:
    """A mailbox with this bound."""
    mailbox = Mailbox()
    mailbox.limit_ms = limit_ms
    return mailbox


def test_urgent_overtakes_and_each_lane_keeps_its_order() -> None:
    mailbox = Mailbox()
    put(mailbox, Note(1), Alarm(1), Note(2), Alarm(2), Audio(1), Note(3))
    assert mailbox.depths == Depths(urgent=2, normal=4)
    assert drain(mailbox) == [Alarm(1), Alarm(2), Note(1), Note(2), Audio(1), Note(3)]
    assert mailbox.depths == Depths(urgent=0, normal=0)


def test_the_oldest_audio_goes_and_is_counted() -> None:
    mailbox = bounded(60)
    put(mailbox, Audio(1), Note(1), Audio(2), Audio(3), Note(2), Audio(4), Audio(5))
    assert mailbox.dropped == 2
    assert mailbox.depths.normal == 5
    assert mailbox.queued_ms == 60
    assert drain(mailbox) == [Note(1), Audio(3), Note(2), Audio(4), Audio(5)]
    assert mailbox.queued_ms == 0


def test_one_long_message_drops_several_but_never_itself() -> None:
    mailbox = bounded(60)
    put(mailbox, Audio(1), Audio(2), Audio(3, duration_ms=100))
    assert mailbox.dropped == 2
    assert drain(mailbox) == [Audio(3, duration_ms=100)]


def test_handled_audio_makes_room() -> None:
    mailbox = bounded(40)
    for number in range(100):
        put(mailbox, *(Audio(number, duration_ms) for duration_ms in (0.1, 0.2, 0.3)))
        assert [audio.number for audio in drain(mailbox)] == [number] * 3
    assert (mailbox.dropped, mailbox.queued_ms) == (0, 0)


def test_what_was_asked_is_never_dropped() -> None:
    mailbox = bounded(20)
    mailbox.put(Envelope(Audio(1), reply_to=LoopFuture()))
    put(mailbox, Audio(2), Audio(3))
    assert drain(mailbox) == [Audio(1), Audio(3)]


def test_nothing_queued_is_an_error() -> None:
    with pytest.raises(IndexError):
        Mailbox().get()


@pytest.mark.parametrize("message", [{"urgent": True}, "text", None, 3])
def test_any_object_is_a_message(message: object) -> None:
    traits = TRAITS[type(message)]
    assert (traits.urgent, traits.droppable, traits.traced) == (False, False, False)


def test_an_instance_attribute_does_not_make_a_message_urgent() -> None:
    class Odd:
        def __getattr__(self, name: str) -> bool:
            return True

    mailbox = Mailbox()
    put(mailbox, Note(1), Odd())
    assert mailbox.depths == Depths(urgent=0, normal=2)


def test_waits_are_sampled_only_when_wanted() -> None:
    mailbox = Mailbox()
    put(mailbox, Note(1))
    mailbox.get()
    assert mailbox.waited_s == 0
    mailbox.probing = True
    put(mailbox, Note(2))
    mailbox.get()
    assert mailbox.waited_s > 0


def test_a_sampled_message_that_is_dropped_is_not_waited_for() -> None:
    mailbox = bounded(20)
    mailbox.probing = True
    put(mailbox, Audio(1), Audio(2))
    mailbox.get()
    assert mailbox.waited_s == 0
    put(mailbox, Note(1))
    mailbox.get()
    assert mailbox.waited_s > 0


class Asked(msgspec.Struct, frozen=True):
    """One that a client asks for."""

    refusable: ClassVar[bool] = True
    number: int


class AskedUrgently(msgspec.Struct, frozen=True):
    """One that overtakes."""

    refusable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True
    number: int


@pytest.mark.parametrize("kind", [Asked, AskedUrgently])
def test_of_what_clients_ask_for_so_much_waits_and_the_rest_is_dropped_and_counted(
    kind: type[Asked] | type[AskedUrgently],
) -> None:
    mailbox = Mailbox()
    put(mailbox, *(kind(n) for n in range(1_000)))
    assert mailbox.dropped == 1_000 - MAX_REFUSABLE
    put(mailbox, Note(1), Alarm(1))
    handled = drain(mailbox)
    assert [message.number for message in handled if isinstance(message, kind)] == list(range(MAX_REFUSABLE))
    assert {Note(1), Alarm(1)} <= set(handled)


def test_what_is_owed_to_somebody_is_never_dropped_until_all_is_lost() -> None:
    mailbox = Mailbox()
    put(mailbox, *(Note(n) for n in range(MAX_MESSAGES)))
    assert mailbox.dropped == 0
    with pytest.raises(MailboxFullError):
        put(mailbox, Note(MAX_MESSAGES))
    put(mailbox, Alarm(1))
    assert mailbox.depths == Depths(urgent=1, normal=MAX_MESSAGES)


class Teller:
    """Somebody who tells something."""

    name = "teller"


def test_who_told_a_message_is_known_when_it_is_got_and_of_audio_nothing_is_kept() -> None:
    mailbox = Mailbox()
    for message, sender in ((Note(1), Teller()), (Audio(2), Teller()), (Note(3), None), (Alarm(4), Teller())):
        mailbox.store(Envelope(message), sender)
    assert len(mailbox._senders) == 2
    seen = [(mailbox.get().message.number, mailbox.sender) for _ in range(4)]
    assert seen == [(4, "teller"), (1, "teller"), (2, ""), (3, "")]
    assert mailbox._senders == {}
