"""The transcript of a session in the formats that clients may ask for: JSON, WebVTT and plain text."""

from collections.abc import Callable, Sequence

from msgspec import UNSET
from starlette.responses import Response

from actors.conversation import ChatMessage, Role, SessionRecord, UtteranceKind
from actors.rules.tools.handoffs import agent_of_turn
from app.agents.knowledge import SEARCH_TOOL, sources_in
from app.api.responses import json_response
from app.browser.wire_output import places_of
from protocol import webvtt
from protocol.browser import timestamp
from protocol.transcripts import TranscriptDocument, TranscriptEntry

JSON, TEXT = "application/json", "text/plain"
TRANSCRIPT_TYPES = (JSON, webvtt.MEDIA_TYPE, TEXT)
"""The media types of a transcript; the first one is the default."""
UNKNOWN_SPEAKER = "caller"
"""The speaker who is shown for the user's words if speakers are not told apart."""
MS_PER_CHARACTER = 60
"""Milliseconds for which a message is shown for each of its characters, if its place in the audio is not known."""


def transcript_response(record: SessionRecord, label_of: Callable[[str], str], media_type: str) -> Response:
    """What was said in a session, and heard of its agents, as `media_type`, one of `TRANSCRIPT_TYPES`.

    Args:
        record: the session.
        label_of: called with the name of an agent, what people are shown of it.
        media_type: of the answer.
    """

    def speaker(message: ChatMessage) -> str:
        return label_of(_agent(record, message)) if message.role is Role.ASSISTANT else _caller(message)

    said = [message for message in record.messages if message.text and message.role in (Role.USER, Role.ASSISTANT)]
    if media_type == webvtt.MEDIA_TYPE:
        return Response(_webvtt(said, speaker, record), media_type=media_type)
    if media_type == TEXT:
        return Response(_plain_text(said, speaker, record), media_type=media_type)
    return json_response(
        TranscriptDocument(
            session_id=record.session_id,
            agent=record.agent,
            mode=record.mode,
            speakers=tuple(dict.fromkeys(message.speaker for message in said if message.speaker)),
            languages=tuple(dict.fromkeys(message.language for message in said if message.language)),
            entries=tuple(_entry(record, message) for message in said),
        )
    )


def _entry(record: SessionRecord, message: ChatMessage) -> TranscriptEntry:
    by_agent, placed = message.role is Role.ASSISTANT, message.end_ms > 0
    return TranscriptEntry(
        role=message.role.value,
        text=message.text,
        turn=message.turn,
        at=timestamp(message.at),
        agent=_agent(record, message) if by_agent else UNSET,
        kind=message.kind.value if by_agent else UNSET,
        heard=message.precision.value if by_agent else UNSET,
        interrupted=message.interrupted if by_agent else UNSET,
        sources=_sources(record, message) or UNSET,
        confidence=UNSET if by_agent else round(message.confidence, 3),
        speaker=message.speaker or UNSET,
        language=message.language or UNSET,
        offset_ms=round(message.start_ms) if placed else UNSET,
        duration_ms=round(message.end_ms - message.start_ms) if placed else UNSET,
        words=places_of(message.words) if message.words else UNSET,
    )


def _sources(record: SessionRecord, message: ChatMessage) -> tuple[str, ...]:
    """What was found in the agent's knowledge for a reply."""
    if message.role is not Role.ASSISTANT or message.kind is not UtteranceKind.REPLY:
        return ()
    of_turn = [each for each in record.messages if each.turn == message.turn]
    searches = {call.call_id for each in of_turn for call in each.tool_requests if call.name.startswith(SEARCH_TOOL)}
    found = [source for each in of_turn if each.call_id in searches for source in sources_in(each.text)]
    return tuple(dict.fromkeys(found))


def _webvtt(said: Sequence[ChatMessage], speaker: Callable[[ChatMessage], str], record: SessionRecord) -> str:
    cues = []
    for message in said:
        start_ms, end_ms = _place(message, record.created_at)
        note, voice = _sources_line(record, message), speaker(message)
        cues.append(webvtt.Cue(start_ms=start_ms, end_ms=end_ms, voice=voice, text=message.text, note=note))
    return webvtt.write(cues)


def _plain_text(said: Sequence[ChatMessage], speaker: Callable[[ChatMessage], str], record: SessionRecord) -> str:
    lines = []
    for message in said:
        minutes, seconds = divmod(int(_place(message, record.created_at)[0]) // 1_000, 60)
        text = " ".join(message.text.split())
        lines.append(f"[{minutes:02d}:{seconds:02d}] {speaker(message)}: {text}\n")
        if sources := _sources_line(record, message):
            lines.append(f"        {sources}\n")
    return "".join(lines)


def _sources_line(record: SessionRecord, message: ChatMessage) -> str:
    """What was found for a reply, as a line that nobody has said; empty for none."""
    found = "; ".join(" ".join(source.split()) for source in _sources(record, message))
    return f"sources: {found}" if found else ""


def _place(message: ChatMessage, created_at: float) -> tuple[float, float]:
    """Where a message begins and ends, in ms: in the audio, or else by when it was recorded."""
    if message.end_ms > 0:
        return message.start_ms, message.end_ms
    start_ms = max(0.0, message.at - created_at) * 1_000
    return start_ms, start_ms + max(1_000, MS_PER_CHARACTER * len(message.text))


def _agent(record: SessionRecord, message: ChatMessage) -> str:
    return agent_of_turn(record.handoffs, message.turn, record.agent)


def _caller(message: ChatMessage) -> str:
    return message.speaker or UNKNOWN_SPEAKER
