"""What goes wrong with a speech-to-speech model: as services do, as connections do, or as a bad adapter would."""

import asyncio
from enum import StrEnum

import msgspec

from actors.errors import ErrorKind, RealtimeError
from protocol.realtime.failure_kinds import FailureKind


class OpeningFault(StrEnum):
    """How the opening of a session of the model goes wrong."""

    FORBIDDEN = "is refused for good"
    BUSY = "is refused for 2 s"
    UNAVAILABLE = "fails"
    STALLS = "stalls"
    BUG = "RuntimeError"
    SYSTEM_EXIT = "SystemExit"
    CANCELLED = "CancelledError"
    GENERATOR_EXIT = "GeneratorExit"
    NOTHING = "returns no session"


class SpeakingFault(StrEnum):
    """How a response of the model goes wrong."""

    NOT_TAKEN_HARMLESS = "the order is not taken: another response is active"
    NOT_TAKEN_REFUSED = "the order is not taken: invalid request"
    NOT_TAKEN_LIMITED = "the order is not taken: rate limit"
    NOT_TAKEN_LOST = "the order is not taken, and the connection is closed"
    NOT_TAKEN_FATAL = "the order is not taken, for there is no quota left"
    FAILS_HARMLESS = "fails: harmless"
    FAILS_REFUSED = "fails: invalid request"
    FAILS_LIMITED = "fails: rate limit"
    FAILS_EXPIRED = "fails: session expired"
    FAILS_TRANSIENT = "fails: server error"
    FAILS_FATAL = "fails: no quota left"
    FAILS_LATER = "fails in mid-reply: server error"
    FILTERED = "a content filter stops it"
    FILTERED_LATER = "a content filter stops it in mid-reply"
    CUT = "is cut at its longest"
    CANCELLED = "is cancelled by the service"
    LOST = "the connection is lost before its first word"
    LOST_LATER = "the connection is lost in mid-reply"
    EXPIRES_LATER = "the session expires in mid-reply"
    FATAL_LATER = "the connection is closed for good in mid-reply"
    STALLS = "stalls before it begins"
    STALLS_BEGUN = "stalls before its first word"
    STALLS_LATER = "stalls in mid-reply"
    NEVER_FINISHED = "its end is never told"
    FINISHED_TWICE = "its end is told twice"
    UNASKED = "another one begins that nobody has asked for"
    NO_AUDIO = "has words and no audio"
    NO_WORDS = "has audio and no words"
    EMPTY = "has nothing at all"
    ENDLESS = "has audio without end"
    ENDLESS_WORDS = "has words without end"
    ENDLESS_CALLS = "calls tools without end"
    HUGE_WORDS = "has 4 MB of words at once"
    HUGE_ARGUMENTS = "calls a tool with 4 MB of arguments"
    HALF_EMOJI = "has half an emoji among its words"
    NO_EVENT = "tells what is no event"
    HALF_A_SAMPLE = "tells half a sample of audio"
    NO_TEXT = "tells words that are None"
    UNKNOWN_TOOL = "calls an unknown tool"
    DEEP_ARGUMENTS = "arguments nested 100,000 deep"
    LIMITED_LATER = "fails in mid-reply: rate limit"
    REFUSED_LATER = "fails in mid-reply: invalid request"
    NO_QUOTA_LATER = "fails in mid-reply: no quota left"
    CALLS_UNFINISHED = "calls a tool, and its end is never told"
    CALLS_LOST = "calls a tool, and the connection is lost"
    CALLS_EXPIRES = "calls a tool, and the session expires"
    CALLS_FATAL = "calls a tool, and the connection is closed for good"
    CALLS_FAILS = "calls a tool, and fails: server error"
    SLOW = "has audio as fast as it plays"
    SLOWER = "has audio slower than it plays"
    IN_PARTS = "is in three parts"
    NO_AUDIO_END = "the end of its audio is never told"
    BEGUN_TWICE = "its beginning is told twice"


NOT_TAKEN = {
    SpeakingFault.NOT_TAKEN_HARMLESS: FailureKind.HARMLESS,
    SpeakingFault.NOT_TAKEN_REFUSED: FailureKind.REFUSED,
    SpeakingFault.NOT_TAKEN_LIMITED: FailureKind.RATE_LIMITED,
    SpeakingFault.NOT_TAKEN_LOST: FailureKind.TRANSIENT,
    SpeakingFault.NOT_TAKEN_FATAL: FailureKind.FATAL,
}
"""What the service says of an order that it does not take."""
FAILS = {
    SpeakingFault.FAILS_HARMLESS: FailureKind.HARMLESS,
    SpeakingFault.FAILS_REFUSED: FailureKind.REFUSED,
    SpeakingFault.FAILS_LIMITED: FailureKind.RATE_LIMITED,
    SpeakingFault.FAILS_EXPIRED: FailureKind.EXPIRED,
    SpeakingFault.FAILS_TRANSIENT: FailureKind.TRANSIENT,
    SpeakingFault.FAILS_FATAL: FailureKind.FATAL,
}
"""What the service says of a response that fails before its first word."""
FAILS_LATER = {
    SpeakingFault.FAILS_LATER: FailureKind.TRANSIENT,
    SpeakingFault.LIMITED_LATER: FailureKind.RATE_LIMITED,
    SpeakingFault.REFUSED_LATER: FailureKind.REFUSED,
    SpeakingFault.NO_QUOTA_LATER: FailureKind.FATAL,
}
"""What the service says of a response that fails in the middle."""
LOST_WITH_CALL = {
    SpeakingFault.CALLS_LOST: FailureKind.TRANSIENT,
    SpeakingFault.CALLS_EXPIRES: FailureKind.EXPIRED,
    SpeakingFault.CALLS_FATAL: FailureKind.FATAL,
}
"""What the service says when it closes a connection behind the call of a tool."""
OF_CALLS = (*LOST_WITH_CALL, SpeakingFault.CALLS_UNFINISHED, SpeakingFault.CALLS_FAILS)
"""What goes wrong with responses that call a tool, and only with those."""
SPEEDS = {SpeakingFault.SLOW: 1.0, SpeakingFault.SLOWER: 0.8}
"""How many times faster than it plays audio comes, where that is not fast."""
LOST_LATER = {
    SpeakingFault.LOST_LATER: FailureKind.TRANSIENT,
    SpeakingFault.EXPIRES_LATER: FailureKind.EXPIRED,
    SpeakingFault.FATAL_LATER: FailureKind.FATAL,
}
"""What the service says when it closes a connection in the middle of a response."""


BREAKS_OFF = {*FAILS_LATER, *LOST_LATER, SpeakingFault.FILTERED_LATER, SpeakingFault.STALLS_LATER}
"""The faults of a response of which some has sounded, and the rest never comes."""


class HearingFault(StrEnum):
    """How a session of the model goes wrong with what it hears, or beside its responses."""

    NO_WORDS = "never tells the caller's words"
    LATE_WORDS = "tells the caller's words late"
    NOTHING_UNDERSTOOD = "tells that it has understood nothing"
    HALF_EMOJI = "tells half an emoji among the caller's words"
    NOT_COMMITTED = "says that a turn of the caller is empty"
    LIMITED = "tells that its limit is used up for 3 s"
    EXPIRING = "tells that it will end"


class Mishaps(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong with the model in one conversation; all is counted from 1, over all its sessions."""

    opening: OpeningFault | None = None
    openings: range = range(0)
    speaking: SpeakingFault | None = None
    responses: range = range(0)
    hearing: HearingFault | None = None
    turns: range = range(0)
    """The turns of the caller that are committed."""
    losses: tuple[tuple[float, FailureKind | None], ...] = ()
    """With the seconds after the beginning: the session there is then is lost, or stalls (None)."""
    word_times: bool = True
    falls_back: bool = True
    """The usual engines go on where the model is given up."""
    is_overheard: bool = True
    """A recognizer listens beside the model."""


async def cannot_open(fault: OpeningFault | None) -> None:
    """Do what the opening of a session comes to; returns where it comes to nothing."""
    match fault:
        case OpeningFault.FORBIDDEN:
            raise RealtimeError(ErrorKind.AUTHENTICATION, "fake")
        case OpeningFault.BUSY:
            raise RealtimeError(ErrorKind.THROTTLED, "fake", retry_after_s=2.0)
        case OpeningFault.UNAVAILABLE:
            raise RealtimeError(ErrorKind.UNAVAILABLE, "fake")
        case OpeningFault.STALLS:
            await asyncio.Event().wait()
        case OpeningFault.BUG:
            raise RuntimeError("fake")
        case OpeningFault.SYSTEM_EXIT:
            raise SystemExit(1)
        case OpeningFault.CANCELLED:
            raise asyncio.CancelledError
        case OpeningFault.GENERATOR_EXIT:
            raise GeneratorExit
        case OpeningFault.NOTHING | None:
            return
