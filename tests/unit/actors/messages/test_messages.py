"""What messages say of themselves."""

import importlib
import inspect
import pkgutil

from actors import messages
from actors.messages.base import Message
from actors.messages.caller import CallerAudio
from actors.runtime.mailbox import TRAITS

MODULES = [importlib.import_module(f"{messages.__name__}.{m.name}") for m in pkgutil.iter_modules(messages.__path__)]
ALL = list(
    dict.fromkeys(
        kind
        for module in MODULES
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Message)
    )
)


def test_only_orders_whose_meaning_does_not_depend_on_the_queue_overtake() -> None:
    urgent = {kind.__name__ for kind in ALL if kind.urgent}
    assert urgent == {
        "EndAtSentence",
        "EndSession",
        "InterruptRequested",
        "PausePlayback",
        "ResumePlayback",
        "StopPlayback",
        "YieldPlayback",
    }


def test_only_audio_may_be_dropped_and_says_how_long_it_is() -> None:
    assert [kind for kind in ALL if kind.droppable] == [CallerAudio]
    assert CallerAudio(bytes(640), 0, 20.0).duration_ms == 20


def test_what_comes_with_every_frame_has_no_span_of_its_own() -> None:
    """`SupervisedActor.run_with` handles it past the trace, and past what is noted of other messages."""
    routine = [kind for kind in ALL if TRAITS[kind].routine]
    assert CallerAudio in routine
    assert [kind for kind in routine if TRAITS[kind].traced or TRAITS[kind].runtime] == []


def test_audio_and_ticks_are_never_traced() -> None:
    traced = {kind.__name__ for kind in ALL if kind.traced}
    assert traced == {"BeginReply", "FinalTranscript", "TextEntered", "ToolFinished"}


def test_no_message_is_derived_from_another() -> None:
    assert all(kind.__bases__ == (Message,) for kind in ALL if kind is not Message)
