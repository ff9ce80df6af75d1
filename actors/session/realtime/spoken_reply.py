"""A reply in the making that its model speaks: its text and audio, and what is left of it when its session is lost."""

from collections.abc import Callable
from typing import assert_never, get_args

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import TextGenerated, ToolCalled
from actors.rules.realtime.spoken_words import SpokenWords
from actors.session.realtime.realtime_memory import MAX_ITEMS, RealtimeMemory
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter

MAX_REPLY_MS = 180_000.0
"""The most ms of audio of one reply, which is cut then; the conversation goes on with what there is of it."""
GO_ON = (
    "Your last message was cut off by a fault of the line, and the user has heard all of it. Go on with exactly what"
    " was to follow. Neither repeat nor mention anything."
)
"""The instructions with which another session is asked for the rest of a reply."""

MadeOfResponse = (
    reported.ResponseAudio
    | reported.ResponseAudioFinished
    | reported.ResponseTranscript
    | reported.ResponseWord
    | reported.ResponseToolCalled
)
MADE_OF_RESPONSE: tuple[type[MadeOfResponse], ...] = get_args(MadeOfResponse)


class SpokenReply:
    """What has come of one reply at a time, and what another session of the model is asked for if this one is lost.

    Args:
        memory: what the session knows.
        writer: takes the audio, and where the words lie in it.
        on_retracted: called with the text of the reply that is left when the audio of the rest will not come; what the
            model says next follows it.
        on_sounding: called when audio has come of words that are not written yet: they may be heard from now on.
    """

    def __init__(
        self,
        memory: RealtimeMemory,
        writer: SpokenReplyWriter,
        on_retracted: Callable[[str], None],
        on_sounding: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._writer = writer
        self._on_retracted = on_retracted
        self._on_sounding = on_sounding
        self._words = SpokenWords()
        self._reply = self._turn = 0
        self._audio_ms = 0.0
        """Milliseconds of audio that have come, from all sessions."""
        self._said = ""
        """The words of the reply that a former session has said, which the next one continues."""
        self._has_made = False
        """Whether the response in hand has brought any words, audio or tool call."""

    def begin(self, reply: int, turn: int) -> None:
        """Begin the reply number `reply`, or go on with it after a tool."""
        if reply != self._reply:
            self._reply, self._audio_ms = reply, 0.0
        else:
            self._writer.goes_on(reply)
        self._turn, self._said, self._has_made = turn, "", False
        self._words = SpokenWords(self._writer.text(reply), self._audio_ms)

    def order(self, instructions: str, *, may_call_tools: bool = True) -> port.ResponseRequest:
        """The order for the reply, or for what is missing of it; `instructions` are the session's."""
        said, self._said = self._said, ""
        if not said:
            return port.ResponseRequest(tools=may_call_tools)
        self._memory.continues(self._reply, self._turn, said, self._audio_ms)
        return port.ResponseRequest(instructions=f"{instructions}\n\n{GO_ON}", tools=may_call_tools)

    def take(self, event: MadeOfResponse) -> TextGenerated | ToolCalled | None:
        """Take up what the model has made: audio is played, and text or a call of a tool is returned."""
        self._memory.made(self._turn)
        self._has_made = True
        match event:
            case reported.ResponseTranscript(item_id=item_id, text=text):
                if text:
                    self._memory.item(item_id, self._reply)
                self._words.add(text)
                return TextGenerated(text)
            case reported.ResponseToolCalled(call=call):
                return call
            case reported.ResponseAudio(item_id=item_id, pcm=pcm):
                audio_ms = self._writer.play(self._reply, self._turn, pcm)
                self._memory.item(item_id, self._reply).audio_ms += audio_ms
                self._audio_ms += audio_ms
                self._place(self._audio_ms)
            case reported.ResponseAudioFinished(item_id=item_id):
                self._memory.item(item_id, self._reply).is_complete = True
                self._place()
            case reported.ResponseWord():
                begins_ms = self._memory.begins_ms(event.item_id, self._reply) + event.audio_ms
                self._words.place(event.text, begins_ms, event.duration_ms)
            case _:
                assert_never(event)
        return None

    def write_what_sounds(self) -> None:
        """Have words written of which audio has come, though their sentence is not complete: they may be heard by now.

        To be called when the words that `take` has returned are on their way.
        """
        written, is_complete = len(self._writer.text(self._reply)), self.is_complete
        if len(self._words.text) > written and (is_complete or self._words.sounds_to(self._audio_ms) > written):
            self._on_sounding()
        if is_complete:
            self._writer.all_sounds(self._reply)

    @property
    def exceeded(self) -> str:
        """The bound that the reply has exceeded, in words for the log; empty while it is within all of them."""
        if self._memory.has_too_many(self._reply):
            return f"{MAX_ITEMS} items"
        return f"{MAX_REPLY_MS / 1_000:.0f} s of audio" if self._audio_ms > MAX_REPLY_MS else ""

    @property
    def is_begun(self) -> bool:
        """Whether this session has said any word of it."""
        return not self._words.is_empty

    @property
    def is_complete(self) -> bool:
        """Whether all audio has come of what this session has begun to say of it, or it only calls tools."""
        return self._has_made and self._memory.has_all_of(self._reply)

    def retract(self) -> None:
        """Keep what has come as audio: another session is asked for the rest."""
        self._said = self._words.said_by(self._audio_ms)
        self._words, self._has_made = SpokenWords(self._said, self._audio_ms), False
        self._on_retracted(self._said)

    def _place(self, audio_ms: float | None = None) -> None:
        for word in self._words.take_placed(audio_ms):
            self._writer.place(self._reply, word.text_start, word.text_end, word.audio_ms)
