"""What a session of a speech-to-speech model knows of the conversation, and what it has to be told or must forget."""

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from msgspec.structs import replace

from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.playback import PlaybackPosition
from actors.ports.realtime import RealtimeSession
from actors.rules.realtime.spoken_items import SpokenItem, unheard

MAX_ITEMS = 64
"""The most items of one reply, which is cut then: a model that makes more would go on without end."""


class RealtimeMemory:
    """The memory of one session at a time. Each begins with the conversation as it was heard."""

    def __init__(self) -> None:
        self._session: RealtimeSession | None = None
        self._known: set[tuple[Role, str, str, int]] = set()
        self._unanswered: dict[int, str] = {}
        """The text that the session was given of each turn of the caller that nothing has answered yet: such a turn may
        be joined with the next one, which then repeats it."""
        self._own: set[int] = set()
        """The turns that this session itself has answered."""
        self._items: dict[str, SpokenItem] = {}

    def connect(self, session: RealtimeSession | None, history: Sequence[ChatMessage] = ()) -> None:
        """Go on with a session that was opened with this history; None: there is none for now."""
        self._session = session
        self._known = {_key(message) for message in history}
        self._unanswered.clear()
        self._own.clear()
        self._items.clear()

    def tell(
        self,
        messages: Sequence[ChatMessage],
        heard_turns: set[int],
        beside: Callable[[int, str], str],
    ) -> None:
        """Add what the session does not know, except what the caller said in `heard_turns`, which it has heard.

        Of a turn that goes on with one that was not answered, the session is told what is new.

        Args:
            messages: the conversation.
            heard_turns: the turns of the caller that the session has heard as sound.
            beside: called with such a turn and its text, what of it was typed or keyed, which the session is told.
        """
        assert self._session is not None
        standing = {message.turn for message in messages if message.role is Role.USER}
        for message in messages:
            if message.role is not Role.USER:
                self._unanswered = {turn: text for turn, text in self._unanswered.items() if turn > message.turn}
            if _key(message) in self._known:
                continue
            self._known.add(_key(message))
            if message.role is Role.USER:
                text = beside(message.turn, message.text) if message.turn in heard_turns else message.text
                if new := self._new_in(text, standing):
                    self._session.add(replace(message, text=new))
                self._unanswered[message.turn] = text
            elif not (message.role is Role.ASSISTANT and message.turn in self._own and _is_made(message)):
                self._session.add(message)

    def _new_in(self, text: str, standing: set[int]) -> str:
        """The part of `text` that the session was not told in an earlier turn, which has become part of this one.

        `standing`: the turns of the caller that are still turns of their own.
        """
        for turn in [turn for turn in self._unanswered if turn not in standing]:
            text = text.removeprefix(self._unanswered.pop(turn)).lstrip()
        return text

    def made(self, turn: int) -> None:
        """Note that this session makes the reply of `turn`, or calls tools in it: it need not be told of that."""
        self._own.add(turn)

    def continues(self, reply: int, turn: int, said: str, audio_ms: float) -> None:
        """Tell the session what was `said` of the reply that it is to go on with, in `audio_ms` of audio.

        It was said by a former session, or by a response of this one that has failed. The items of the reply are
        forgotten: one without an id stands for all of that audio.
        """
        assert self._session is not None
        self._session.add(ChatMessage(role=Role.ASSISTANT, text=said, turn=turn))
        self.heard(reply)
        self._items[""] = SpokenItem(item_id="", reply=reply, audio_ms=audio_ms, is_complete=True)

    def item(self, item_id: str, reply: int) -> SpokenItem:
        """The item of the session's conversation with this id, which belongs to `reply`."""
        item = self._items.get(item_id)
        if item is None:
            item = self._items[item_id] = SpokenItem(item_id=item_id, reply=reply)
        return item

    def has_too_many(self, reply: int) -> bool:
        """Whether a reply has more items than are kept of one: nothing more of it is to be taken up."""
        return len(self._items) > MAX_ITEMS and len(self._items_of(reply)) > MAX_ITEMS

    def begins_ms(self, item_id: str, reply: int) -> float:
        """Where an item begins in the audio of its reply: behind all of the items before it."""
        before_ms = 0.0
        for item in self._items_of(reply):
            if item.item_id == item_id:
                break
            before_ms += item.audio_ms
        return before_ms

    @property
    def is_being_heard(self) -> bool:
        """Whether anything that this session has said was not heard to its end yet."""
        return bool(self._items)

    def stopped(self, through_reply: int, cut: Iterable[PlaybackPosition]) -> bool:
        """Have the model forget what was not heard of the replies up to this number.

        False if that is not possible: what a former session has said is known to this one as text, which has no length.
        """
        heard = {position.reply: position.heard_ms for position in cut}
        is_exact = True
        for reply in sorted({item.reply for item in self._items.values() if item.reply <= through_reply}):
            for part in unheard(self._items_of(reply), heard.get(reply, 0.0)):
                is_exact = is_exact and bool(part.item_id)
                if self._session is not None and part.item_id:
                    self._session.truncate(part.item_id, part.heard_ms)
            self.heard(reply)
        return is_exact

    def heard(self, reply: int) -> None:
        """Forget the items of a reply of which nothing more will be heard."""
        self._items = {item_id: item for item_id, item in self._items.items() if item.reply != reply}

    def has_all_of(self, reply: int) -> bool:
        """Whether all audio has come of every item of the reply."""
        for item in self._items.values():  # noqa: SIM110 - asked with each piece of audio: no generator is made for it
            if item.reply == reply and not item.is_complete:
                return False
        return True

    def _items_of(self, reply: int) -> list[SpokenItem]:
        return [item for item in self._items.values() if item.reply == reply]


def _is_made(message: ChatMessage) -> bool:
    return bool(message.tool_requests) or message.kind is UtteranceKind.REPLY


def _key(message: ChatMessage) -> tuple[Role, str, str, int]:
    """What tells messages of a conversation apart, though the words of one may become known later."""
    said = "" if message.role is Role.USER else message.text[:40]
    return message.role, message.call_id or said, message.kind if message.role is Role.ASSISTANT else "", message.turn


def until_speech(messages: Sequence[ChatMessage], turns: set[int]) -> tuple[ChatMessage, ...]:
    """The messages before the first that the caller has spoken in one of these turns."""
    return tuple(takewhile(lambda message: message.role is not Role.USER or message.turn not in turns, messages))
