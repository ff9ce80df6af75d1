"""What a speech-to-speech model is to forget of a reply that was cut: all that was not heard of its items. Pure."""

from collections.abc import Iterable, Iterator

import msgspec


class SpokenItem(msgspec.Struct, kw_only=True):
    """A message of the model in its own conversation, and how much audio of it has come."""

    item_id: str
    reply: int
    audio_ms: float = 0.0
    is_complete: bool = False
    """Whether all audio of the item has come."""


class Unheard(msgspec.Struct, frozen=True):
    """Of the item `item_id` only the first `heard_ms` of audio were heard; 0: nothing of it was."""

    item_id: str
    heard_ms: float


def unheard(items: Iterable[SpokenItem], heard_ms: float) -> Iterator[Unheard]:
    """The items of one reply, in order, of which not all was heard, when `heard_ms` were heard of the reply."""
    for item in items:
        of_item_ms = min(max(0.0, heard_ms), item.audio_ms)
        if of_item_ms < item.audio_ms or not item.is_complete:
            yield Unheard(item.item_id, of_item_ms)
        heard_ms -= item.audio_ms
