"""The words that a speech-to-speech model tells, as text that can go anywhere: it is shown, stored and sent on."""

from typing import TypeVar

from msgspec.structs import replace

from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.rules.unicode_text import well_formed
from actors.rules.utterances import bounded_utterance

E = TypeVar("E", bound=reported.RealtimeEvent)

_WITH_WORDS = (
    reported.ResponseTranscript,
    reported.ResponseWord,
    reported.ResponseToolCalled,
    reported.CallerTranscribed,
)


def with_well_formed_text(event: E) -> E:
    """The event with half an emoji in its words replaced by U+FFFD, and with no more words of the caller than an
    utterance has; nearly always it is the same one."""
    if type(event) not in _WITH_WORDS:
        return event
    match event:
        case reported.ResponseTranscript(text=text) | reported.ResponseWord(text=text) if not text.isascii():
            return replace(event, text=well_formed(text))
        case reported.ResponseToolCalled(call=ToolCalled(call_id=call_id, name=name, arguments=arguments)):
            call = replace(
                event.call, call_id=well_formed(call_id), name=well_formed(name), arguments=well_formed(arguments)
            )
            return replace(event, call=call)
        case reported.CallerTranscribed(transcript=FinalTranscript() | InterimTranscript() as told):
            return replace(event, transcript=replace(told, text=bounded_utterance(well_formed(told.text))))
        case _:
            return event
